"""Drafts: nothing that was typed is overwritten, nobody else sees it, and no draft is published twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from feed import fields, times
from feed.errors import Gone, Invalid, KeyUsed, Stale
from feed.store import all_drafts, draft_states, drafts, editors, feeds, publishing, updates
from feed.store.draft_states import State
from tests.conftest import FROM_HERE, Site
from tests.desk.forms import field
from tests.pages import element, elements
from tests.server import PASSWORD
from tests.test_api import assert_problem

LONE = "\ud800"


def new_id() -> str:
    return str(uuid.uuid4())


def typed(seq: int = 1, **more: Any) -> dict[str, Any]:
    """A state of a draft, as the desk's script sends it."""
    state = {"feed": "news", "update": None, "revision": None, "headline": "", "body": "Typed", "language": ""}
    state |= {"status": "", "source": ""}
    return {**state, "note": "", "key": False, "pinned": False, "seq": seq, **more}


def put(browser: FlaskClient, draft_id: str, state: Any) -> TestResponse:
    return browser.put(f"/desk/drafts/{draft_id}", json=state, headers=FROM_HERE)


def test_what_is_typed_is_stored_as_it_was_typed(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    body = "  Two spaces, a tab\t, “quotes”,\r\nWord's \x0b break, an e\u0301 and \U0001f6a2  "
    saved = put(bob, draft_id, typed(body=body, headline="   ", key=True)).get_json()
    assert (saved["body"], saved["headline"], saved["key"], saved["state"]) == (body, "   ", True, "kept")
    assert saved["saved_at"] <= times.now()
    assert bob.get(f"/desk/drafts/{draft_id}").get_json() == saved
    assert bob.get("/desk/drafts").get_json() == {
        "drafts": [{name: value for name, value in saved.items() if name != "published"}],
        "discarded": [],
    }
    longest = "x" * fields.DRAFT
    assert put(bob, draft_id, typed(2, body=longest)).get_json()["body"] == longest


def test_an_older_state_is_refused_and_both_come_back(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    put(bob, draft_id, typed(5, body="Newer"))
    for seq in (4, 5):
        refused = assert_problem(put(bob, draft_id, typed(seq, body="Older")), 409)
        assert (refused["stored"]["body"], refused["given"]["body"]) == ("Newer", "Older")
    assert put(bob, draft_id, typed(5, body="Newer")).status_code == 200, "a repeat is no conflict"
    assert put(bob, draft_id, typed(6, body="Newest")).get_json()["body"] == "Newest"


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["One", "Two"])), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_in_whatever_order_states_arrive_the_stored_one_is_the_newest_that_was_taken(
    site: Site, states: list[tuple[int, str]]
) -> None:
    store, draft_id = site.services.store, new_id()
    newest: tuple[int, str] | None = None
    for seq, body in states:
        refused = None
        try:
            drafts.save(store, draft_id, site.bob, typed(seq, body=body))
        except Stale as error:
            refused = error.current
        if refused:
            assert newest is not None
            assert (refused.seq, refused.body) == newest
            assert seq <= newest[0]
        else:
            newest = (seq, body)
        with store.read() as db:
            found = drafts.get(db, draft_id, site.bob)
        assert (found.seq, found.body) == newest


def test_a_draft_is_its_editors_alone(site: Site) -> None:
    bob, alice, draft_id = site.at_desk(), site.at_desk("alice"), new_id()
    put(bob, draft_id, typed())
    assert alice.get(f"/desk/drafts/{draft_id}").status_code == 404
    assert put(alice, draft_id, typed(9)).status_code == 404
    assert alice.delete(f"/desk/drafts/{draft_id}", headers=FROM_HERE).status_code == 404
    assert alice.get("/desk/drafts").get_json() == {"drafts": [], "discarded": []}
    assert bob.get(f"/desk/drafts/{draft_id}").get_json()["seq"] == 1


