"""Pages from the back/forward cache, pages that were open for days, printed pages, and pages without pictures."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from feed import times
from feed.store import editors, publishing
from tests.browser.conftest import LONG, WITH_WINDOWS, NewPage, launch, until
from tests.browser.states import WIDE, uploaded
from tests.server import Server


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def texts(page: Page) -> list[str]:
    return page.locator("ol.updates > li:visible").all_inner_texts()


def test_back_to_a_page_that_the_browser_kept_whole(server: Server, slug: str, chromium: Browser) -> None:
    """The real back/forward cache: the same document comes back, is live again, and equals a fresh one."""
    old, wrong = server.publish("Old", slug), server.publish("Wrong", slug, pinned=True)
    # The shell has none, and Playwright switches it off, for its own sake.
    browser = launch(chromium.browser_type, WITH_WINDOWS, ignore_default_args=["--disable-back-forward-cache"])
    page = browser.new_page()
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    page.evaluate("addEventListener('pageshow', ({ persisted }) => (window.kept = persisted))")
    page.goto(f"{server.url}/healthz")
    server.publish("While it lay there", slug, key=True)
    server.api("PATCH", f"/api/v1/updates/{old['id']}", {"body": "Old, edited", "revision": 1})
    server.api("DELETE", f"/api/v1/updates/{wrong['id']}")
    page.go_back(wait_until="commit")
    expect(page.locator("li.update .text")).to_have_text(["While it lay there", "Old, edited"])
    assert page.evaluate("window.kept") is True
    page.wait_for_selector("live-feed[state=live]")
    server.publish("Now", slug)
    expect(page.locator("li.update .text").first).to_have_text("Now")
    parts = page.locator("li.update .text, .key-events, .pinned")
    seen = parts.all_inner_texts()
    page.reload()
    assert parts.all_inner_texts() == seen
    browser.close()


def test_a_page_that_comes_back_without_a_word_of_being_seen_is_live_again(
    server: Server, slug: str, open_page: NewPage
) -> None:
    """Chromium also says that the page is visible now. Not every browser does."""
    old = server.publish("Old", slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    server.publish("While it lay there", slug)
    server.api("DELETE", f"/api/v1/updates/{old['id']}")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("li.update .text")).to_have_text(["While it lay there"])
    page.wait_for_selector("live-feed[state=live]")


def test_a_page_that_was_opened_two_days_ago_knows_today_from_then(
    server: Server, slug: str, open_page: NewPage
) -> None:
    """It was opened ten minutes before midnight, lay there ever since, and then equals a fresh one."""
    day = (datetime.now(UTC) - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    opened = day + timedelta(hours=23, minutes=50)
    with server.store() as store:
        with store.read() as db:
            bob = editors.by_name(db, "bob")
        for hour, minute in ((20, 0), (23, 30)):
            moment = times.to_text(day + timedelta(hours=hour, minutes=minute))
            publishing.publish(store, slug, bob, {"body": f"At {hour}:{minute}"}, moment=moment)
    page = open_page(f"{server.url}/healthz", wait_for=None, timezone_id="UTC")
    then = {"Date": f"{opened:%a, %d %b %Y %H:%M:%S} GMT"}
    page.route("**/healthz", lambda route: route.fulfill(status=200, headers=then))
    page.clock.install(time=opened)
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    late, evening = (page.locator("li.update .when time").nth(n) for n in (0, 1))
    expect(late).to_have_text("20 min ago")
    expect(evening).to_have_text("20:00")
    date = f"{day.day} {day:%B %Y}"
    page.clock.fast_forward("15:00")
    expect(late).to_have_text("35 min ago")
    expect(evening).to_have_text(f"{date}, 20:00")
    page.clock.fast_forward("40:00")
    expect(late).to_have_text(f"{date}, 23:30")

    page.unroute("**/healthz")
    page.clock.fast_forward(int((datetime.now(UTC) - opened - timedelta(minutes=55)).total_seconds() * 1000))
    server.publish("Today", slug)
    expect(page.locator("li.update .text").first).to_have_text("Today")
    expect(page.locator("li.update .when time").first).to_have_text("now")
    expect(late).to_have_text("now")
    page.wait_for_selector("live-feed[state=live]")
    seen = texts(page)
    page.reload()
    page.wait_for_selector("live-feed[state=live]")
    assert texts(page) == seen


PRESSED = "button, select, input, .share, .find, .toast, .skip, .more, .fold summary, .state, .foot"
CUT = """() => [...document.querySelectorAll("main, main *")]
  .filter((each) => each.checkVisibility() && !each.closest(".rail, .unseen"))
  .filter((each) => each.scrollWidth > innerWidth || (getComputedStyle(each).overflow !== "visible"
    && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1)))
  .map((each) => each.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("place", ["articles", "feeds"])
def test_on_paper_everything_is_shown_and_nothing_can_be_pressed(
    server: Server, slug: str, open_page: NewPage, place: str
) -> None:
    """What is folded, pending, missed or wide on the screen, too."""
    wide = f"| a | b |\n|---|---|\n| {WIDE * 2} | {LONG} |\n\n```\n{WIDE * 3}\n```"
    server.api("PATCH", f"/api/v1/articles/{slug}", {"body": f"{LONG}\n\n{wide}"})
    for number in range(6):
        server.publish(f"Number {number}. {LONG * 3}\n\n{wide}", slug)
    server.publish("The pinned one.", slug, pinned=True)
    page = open_page(f"{server.url}/{place}/{slug}", wait_for=f"[feed='{slug}'][state=live]")
    page.locator(".pinned summary").click()
    page.evaluate("document.querySelectorAll('li.update')[4].scrollIntoView()")
    new = server.publish("Waiting", slug)
    expect(page.locator(f"[feed='{slug}'] .toast button")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(f"#update-{new['id']}")).to_be_visible()
    expect(page.locator(".pinned").get_by_text("The pinned one.")).to_be_visible()
    expect(page.locator(PRESSED).filter(visible=True)).to_have_count(0)
    page.set_viewport_size({"width": 700, "height": 900})  # a sheet of A4
    assert page.evaluate(CUT) == []


def test_without_pictures_none_is_asked_for_but_what_the_browser_finds_before_it_may_know(
    server: Server, slug: str, open_page: NewPage
) -> None:
    """The picture on top of an article is the first thing to be seen, so it may not be lazy: the browser asks for it
    while it still waits for the script which remembers that it is not wanted."""
    top, body, update = (uploaded(server) for _ in range(3))
    server.api("PATCH", f"/api/v1/articles/{slug}", {"picture": top, "body": f"Text\n\n![B](/pictures/{body})"})
    server.publish(f"Text\n\n![U](/pictures/{update})", slug)
    page = open_page(f"{server.url}/articles/{slug}", wait_for=f"[feed='{slug}'][state=live]")
    pictures = page.locator("main img")
    page.locator(".foot").scroll_into_view_if_needed()
    until(page, lambda: page.evaluate("[...document.querySelectorAll('main img')].every((img) => img.naturalWidth)"))
    page.get_by_role("button", name="Text only").click()
    expect(pictures.filter(visible=True)).to_have_count(0)
    # Another browser, which has kept no picture.
    again = open_page(f"{server.url}/healthz", wait_for=None)
    again.evaluate("localStorage.pictures = 'without'")
    asked: list[str] = []
    again.on("request", lambda request: asked.append(request.url.split("?")[0].rpartition("/")[2]))
    again.goto(f"{server.url}/articles/{slug}")
    again.wait_for_selector(f"[feed='{slug}'][state=live]")
    expect(again.get_by_role("button", name="With pictures")).to_be_visible()
    again.locator(".foot").scroll_into_view_if_needed()
    server.publish(f"New\n\n![U](/pictures/{body})", slug)
    expect(again.locator(".toast button, li.update").filter(visible=True).first).to_be_visible()
    again.wait_for_load_state("networkidle")
    assert [each for each in asked if each in (top, body, update)] == [top]
    again.get_by_role("button", name="With pictures").click()
    expect(again.locator(".body img")).to_be_visible()
    until(again, lambda: body in asked)
