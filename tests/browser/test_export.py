"""The static pages of an export, in a browser without a network."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.server import Server


def test_an_export_is_read_without_a_server_a_network_or_scripts(
    shared: Server, slug: str, chromium: Browser, tmp_path: Path
) -> None:
    update = shared.publish("The bridge is closed", slug, headline="Closed", key=True)
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "The bridge is open", "revision": 1})
    shared.flask("coverage", "export", slug, str(tmp_path / "out"), "--html")
    context = chromium.new_context(offline=True, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page, requests = context.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((tmp_path / "out" / "index.html").as_uri())
    assert page.locator(f"#update-{update['id']} .text").inner_text() == "The bridge is open"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 22, 20)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".byline .zone").is_visible()
    assert not Axe().run(page).response["violations"]
    page.get_by_role("link", name="Updated").first.click()
    assert page.locator("del").inner_text() in "The bridge is closed"
    assert not Axe().run(page).response["violations"]
    page.get_by_role("link", name="Back to the update").click()
    assert page.url.endswith(f"index.html#update-{update['id']}")
    assert all(url.startswith("file:") for url in requests)
    context.close()
