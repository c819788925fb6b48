"""Each view of a feed applies changes in its own way, and equals a freshly loaded page after the last change."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, LONG, NewPage, come_back
from tests.server import Server

PLACES = """() => [...document.querySelectorAll("li.update")]
  .map((each) => [each.id, each.getBoundingClientRect().top])"""


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def items(page: Page) -> Locator:
    """What is read in the list, from the top."""
    return page.locator("ol.updates > li:visible")


def read(page: Page) -> list[str]:
    """The texts of these. How long ago one was published may be another minute by now."""
    return [re.sub(r"^\d+ min ago|^now", "lately", each) for each in items(page).all_inner_texts()]


def is_as_a_fresh_one(page: Page, first: int | None = None) -> None:
    """The list of the open page is the one that a reload gives, and so is its title. A fresh page shows as many lines
    as `first`, days included; None is all."""
    title, seen = page.title(), read(page)[:first]
    assert seen
    page.reload()
    page.wait_for_selector("live-feed[state=live]")
    expect(page).to_have_title(title)
    expect(items(page)).to_have_count(len(seen))
    assert read(page) == seen


def edit(server: Server, update: dict[str, Any], revision: int = 1, **change: Any) -> None:
    server.api("PATCH", f"/api/v1/updates/{update['id']}", {**change, "revision": revision})


def test_among_the_key_events_an_update_comes_when_it_becomes_one_and_goes_when_it_is_none(
    server: Server, slug: str, open_page: NewPage
) -> None:
    first, plain, last = (server.publish(f"Number {n}", slug, key=n != 1) for n in range(3))
    page = open_page(f"{server.url}/feeds/{slug}?key=1")
    shown = page.locator("li.update .text:visible")
    expect(shown).to_have_text(["Number 2", "Number 0"])
    server.publish("Nothing much", slug)
    edit(server, plain, key=True)
    expect(shown).to_have_text(["Number 2", "Number 1", "Number 0"])
    edit(server, last, key=False)
    expect(shown).to_have_text(["Number 1", "Number 0"])
    server.publish("A milestone", slug, key=True)
    edit(server, first, body="Number 0, edited")
    server.api("DELETE", f"/api/v1/updates/{plain['id']}")
    expect(shown).to_have_text(["A milestone", "Number 0, edited"])
    expect(page.get_by_role("article").first).to_have_attribute("aria-setsize", "2")
    is_as_a_fresh_one(page)


def test_with_the_oldest_first_a_new_one_comes_at_the_end_and_nothing_moves(
    server: Server, slug: str, open_page: NewPage
) -> None:
    for number in range(6):
        server.publish(f"Number {number}. {LONG}", slug)
    page = open_page(f"{server.url}/feeds/{slug}?order=oldest")
    page.evaluate("document.querySelectorAll('li.update')[2].scrollIntoView()")
    before = page.evaluate(PLACES)
    server.publish("The newest", slug)
    last = page.locator("li.update").last
    expect(last).to_contain_text("The newest")
    expect(last).to_be_visible()
    assert page.evaluate(PLACES)[:6] == before
    # What comes while nobody looks waits there, and the toast leads down to it.
    page.evaluate("getSelection().selectAllChildren(document.querySelector('li.update .text'))")
    server.publish("Newer still", slug)
    expect(page.locator(".toast button")).to_have_text("1 new update")
    page.locator(".toast button").click()
    expect(last).to_contain_text("Newer still")
    expect(last).to_be_in_viewport()
    expect(last.get_by_role("article")).to_be_focused()
    is_as_a_fresh_one(page)


def test_where_more_follows_a_new_one_waits_behind_show_more(server: Server, slug: str, open_page: NewPage) -> None:
    for number in range(21):
        server.publish(f"Number {number}", slug)
    page = open_page(f"{server.url}/feeds/{slug}?order=oldest")
    server.publish("The newest", slug)
    page.wait_for_selector("live-feed[version='22']")
    expect(page.locator("li.update")).to_have_count(20)
    page.get_by_role("link", name="Show More").click()
    expect(page.locator("li.update .text").last).to_have_text("The newest")
    is_as_a_fresh_one(page, 1 + 20)  # the day, and its updates


@pytest.mark.parametrize("headline", ["Afterwards", None], ids=["with a headline", "without one"])
def test_the_page_of_an_update_follows_it_and_what_is_around_it(
    server: Server, slug: str, open_page: NewPage, headline: str | None
) -> None:
    """Newer ones arrive above; its edits keep it marked, and give the page their title."""
    ids = [server.publish(f"Number {number}. {LONG}", slug)["id"] for number in range(6)]
    linked = server.publish(LONG, slug, headline="Before")
    page = open_page(f"{server.url}/updates/{linked['id']}", viewport=DESKTOP)
    own = page.locator(f"#update-{linked['id']}")
    expect(page).to_have_title("Before – Liveline")
    server.publish("Newer", slug)
    newer = page.locator("li.update").filter(has_text="Newer")
    expect(newer).to_have_count(1)
    assert newer.evaluate("(li, id) => li.nextElementSibling.id === id", f"update-{linked['id']}")
    edit(server, linked, headline=headline, body="Edited since.")
    expect(own.locator(".text")).to_have_text("Edited since.")
    expect(own).to_have_class(re.compile("highlighted"))
    expect(page).to_have_title(f"{headline or 'Edited since.'} – Liveline")
    server.api("DELETE", f"/api/v1/updates/{ids[3]}")
    expect(page.locator(f"#update-{ids[3]}")).to_have_count(0)
    is_as_a_fresh_one(page)


def test_the_page_of_an_update_that_is_retracted_says_so_at_once(server: Server, slug: str, open_page: NewPage) -> None:
    server.publish("Older", slug)
    linked = server.publish("Wrong", slug, headline="Wrong in large")
    page = open_page(f"{server.url}/updates/{linked['id']}")
    server.api("DELETE", f"/api/v1/updates/{linked['id']}")
    expect(page.locator("main").get_by_text("This update has been retracted.")).to_be_visible()
    expect(page).to_have_title("This update has been retracted.")
    expect(page.locator("main")).not_to_contain_text("Wrong")
    expect(page.locator(f"[feed={slug}] li.update .text")).to_have_text(["Older"])


def test_a_retraction_that_readers_are_told_of_leaves_its_reason_in_its_place(
    server: Server, slug: str, open_page: NewPage
) -> None:
    one, two, _ = (server.publish(f"Number {number}", slug, pinned=number == 1) for number in range(3))
    page = open_page(f"{server.url}/feeds/{slug}")
    items = page.locator("ol.updates > li:not(.on)")
    server.api("DELETE", f"/api/v1/updates/{two['id']}", {"reason": "the *bridge* <stands>", "notice": True})
    notice = items.nth(1)
    expect(notice).to_have_text(re.compile(r"^\s*An update was retracted at \d\d:\d\d: the \*bridge\* <stands>\s*$"))
    expect(items).to_contain_text(["Number 2", "An update was", "Number 0"])
    expect(page.locator("live-feed")).not_to_contain_text("Number 1")
    # Without a notice nothing is left, also of the reason.
    server.api("DELETE", f"/api/v1/updates/{one['id']}", {"reason": "for the desk alone"})
    expect(items).to_have_count(2)
    expect(page.locator("live-feed")).not_to_contain_text("for the desk")
    # What waits may be retracted, too: it is not counted, and the notice comes with what is.
    come_back(page, hidden=True)
    waiting = server.publish("Waiting", slug)
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    server.api("DELETE", f"/api/v1/updates/{waiting['id']}", {"reason": "too soon", "notice": True})
    expect(page).not_to_have_title(re.compile(r"^\(1\) "))
    come_back(page, hidden=False)
    expect(items.first).to_contain_text("too soon")
    expect(items.first).to_be_visible()
    is_as_a_fresh_one(page)
    page.goto(f"{server.url}/updates/{two['id']}")
    expect(page.locator("main")).to_contain_text(re.compile(r"was retracted at \d+ \w+ \d{4}, \d\d:\d\d: the \*br"))
