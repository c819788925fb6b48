"""Fixtures for tests in a real Chromium. Each test has browser contexts of its own in one running Chromium."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, sync_playwright

from tests.conftest import PASSWORD
from tests.server import Server, serving
from tests.waiting import pause_after

# No sandbox, for root in a container. Pages share two processes, and none draws for the others; each of these would
# cost about a tenth more CPU time. The rest keeps Chromium from calling home.
QUIET = [
    "--no-sandbox", "--renderer-process-limit=2", "--disable-gpu", "--in-process-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

WITH_WINDOWS = ("chromium", "google-chrome")
CHROMIUMS = ("chromium-headless-shell", *WITH_WINDOWS)


def chromium_path(names: Iterable[str] = CHROMIUMS) -> str:
    """The path of Chromium as CHROMIUM names it, or of the first that is found of those names."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert path, "Chromium is missing; `make test` installs it, or set CHROMIUM"
    return path


def launch(chromium: BrowserType, names: Iterable[str] = CHROMIUMS, **options: Any) -> Browser:
    """That Chromium. `options` are playwright's."""
    return chromium.launch(executable_path=chromium_path(names), args=QUIET, **options)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


# What Chromium writes into the console when a script makes HTML or script of a text.
REFUSED = re.compile("Trusted(?:HTML|Script|Type)")
RECONNECT = 40_000  # ms: the longest pause of the client is 30 s
HERE = ("127.0.0.1", "localhost")
PHONE = {"width": 360, "height": 740}
# A phone as its browser tells pages, where a finger presses
TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
DESKTOP = {"width": 1440, "height": 900}
# For tests of what moves: Safari has no scroll anchoring, and a style of the page's own could be lifted by its scripts.
ANCHORED = pytest.mark.parametrize("anchored", [True, False], ids=["anchored", "without anchors"])
NO_ANCHORS = """{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { overflow-anchor: none !important }");
  document.adoptedStyleSheets.push(sheet);
}"""
LONG = "The quay is full of people, and the tide is coming in. " * 8

_numbers = count(1)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that need none of their own: each has an article of its own, `slug`."""
    # A busy machine may take longer than ten seconds to look at a state in which there is Undo.
    with serving(tmp_path_factory.mktemp("shared"), FEED_UNDO_SECONDS="60") as running:
        yield running


@pytest.fixture
def slug(shared: Server) -> str:
    """An article under live coverage."""
    slug = f"story-{next(_numbers)}"
    shared.api("POST", "/api/v1/articles", {"slug": slug, "headline": "The harbour", "body": LONG * 3, "live": True})
    return slug


def come_back(page: Page, *, hidden: bool) -> None:
    """Leaves the tab, or comes back to it; headless Chromium never hides one by itself."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def until(page: Page, seen: Callable[[], bool], within: float = 40.0) -> None:
    """Lets a page and what is routed through this test go on until that is so."""
    begun = monotonic()
    while not seen():
        waited = monotonic() - begun
        assert waited < within, f"not within {within} s"
        page.wait_for_timeout(pause_after(waited) * 1000)


def _host(address: str) -> str | None:
    """The host of that address; of a blob, which a page makes and loads itself, that of the page."""
    return urlsplit(address.removeprefix("blob:")).hostname


