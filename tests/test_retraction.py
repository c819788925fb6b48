"""A retraction wins in every endpoint; if readers are told, it leaves a notice without a word of the text."""

import re
from html import unescape
from typing import Any

import pytest

from feed.store import backup, feeds, updates
from feed.store.updates import Update, Which
from feed.web.feed_page import SHOWN
from tests.conftest import FROM_HERE, Site
from tests.pages import attribute, element, elements, words
from tests.reader import updates_in

WORD = "Zwetschgenbaum"


def endpoints(site: Site, update: Update, neighbour: Update) -> dict[str, str]:
    """All that anybody can ask for without being signed in, where something of the update might show."""
    with site.services.store.read() as db:
        epoch = feeds.get(db, update.feed).epoch
    views = ["", "?key=1", "?order=oldest", "?q=two", "?at=2099-01-01T00:00"]
    paths = [
        f"{path}{view}" for path in ("/articles/harbour", "/feeds/harbour", "/feeds/harbour/older") for view in views
    ]
    paths += [f"/feeds/harbour.{ending}" for ending in ("atom", "rss", "json")]
    paths += [f"/feeds/harbour/changes?after=0&epoch={epoch}", f"/updates/{update.id}", f"/updates/{update.id}/history",
              f"/updates/{neighbour.id}", f"/api/v1/updates/{update.id}", "/api/v1/feeds/harbour/updates"]  # fmt: skip
    return {path: unescape(site.charlie.get(path).text) for path in paths}


def words_of(li: str) -> str:
    """What a reader sees of a list item."""
    return words(element(li, "li"))


@pytest.mark.parametrize("notice", [False, True])
def test_no_word_of_a_retracted_update_is_left_anywhere(site: Site, notice: bool) -> None:
    site.write_article("harbour", live=True)
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    update = site.publish(f"{WORD} one", feed="harbour", headline=f"{WORD} head", key=True, pinned=True)
    site.edit(update, body=f"{WORD} two", note=f"{WORD} note")
    neighbour = site.publish("Beside it", feed="harbour")
    assert all(WORD in page for page in endpoints(site, update, neighbour).values()), "shown at every endpoint"
    tail.watch("harbour")
    site.retract(update, "The wrong tree", notice=notice)
    tail.step()
    for path, page in endpoints(site, update, neighbour).items():
        assert WORD not in page, path
        assert ("The wrong tree" in page) <= notice, "the reason is the desk's, unless readers are told"
    assert WORD not in str(pushed)
    desk = site.at_desk()
    page = desk.get("/desk/feeds/harbour").text
    (listed,) = elements(page, class_="retracted-updates")
    assert words(listed).count(WORD) == page.count(WORD) == 1, "only where it can be restored"
    with site.services.store.read() as db:
        assert updates.get_any(db, update.id).body == f"{WORD} two", "kept in the database"


@pytest.mark.parametrize("reason", [None, "It was <b>another</b> man & 100 % wrong %(moment)s"])
def test_the_notice_is_the_same_by_every_door_and_stands_in_the_place_of_the_update(
    site: Site, reason: str | None
) -> None:
    site.write_article("harbour", live=True)
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    below, update, above = [site.publish(f"{name} {WORD}", feed="harbour") for name in ("Below", "Wrong", "Above")]
    tail.watch("harbour")
    gone = site.retract(update, reason, notice=True)
    tail.step()
    (change,) = pushed[0]["changes"]
    assert (change["id"], change["version"]) == (f"update-{update.id}", gone.version)
    li = change["html"]
    said = element(li, "li", id=f"update-{update.id}", class_="retracted")
    assert (said.get("data-at"), said.get("data-version")) == (update.published_at, str(gone.version))
    told = re.fullmatch(r"An update was retracted at \d\d:\d\d(: .*|\.)", words_of(li))
    assert told
    assert told[1] == (f": {reason}" if reason else ".")
    envelope = site.charlie.get(f"/feeds/harbour/changes?after=0&epoch={pushed[0]['epoch']}").get_json()
    assert li in [each["html"] for each in envelope["changes"]]
    order = [f"update-{each.id}" for each in (above, update, below)]
    for browser in (site.charlie, site.at_desk()):
        for path in ("/articles/harbour", "/feeds/harbour"):
            items = updates_in(browser.get(path).text, "harbour")
            assert list(items) == order
            assert items[f"update-{update.id}"] == li
    for _ in range(SHOWN - 1):
        site.publish("Later", feed="harbour")
    older = attribute(site.charlie.get("/feeds/harbour").text, "data-older")
    assert li in site.charlie.get(older).text


