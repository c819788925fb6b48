"""Pages of an article that were open before it was edited."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, NewPage
from tests.server import Server

EDITS: list[dict[str, Any]] = [
    {"headline": 'The "new" harbour'},
    {"standfirst": "What we know so far"},
    {"kicker": "Fire"},
    {"body": "# First\n\nSecond [The harbour](/articles/OTHER)\n\n[Other](/articles/OTHER)\n\n* Third"},
    {"byline": "Somebody else", "kicker": None},
    {"body": "Only this", "standfirst": None},
]


def story(page: Page) -> str:
    """The article as the reader's browser holds it."""
    return str(page.locator(".story").evaluate("(story) => story.outerHTML"))


@pytest.mark.parametrize("live", [False, True])
def test_an_open_article_is_as_a_fresh_one_after_every_edit(
    shared: Server, slug: str, open_page: NewPage, live: bool
) -> None:
    address = f"story-of-{slug}"
    shared.api("POST", "/api/v1/articles", {"slug": address, "headline": "The harbour", "body": "Text", "live": live})
    page = open_page(f"{shared.url}/articles/{address}", wait_for=f"[feed*={address if live else 'article'}][state]")
    page.evaluate("window.same = true")
    for number, edit in enumerate(EDITS, 1):
        edit = edit | {"body": edit["body"].replace("OTHER", slug)} if "body" in edit else edit
        shared.api("PATCH", f"/api/v1/articles/{address}", edit)
        page.wait_for_selector(f"[feed*={address if live else 'article'}][version='{number}']", state="attached")
        fresh = open_page(f"{shared.url}/articles/{address}")
        assert story(page) == story(fresh)
        assert page.title() == fresh.title()
    assert page.evaluate("window.same"), "no edit may need a reload"


def test_an_article_that_goes_live_while_it_is_read_shows_its_coverage(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    address = f"later-{slug}"
    shared.api("POST", "/api/v1/articles", {"slug": address, "headline": "The harbour", "body": "Text"})
    page = open_page(f"{shared.url}/articles/{address}", wait_for="live-article[state]")
    shared.api("PATCH", f"/api/v1/articles/{address}", {"live": True})
    shared.publish("The first", feed=address)
    expect(page.locator(f"live-feed[feed={address}] li.update")).to_have_count(1)


def test_what_is_read_stays_where_it_is_when_the_text_above_grows(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    for number in range(12):
        shared.publish(f"Number {number} of the coverage", feed=slug)
    page = open_page(f"{shared.url}/articles/{slug}", viewport=PHONE)
    read = page.get_by_text("Number 5 of the coverage")
    read.scroll_into_view_if_needed()
    before = read.bounding_box()
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"body": "What we know. " * 200, "standfirst": "More. " * 30})
    expect(page.locator(".body")).to_contain_text("What we know.")
    assert before
    after = read.bounding_box()
    assert after
    assert abs(after["y"] - before["y"]) < 1
