"""A minor edit: the text changes on every page, and no mark or date says so; the history and the log do."""

import json
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from feed.store import actions, feeds, pointing, publishing
from feed.store.updates import Update
from tests.conftest import Site
from tests.desk.forms import field, send, ticked
from tests.pages import element, elements, words

DOORS = (
    "/articles/harbour", "/feeds/harbour", "/feeds/harbour.atom", "/feeds/harbour.rss", "/feeds/harbour.json",
    "/updates/1", "/api/v1/feeds/harbour/updates", "/sitemap.xml",
)  # fmt: skip
# What says when a text changed, wherever one of these doors says it
DATES = re.compile(
    r'"dateModified": ?"[^"]*"|modified_time" content="[^"]*|<updated>[^<]*|"date_modified": ?"[^"]*"|<lastmod>[^<]*'
    r'|<atom:updated>[^<]*|"edited_at": ?[^,]*|class="edited".*?</time>',
    re.S,
)


@pytest.fixture
def site(site: Site) -> Site:
    """With a coverage, `harbour`, and update 1 in it; and update 2 in the draft `sketch`."""
    site.write_article("harbour", live=True, body="Of a harbor.")
    site.publish("Teh bridge fell.", feed="harbour", pinned=True)
    site.write_article("sketch", live=True, draft=True)
    site.publish("In a draft", feed="sketch")
    return site


def minor(site: Site, body: str, update_id: int = 1) -> Update:
    return publishing.edit(site.services.store, update_id, site.alice, {"body": body, "minor": True}, None)


def patch(site: Site, body: dict[str, Any], who: str = "alice", path: str = "updates/1") -> TestResponse:
    return site.api("PATCH", f"/api/v1/{path}", {"minor": True, **body}, who=who)


def dates(site: Site) -> dict[str, list[str]]:
    """What each door says of when something changed, but for feeds as a whole."""
    return {path: DATES.findall(site.charlie.get(path).text) for path in DOORS}


def history(site: Site) -> list[str]:
    """What the history says of each revision of update 1, the latest first."""
    return [
        words(each).partition(":")[0]
        for each in elements(site.charlie.get("/updates/1/history").text, "p", class_="when")
    ]


@pytest.mark.parametrize("edited", [False, True])
def test_the_text_changes_at_every_door_and_no_date_does(site: Site, edited: bool) -> None:
    update = site.edit(site.publish("x", feed="harbour"), body="y")  # a page has a mark in any case
    assert update.edited_at
    if edited:
        publishing.edit(site.services.store, 1, site.bob, {"body": "Teh bridge fell down."}, None)
    pointing.add(site.services.store, "harbour", {"text": "It fell", "updates": [1]}, site.bob)
    before, answers = dates(site), {path: site.charlie.get(path) for path in DOORS}
    assert any(before.values())
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("harbour")
    stood = site.versions()["harbour"]

    done = patch(site, {"body": "The bridge fell.", "revision": 2 if edited else 1})
    assert (done.status_code, done.json["revision"], bool(done.json["edited_at"])) == (200, 2 + edited, edited)
    assert done.headers["ETag"] == f'"{done.json["revision"]}"'
    assert dates(site) == before
    for path, answer in answers.items():
        if path != "/sitemap.xml":
            now = site.charlie.get(path)
            assert "The bridge fell." in now.text, path
            assert now.headers["ETag"] != answer.headers["ETag"], path
            modified = answer.headers.get("Last-Modified")
            assert modified is None or now.headers["Last-Modified"] != modified, path
    assert "The bridge" in site.charlie.get("/feeds/harbour?q=the").text

    tail.step()
    (envelope,) = pushed
    epoch = envelope["epoch"]
    assert envelope == site.charlie.get(f"/feeds/harbour/changes?after={stood}&epoch={epoch}").json
    assert [each["id"] for each in envelope["changes"]] == ["update-1", "pinned-harbour", "points-harbour"]
    page = site.charlie.get("/articles/harbour").text
    assert all(each["html"] in page for each in envelope["changes"])
    assert "Being checked" in envelope["changes"][-1]["html"], "somebody has to look, whatever it is called"


def test_the_history_and_the_log_hide_nothing_and_the_next_edit_is_marked(site: Site) -> None:
    first = minor(site, "The bridge fell.")
    assert first.edited_at is None
    assert not elements(site.charlie.get("/updates/1").text, "a", class_="edited")
    assert history(site) == ["Minor edit", "Published"]
    assert elements(site.charlie.get("/updates/1").text, "a", href="/updates/1/history"), "a way to it without a mark"
    second = site.edit(first, body="The old bridge fell.")
    assert second.edited_at is not None
    third = minor(site, "The old bridge fell!")
    assert (third.edited_at, third.revision) == (second.edited_at, 4)
    assert third.version > second.version
    assert history(site) == ["Minor edit", "Updated", "Minor edit", "Published"]
    with site.services.store.read() as db:
        done = actions.of_feed(db, feeds.get(db, "harbour").id, 3)
        (logged,) = db.execute("SELECT count(*) FROM log WHERE verb = 'minor edit' AND who = 'alice'").fetchone()
    assert [each.words for each in done] == ["made a minor edit", "edited", "made a minor edit"]
    assert logged == 2


