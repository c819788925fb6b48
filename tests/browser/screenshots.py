"""Takes the screenshots that the README shows, with a real server, the sample story and Chromium."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import launch
from tests.server import Server

FOLDER = Path(__file__).parent / "screenshots"


def main() -> None:
    """Writes them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        server.flask("demo", "load")
        server.start()
        browser = launch(playwright.chromium)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server.url}/articles/harbour-bridge")
        page.wait_for_selector("live-feed[feed=news][state=live]")
        page.screenshot(path=FOLDER / "article.png")
        browser.close()
        server.stop()


if __name__ == "__main__":
    main()
