"""Tasks: how long a reader's page is blocked in Chromium when 100 updates arrive in one envelope.

    python bench/tasks.py [--updates 10000] [--arrive 100] [--rounds 5] [--quick]

The page of the News Feed is at the top or scrolled away. It goes offline as in a tunnel, updates are published, and it
catches up with one envelope. Chromium's PerformanceObserver reports every task of 50 ms and more. Chromium has one core
at full speed, and the server has the other.
"""

import gzip
import json
import os
import shutil
from dataclasses import replace
from http.client import HTTPConnection
from importlib.util import find_spec
from typing import Any

from harness import Bench, Server, arguments
from servers import FILLED, LIVELINE, liveline

WINDOWS = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1440, "height": 900}}
PLACES = {"at the top": "scrollTo(0, 0)", "scrolled away": "document.querySelectorAll('li.update')[9].scrollIntoView()"}
PATIENCE_MS = 60_000  # until it has caught up: it comes back when it likes, within half a minute

WATCH = """() => {
  window.tasks = [];
  const note = (list) => list.getEntries().forEach(({ duration }) => tasks.push(duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
}"""
# What arrived has been painted, and the observer was told of it.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 500))))"


def longest(page: Any, server: Server, place: str, arrive: int) -> tuple[float, int]:
    """Returns the longest task in ms (0 if all are shorter than 50) and how many updates came in one envelope."""
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"http://127.0.0.1:{server.port}/feeds/news")
    page.wait_for_selector("live-feed[state=live]")
    page.evaluate(place)
    page.context.set_offline(True)
    page.wait_for_selector("live-feed[state=offline]")
    version = publish(server, arrive)
    page.evaluate(WATCH)
    page.context.set_offline(False)
    page.wait_for_selector(f"live-feed[version='{version}'][state=live]", timeout=PATIENCE_MS)
    page.evaluate(PAINTED)
    envelopes = [answer.json()["changes"] for answer in answers if "/changes" in answer.url]
    return max(page.evaluate("tasks"), default=0), max(map(len, envelopes))


def publish(server: Server, many: int) -> int:
    """Publishes that many updates and returns the feed's version."""
    client = HTTPConnection("127.0.0.1", server.port)
    for _ in range(many):
        update = server.call.update(FILLED)
        client.request("POST", update.path, update.body, dict(update.headers))
        answer = json.loads(client.getresponse().read())
    client.close()
    return int(answer["version"])


def sizes(browser: Any, server: Server) -> list[str]:
    """kB of all scripts that the page runs, gzipped together, and of its HTML, plain and gzipped."""
    page = browser.new_page()
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    page.goto(f"http://127.0.0.1:{server.port}/feeds/news")
    page.wait_for_selector("live-feed[state=live]")
    html = page.request.get(page.url).body()
    scripts = b"".join(page.request.get(url).body() for url in sorted(asked) if url.endswith(".js"))
    page.close()
    return [f"{size / 1e3:.1f}" for size in (len(gzip.compress(scripts)), len(html), len(gzip.compress(html)))]


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, updates=(10_000, 1_000), arrive=(100, 100), rounds=(5, 1))
    bench = Bench(
        f"Tasks: the longest of {asked.rounds} rounds when {asked.arrive} updates arrive at once, "
        f"with {asked.updates:,} in the feed.",
        "Chromium | page | reader | in the envelope | longest task, ms | scripts, kB gzipped | HTML kB | gzipped",
    )
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path or not find_spec("playwright"):
        bench.row("all", "missing: Chromium and playwright, `make test` installs both", *[""] * 6)
        return
    from playwright.sync_api import sync_playwright  # of the tests

    start = liveline(seed="long_feed", count=asked.updates)
    with bench.server(replace(LIVELINE, start=start)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        weight = sizes(browser, server)
        for name, window in WINDOWS.items():
            for reader, place in PLACES.items():
                rounds = []
                for _ in range(asked.rounds):
                    context = browser.new_context(viewport=window)
                    rounds.append(longest(context.new_page(), server, place, asked.arrive))
                    context.close()
                most = max(task for task, _ in rounds)
                told = f"{most:.0f}" if most else "under 50"
                bench.row(browser.version, name, reader, str(min(many for _, many in rounds)), told, *weight)
        browser.close()


if __name__ == "__main__":
    main()