def test_without_a_session_the_script_is_told_so_and_no_page_comes(site: Site) -> None:
    for answer in (put(site.charlie, new_id(), typed()), site.charlie.get("/desk/drafts")):
        assert_problem(answer, 401)
    foreign = site.at_desk().put(f"/desk/drafts/{new_id()}", json=typed(), headers={"Sec-Fetch-Site": "cross-site"})
    assert_problem(foreign, 403)


@pytest.mark.parametrize(
    ("state", "status", "named"),
    [
        ({**typed(), "seq": None}, 422, ["seq"]),
        ({**typed(), "seq": -1}, 422, ["seq"]),
        ({**typed(), "seq": True}, 422, ["seq"]),
        ({**typed(), "seq": 2**53}, 422, ["seq"]),
        ({**typed(), "body": 7}, 422, ["body"]),
        ({**typed(), "body": f"half {LONE}"}, 422, ["body"]),
        ({**typed(), "body": "a\0b"}, 422, ["body"]),
        ({**typed(), "headline": "x" * (fields.DRAFT + 1)}, 422, ["headline"]),
        ({**typed(), "pinned": "yes"}, 422, ["pinned"]),
        ({**typed(), "colour": "red"}, 422, ["colour"]),
        ({**typed(), "feed": "nowhere"}, 404, []),
        ({**typed(), "update": 404}, 404, []),
        ([], 400, []),
    ],
)
def test_what_is_no_state_of_a_draft_is_refused_by_name(site: Site, state: Any, status: int, named: list[str]) -> None:
    bob, draft_id = site.at_desk(), new_id()
    assert_problem(put(bob, draft_id, state), status, *named)
    assert bob.get(f"/desk/drafts/{draft_id}").status_code == 404


@pytest.mark.parametrize("draft_id", ["1", "no-uuid", "6F9619FF-8B86-D011-B42D-00CF4FC964FF", "0" * 36])
def test_an_id_is_a_uuid_in_small_letters(site: Site, draft_id: str) -> None:
    assert_problem(put(site.at_desk(), draft_id, typed()), 422, "id")
    with pytest.raises(Invalid):
        publishing.publish(site.services.store, "news", site.bob, {"body": "New"}, draft_id=draft_id)


def test_an_edit_is_a_draft_of_its_update_in_its_own_feed(site: Site) -> None:
    site.write_article(live=True)
    update = site.publish("As it was", "harbour")
    bob, draft_id = site.at_desk(), new_id()
    assert put(bob, draft_id, typed(update=update.id, revision=1)).status_code == 404, "of another feed"
    of_it = typed(feed="harbour", update=update.id, revision=1, body="As it is")
    assert put(bob, draft_id, of_it).status_code == 200
    site.retract(update)
    assert put(bob, draft_id, {**of_it, "seq": 2}).status_code == 200, "the text stays, whatever becomes of the update"


def test_a_discarded_draft_is_had_back_by_saving_it_and_is_deleted_after_a_week(site: Site) -> None:
    store, bob, draft_id = site.services.store, site.at_desk(), new_id()
    put(bob, draft_id, typed())
    for _ in range(2):
        assert bob.delete(f"/desk/drafts/{draft_id}", headers=FROM_HERE).status_code == 204
    listed = bob.get("/desk/drafts").get_json()
    assert ([each["id"] for each in listed["discarded"]], listed["drafts"]) == ([draft_id], [])
    assert put(bob, draft_id, typed(2)).get_json()["state"] == "kept"
    bob.delete(f"/desk/drafts/{draft_id}", headers=FROM_HERE)
    week_ago = times.after(-draft_states.DISCARDED_SECONDS - 1)
    store.write(lambda db: db.execute("UPDATE drafts SET saved_at = ?", [week_ago]))
    put(bob, new_id(), typed())
    assert bob.get(f"/desk/drafts/{draft_id}").status_code == 404


