"""Open pages in Chromium while the server is offline, killed, restarted or restored, and the network loses and
repeats."""

import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from feed.followers.missed import MOST_BYTES
from tests.browser.conftest import RECONNECT, NewPage, until
from tests.reader import updates_in
from tests.server import Server


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
            copy.querySelectorAll("[title]").forEach((time) => time.removeAttribute("title"));
            // What the browser alone adds to an update: highlight, number, and that it waits for the toast.
            copy.classList.remove("fresh", "pending");
            for (const name of ["aria-posinset", "aria-setsize"]) copy.querySelector("article")?.removeAttribute(name);
            return copy.outerHTML.replace(/\\s+/g, " ");
          }).join("\\n");
          // A page's policy lets no text become HTML, and this makes none: the answer comes as a document.
          const asked = new XMLHttpRequest();
          asked.open("GET", location.href);
          asked.responseType = "document";
          await new Promise((done) => { asked.onload = done; asked.send(); });
          return words(document) === words(asked.response);
        }"""
        )
    )


def test_offline_is_shown_and_coming_back_brings_everything(shared: Server, slug: str, open_page: NewPage) -> None:
    gone = shared.publish("Will be retracted", slug)
    changed = shared.publish("Will be edited", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    page.context.set_offline(True)  # Chromium tells the page, and lets it open no socket
    page.wait_for_selector("live-feed[state=offline]")
    expect(page.locator(".state").first).to_contain_text("Offline since")
    shared.api("PATCH", f"/api/v1/updates/{changed['id']}", {"body": "Edited", "revision": 1})
    shared.api("DELETE", f"/api/v1/updates/{gone['id']}")
    shared.publish("Published meanwhile", slug)
    page.context.set_offline(False)
    expect(page.locator("li.update .text")).to_have_text(["Published meanwhile", "Edited"])
    page.wait_for_selector("live-feed[state=live]")
    assert same_as_fresh(page, shared)


def test_what_was_missed_comes_with_the_answer_to_follow(shared: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{shared.url}/feeds/{slug}")
    changed = shared.publish("Before", slug)
    expect(page.locator("li.update .text")).to_have_text(["Before"])
    fetched: list[str] = []
    page.on("requestfinished", lambda request: fetched.append(request.url))
    page.context.set_offline(True)
    page.wait_for_selector("live-feed[state=offline]")
    shared.api("PATCH", f"/api/v1/updates/{changed['id']}", {"body": "Edited", "revision": 1})
    shared.publish("Missed", slug)
    page.context.set_offline(False)
    expect(page.locator("li.update .text")).to_have_text(["Missed", "Edited"])
    page.wait_for_selector("live-feed[version='3'][state=live]")
    assert not [url for url in fetched if "/changes" in url]


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
    strict = open_page(f"{server.url}/healthz", wait_for=None)
    strict.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('', 'SecurityError'); } })"
    )
    strict.goto(f"{server.url}/feeds/news")
    strict.wait_for_selector("live-feed[state=live]")
    pages = [open_page(f"{server.url}/feeds/news"), strict]
    for page in pages:
        expect(page.locator("li.update .text")).to_have_text(["After the backup", "In the backup"])
    server.flask("db", "restore", str(tmp_path / "backup.db"))
    for page in pages:
        expect(page.locator("li.update .text")).to_have_text(["In the backup"])
    server.publish("A new history")
    for page in pages:
        expect(page.locator("li.update .text")).to_have_text(["A new history", "In the backup"])


def test_a_crowd_does_not_reload_in_one_instant(shared: Server, slug: str, open_page: NewPage) -> None:
    """One of 2000 readers, who drew a late moment, does not reload before it."""
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    page.add_init_script("Math.random = () => 0.75")
    told: list[float] = []
    gone: list[float] = []

    def connect(route: WebSocketRoute) -> None:
        def from_server(message: Any) -> None:
            if str(message).startswith('42["updated"'):
                told.append(monotonic())
            route.send(re.sub(r'"readers":\d+', '"readers":2000', str(message)))

        route.connect_to_server().on_message(from_server)

    page.route_web_socket("**/socket.io/*", connect)
    page.goto(f"{shared.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    page.on("request", lambda request: request.is_navigation_request() and gone.append(monotonic()))
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"draft": True})  # another epoch, as after a restore
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address.")
    assert gone[0] - told[0] > 1.4


def test_a_reader_of_an_article_that_is_a_draft_for_a_while_finds_it_again(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    page.add_init_script("const slow = setInterval; window.setInterval = (act, ms) => slow(act, ms / 100)")
    page.goto(f"{shared.url}/articles/{slug}")
    page.wait_for_selector(f"live-feed[feed={slug}][state=live]")
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"draft": True})
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address.")
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"draft": False})
    expect(page.get_by_role("heading", level=1)).to_have_text("The harbour")
    page.wait_for_selector(f"live-feed[feed={slug}][state=live]")


def test_a_catch_up_that_is_never_answered_is_asked_again(shared: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    page.add_init_script(
        "const slow = AbortSignal.timeout; AbortSignal.timeout = (ms) => slow.call(AbortSignal, ms / 50)"
    )
    sockets: list[WebSocketRoute] = []
    page.route_web_socket("**/socket.io/*", lambda ws: (sockets.append(ws), ws.connect_to_server()))
    held: list[Route] = []
    page.route("**/changes?*", lambda route: route.continue_() if held else held.append(route))
    page.goto(f"{shared.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    sockets[-1].close()
    page.wait_for_selector("live-feed[state=offline]")
    shared.publish("Published meanwhile" + " and more" * (MOST_BYTES // 9), slug)  # too much for the answer to `follow`
    until(page, lambda: bool(held))
    expect(page.locator("li.update .text")).to_contain_text(["Published meanwhile"])
    page.wait_for_selector("live-feed[state=live]")


def test_a_push_that_overtakes_the_answer_to_follow_is_no_reason_to_reload(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    held: list[Callable[[], None]] = []

    def connect(route: WebSocketRoute) -> None:
        def from_server(message: Any) -> None:
            if str(message).startswith("43"):
                held.append(lambda: route.send(message))
            else:
                route.send(message)

        route.connect_to_server().on_message(from_server)

    page.route_web_socket("**/socket.io/*", connect)
    page.goto(f"{shared.url}/feeds/{slug}")
    page.evaluate("window.stayed = true")
    until(page, lambda: bool(held))
    shared.publish("Quicker", slug)
    expect(page.locator("li.update .text")).to_have_text(["Quicker"])
    held.pop()()
    page.wait_for_selector("live-feed[state=live]")
    assert page.evaluate("window.stayed")


def test_a_server_that_cannot_say_where_the_feed_stands_is_asked_again(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    asked: list[Any] = []

    def connect(route: WebSocketRoute) -> None:
        far = route.connect_to_server()

        def from_page(message: Any) -> None:
            follow = re.match(r'42(\d+)\["follow"', str(message))
            if follow:
                asked.append(message)
            if follow and len(asked) == 1:
                route.send(f'43{follow[1]}[{{"error":"try again"}}]')
            else:
                far.send(message)

        route.on_message(from_page)

    page = open_page(f"{shared.url}/healthz", wait_for=None)
    page.route_web_socket("**/socket.io/*", connect)
    page.goto(f"{shared.url}/feeds/{slug}")
    page.evaluate("window.stayed = true")
    page.wait_for_selector("live-feed[state=live]")
    shared.publish("At last", slug)
    expect(page.locator("li.update .text")).to_have_text(["At last"])
    assert len(asked) == 2
    assert page.evaluate("window.stayed")


FATES = st.sampled_from(["arrive", "lose", "twice", "late"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["publish", "edit", "retract", "pin"]), st.integers(0, 9), FATES),
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
def wired(shared: Server, slug: str, open_page: NewPage) -> tuple[Page, Wire]:
    """A reader behind that wire."""
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    wire = Wire(page)
    page.goto(f"{shared.url}/feeds/{slug}")
    wire.until(lambda: wire.following)
    return page, wire


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.long
def test_whatever_the_network_does_the_page_ends_equal_to_a_fresh_one(
    shared: Server, slug: str, wired: tuple[Page, Wire], steps: list[tuple[str, int, str]]
) -> None:
    """The browser's own rule, against real pushes that are lost, repeated and delayed."""
    page, wire = wired
    for verb, which, fate in steps:
        wire.fate = fate
        before = wire.pushes
        if act(shared, slug, verb, which):
            wire.until(lambda before=before: wire.pushes > before)  # type: ignore[misc]
    wire.cut()
    wire.until(lambda: wire.following)
    version = shared.version(slug)
    page.wait_for_selector(f"live-feed[state=live][version='{version}']", timeout=RECONNECT)
    assert same_as_fresh(page, shared)
    assert len(updates_in(page.request.get(f"{shared.url}/feeds/{slug}").text(), slug)) <= 20


def act(server: Server, slug: str, verb: str, which: int) -> bool:
    """Does it, if there is something to do it to; whether the feed changed."""
    before = server.version(slug)
    shown = server.api("GET", f"/api/v1/feeds/{slug}/updates")["updates"]
    if verb == "publish" or not shown:
        server.publish(f"Published {before}", slug, key=which > 7)
    else:
        update = shown[which % len(shown)]
        address = f"/api/v1/updates/{update['id']}"
        if verb == "retract":
            server.api("DELETE", address)
        elif verb == "edit":
            server.api("PATCH", address, {"body": f"Edited {before}", "revision": update["revision"]})
        else:
            server.api("PATCH", address, {"pinned": True, "revision": update["revision"]})
    return server.version(slug) > before
