"""A feed in a frame on another site's page is live and as high as its content; frame and page cannot read each
other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Frame, Page, expect

from tests.browser.conftest import DESKTOP, LONG, PHONE, NewPage, until
from tests.server import Server, serving


class Host:
    """Another site: its pages are what a test puts on them. `asked` are the headers of what was asked of it."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = host.pages.get(self.path, "").encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Another name than that of our site, so that browsers take it for another site, not just another port of ours.
        self.origin = f"http://localhost:{self.server.server_port}"

    def show(self, html: str, path: str = "/") -> str:
        """Puts that on a page and gives its address."""
        self.pages[path] = f"<!doctype html><html lang=en><title>Host</title><body>{html}"
        return f"{self.origin}{path}"


@contextmanager
def another_site() -> Iterator[Host]:
    host = Host()
    thread = threading.Thread(target=host.server.serve_forever)
    thread.start()
    yield host
    host.server.shutdown()
    thread.join()
    host.server.server_close()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """The site that may."""
    with another_site() as made:
        yield made


@pytest.fixture(scope="module")
def shared(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our site, which lists that one."""
    with serving(tmp_path_factory.mktemp("embedded"), FEED_EMBED_ORIGINS=host.origin) as running:
        yield running


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def snippet(server: Server, slug: str) -> str:
    """What a site that asks by oEmbed is given for an article's page."""
    answer = requests.get(f"{server.url}/oembed", params={"url": f"{server.url}/articles/{slug}"}, timeout=10)
    return str(answer.json()["html"])


def frame_in(page: Page) -> Frame:
    """The frame, once it is live."""
    frame = page.frames[1]
    frame.wait_for_selector("live-feed[state=live]")
    return frame


def height(page: Page) -> int:
    return int(page.evaluate("document.querySelector('iframe').offsetHeight"))


def fits(page: Page, frame: Frame) -> bool:
    """Whether the frame is as high as what is in it: no line is hidden, and none is empty."""
    needed = "Math.ceil(document.body.getBoundingClientRect().height)"
    inside = frame.evaluate(f"[{needed}, document.documentElement.scrollHeight, innerHeight]")
    return {*inside, height(page)} == {inside[0]}


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_feed_in_a_frame_is_live_and_as_high_as_what_is_in_it(
    server: Server, host: Host, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    first = server.publish("The first", slug)
    words = "<p>Before</p>", "<p>After</p>"
    page = open_page(host.show(snippet(server, slug).join(words)), wait_for="iframe", viewport=viewport)
    frame = frame_in(page)
    until(page, lambda: fits(page, frame))
    before = height(page)
    second = server.publish("The second, of two words more", slug)
    expect(frame.locator("li.update .text")).to_have_text(["The second, of two words more", "The first"])
    until(page, lambda: fits(page, frame) and height(page) > before)
    server.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "Edited", "revision": 1})
    expect(frame.locator(f"#update-{first['id']} .text")).to_have_text("Edited")
    expect(frame.locator(f"#update-{first['id']} .edited")).to_contain_text("Updated:")
    server.api("DELETE", f"/api/v1/updates/{second['id']}")
    expect(frame.locator("li.update .text")).to_have_text(["Edited"])
    until(page, lambda: fits(page, frame))


def test_a_long_feed_scrolls_in_its_frame_and_nothing_moves_on_either_page(
    server: Server, host: Host, slug: str, open_page: NewPage
) -> None:
    old = [server.publish(f"Number {number}. {LONG}", slug) for number in range(25)]
    page = open_page(host.show(f"{snippet(server, slug)}<p id=below>Below</p>"), wait_for="iframe", viewport=PHONE)
    frame = frame_in(page)
    until(page, lambda: height(page) == page.evaluate("Math.round(innerHeight * 0.9)"))
    seen = old[15]["id"]
    frame.evaluate(f"document.getElementById('update-{seen}').scrollIntoView()")
    tops = [frame.evaluate(f"document.getElementById('update-{seen}').getBoundingClientRect().top")]
    below = page.evaluate("below.getBoundingClientRect().top")
    server.publish("New", slug)
    expect(frame.locator(".toast button")).to_have_text("1 new update")
    tops.append(frame.evaluate(f"document.getElementById('update-{seen}').getBoundingClientRect().top"))
    assert tops[0] == tops[1]
    assert page.evaluate("below.getBoundingClientRect().top") == below
    frame.locator(".toast button").click()
    expect(frame.locator("li.update .text").first).to_have_text("New")
    frame.get_by_role("link", name="Show More").click()
    expect(frame.locator("li.update")).to_have_count(26)


def test_in_a_frame_shown_whole_nothing_moves_under_who_reads_on(
    server: Server, host: Host, slug: str, open_page: NewPage
) -> None:
    for number in range(2):
        server.publish(f"Number {number}. {LONG}", slug)
    around = "<p style='height: 100vh'>Around</p>"
    # So high that nine tenths of it hold the frame whole, whatever the fonts of this machine.
    viewport = {**DESKTOP, "height": 1400}
    page = open_page(host.show(snippet(server, slug).join((around, around))), wait_for="iframe", viewport=viewport)
    page.locator("iframe").scroll_into_view_if_needed()
    frame = frame_in(page)
    until(page, lambda: fits(page, frame))
    frame.locator("li.update").last.evaluate("li => li.scrollIntoView()")
    page.evaluate("scrollTo(0, document.querySelector('iframe').offsetTop + 250)")
    until(page, lambda: frame.evaluate("document.querySelector('live-feed').away"))
    before = height(page)
    server.publish("Waits", slug)
    expect(frame.locator(".toast button")).to_have_text("1 new update")
    expect(frame.locator("li.update .text", has_text="Waits")).to_be_hidden()
    assert height(page) == before
    page.evaluate("scrollTo(0, document.querySelector('iframe').offsetTop - 100)")
    expect(frame.locator("li.update .text", has_text="Waits")).to_be_visible()
    until(page, lambda: fits(page, frame) and height(page) > before)


