"""What is typed in the form of an article is a draft at the site, like that of an update, and makes one article."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from feed import fields
from feed.errors import KeyUsed, Stale
from feed.store import all_drafts, article_drafts, articles, writing
from feed.store.draft_states import State
from tests.conftest import Site
from tests.desk.forms import field, send, ticked
from tests.pages import elements
from tests.test_api import assert_problem
from tests.test_drafts import new_id, put, typed


def of_article(seq: int = 1, **more: Any) -> dict[str, Any]:
    """A state of an article's draft, as the desk's script sends it."""
    texts = dict.fromkeys(("kicker", "slug", "standfirst", "byline", "author", "language", "picture"), "")
    state = {"article": None, "revision": None, **texts, "headline": "Fire", "body": "On the quay"}
    return {**state, "draft": True, "live": False, "seq": seq, **more}


def count(site: Site) -> int:
    """How many articles there are."""
    with site.services.store.read() as db:
        return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])


def test_what_is_typed_of_a_new_article_is_listed_and_opened_on_any_device(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    body = "  As it was\ttyped,\r\n" + "x" * 100_000
    saved = put(bob, draft_id, of_article(body=body, kicker="Port", slug="Not a slug yet", live=True)).get_json()
    assert (saved["body"], saved["slug"], saved["live"], saved["state"]) == (body, "Not a slug yet", True, "kept")
    assert bob.get(f"/desk/drafts/{draft_id}").get_json() == saved
    (link,) = elements(bob.get("/desk/").text, "a", href=f"/desk/new-article?draft={draft_id}")
    assert link.text == "Fire"
    opened = bob.get(f"/desk/new-article?draft={draft_id}")
    assert [field(opened, name) for name in ("draft_id", "kicker", "slug")] == [draft_id, "Port", "Not a slug yet"]
    assert ticked(opened, "live")
    alice = site.at_desk("alice")
    assert "Fire" not in alice.get("/desk/").text
    assert field(alice.get(f"/desk/new-article?draft={draft_id}"), "headline") == ""
    assert alice.get(f"/desk/drafts/{draft_id}").status_code == 404
    assert put(alice, draft_id, of_article(9)).status_code == 404


def test_an_edit_of_an_article_is_gone_on_with_from_the_revision_it_began_with(site: Site) -> None:
    article = site.write_article(body="As it was")
    bob, draft_id = site.at_desk(), new_id()
    put(bob, draft_id, of_article(article=article.id, revision=1, headline="Mine", body="As it was"))
    writing.edit(site.services.store, "harbour", site.alice, {"body": "Theirs"})
    opened = bob.get(f"/desk/articles/harbour?draft={draft_id}")
    assert [field(opened, name) for name in ("headline", "body", "revision")] == ["Mine", "As it was", "1"]
    form = {"draft_id": draft_id, "revision": "1", "headline": "Mine", "body": "As it was", "byline": "Bob Brown"}
    merged = send(bob, "/desk/articles/harbour", **form)
    assert (merged.status_code, field(merged, "body"), field(merged, "draft_id")) == (409, "Theirs", draft_id)
    assert field(bob.get(f"/desk/articles/harbour?draft={new_id()}"), "headline") == "About harbour"
    assert put(bob, new_id(), of_article(article=4711)).status_code == 404


def test_an_older_state_is_refused_and_both_come_back(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    put(bob, draft_id, of_article(5, body="Newer"))
    refused = assert_problem(put(bob, draft_id, of_article(4, body="Older")), 409)
    assert (refused["stored"]["body"], refused["given"]["body"]) == ("Newer", "Older")
    assert put(bob, draft_id, of_article(5, body="Newer")).status_code == 200, "a repeat is no conflict"


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (of_article(headline=7), "headline"),
        (of_article(body="x" * (fields.ARTICLE_DRAFT + 1)), "body"),
        (of_article(live="yes"), "live"),
        (of_article(key=True), "key"),
        (of_article(seq=None), "seq"),
        (of_article(article=-1), "article"),
    ],
)
def test_what_is_no_state_of_such_a_draft_is_refused_by_name(site: Site, state: Any, named: str) -> None:
    assert_problem(put(site.at_desk(), new_id(), state), 422, named)


def test_a_draft_makes_one_article_however_often_it_is_sent(site: Site) -> None:
    store, bob, draft_id = site.services.store, site.at_desk(), new_id()
    put(bob, draft_id, of_article())
    form = {"draft_id": draft_id, "headline": "Fire", "body": "On the quay", "byline": "Bob Brown", "author": "bob"}
    first = send(bob, "/desk/articles", **form)
    assert first.location == "/desk/articles/fire?did=created"
    writing.edit(store, "fire", site.alice, {"headline": "Fire is out"})
    store.write(lambda db: db.execute("DELETE FROM article_drafts"))
    assert send(bob, "/desk/articles", **form).location == first.location, "also when another has edited it since"
    truth = bob.get(f"/desk/drafts/{draft_id}").get_json()
    assert (truth["state"], truth["published"]["article"]) == ("published", "fire")
    assert put(bob, draft_id, of_article(9)).status_code == 404, "and it is not to be brought back"
    other = send(bob, "/desk/articles", **{**form, "body": "Another text"})
    assert (other.status_code, field(other, "body")) == (422, "Another text")
    assert field(other, "draft_id") != draft_id
    assert count(site) == 1
    with pytest.raises(KeyUsed):
        writing.create(store, site.alice, {"headline": "Fire", "body": "On the quay"}, draft_id=draft_id)


def test_many_who_send_one_draft_at_once_make_one_article(site: Site) -> None:
    store, draft_id = site.services.store, new_id()
    with ThreadPoolExecutor(8) as together:
        made = [
            together.submit(writing.create, store, site.bob, {"headline": "Fire"}, draft_id=draft_id) for _ in range(8)
        ]
    assert len({each.result().id for each in made}) == 1
    assert count(site) == 1


def test_an_edit_that_is_sent_again_is_no_conflict_and_another_text_is_one(site: Site) -> None:
    store, draft_id = site.services.store, new_id()
    site.write_article(body="As it was")
    edited = writing.edit(store, "harbour", site.bob, {"body": "As it is"}, 1, draft_id=draft_id)
    again = writing.edit(store, "harbour", site.bob, {"body": "As it is"}, 1, draft_id=draft_id)
    assert edited.revision == again.revision == 2
    for editor, body in ((site.bob, "And more"), (site.alice, "As it is")):
        with pytest.raises(Stale):
            writing.edit(store, "harbour", editor, {"body": body}, 1, draft_id=draft_id)
    assert put(site.at_desk(), draft_id, of_article(1, article=edited.id, revision=1)).status_code == 409
    with store.read() as db:
        assert article_drafts.get(db, draft_id, site.bob).state == State.PUBLISHED
        assert all_drafts.of_editor(db, site.bob) == []


def test_a_refused_article_leaves_its_draft_as_it_is(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    put(bob, draft_id, of_article(headline=""))
    refused = send(bob, "/desk/articles", draft_id=draft_id, headline="", body="On the quay")
    assert (refused.status_code, field(refused, "draft_id")) == (422, draft_id)
    assert bob.get(f"/desk/drafts/{draft_id}").get_json()["state"] == "kept"


def test_articles_are_discarded_and_had_back_without_a_script(site: Site) -> None:
    article = site.write_article(body="As it was")
    bob, draft_id = site.at_desk(), new_id()
    form = {"draft_id": draft_id, "headline": "Fire", "body": "On\r\nthe quay", "live": "1"}
    page = bob.get(send(bob, "/desk/new-article/discarded", **form).location).text
    assert "Discarded (1)" in page
    back = bob.get(send(bob, f"/desk/kept/{draft_id}", open="1").location)
    assert (field(back, "headline"), field(back, "body"), ticked(back, "live")) == ("Fire", "On\nthe quay", True)
    edit = {"draft_id": new_id(), "revision": "1", "headline": article.headline, "body": "As it is", "slug": "harbour"}
    unchanged = {**edit, "body": "As it was", "byline": article.byline}
    assert send(bob, "/desk/articles/harbour/discarded", **unchanged).location == "/desk/"
    assert "did=discarded" in send(bob, "/desk/articles/harbour/discarded", **edit).location
    back = bob.get(send(bob, f"/desk/kept/{edit['draft_id']}", open="1").location)
    assert (field(back, "body"), field(back, "revision")) == ("As it is", "1")
    assert send(bob, "/desk/new-article/discarded", draft_id=new_id(), byline="Bob Brown").location == "/desk/"


def test_drafts_of_both_kinds_are_listed_together_the_latest_first(site: Site) -> None:
    bob, first, second, third = site.at_desk(), new_id(), new_id(), new_id()
    put(bob, first, of_article())
    put(bob, second, typed())
    put(bob, third, of_article(headline="Flood"))
    assert [each["id"] for each in bob.get("/desk/drafts").get_json()["drafts"]] == [third, second, first]


def test_no_public_answer_meets_a_draft_of_an_article(site: Site) -> None:
    canary = "Canaryword"
    site.write_article()
    texts = dict.fromkeys(("headline", "body", "kicker", "standfirst", "byline", "slug"), canary)
    put(site.at_desk(), new_id(), of_article(**texts))
    for path in ("/", "/articles/harbour", "/feeds/news", "/sitemap.xml", "/api/v1/articles/harbour", "/metrics"):
        assert canary not in site.charlie.get(path).text, path
    with site.services.store.read() as db:
        assert articles.get(db, "harbour").headline == "About harbour"