@pytest.mark.parametrize(
    ("path", "given", "status", "told"),
    [
        ("updates/1", {"body": "x", "revision": 1, "note": "Sorry"}, 422, "Choose one of them"),
        ("updates/1", {"body": "x", "revision": 1, "status": "wrong"}, 422, "no minor edit"),
        ("updates/2", {"body": "x", "revision": 1}, 422, "A draft has no Updated mark"),
        ("articles/sketch", {"headline": "x"}, 422, "A draft has no Updated mark"),
        ("articles/sketch", {"headline": "x", "draft": False}, 422, "A draft has no Updated mark"),
        ("articles/harbour", {"headline": "x", "draft": True}, 422, "A draft has no Updated mark"),
        ("updates/1", {"body": "x", "revision": 9}, 409, "Somebody else"),
        ("updates/1", {"body": "x", "revision": 1, "minor": "yes"}, 422, "true or false"),
        ("updates/1", {"body": "Teh bridge fell.", "revision": 1}, 200, None),
    ],
)
def test_what_cannot_be_minor_changes_nothing(
    site: Site, path: str, given: dict[str, Any], status: int, told: str | None
) -> None:
    before = site.versions()
    answer = patch(site, given, path=path)
    assert (answer.status_code, site.versions()) == (status, before)
    assert told is None or told in answer.json["detail"]
    if status != 409 and given.get("minor") != "yes":
        refused = patch(site, given, "bob", path)
        assert refused.status_code == 403
        assert refused.json["detail"] == "Only an admin may edit without the Updated mark."
    assert site.versions() == before


def test_an_article_is_corrected_without_a_mark(site: Site) -> None:
    before = dates(site)
    edited = patch(site, {"body": "Of a harbour.", "headline": "About Harbour"}, path="articles/harbour")
    assert (edited.status_code, edited.json["edited_at"], edited.json["revision"]) == (200, None, 2)
    page = site.charlie.get("/articles/harbour").text
    assert "Of a harbour." in page
    assert dates(site) == before
    assert site.api("PATCH", "/api/v1/articles/harbour", {"body": "Of two."}).json["edited_at"]
    with site.services.store.read() as db:
        verbs = [
            row[0] for row in db.execute("SELECT verb FROM log WHERE article = 'harbour' ORDER BY id DESC LIMIT 2")
        ]
    assert verbs == ["edit article", "minor edit"]


def test_the_desk_offers_it_to_admins_and_keeps_what_was_chosen(site: Site) -> None:
    alice, bob = site.at_desk("alice"), site.at_desk("bob")
    for path in ("/desk/updates/1", "/desk/articles/harbour"):
        assert not ticked(alice.get(path), "minor"), path
        assert elements(alice.get(path).text, "input", name="minor"), path
        assert not elements(bob.get(path).text, "input", name="minor"), path
    for path in ("/desk/updates/2", "/desk/articles/sketch", "/desk/new-article"):
        assert not elements(alice.get(path).text, "input", name="minor"), path

    draft_id = field(alice.get("/desk/updates/1"), "draft_id")
    form = {"body": "The bridge fell.", "revision": "1", "minor": "1", "draft_id": draft_id}
    refused = send(alice, "/desk/updates/1", **form, note="A typo")
    assert (refused.status_code, ticked(refused, "minor"), field(refused, "note")) == (422, True, "A typo")
    assert "Choose one of them" in words(element(refused.text, id="edit-1-minor-reason"))
    for _ in range(2):
        assert send(alice, "/desk/updates/1", **form).status_code == 303
    assert history(site) == ["Minor edit", "Published"], "once, however often it is sent"
    conflict = send(alice, "/desk/updates/1", **{**form, "body": "A bridge fell.", "draft_id": ""})
    assert (conflict.status_code, ticked(conflict, "minor")) == (409, True)
    site.retract(minor(site, "The bridge fell!"))
    back = send(alice, "/desk/updates/1", body="The bridge fell?", revision="3", minor="1", choice="restore")
    assert back.status_code == 303
    assert json.loads(site.api("GET", "/api/v1/updates/1").text)["edited_at"] is None
    assert send(bob, "/desk/updates/1", body="x", revision="4", minor="1").status_code == 403