NewPage = Callable[..., Page]
QUIETLY: dict[str, object] = {"reduced_motion": "reduce", "service_workers": "block"}
WITH_WORKER = {"service_workers": "allow"}


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[NewPage]:
    """Opens a page in a browser of its own, one without scroll anchoring where it is not `anchored`; without an address
    it stays blank. `options` are the browser's (viewport, java_script_enabled, …). Unless they say otherwise it asks
    for less motion, since a dot that breathes keeps Chromium drawing, for a twentieth of a core with each open page;
    and it runs no service worker, which takes a fifth of the time of a page of the desk, and takes what the page asks
    for past the routes of a test.

    An error in the page's scripts fails the test, and so does a request to another host, or HTML that its policy
    refuses. Requests to the hosts `elsewhere` are answered here with a page of words.
    """
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(
        address: str | None = None,
        *,
        wait_for: str | None = "live-feed[state=live]",
        anchored: bool = True,
        elsewhere: Collection[str] = (),
        **options: object,
    ) -> Page:
        context = chromium.new_context(**QUIETLY | options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        if not anchored:
            context.add_init_script(NO_ANCHORS)
        if elsewhere:
            context.route(
                lambda url: urlsplit(url).hostname in elsewhere, lambda route: route.fulfill(body="<p>Elsewhere")
            )
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: REFUSED.search(said.text) and problems.append(said.text))
        page.on(
            "request",
            lambda request: _host(request.url) in (*HERE, *elsewhere) or problems.append(request.url),
        )
        if address:
            page.goto(address)
            if wait_for:
                page.wait_for_selector(wait_for, state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def desk(shared: Server, slug: str, open_page: NewPage) -> Page:
    """Bob, signed in, at the desk of the coverage of the test's own article."""
    return bob_at_desk(open_page, shared, slug)


@pytest.fixture
def news_desk(server: Server, open_page: NewPage) -> Page:
    """Bob, signed in, at the desk of the News Feed, on a server of the test's own."""
    return bob_at_desk(open_page, server, "news")


def bob_at_desk(open_page: NewPage, server: Server, feed: str, **options: object) -> Page:
    """Bob, signed in, at the desk of that feed. `options` are the browser's. His browser has sent the form without
    showing it, which takes a third of the time; tests of signing in fill it in."""
    page = open_page(**options)
    form, from_here = {"name": "bob", "password": PASSWORD}, {"Sec-Fetch-Site": "same-origin"}
    answer = page.request.post(f"{server.url}/desk/sign-in", form=form, headers=from_here, max_redirects=0)
    assert answer.status == 303, answer.text()
    page.goto(f"{server.url}/desk/feeds/{feed}")
    page.wait_for_selector("live-feed[state=live]")
    return page


def sign_in(page: Page, name: str = "bob") -> None:
    """Fills in the form to sign in."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def kept_on_device(page: Page) -> list[str]:
    """What the device keeps of forms, as text, once the page knows what became of the one that this tab sent last."""
    page.wait_for_function("() => !sessionStorage.getItem('unsure')")
    return page.evaluate(  # type: ignore[no-any-return]
        """() => new Promise((resolve, reject) => {
          const opening = indexedDB.open("liveline-desk");
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const asked = opening.result.transaction("kept").objectStore("kept").getAll();
            asked.onsuccess = () => {
              opening.result.close();
              resolve(asked.result.map((each) => JSON.stringify(each)));
            };
          };
        })"""
    )


class Profile:
    """A browser with a profile of its own on the disk, which can be killed and opened again."""

    def __init__(self, chromium: Browser, folder: Path) -> None:
        self._type, self._folder = chromium.browser_type, folder
        self.context = self.open()

    def open(self) -> BrowserContext:
        self.context = self._type.launch_persistent_context(self._folder, executable_path=chromium_path(), args=QUIET)
        self.context.set_default_timeout(15_000)
        return self.context

    def kill(self) -> None:
        """Ends the browser with SIGKILL, in the middle of whatever it does."""
        listed = subprocess.run(["pgrep", "-f", f"user-data-dir={self._folder}"], capture_output=True, text=True)
        with self.context.expect_event("close"):
            for pid in map(int, listed.stdout.split()):
                os.kill(pid, signal.SIGKILL)

    def desk(self, server: Server, feed: str) -> Page:
        """Bob at the desk of that feed. The cookie may be lost with the browser that was killed."""
        page = self.context.new_page()
        page.goto(f"{server.url}/desk/feeds/{feed}")
        if "/sign-in" in page.url:
            sign_in(page)
        page.wait_for_selector("live-feed[state=live]")
        return page


@pytest.fixture
def profile(chromium: Browser, tmp_path: Path) -> Iterator[Profile]:
    made = Profile(chromium, tmp_path / "profile")
    yield made
    made.context.close()
