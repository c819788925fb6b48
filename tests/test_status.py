"""The status of an update: set at every door, in words wherever the update is, and never changed in silence."""

import json
import re
import uuid
from itertools import product
from typing import Any

import pytest
from lxml.html import tostring

from feed import statuses
from feed.store import drafts, publishing, undoing, updates, writing
from feed.store.draft_states import State
from tests.conftest import FROM_HERE, Site
from tests.pages import attribute, element, elements, words
from tests.test_api import PUBLISH, assert_problem

EVERY = (None, *statuses.WORDS)
LINK = "https://www.police.example/a?b=1&c=%22"


def said(html: str) -> list[str]:
    """What each status says in that HTML."""
    return [words(each) for each in elements(html, "p", class_="status")]


def read(site: Site, path: str) -> str:
    """What a reader gets there."""
    return site.charlie.get(path).text


def test_it_is_set_and_changed_by_the_api_as_every_door_shows_it(site: Site) -> None:
    made = site.api("POST", PUBLISH, {"body": "x", "status": "unconfirmed", "source": " The  police "}).get_json()
    assert (made["status"], made["source"], said(made["html"])) == (
        "unconfirmed", "The police", ["Unconfirmed · source: The police"],
    )  # fmt: skip
    path = f"/api/v1/updates/{made['id']}"
    confirmed = site.api(
        "PATCH", path, {"status": "confirmed", "source": LINK, "revision": 1, "note": "Now known"}
    ).get_json()
    assert (confirmed["revision"], confirmed["body"], confirmed["source"]) == (2, "x", LINK)
    assert confirmed["edited_at"]
    assert said(confirmed["html"]) == ["Confirmed · source: police.example"]
    assert attribute(confirmed["html"], "href", "a", rel="noopener") == LINK
    assert "(Updated:" in words(element(confirmed["html"], "p", class_="when"))
    wrong = site.api("PATCH", path, {"status": "wrong", "revision": 2}).get_json()
    assert (wrong["source"], said(wrong["html"])) == (LINK, ["This was wrong · source: police.example"])
    assert "<p>x</p>" in wrong["html"], "it is no retraction: the text stays"
    without = site.api("PATCH", path, {"status": None, "revision": 3}).get_json()
    assert (without["status"], without["source"], said(without["html"])) == (None, None, []), "the source goes along"
    assert site.api("GET", path, who=None).get_json() == without


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"source": "The police"}, "source"),
        ({"status": "", "source": "The police"}, "source"),
        ({"status": "rumour"}, "status"),
        ({"status": ["wrong"]}, "status"),
        ({"status": "wrong", "source": "x" * 301}, "source"),
        ({"status": "wrong", "source": 7}, "source"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(site: Site, given: dict[str, Any], field: str) -> None:
    update = site.publish("x")
    before = site.versions()
    assert_problem(site.api("POST", PUBLISH, {"body": "x", **given}), 422, field)
    assert_problem(site.api("PATCH", f"/api/v1/updates/{update.id}", {**given, "revision": 1}), 422, field)
    assert site.versions() == before


def test_any_status_may_follow_any_other_and_each_change_is_on_the_history(site: Site) -> None:
    for before, after in product(EVERY, EVERY):
        update = site.publish("The words", status=before)
        edited = site.edit(update, status=after)
        assert edited.status == after
        assert edited.revision == (1 if before == after else 2), "and no revision where nothing changed"
        page = site.charlie.get(f"/updates/{update.id}/history").text
        told = [said(tostring(each, encoding="unicode")) for each in elements(page, "li", class_="revision")]
        of_before, of_after = ([str(statuses.WORDS[each])] if each else [] for each in (before, after))
        changed = [of_after or ["The status was taken away."]] if before != after else []
        assert told == [*changed, of_before]
        assert "The words stayed" not in page


def test_it_is_in_words_wherever_the_update_is(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish(
        "The bridge <b>fell</b>.", feed="harbour", headline="Bridge “down”", key=True, pinned=True,
        status="unconfirmed", source="<i>Police</i>",
    )  # fmt: skip
    site.publish("Read by nobody.", feed="harbour", status="wrong")
    line, title = "Unconfirmed · source: <i>Police</i>", "Unconfirmed: Bridge “down”"
    for path in ("/articles/harbour", "/feeds/harbour", f"/updates/{update.id}", "/embed/feeds/harbour"):
        page = read(site, path)
        assert line in said(page), path
        assert element(page, "article", aria_label=title) is not None
    page = read(site, "/feeds/harbour")
    assert line in said(tostring(element(page, "div", id="pinned-harbour"), encoding="unicode"))
    assert title in words(element(page, "div", id="key-events-harbour"))
    assert element(page, "article", aria_label="This was wrong: Read by nobody.") is not None
    permalink = read(site, f"/updates/{update.id}")
    assert f"<title>{title} – Liveline</title>" in permalink
    assert attribute(permalink, "content", "meta", property="og:title") == title
    assert json.loads(read(site, f"/oembed?url=http://127.0.0.1:8000/updates/{update.id}"))["title"] == title
    data = json.loads(element(permalink, "script", type="application/ld+json").text)
    assert (data["headline"], data["creativeWorkStatus"], data["citation"]) == (title, "Unconfirmed", "<i>Police</i>")
    assert "correction" not in data
    entry = json.loads(read(site, "/feeds/harbour.json"))["items"][1]
    assert entry["title"] == title
    assert entry["summary"].startswith(line)
    html = "<p><strong>Unconfirmed</strong> · source: &lt;i&gt;Police&lt;/i&gt;</p>"
    assert entry["content_html"].startswith(html)
    for ending in ("atom", "rss"):
        document = read(site, f"/feeds/harbour.{ending}")
        assert title in document
        assert html.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in document

    site.edit(update, status="wrong", source=None)
    corrected = json.loads(element(read(site, f"/updates/{update.id}"), "script", type="application/ld+json").text)
    assert (corrected["correction"], corrected["headline"]) == ("This was wrong", "This was wrong: Bridge “down”")
    live_blog = json.loads(elements(read(site, "/feeds/harbour"), "script", type="application/ld+json")[-1].text)
    assert [each["creativeWorkStatus"] for each in live_blog["liveBlogUpdate"]] == ["This was wrong"] * 2


@pytest.mark.parametrize(
    "source", ["javascript:alert(1)", "http://", "http://[x]/", "https://a b", "data:text/html,x", "//police.example"]
)
def test_only_an_address_of_the_web_becomes_a_link(site: Site, source: str) -> None:
    update = site.publish("x", status="confirmed", source=source)
    shown = element(site.services.render.update(update), "p", class_="status")
    assert shown.findall(".//a") == []
    assert words(shown) == f"Confirmed · source: {source}"


def test_two_editors_cannot_set_it_over_each_other(site: Site) -> None:
    update = site.publish("x", status="unconfirmed")
    form = {"headline": "", "body": "x", "revision": "1", "language_read": "", "language": ""}
    alice = site.at_desk("alice")
    site.edit(update, status="wrong", source="The mayor")
    refused = alice.post(
        f"/desk/updates/{update.id}", data={**form, "status": "confirmed", "source": ""}, headers=FROM_HERE
    )
    assert refused.status_code == 409
    told = [words(each) for each in elements(refused.text, "div", class_="change")]
    assert any("Status" in each and "This was wrong" in each for each in told)
    assert any("Source" in each and "The mayor" in each for each in told)
    theirs = alice.post(f"/desk/updates/{update.id}", headers=FROM_HERE, data={
        **form, "status": "confirmed", "source": "", "choice": "theirs", "against": "2",
    })  # fmt: skip
    assert [each.get("value") for each in elements(theirs.text, "option", selected=True)] == ["wrong"]
    stale = site.api("PATCH", f"/api/v1/updates/{update.id}", {"status": "confirmed"}, If_Match='"1"')
    assert assert_problem(stale, 409)["theirs"]["status"] == "wrong"
    old_form = alice.post(f"/desk/updates/{update.id}", data={**form, "revision": "2", "body": "y"}, headers=FROM_HERE)
    assert old_form.status_code == 303
    with site.services.store.read() as db:
        assert updates.get(db, update.id).status == "wrong", "a form of the release before takes none away"


def test_what_is_typed_of_it_is_kept_and_taken_back_whole(site: Site) -> None:
    draft_id, again = str(uuid.uuid4()), str(uuid.uuid4())
    given = {"body": "x", "status": "unconfirmed", "source": "Police"}
    store = site.services.store
    update = publishing.publish(store, "news", site.bob, given, draft_id=draft_id)
    assert publishing.publish(store, "news", site.bob, given, draft_id=draft_id).id == update.id
    answer = site.at_desk().post(
        "/desk/feeds/news/updates", data={**given, "status": "confirmed", "draft_id": draft_id}, headers=FROM_HERE
    )
    assert answer.status_code == 422, "the draft was published with another status"
    undoing.undo(store, update.id, site.bob, again, 10)
    with store.read() as db:
        kept = drafts.get(db, again, site.bob)
    assert (kept.state, kept.status, kept.source) == (State.KEPT, "unconfirmed", "Police")
    opened = site.at_desk().get(f"/desk/feeds/news?draft={again}").text
    assert element(opened, "option", value="unconfirmed", selected=True) is not None
    assert element(opened, "input", name="source").get("value") == "Police"


def test_a_status_from_before_publication_stays_at_the_desk(site: Site) -> None:
    site.write_article("sketch", live=True, draft=True)
    update = site.publish("x", feed="sketch", status="unconfirmed", source="A canary")
    site.edit(update, status="confirmed", source=None)
    writing.edit(site.services.store, "sketch", site.bob, {"draft": False})
    for path in ("/feeds/sketch", f"/updates/{update.id}", f"/updates/{update.id}/history", "/feeds/sketch.atom"):
        page = site.charlie.get(path).text
        assert "Confirmed" in page, path
        assert not re.search("A canary|Unconfirmed", page), path


def test_an_edit_of_the_release_before_leaves_it(site: Site) -> None:
    update = site.publish("x", status="unconfirmed", source="Police")

    def edit(db: Any) -> None:
        db.execute("UPDATE feeds SET version = version + 1 WHERE slug = 'news'")
        db.execute("UPDATE updates SET body = 'y', html = '<p>y</p>', revision = 2, version = 2 WHERE id = 1")
        db.execute(
            "INSERT INTO revisions (update_id, revision, headline, body, html, editor_id, byline, at, note) "
            "SELECT id, 2, headline, body, html, editor_id, byline, published_at, NULL FROM updates"
        )

    site.services.store.write(edit)
    page = site.charlie.get(f"/updates/{update.id}/history").text
    assert said(page) == ["Unconfirmed · source: Police"], "once, at the first revision"
