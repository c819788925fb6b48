"""The list of key events: of the whole feed, newest first, and up to date on every open page."""

import re
from typing import Any

import pytest

from feed.store.parts import KEY_EVENTS
from feed.web.feed_page import SHOWN
from tests.conftest import Site
from tests.pages import Element, element, words
from tests.test_reader_pages import a_picture


def box(page: str, feed: str = "news") -> Element:
    """The part of a page that lists them."""
    return element(page, "div", id=f"key-events-{feed}", class_="key-events", lang="en", dir="ltr")


def entries(page: str, feed: str = "news") -> list[Element]:
    """The links to them, from the top."""
    return [each for each in box(page, feed).iter("a") if each.get("data-update")]


def listed(page: str, feed: str = "news") -> list[str]:
    """Their words, from the top."""
    found = entries(page, feed)
    assert all(each.get("href") == f"/updates/{each.get('data-update')}" for each in found)
    return [words(each.find("span")) for each in found]


def test_they_come_from_the_whole_feed_newest_first_and_lead_to_the_update(site: Site) -> None:
    site.write_article("harbour", live=True)
    old = site.publish("Long ago", feed="harbour", key=True)
    for number in range(SHOWN + 5):
        site.publish(f"Number {number}", feed="harbour")
    new = site.publish("Words below", headline='"Now" & <then>', feed="harbour", key=True)
    for path in ("/feeds/harbour", "/articles/harbour"):
        page = site.charlie.get(path).text
        assert listed(page, "harbour") == ["“Now” & <then>", "Long ago"]
        assert [each.get("data-update") for each in entries(page, "harbour")] == [str(new.id), str(old.id)]
    assert f'id="update-{old.id}"' not in page, "not loaded in this page, and listed all the same"


def test_a_feed_without_any_has_their_place(site: Site) -> None:
    site.publish("Not key")
    assert listed(site.charlie.get("/feeds/news").text) == []


def test_the_news_beside_an_article_stay_short(site: Site) -> None:
    site.write_article("harbour")
    site.publish("Key", key=True)
    for path in ("/", "/articles/harbour"):
        assert "key-events-news" not in site.charlie.get(path).text


@pytest.mark.parametrize("more", [0, 1])
def test_more_than_a_glance_holds_are_a_link(site: Site, more: int) -> None:
    for number in range(KEY_EVENTS + more):
        site.publish(f"Number {number}", key=True)
    page = site.charlie.get("/feeds/news").text
    assert listed(page) == [f"Number {number}" for number in range(KEY_EVENTS + more - 1, more - 1, -1)]
    assert any(each.get("href") == "/feeds/news?key=1" for each in box(page).iter("a")) == bool(more)


def test_first_words_stand_for_a_headline_and_a_picture_has_words_too(site: Site) -> None:
    site.publish("word " * 40, key=True)
    site.publish(f"![](/pictures/{a_picture(site, 'A tug')})", key=True)
    picture, words = listed(site.charlie.get("/feeds/news").text)
    assert re.fullmatch(r"(word )+word…", words)
    assert len(words) <= 80
    assert picture == "A picture"


def test_open_pages_hear_of_each_change_of_one_and_of_no_other(site: Site) -> None:
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("news")

    def heard() -> list[str] | None:
        """What open pages now list, if they were told."""
        tail.step()
        told = [change["html"] for change in pushed[-1]["changes"] if change["id"] == "key-events-news"]
        if told:
            assert told[0] in site.charlie.get("/feeds/news").text, "the same bytes as in a fresh page"
        return listed(told[0]) if told else None

    plain, key = site.publish("Plain"), site.publish("Key", key=True)
    assert heard() == ["Key"]
    site.edit(plain, body="Plain, edited")
    assert heard() is None
    site.edit(key, body="Key, edited")
    assert heard() == ["Key, edited"]
    site.edit(plain, key=True)
    assert heard() == ["Key, edited", "Plain, edited"]
    site.edit(plain, key=False)
    assert heard() == ["Key, edited"]
    site.publish("Pinned", pinned=True)
    assert heard() is None
    site.retract(key, notice=True)
    assert heard() == []
