"""Open pages in Chromium through offline, kill -9, restart, restore, and a network that loses and repeats."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import NewPage, until
from tests.reader import updates_in
from tests.server import Server

RECONNECT = 40_000  # ms: the longest pause of the client is 30 s


def same_as_fresh(page: Page, server: Server) -> bool:
    """Whether the page shows what a fresh GET of it shows: the same updates with the same words, in the same order.

    Both are compared in the browser, after times were made the reader's own.
    """
    return bool(
        page.evaluate(
            """async () => {
          const words = (root) => [...root.querySelectorAll("li.update, .pinned, .coverage")].map((each) => {
            const copy = each.cloneNode(true);
            copy.querySelectorAll("time").forEach((time) => time.replaceChildren(time.dateTime));
            copy.classList.remove("fresh");
            copy.querySelectorAll("[title]").forEach((time) => time.removeAttribute("title"));
            return copy.outerHTML;
          }).join("\\n");
          const answer = await fetch(location.href);
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
          return words(document) === words(fresh);
        }"""
        )
    )


def test_offline_is_shown_and_coming_back_brings_everything(server: Server, open_page: NewPage) -> None:
    gone = server.publish("Will be retracted")
    changed = server.publish("Will be edited")
    page = open_page(f"{server.url}/feeds/news")
    sockets: list[WebSocketRoute] = []
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    # Chromium keeps an open WebSocket when it is told to be offline: a tunnel would cut it, so this does.
    page.context.set_offline(False)
    page.route_web_socket("**/socket.io/*", lambda ws: (sockets.append(ws), ws.connect_to_server()))
    page.reload()
    page.wait_for_selector("live-feed[state=live]")
    page.context.set_offline(True)
    sockets[-1].close()
    page.wait_for_selector("live-feed[state=offline]")
    expect(page.locator(".state").first).to_contain_text("Offline since")
    server.api("PATCH", f"/api/v1/updates/{changed['id']}", {"body": "Edited", "revision": 1})
    server.api("DELETE", f"/api/v1/updates/{gone['id']}")
    server.publish("Published meanwhile")
    page.context.set_offline(False)  # Chromium tells the page, which retries at once
    expect(page.locator("li.update .text")).to_have_text(["Published meanwhile", "Edited"])
    page.wait_for_selector("live-feed[state=live]")
    assert same_as_fresh(page, server)


def test_a_server_that_was_killed_and_started_again_loses_no_reader(server: Server, open_page: NewPage) -> None:
    pages = [open_page(f"{server.url}/feeds/news") for _ in range(2)]
    server.publish("Before")
    for page in pages:
        expect(page.locator("li.update .text")).to_have_text(["Before"])
    server.kill()
    for page in pages:
        page.wait_for_selector("live-feed[state=offline]")
    server.start()
    server.publish("After")
    for page in pages:
        expect(page.locator("li.update .text")).to_have_text(["After", "Before"], timeout=RECONNECT)
        page.wait_for_selector("live-feed[state=live]", timeout=RECONNECT)
        assert same_as_fresh(page, server)


def test_after_a_restore_open_pages_show_the_restored_feed(server: Server, open_page: NewPage, tmp_path: Path) -> None:
    server.publish("In the backup")
    server.flask("db", "backup", str(tmp_path / "backup.db"))
    server.publish("After the backup")
    page = open_page(f"{server.url}/feeds/news")
    expect(page.locator("li.update .text")).to_have_text(["After the backup", "In the backup"])
    server.flask("db", "restore", str(tmp_path / "backup.db"))
    expect(page.locator("li.update .text")).to_have_text(["In the backup"])
    server.publish("A new history")
    expect(page.locator("li.update .text")).to_have_text(["A new history", "In the backup"])


FATES = st.sampled_from(["arrive", "lose", "twice", "late"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["publish", "edit", "retract", "pin", "close", "open"]), st.integers(0, 9), FATES),
    min_size=4,
    max_size=14,
)


class Wire:
    """The socket of one page, with the moods of a network between it and the server."""

    def __init__(self, page: Page) -> None:
        self.fate = "arrive"
        self.pushes = 0
        self.following = False
        self.late: list[Any] = []
        self._page = page
        page.route_web_socket("**/socket.io/*", self._connect)

    def cut(self) -> None:
        """The connection breaks; what was on its way is lost."""
        self.late.clear()
        self.fate = "arrive"
        self.following = False
        self._route.close()

    def until(self, seen: Callable[[], bool]) -> None:
        """Lets browser and wire go on until that is so."""
        until(self._page, seen)

    def _connect(self, route: WebSocketRoute) -> None:
        self._route = route
        far = route.connect_to_server()
        far.on_message(self._from_server)

    def _from_server(self, message: Any) -> None:
        if not str(message).startswith('42["updated"'):
            self._route.send(message)
            self.following |= str(message).startswith("43")  # the answer to `follow`
            return
        self.pushes += 1
        if self.fate in ("arrive", "twice"):
            self._route.send(message)
        if self.fate == "twice":
            self._route.send(message)
        if self.fate == "late":
            self.late.append(message)
        elif self.fate != "lose":
            for held in self.late:
                self._route.send(held)
            self.late.clear()


@pytest.fixture
def wired(server: Server, open_page: NewPage) -> tuple[Page, Wire]:
    """A reader behind that wire."""
    page = open_page(f"{server.url}/healthz", wait_for=None)
    wire = Wire(page)
    page.goto(f"{server.url}/feeds/news")
    wire.until(lambda: wire.following)
    return page, wire


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_network_does_the_page_ends_equal_to_a_fresh_one(
    server: Server, wired: tuple[Page, Wire], steps: list[tuple[str, int, str]]
) -> None:
    """The browser's own rule, against real pushes that are lost, repeated and delayed."""
    page, wire = wired
    for verb, which, fate in steps:
        wire.fate = fate
        before = wire.pushes
        if act(server, verb, which):
            wire.until(lambda before=before: wire.pushes > before)  # type: ignore[misc]
    wire.cut()
    wire.until(lambda: wire.following)
    version = server.version()
    page.wait_for_selector(f"live-feed[state=live][version='{version}']", timeout=RECONNECT)
    assert same_as_fresh(page, server)
    assert len(updates_in(page.request.get(f"{server.url}/feeds/news").text(), "news")) <= 20


def act(server: Server, verb: str, which: int) -> bool:
    """Does it, if there is something to do it to; whether the feed changed."""
    before = server.version()
    shown = server.api("GET", "/api/v1/feeds/news/updates")["updates"]
    if verb == "publish" or not shown:
        server.publish(f"Published {before}", key=which > 7)
    elif verb in ("close", "open"):
        server.coverage("news", is_open=verb == "open")
    else:
        update = shown[which % len(shown)]
        address = f"/api/v1/updates/{update['id']}"
        if verb == "retract":
            server.api("DELETE", address)
        elif verb == "edit":
            server.api("PATCH", address, {"body": f"Edited {before}", "revision": update["revision"]})
        else:
            server.api("PATCH", address, {"pinned": True, "revision": update["revision"]})
    return server.version() > before