def test_what_was_only_removed_is_removed_from_open_pages(site: Site) -> None:
    update = site.publish("Wrong")
    site.retract(update, "Kept for the desk")
    epoch = site.charlie.get("/feeds/news/changes?after=0").get_json()["epoch"]
    envelope = site.charlie.get(f"/feeds/news/changes?after=0&epoch={epoch}").get_json()
    assert envelope["changes"] == [{"id": f"update-{update.id}", "version": 2, "html": None}]
    assert updates_in(site.charlie.get("/feeds/news").text, "news") == {}


def test_a_notice_is_no_update_for_the_api_nor_key_nor_pinned(site: Site) -> None:
    stays = site.publish("Stays")
    update = site.publish("Wrong", key=True, pinned=True)
    told = site.api("DELETE", f"/api/v1/updates/{update.id}", {"reason": "Why", "notice": True}).get_json()
    assert (told["notice"], told["reason"]) == (True, "Why")
    listed = site.api("GET", "/api/v1/feeds/news/updates?limit=1", who=None).get_json()
    assert ([each["id"] for each in listed["updates"]], listed["next"]) == ([stays.id], None)
    page = site.charlie.get("/feeds/news").text
    assert "is-key" not in page
    assert "<details" not in page.split('id="pinned-news"', 1)[1].split("</div>")[0]
    assert site.publish("Pinned now", pinned=True).pinned
    assert backup.check(site.services.store) == []
    for method, body in (("GET", None), ("PATCH", {"body": "x", "revision": 1}), ("DELETE", {"notice": False})):
        assert site.api(method, f"/api/v1/updates/{update.id}", body).status_code == 410


def test_the_permalink_of_what_was_retracted_tells_what_its_notice_tells(site: Site) -> None:
    told, removed = site.publish("Wrong"), site.publish("Wrong too")
    site.retract(told, "The wrong man", notice=True)
    site.retract(removed, "A secret reason")
    page = site.charlie.get(f"/updates/{told.id}")
    assert page.status_code == 410
    assert any(
        re.search(r"An update was retracted at .*\d\d:\d\d: The wrong man", words(p)) for p in elements(page.text, "p")
    )
    page = site.charlie.get(f"/updates/{removed.id}")
    assert (page.status_code, "secret" in page.text) == (410, False)


def test_bob_chooses_at_the_desk_whether_readers_are_told(site: Site) -> None:
    bob = site.at_desk()
    for notice in (False, True):
        update = site.publish("Wrong")
        path = f"/desk/updates/{update.id}/retraction"
        box = element(bob.get(path).text, "input", type="checkbox", name="notice", value="1")
        assert box.get("checked") is None, "not by accident"
        form = {"reason": "Why", **({"notice": "1"} if notice else {})}
        long = bob.post(path, data={**form, "reason": "x" * 1001}, headers=FROM_HERE)
        box = element(long.text, "input", name="notice", value="1")
        assert (long.status_code, box.get("checked") is not None) == (422, notice)
        assert bob.post(path, data=form, headers=FROM_HERE).status_code == 303
        assert bool(elements(site.charlie.get("/feeds/news").text, "li", id=f"update-{update.id}")) is notice
    desk = bob.get("/desk/feeds/news").text
    assert 'class="retracted"' in desk
    assert desk.count('<li class="update-tools"') == 1, "the blank one: there is nothing to edit"


@pytest.mark.parametrize("which", list(Which))
def test_a_page_of_a_feed_is_read_by_an_index_and_never_sorted(site: Site, which: Which) -> None:
    site.publish("Here")
    with site.services.store.read() as db:
        asked: list[str] = []
        db.conn.set_trace_callback(asked.append)
        updates.newest_first(db, feeds.get(db, "news"), updates.Place("2026", 7), 20, which)
        db.conn.set_trace_callback(None)
        (sql,) = [each for each in asked if "LIMIT 20" in each]
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any("updates USING INDEX updates_" in step and "published_at" in step for step in plan), plan
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")], plan