def test_a_draft_is_listed_at_the_desk_and_opened_without_a_script(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    put(bob, draft_id, typed(body="Typed <here>", key=True))
    listed = elements(bob.get("/desk/").text, "a", href=f"/desk/feeds/news?draft={draft_id}")
    assert [link.text for link in listed] == ["Typed <here>"]
    opened = bob.get(f"/desk/feeds/news?draft={draft_id}")
    assert (field(opened, "body"), field(opened, "draft_id")) == ("Typed <here>", draft_id)
    assert element(opened.text, "form", id="composer").get("data-seq") == "1"
    for stranger in (
        site.at_desk("alice").get(f"/desk/feeds/news?draft={draft_id}"),
        bob.get("/desk/feeds/news?draft=x"),
    ):
        assert stranger.status_code == 200
        assert field(stranger, "body") == ""


def test_an_editor_has_room_for_so_many_drafts(site: Site) -> None:
    store = site.services.store
    for _ in range(draft_states.MOST_KEPT):
        last = drafts.save(store, new_id(), site.bob, typed())
    with pytest.raises(Invalid, match="Discard some"):
        drafts.save(store, new_id(), site.bob, typed())
    drafts.save(store, last.id, site.bob, typed(2))
    all_drafts.discard(store, last.id, site.bob)
    drafts.save(store, new_id(), site.bob, typed())
    for again in (
        lambda: all_drafts.keep(store, last.id, site.bob),
        lambda: drafts.save(store, last.id, site.bob, typed(3)),
    ):
        with pytest.raises(Invalid, match="Discard some"):
            again()
    drafts.save(store, new_id(), site.bob, typed(discarded=True))


def test_of_very_many_discarded_drafts_the_oldest_are_deleted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_states, "MOST_DISCARDED", 2)
    store, kept, of_alice = site.services.store, new_id(), new_id()
    drafts.save(store, kept, site.bob, typed())
    drafts.save(store, of_alice, site.alice, typed(discarded=True))
    made = [drafts.save(store, new_id(), site.bob, typed(discarded=True)).id for _ in range(2)]
    drafts.save(store, made[0], site.bob, typed(2, body="Changed", discarded=True))
    earlier = [times.after(-60), made[1]]
    store.write(lambda db: db.execute("UPDATE drafts SET saved_at = ? WHERE id = ?", earlier))
    all_drafts.discard(store, kept, site.bob)
    with store.read() as db:
        left = all_drafts.of_editor(db, site.bob, State.DISCARDED)
        assert {each.id for each in left} == {made[0], kept}
        assert all_drafts.get(db, of_alice, site.alice)


# Publishing


def test_a_draft_is_published_once_even_after_a_weekend(site: Site) -> None:
    store, bob, draft_id = site.services.store, site.at_desk(), new_id()
    put(bob, draft_id, typed(body="On the quay"))
    form = {"body": "On the quay", "draft_id": draft_id}
    first = bob.post("/desk/feeds/news/updates", data=form, headers=FROM_HERE)
    truth = bob.get(f"/desk/drafts/{draft_id}").get_json()
    assert truth["state"] == "published"
    assert first.location.endswith(f"#update-{truth['published']['update']}")
    store.write(lambda db: db.execute("DELETE FROM idempotency"))
    store.write(lambda db: db.execute("DELETE FROM drafts"))
    assert bob.post("/desk/feeds/news/updates", data=form, headers=FROM_HERE).location == first.location
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM updates").fetchone()[0] == 1
    assert bob.get(f"/desk/drafts/{draft_id}").get_json() == truth, "known for ever"
    assert put(bob, draft_id, typed(9)).status_code == 404, "and not to be brought back"


