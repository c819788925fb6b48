"""Where somebody reads: one arrival at a time, a bar that says what matters, and a reload that keeps the place."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from feed.store import editors, publishing
from tests.browser.conftest import ANCHORED, DESKTOP, LONG, PHONE, NewPage
from tests.browser.test_manners import SIZES, TOP, published, scroll_into
from tests.server import Server

MISSED = 301  # changes: one more than a catch-up brings
AGE = "document.documentElement.dataset.old = ''"  # which no fresh page says
BOX = "(id) => document.getElementById(id).getBoundingClientRect().toJSON()"


TO_THE_TOP_OF_THE_RAIL = """(id) => {
  const rail = document.querySelector(".rail");
  rail.scrollTop += document.getElementById(id).getBoundingClientRect().top - rail.getBoundingClientRect().top;
}"""


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def miss(page: Page, server: Server, slug: str, more: Any = lambda: None) -> None:
    """Has the page miss more than a catch-up brings, and waits until it is a fresh one."""
    page.evaluate(AGE)
    page.context.set_offline(True)
    page.wait_for_selector(f"[feed={slug}][state=offline]")
    more()
    with server.store() as store:  # hundreds by the API take seconds
        with store.read() as db:
            bob = editors.by_name(db, "bob")
        for number in range(MISSED):
            publishing.publish(store, slug, bob, {"body": f"Missed {number}"})
    page.context.set_offline(False)
    page.wait_for_selector(f"html:not([data-old]) [feed={slug}][state=live]", state="attached")


@ANCHORED
@SIZES
@pytest.mark.parametrize("rail", [False, True], ids=["feed", "rail"])
def test_of_five_that_come_together_one_moves_what_is_read_and_the_rest_wait(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int], anchored: bool, rail: bool
) -> None:
    feed, path = ("news", f"/articles/{slug}") if rail else (slug, f"/feeds/{slug}")
    old = [server.publish(f"Number {number}. {LONG}", feed) for number in range(4)]
    ready = f"[feed={feed}][state=live]"
    page = open_page(server.url + path, wait_for=ready, viewport=viewport, anchored=anchored)
    page.clock.install()
    own = page.locator(f"[feed={feed}]")
    own.locator(".feed-head").evaluate("(head) => head.scrollIntoView()")
    read = f"update-{old[-1]['id']}"
    before = page.evaluate(TOP, read)
    new = [server.publish(f"New {number}. {LONG}", feed) for number in range(5)]
    page.wait_for_selector(f"[feed={feed}][version='{new[-1]['version']}']", state="attached")
    page.clock.run_for(100)
    toast = own.locator(".toast button")
    expect(toast).to_have_text("4 new updates")
    first = page.evaluate(BOX, f"update-{new[0]['id']}")
    assert first["height"] > 0
    assert page.evaluate(TOP, read) - before <= first["height"] + 1
    # Later the next comes, and not all of them: the toast has those for whoever wants them now.
    page.clock.run_for(4_000)
    expect(toast).to_have_text("3 new updates")
    page.clock.run_for(4_000)
    expect(toast).to_have_text("3 new updates")
    toast.click()
    expect(toast).to_be_hidden()
    for each in new:
        expect(page.locator(f"#update-{each['id']}")).to_be_visible()


def test_who_has_not_come_to_the_list_yet_finds_all_of_it_there(server: Server, slug: str, open_page: NewPage) -> None:
    server.publish("Old", slug)
    page = open_page(f"{server.url}/articles/{slug}", wait_for=f"[feed={slug}][state=live]", viewport=PHONE)
    own = page.locator(f"[feed={slug}]")
    expect(own.locator("ol.updates")).not_to_be_in_viewport()
    published(server, slug, 5)
    expect(own.locator(".updates li.update:visible")).to_have_count(6)
    expect(own.locator(".toast button")).to_be_hidden()


@SIZES
def test_deep_in_the_list_a_bar_says_that_the_page_is_offline_and_leads_to_the_newest(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    old = published(server, slug)
    page = open_page(f"{server.url}/feeds/{slug}", viewport=viewport)
    says, up, toast = (page.locator(f".bar {part}") for part in ("p", "a", "button"))
    page.context.set_offline(True)
    page.wait_for_selector("live-feed[state=offline]")
    expect(says).to_be_hidden()  # the head of the feed says it
    scroll_into(page, old[3])
    before = page.evaluate(TOP, f"update-{old[3]['id']}")
    expect(says).to_contain_text("Offline since")
    expect(says).to_be_in_viewport(ratio=1)
    expect(up).to_be_in_viewport(ratio=1)
    assert page.locator(".bar").bounding_box()["height"] < 50  # type: ignore[index]
    server.publish("New", slug)
    page.context.set_offline(False)
    page.wait_for_selector("live-feed[state=live]")
    expect(says).to_be_hidden()
    expect(up).to_be_hidden()
    expect(toast).to_have_text("1 new update")
    assert page.evaluate(TOP, f"update-{old[3]['id']}") == before
    page.context.set_offline(True)
    page.wait_for_selector("live-feed[state=offline]")
    expect(says).to_be_in_viewport(ratio=1)
    expect(toast).to_be_in_viewport(ratio=1)
    expect(up).to_be_hidden()
    toast.click()
    expect(page.locator(".feed-head")).to_be_in_viewport()
    expect(says).to_be_hidden()
    scroll_into(page, old[3])
    up.click()
    expect(page.locator(".feed-head")).to_be_in_viewport()


def test_deep_in_the_list_the_bar_says_paused_and_what_waits_goes_on_at_a_press(
    server: Server, slug: str, open_page: NewPage
) -> None:
    old = published(server, slug)
    page = open_page(f"{server.url}/feeds/{slug}", viewport=PHONE)
    page.get_by_role("button", name="Pause").click()
    server.publish("New 0", slug)
    new = server.publish("New 1", slug)
    expect(page.get_by_role("button", name="2 waiting")).to_be_visible()
    expect(page.locator(".bar button")).to_be_hidden()  # one of the two is enough
    scroll_into(page, old[3])
    expect(page.locator(".bar p")).to_have_text("Paused")
    page.locator(".bar").get_by_role("button", name="2 new updates").click()
    expect(page.locator(f"#update-{new['id']} article")).to_be_focused()
    expect(page.locator(f"#update-{new['id']}")).to_be_in_viewport()
    expect(page.locator("live-feed")).to_have_attribute("state", "live")
    expect(page.locator(".bar > :visible")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "viewport"),
    [("/feeds/{}", PHONE), ("/articles/{}", DESKTOP), ("/feeds/{}?order=oldest", DESKTOP), ("/feeds/{}?key=1", PHONE)],
    ids=["feed on a phone", "article", "oldest first", "key events"],
)
def test_a_reload_after_more_than_a_catch_up_brings_keeps_the_update_that_is_read(
    server: Server, slug: str, open_page: NewPage, path: str, viewport: dict[str, int]
) -> None:
    old = [server.publish(f"Number {number}. {LONG}", slug, key=True) for number in range(14)]
    ready = f"[feed={slug}][state=live]"
    page = open_page(server.url + path.format(slug), wait_for=ready, viewport=viewport)
    read = old[7]
    scroll_into(page, read)
    before = page.evaluate(TOP, f"update-{read['id']}")
    miss(
        page,
        server,
        slug,
        lambda: server.api("PATCH", f"/api/v1/updates/{old[9]['id']}", {"body": "Short", "revision": 1}),
    )
    expect(page.locator(f"#update-{read['id']}")).to_be_in_viewport()
    assert page.evaluate(TOP, f"update-{read['id']}") == pytest.approx(before, abs=1)


def test_where_the_update_that_is_read_is_gone_the_reload_goes_to_what_comes_next(
    server: Server, slug: str, open_page: NewPage
) -> None:
    old = published(server, slug, 14)
    page = open_page(f"{server.url}/articles/{slug}", wait_for=f"[feed={slug}][state=live]", viewport=PHONE)
    scroll_into(page, old[7])
    miss(page, server, slug, lambda: server.api("DELETE", f"/api/v1/updates/{old[7]['id']}"))
    expect(page.locator(f"#update-{old[6]['id']}")).to_be_in_viewport()


def test_after_such_a_reload_the_rail_is_where_it_was_and_who_reads_the_top_sees_the_newest(
    server: Server, slug: str, open_page: NewPage
) -> None:
    news = [server.publish(f"Town {number}. {LONG}") for number in range(14)]
    read = f"update-{news[-6]['id']}"
    page = open_page(f"{server.url}/articles/{slug}", wait_for="[feed=news][state=live]", viewport=DESKTOP)
    page.evaluate(TO_THE_TOP_OF_THE_RAIL, read)
    page.wait_for_selector("[feed=news][deep]")
    before = page.evaluate(TOP, read)
    page.evaluate(AGE)
    page.evaluate("document.querySelector('[feed=news]').reload()")
    page.wait_for_selector("html:not([data-old]) [feed=news][state=live]")
    assert page.evaluate(TOP, read) == pytest.approx(before, abs=1)
    published(server, slug, 14)
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector(f"[feed={slug}][state=live]")
    miss(page, server, slug)
    assert page.evaluate("scrollY") == 0
    expect(page.locator(".updates li.update").first).to_contain_text(f"Missed {MISSED - 1}")
