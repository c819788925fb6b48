"""New updates do not move what a reader reads, and wait until the reader asks for them."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ANCHORED, DESKTOP, LONG, PHONE, NewPage, come_back
from tests.server import Server

SIZES = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])

# What stands at the top of the view, and where, by the words it begins with.
TOPMOST = """(scroller) => {
  const box = document.querySelector(scroller);
  const edge = box ? Math.max(0, box.getBoundingClientRect().top) : 0;
  const inView = (li) => li.getBoundingClientRect().bottom > edge + 1;
  const update = [...(box ?? document).querySelectorAll("li.update")].find(inView);
  return [update.id, update.getBoundingClientRect().top];
}"""
TOP = "(id) => document.getElementById(id).getBoundingClientRect().top"


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def published(server: Server, slug: str, many: int = 12) -> list[dict[str, Any]]:
    """So many long updates, oldest first."""
    return [server.publish(f"Number {number}. {LONG}", slug) for number in range(many)]


def scroll_into(page: Page, update: dict[str, Any], by: int = 30) -> None:
    """Scrolls until that update stands at the top of the view, by so many pixels above it."""
    page.evaluate(
        "([id, by]) => { document.getElementById(id).scrollIntoView(); scrollBy(0, by + 16); }",
        [f"update-{update['id']}", by],
    )


@SIZES
def test_at_the_top_a_new_update_appears_at_once(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    published(server, slug)
    page = open_page(f"{server.url}/feeds/{slug}", viewport=viewport, reduced_motion="no-preference")
    new = server.publish("Brand new", slug)
    expect(page.locator("li.update").first).to_contain_text("Brand new")
    expect(page.locator(f"#update-{new['id']}")).to_be_in_viewport()
    assert page.locator(f"#update-{new['id']}").evaluate("li => getComputedStyle(li).animationName") == "fresh"
    expect(page.locator(".toast button")).to_be_hidden()
    expect(page).to_have_title("Live coverage: The harbour – Liveline")


@ANCHORED
@SIZES
def test_scrolled_away_a_toast_counts_what_is_new_and_leads_to_it(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int], anchored: bool
) -> None:
    old = published(server, slug)
    page = open_page(f"{server.url}/feeds/{slug}", viewport=viewport, anchored=anchored)
    toast = page.locator(".toast button")
    scroll_into(page, old[6])
    at = page.evaluate(TOPMOST, "main")
    new = [server.publish(f"New {number}", slug) for number in range(3)]
    expect(toast).to_have_text("3 new updates")
    expect(toast).to_be_in_viewport()
    expect(page).to_have_title("(3) Live coverage: The harbour – Liveline")
    expect(page.locator("li.update:visible").first).to_contain_text("Number 11")
    assert page.evaluate(TOPMOST, "main") == at

    server.api("PATCH", f"/api/v1/updates/{new[0]['id']}", {"body": "New and better", "revision": 1})
    server.api("DELETE", f"/api/v1/updates/{new[1]['id']}")
    expect(toast).to_have_text("2 new updates")
    expect(page).to_have_title("(2) Live coverage: The harbour – Liveline")
    expect(page.locator(f"#update-{new[0]['id']}")).to_be_hidden()
    server.api("DELETE", f"/api/v1/updates/{new[2]['id']}")
    expect(toast).to_have_text("1 new update")
    assert page.evaluate(TOPMOST, "main") == at

    toast.click()
    expect(toast).to_be_hidden()
    expect(page).to_have_title("Live coverage: The harbour – Liveline")
    expect(page.locator("li.update").first).to_contain_text("New and better")
    expect(page.locator("li.update article").first).to_be_focused()
    expect(page.locator("li.update").first).to_be_in_viewport()
    expect(page.locator(".feed-head")).to_be_in_viewport()


@SIZES
@pytest.mark.parametrize("path", ["/feeds/{}", "/feeds/{}?order=oldest", "/articles/{}", "/embed/feeds/{}"])
def test_the_toast_leads_to_the_first_new_update_past_what_stands_above_it(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int], path: str
) -> None:
    for number in range(10):
        server.publish(f"Number {number}. {LONG}", slug, key=True)
    server.publish(LONG * 4, slug, pinned=True)
    old = published(server, slug, 6)
    page = open_page(server.url + path.format(slug), viewport=viewport)
    own = page.locator(f"[feed={slug}]")
    for fold in own.locator(".pinned details:not([open]) summary").all():
        fold.click()
    if "oldest" in path:
        page.evaluate("getSelection().selectAllChildren(document.querySelector('.update .text'))")
    else:
        scroll_into(page, old[1])
    new = [server.publish(f"New {number}. {LONG}", slug) for number in range(2)]
    expect(own.locator(".toast button")).to_have_text("2 new updates")
    own.locator(".toast button").click()
    first = own.locator(f"#update-{new[0 if 'oldest' in path else 1]['id']}")
    expect(first.locator("article")).to_be_focused()
    expect(first).to_be_in_viewport(ratio=0.9)


def test_scrolling_up_reveals_what_is_new(server: Server, slug: str, open_page: NewPage) -> None:
    old = published(server, slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    scroll_into(page, old[3])
    server.publish("Brand new", slug)
    expect(page.locator(".toast button")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator("li.update").first).to_contain_text("Brand new")
    expect(page.locator("li.update").first).to_be_visible()
    expect(page.locator(".toast button")).to_be_hidden()


SELECT = "getSelection().selectAllChildren(document.querySelector('li.update .text'))"
FOCUS = "document.querySelector('select.announce').focus({ preventScroll: true })"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (SELECT, "getSelection().removeAllRanges()"),
        (FOCUS, "document.activeElement.blur()"),
    ],
    ids=["text selected", "a field focused"],
)
def test_who_has_something_in_hand_is_not_disturbed(
    server: Server, slug: str, open_page: NewPage, begin: str, end: str
) -> None:
    published(server, slug, 1)
    page = open_page(f"{server.url}/feeds/{slug}")
    page.evaluate(begin)
    server.publish("Brand new", slug)
    expect(page.locator(".toast button")).to_have_text("1 new update")
    expect(page.locator("li.update").first).to_be_hidden()
    page.evaluate(end)
    server.publish("And one more", slug)
    expect(page.locator("li.update .text:visible")).to_have_count(3)
    expect(page.locator(".toast button")).to_be_hidden()


def test_what_arrives_in_a_hidden_tab_is_counted_and_shown_on_return(
    server: Server, slug: str, open_page: NewPage
) -> None:
    published(server, slug, 1)
    page = open_page(f"{server.url}/feeds/{slug}")
    come_back(page, hidden=True)
    server.publish("Brand new", slug)
    expect(page).to_have_title("(1) Live coverage: The harbour – Liveline")
    come_back(page, hidden=False)
    expect(page.locator("li.update").first).to_be_visible()
    expect(page).to_have_title("Live coverage: The harbour – Liveline")


@ANCHORED
@SIZES
def test_changes_above_keep_the_reading_position_to_the_pixel(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int], anchored: bool
) -> None:
    """Edits and retractions above the view, the headline and the pinned box, as they come."""
    old = published(server, slug, 10)
    page = open_page(
        f"{server.url}/articles/{slug}", wait_for=f"[feed={slug}][state=live]", viewport=viewport, anchored=anchored
    )
    scroll_into(page, old[4])
    at = page.evaluate(TOPMOST, f"[feed={slug}]")
    assert at[0] == f"update-{old[4]['id']}"
    server.api("PATCH", f"/api/v1/updates/{old[8]['id']}", {"body": LONG * 2, "revision": 1})
    server.api("DELETE", f"/api/v1/updates/{old[7]['id']}")
    server.api("PATCH", f"/api/v1/articles/{slug}", {"headline": "A headline of many more words than before. " * 4})
    server.api("PATCH", f"/api/v1/updates/{old[6]['id']}", {"pinned": True, "revision": 1})
    server.api("PATCH", f"/api/v1/updates/{old[6]['id']}", {"pinned": False, "revision": 1})
    server.api("PATCH", f"/api/v1/updates/{old[0]['id']}", {"pinned": True, "revision": 1})
    expect(page.locator(f"#pinned-{slug}")).to_contain_text("Number 0")
    expect(page.locator("h1")).to_contain_text("many more words")
    expect(page.locator(f"#update-{old[7]['id']}")).to_have_count(0)
    assert page.evaluate(TOPMOST, f"[feed={slug}]")[0] == at[0]
    assert page.evaluate(TOP, at[0]) == pytest.approx(at[1], abs=1)


@ANCHORED
@SIZES
def test_what_stands_at_the_top_of_the_view_may_itself_change_or_go(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int], anchored: bool
) -> None:
    old = published(server, slug, 10)
    page = open_page(f"{server.url}/feeds/{slug}", viewport=viewport, anchored=anchored)
    ids = [f"update-{update['id']}" for update in old]
    scroll_into(page, old[5])
    at, below = page.evaluate(TOPMOST, "main"), page.evaluate(TOP, ids[4])
    assert at[0] == ids[5]
    server.api("PATCH", f"/api/v1/updates/{old[5]['id']}", {"body": f"New. {LONG}\n\n{LONG}", "revision": 1})
    expect(page.locator(f"#{ids[5]} .text")).to_contain_text("New.")
    assert page.evaluate(TOP, ids[5]) == pytest.approx(at[1], abs=1)
    server.api("PATCH", f"/api/v1/updates/{old[5]['id']}", {"body": f"Number 5. {LONG}", "revision": 2})
    expect(page.locator(f"#{ids[5]} .text")).to_contain_text("Number 5.")
    below = page.evaluate(TOP, ids[4])
    server.api("DELETE", f"/api/v1/updates/{old[5]['id']}")
    expect(page.locator(f"#{ids[5]}")).to_have_count(0)
    assert page.evaluate(TOP, ids[4]) == pytest.approx(below, abs=1)


@ANCHORED
def test_a_paragraph_that_survives_an_edit_stays_where_it_is_read(
    server: Server, slug: str, open_page: NewPage, anchored: bool
) -> None:
    published(server, slug, 4)
    update = server.publish(f"{LONG}\n\nThe paragraph.\n\n{LONG}", slug)
    published(server, slug, 4)
    page = open_page(f"{server.url}/feeds/{slug}", anchored=anchored)
    page.locator(f"#update-{update['id']} summary").click()
    where = """() => [...document.querySelectorAll("p")]
      .find((p) => p.textContent === "The paragraph.").getBoundingClientRect().top"""
    page.evaluate(f"scrollBy(0, ({where})() + 5)")
    assert page.evaluate(where) == pytest.approx(-5, abs=1)
    server.api(
        "PATCH", f"/api/v1/updates/{update['id']}", {"body": f"{LONG * 2}\n\nThe paragraph.\n\nShorter.", "revision": 1}
    )
    expect(page.get_by_text("Shorter.")).to_be_visible()
    assert page.evaluate(where) == pytest.approx(-5, abs=1)


@ANCHORED
def test_the_rail_keeps_its_own_place_and_the_page_beside_it_too(
    server: Server, slug: str, open_page: NewPage, anchored: bool
) -> None:
    published(server, slug, 12)
    news = [server.publish(f"Town {number}. {LONG}") for number in range(12)]
    page = open_page(
        f"{server.url}/articles/{slug}", wait_for="[feed=news][state=live]", viewport=DESKTOP, anchored=anchored
    )
    page.evaluate("scrollTo(0, 700); document.querySelector('.rail').scrollTop = 900")
    rail, column = page.evaluate(TOPMOST, ".rail"), page.evaluate(TOPMOST, f"[feed={slug}]")
    server.api("PATCH", f"/api/v1/updates/{news[-1]['id']}", {"body": "Short", "revision": 1})
    town = server.publish("From the town")
    expect(page.locator("[feed=news] .toast button")).to_have_text("1 new update")
    expect(page.locator("[feed=news] .toast button")).to_be_in_viewport()
    assert page.evaluate(TOPMOST, ".rail")[0] == rail[0]
    assert page.evaluate(TOPMOST, ".rail")[1] == pytest.approx(rail[1], abs=1)
    assert page.evaluate(TOPMOST, f"[feed={slug}]") == column
    page.locator("[feed=news] .toast button").click()
    expect(page.locator(f"#update-{town['id']}")).to_be_in_viewport()
    assert page.evaluate(TOPMOST, f"[feed={slug}]") == column


def test_without_motion_a_new_update_has_no_highlight(server: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{server.url}/feeds/{slug}", reduced_motion="reduce")
    server.publish("Brand new", slug)
    expect(page.locator("li.update")).to_contain_text("Brand new")
    assert page.locator("li.update").evaluate("li => getComputedStyle(li).animationName") == "none"