def test_another_text_is_never_taken_for_the_published_one(site: Site) -> None:
    store, draft_id = site.services.store, new_id()
    site.write_article(live=True)
    made = publishing.publish(store, "news", site.bob, {"body": "One"}, draft_id=draft_id)
    for slug, editor, body in (("news", site.bob, "Two"), ("news", site.alice, "One"), ("harbour", site.bob, "One")):
        with pytest.raises(KeyUsed):
            publishing.publish(store, slug, editor, {"body": body}, draft_id=draft_id)
    site.edit(made, body="One, edited")
    again = publishing.publish(store, "news", site.bob, {"body": "One"}, draft_id=draft_id)
    assert (again.id, again.body) == (made.id, "One, edited")
    site.retract(again)
    with pytest.raises(Gone):
        publishing.publish(store, "news", site.bob, {"body": "One"}, draft_id=draft_id)


def test_many_who_publish_one_draft_at_once_make_one_update(site: Site) -> None:
    store, draft_id = site.services.store, new_id()
    with ThreadPoolExecutor(8) as together:
        publish = [
            together.submit(publishing.publish, store, "news", site.bob, {"body": "One"}, draft_id=draft_id)
            for _ in range(8)
        ]
    assert len({each.result().id for each in publish}) == 1


@pytest.mark.parametrize("saved", [True, False], ids=["saved before", "never saved"])
def test_an_edit_from_a_draft_is_applied_once(site: Site, saved: bool) -> None:
    store, draft_id = site.services.store, new_id()
    update = site.publish("As it was")
    if saved:
        drafts.save(store, draft_id, site.bob, typed(update=update.id, revision=1, body="As it is"))
    edited = publishing.edit(store, update.id, site.bob, {"body": "As it is"}, 1, draft_id=draft_id)
    again = publishing.edit(store, update.id, site.bob, {"body": "As it is"}, 1, draft_id=draft_id)
    assert edited.revision == again.revision == 2, "the answer was lost, so the same was sent again"
    with pytest.raises(Stale):  # a page that was gone back to holds another text: it must not be lost
        publishing.edit(store, update.id, site.bob, {"body": "As it is, and more"}, 1, draft_id=draft_id)
    with store.read() as db:
        assert drafts.get(db, draft_id, site.bob).state == State.PUBLISHED
    assert site.at_desk().get(f"/desk/drafts/{draft_id}").get_json()["state"] == "published"
    with pytest.raises(Stale):
        drafts.save(store, draft_id, site.bob, typed(2, update=update.id, revision=1))


def test_a_refused_publication_leaves_the_draft_as_it_is(site: Site) -> None:
    store, bob, draft_id = site.services.store, site.at_desk(), new_id()
    put(bob, draft_id, typed(body="See [this](ftp://x)"))
    form = {"body": "See [this](ftp://x)", "draft_id": draft_id}
    assert bob.post("/desk/feeds/news/updates", data=form, headers=FROM_HERE).status_code == 422
    with store.read() as db:
        assert drafts.get(db, draft_id, site.bob).state == State.KEPT
        assert drafts.published_from(db, draft_id, site.bob) is None
        assert updates.newest_first(db, feeds.get(db, feeds.NEWS), None, 9) == []


def test_no_public_answer_and_no_other_editor_meets_a_draft(site: Site) -> None:
    canary = "Canaryword"
    put(site.at_desk(), new_id(), typed(body=canary, headline=canary, note=canary))
    site.publish("Something else")
    paths = ["/", "/feeds/news", "/feeds/news.atom", "/feeds/news.json", "/feeds/news?q=canaryword", "/metrics"]
    for path in (*paths, "/api/v1/feeds/news/updates", "/feeds/news/older", "/sitemap.xml"):
        assert canary not in site.charlie.get(path).text, path
    assert canary not in site.at_desk("alice").get("/desk/feeds/news").text


def test_a_contributor_keeps_drafts_too(site: Site) -> None:
    editors.add(site.services.store, "dora", PASSWORD, "contributor", actor=None)
    assert put(site.at_desk("dora"), new_id(), typed()).status_code == 200
