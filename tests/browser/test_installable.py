"""The installed desk in Chromium: it opens without a network, and shows a copy only to the editor whose it is."""

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from feed.store import restoring
from tests.browser.conftest import WITH_WORKER, NewPage, bob_at_desk, sign_in, until
from tests.server import Server

NOTICE = ".of-copy"
OFFLINE, AS_OF = (re.compile(f"^{begin}this page is as it was at \\d", re.I) for begin in ("Offline: ", ""))
KEPT = "async () => (await (await caches.open('desk pages')).keys()).map(({ url }) => new URL(url).pathname).sort()"


@pytest.fixture
def desk(shared: Server, slug: str, open_page: NewPage) -> Page:
    """Bob, signed in, at the desk of the coverage of the test's own article, with the service worker."""
    return bob_at_desk(open_page, shared, slug, **WITH_WORKER)


def until_kept(page: Page, *paths: str) -> None:
    """Waits until the worker has copies of just these pages."""
    until(page, lambda: page.evaluate(KEPT) == sorted(paths))


def is_titled(page: Page, title: str) -> None:
    """Expects a page with that heading."""
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def faults(page: Page) -> object:
    """What axe finds wrong with the page."""
    return Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]


def test_the_composer_opens_while_the_site_is_down_and_what_is_typed_is_published_later(
    server: Server, open_page: NewPage
) -> None:
    server.publish("Before the tunnel")
    page = bob_at_desk(open_page, server, "news", **WITH_WORKER)
    until_kept(page, "/desk/", "/desk/feeds/news")
    drafts = {page.locator("[name=draft_id]").input_value()}
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    page.goto(f"{server.url}/desk/feeds/news")  # no answer comes: after some patience the copy is shown
    expect(page.locator(NOTICE)).to_have_text(OFFLINE)
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    server.kill()
    page.goto(f"{server.url}/desk/")
    expect(page.locator(NOTICE)).to_have_text(OFFLINE)
    page.get_by_role("link", name="News Feed").click()
    expect(page.locator(NOTICE)).to_have_text(OFFLINE)
    expect(page.locator(".updates li.update .text")).to_have_text(["Before the tunnel"])
    words = page.get_by_role("textbox", name="Update")
    words.fill("From the tunnel")
    drafts.add(page.locator("[name=draft_id]").input_value())
    assert len(drafts) == 2, "the draft of a copy may be published"
    server.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(NOTICE)).to_have_text(AS_OF)
    expect(words).to_have_value("From the tunnel")
    page.reload()
    expect(page.locator(NOTICE)).to_be_hidden()
    expect(words).to_have_value("From the tunnel")
    words.press("Control+Enter")
    expect(page.locator(".updates li.update .text")).to_have_text(["From the tunnel", "Before the tunnel"])


def test_a_copy_in_which_nobody_writes_is_replaced_when_there_is_a_network(
    shared: Server, slug: str, desk: Page
) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")
    desk.context.set_offline(True)
    desk.goto(f"{shared.url}/desk/feeds/{slug}?draft=elsewhere")
    expect(desk.locator(NOTICE)).to_have_text(OFFLINE)
    desk.goto(f"{shared.url}/desk/feeds/{slug}?q=quay")
    is_titled(desk, "There is no network")
    assert faults(desk) == []
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    expect(desk.locator(NOTICE)).to_have_text(OFFLINE)
    assert faults(desk) == []
    desk.context.set_offline(False)
    expect(desk.locator("html:not([data-copy]) live-feed[state=live]")).to_be_attached()


def test_signing_out_leaves_no_copy(shared: Server, slug: str, desk: Page) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")
    desk.get_by_role("button", name="Sign out").click()
    is_titled(desk, "Sign in")
    until_kept(desk)
    desk.context.set_offline(True)
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    is_titled(desk, "There is no network")
    expect(desk.locator("form")).to_have_count(0)


def test_who_signs_out_without_a_network_is_signed_out_as_soon_as_there_is_one(
    shared: Server, slug: str, desk: Page
) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")
    session = [each["value"] for each in desk.context.cookies()]
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Sign out").click()
    is_titled(desk, "Signed out on this device")
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    is_titled(desk, "Signed out on this device")
    assert [each["value"] for each in desk.context.cookies()] == session != []
    desk.context.set_offline(False)
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    is_titled(desk, "Sign in")
    assert desk.context.cookies() == []
    sign_in(desk, "alice")
    expect(desk.get_by_role("link", name="Alice Adams")).to_be_visible()