def test_the_script_may_come_before_the_frame_or_long_after(
    server: Server, host: Host, slug: str, open_page: NewPage
) -> None:
    server.publish("Text", slug)
    markup, script = snippet(server, slug).split("<script")
    for where in ("before", "after"):
        late = where == "after"
        page = open_page(host.show(markup if late else f"<script{script}{markup}"), wait_for="iframe")
        frame = frame_in(page)
        if late:
            assert height(page) == 600
            page.add_script_tag(url=f"{server.url}/embed.js")
        until(page, lambda page=page, frame=frame: fits(page, frame))  # type: ignore[misc]


LISTENING = """
  window.heard = [];
  if (location.hostname === "localhost") addEventListener("message", ({ origin, data }) => heard.push([origin, data]));
"""


def test_nothing_leaks_from_the_frame_or_into_it(server: Server, host: Host, slug: str, news_desk: Page) -> None:
    """In a browser in which an editor is signed in."""
    server.publish("Text", slug)
    impostor = host.show("<script>parent.postMessage({ liveline: { height: 7 } }, '*')</script>", "/impostor")
    address = host.show(f"{snippet(server, slug)}<iframe src='{impostor}' id=impostor></iframe>")
    page = news_desk.context.new_page()
    page.add_init_script(LISTENING)
    sent: dict[str, dict[str, str]] = {}
    page.on("request", lambda request: sent.update({request.url: request.all_headers()}))
    page.goto(address)
    frame = frame_in(page)
    # Every request for the frame itself says neither who asks nor from where.
    asked = sent[f"{server.url}/embed/feeds/{slug}"]
    assert "cookie" not in asked
    assert "referer" not in asked
    assert asked["sec-fetch-site"] == "cross-site"
    assert frame.evaluate("[document.referrer, document.cookie]") == ["", ""]
    # The other page hears how high the frame is, and no more; it believes nobody else, and not itself.
    until(page, lambda: fits(page, frame))
    right = height(page)
    page.evaluate("postMessage({ liveline: { height: 9 } }, '*')")
    frame.evaluate("document.body.append('A line more')")
    until(page, lambda: height(page) > right and fits(page, frame))
    heard = page.evaluate("heard")
    assert [host.origin, {"liveline": {"height": 7}}] in heard, "the impostor was heard"
    assert [host.origin, {"liveline": {"height": 9}}] in heard
    told = [data for origin, data in heard if origin == server.url]
    assert told
    assert all(data == {"liveline": {"height": data["liveline"]["height"]}} for data in told)
    assert len(told) + 2 == len(heard)
    # Nothing that it says to the frame does anything there.
    before = frame.content()
    for words in ('{ "liveline": { "height": 1 } }', '{ "feed": "news", "reload": true }', '"42[\\"updated\\",{}]"'):
        page.evaluate(f"document.querySelector('iframe').contentWindow.postMessage({words}, '*')")
    until(page, lambda: len(page.evaluate("heard")) >= len(heard) + 3)
    assert frame.content() == before
    # What arrives in the frame shows nowhere else, and it cannot lead the page away.
    server.publish("More", slug)
    expect(frame.locator("li.update")).to_have_count(2)
    assert page.title() == "Host"
    assert page.evaluate("[history.length, localStorage.length, document.cookie]") == [2, 0, ""]
    with pytest.raises(Exception, match="does not have permission to navigate"):
        frame.evaluate("top.location = 'http://127.0.0.1/'")
    with page.expect_popup() as opened:
        frame.locator(".when a").first.click()
    assert opened.value.evaluate("window.opener") is None
    assert page.url == address


def refusal(page: Page, address: str) -> str:
    """What the browser says of a frame that it does not show."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    until(page, lambda: any("frame-ancestors" in each for each in said))
    assert not any(frame.evaluate("!!document.querySelector('live-feed')") for frame in page.frames)
    return next(each for each in said if "frame-ancestors" in each)


def test_sites_that_are_not_listed_are_refused_and_so_are_other_pages(
    server: Server, host: Host, slug: str, open_page: NewPage
) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    with another_site() as stranger:
        assert host.origin in refusal(page, stranger.show(snippet(server, slug)))
    other = snippet(server, slug).replace("/embed/feeds/", "/articles/")
    assert "'none'" in refusal(page, host.show(other))


def test_what_goes_wrong_is_said_in_the_frame(server: Server, host: Host, slug: str, open_page: NewPage) -> None:
    page = open_page(host.show(snippet(server, slug)), wait_for="iframe")
    frame = frame_in(page)
    server.api("PATCH", f"/api/v1/articles/{slug}", {"draft": True})
    expect(frame.locator("h1")).to_have_text("There is nothing at this address.", timeout=40_000)
    until(page, lambda: fits(page, frame))


def test_without_scripts_the_frame_is_read_and_paged_by_scrolling(
    server: Server, host: Host, slug: str, open_page: NewPage
) -> None:
    for number in range(21):
        server.publish(f"Number {number}", slug)
    page = open_page(host.show(snippet(server, slug)), wait_for="iframe", java_script_enabled=False)
    frame = page.frame_locator("iframe")
    expect(frame.locator("li.update")).to_have_count(20)
    frame.get_by_role("link", name="Show More").click()
    expect(frame.locator("li.update .text")).to_have_text(["Number 0"])