def test_a_sign_out_without_a_network_is_not_forgotten_where_the_site_is_in_trouble(
    server: Server, open_page: NewPage
) -> None:
    desk = bob_at_desk(open_page, server, "news", **WITH_WORKER)
    until_kept(desk, "/desk/", "/desk/feeds/news")
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Sign out").click()
    is_titled(desk, "Signed out on this device")
    with nothing_written(Path(server.environ["FEED_DATABASE"])):
        desk.context.set_offline(False)
        desk.goto(f"{server.url}/desk/feeds/news")
        is_titled(desk, "Signed out on this device")
    desk.goto(f"{server.url}/desk/feeds/news")
    is_titled(desk, "Sign in")
    assert desk.context.cookies() == []


@contextmanager
def nothing_written(database: Path) -> Iterator[None]:
    """The site says that it is being restored, and refuses what would change it."""
    with restoring.locked(database), closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA user_version = {restoring.UNDER_WAY}")
        yield
        db.execute("PRAGMA user_version = 0")


def test_another_editor_on_the_same_device_sees_nothing_of_the_first(shared: Server, slug: str, desk: Page) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")
    bobs = desk.context.cookies()
    desk.context.clear_cookies()
    desk.goto(f"{shared.url}/desk/sign-in")
    until_kept(desk)
    sign_in(desk, "alice")
    is_titled(desk, "Desk")
    until_kept(desk, "/desk/")
    desk.context.set_offline(True)
    desk.reload()
    expect(desk.get_by_role("link", name="Alice Adams")).to_be_visible()
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    is_titled(desk, "There is no network")
    desk.context.set_offline(False)
    # A session that took another's place, and the worker saw no sign-in
    desk.context.clear_cookies()
    desk.context.add_cookies(bobs)  # type: ignore[arg-type]
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    until_kept(desk, f"/desk/feeds/{slug}")


def test_a_page_that_learns_of_the_end_of_its_session_wipes_the_copies(shared: Server, slug: str, desk: Page) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")
    desk.context.clear_cookies()
    desk.evaluate("dispatchEvent(new Event('offline'))")
    expect(desk.get_by_role("alert")).to_contain_text("signed out")
    until_kept(desk)


def test_after_a_release_no_copy_of_the_one_before_is_left(shared: Server, slug: str, desk: Page) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")
    releases = """async () => {
      const pages = await caches.open("desk pages");
      const copies = await Promise.all((await pages.keys()).map((request) => pages.match(request)));
      return Promise.all(copies.map(async (copy) => (await copy.text()).match(/static.(\\w+)/)[1]));
    }"""
    release = desk.evaluate(releases)[0]
    # What the worker kept before the release
    desk.evaluate(
        """async ([address, release]) => {
          const pages = await caches.open("desk pages"), copy = await pages.match(address);
          const html = (await copy.text()).replaceAll(release, "0123456789abcdef");
          await pages.put(address, new Response(html, { headers: copy.headers }));
        }""",
        [f"/desk/feeds/{slug}", release],
    )
    assert set(desk.evaluate(releases)) == {release, "0123456789abcdef"}
    desk.goto(f"{shared.url}/desk/")
    until(desk, lambda: desk.evaluate(releases) == [release, release])
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")


def test_whole_copies_of_two_kinds_of_pages_are_kept_and_readers_have_no_worker(
    shared: Server, slug: str, desk: Page
) -> None:
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}")  # it begins when the page is there, which may leave before
    for path in ("pictures", f"feeds/{slug}?q=quay", f"feeds/{slug}?did=saved", "feeds/news"):
        desk.goto(f"{shared.url}/desk/{path}")
    until_kept(desk, "/desk/", f"/desk/feeds/{slug}", "/desk/feeds/news")
    missing, caches = desk.evaluate(
        """async () => {
          const pages = await caches.open("desk pages"), missing = [];
          for (const request of await pages.keys()) {
            const html = await (await pages.match(request)).text();
            for (const [, file] of html.matchAll(/(?:href|src)="(.static.[^"]+)"/g)) {
              if (!(await caches.match(file, { cacheName: "desk files" }))) missing.push(file);
            }
          }
          return [missing, await caches.keys()];
        }"""
    )
    assert missing == []
    assert {re.sub(r" [0-9a-f]{16}$", "", name) for name in caches} == {"desk pages", "desk files", "desk worker"}
    for path in ("/", f"/articles/{slug}", f"/feeds/{slug}"):
        desk.goto(shared.url + path)
        assert desk.evaluate("navigator.serviceWorker.controller") is None, path
