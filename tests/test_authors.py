"""An article shows the card of the editor who was chosen as its author, never of one who has the byline's name by
chance."""

import re
from pathlib import Path
from typing import Any

import pytest

from feed.errors import Invalid
from feed.store import articles, editors, migrations
from feed.store.database import Store
from tests.conftest import FROM_HERE, Site


@pytest.fixture(autouse=True)
def jobs(site: Site) -> None:
    """What each one's card shows."""
    editors.change_profile(site.services.store, site.bob.id, {"job": "Harbour reporter"}, None)
    editors.change_profile(site.services.store, site.alice.id, {"job": "Chief editor"}, None)


def shown(site: Site, slug: str = "harbour") -> str:
    """Byline, and whose card: by their job."""
    page = site.charlie.get(f"/articles/{slug}").text
    byline = re.sub("<.*?>", "", page.split("By <b>", 1)[1].split("</b>", 1)[0])
    jobs = [job for job in ("Harbour reporter", "Chief editor") if job in page]
    return f"{byline}: {', '.join(jobs)}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "Bob Brown: Harbour reporter"),
        ({"byline": "Bob Brown"}, "Bob Brown: Harbour reporter"),
        ({"byline": "Alice Adams"}, "Alice Adams: "),
        ({"byline": "A Stranger"}, "A Stranger: "),
        ({"author": "alice"}, "Alice Adams: Chief editor"),
        ({"author": "alice", "byline": "Alice Adams in Kyiv"}, "Alice Adams in Kyiv: Chief editor"),
        ({"author": None}, "Bob Brown: "),
    ],
)
def test_a_new_article_has_the_author_that_was_chosen(site: Site, given: dict[str, Any], expected: str) -> None:
    made = site.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "H", "draft": False, **given})
    assert made.status_code == 201, made.text
    assert shown(site) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"headline": "Other"}, "Bob Brown: Harbour reporter"),
        ({"byline": "A Stranger"}, "A Stranger: "),
        ({"byline": "Alice Adams"}, "Alice Adams: Chief editor"),
        ({"byline": None}, "Alice Adams: Chief editor"),
        ({"author": "alice"}, "Alice Adams: Chief editor"),
        ({"author": None}, "Bob Brown: "),
        ({"author": "bob", "byline": "Bob Brown in Odesa"}, "Bob Brown in Odesa: Harbour reporter"),
    ],
)
def test_alice_edits_bobs_article(site: Site, given: dict[str, Any], expected: str) -> None:
    site.write_article(draft=False)
    assert site.api("PATCH", "/api/v1/articles/harbour", given, who="alice").status_code == 200
    assert shown(site) == expected


def test_an_author_stays_whatever_anybody_is_called_later(site: Site) -> None:
    site.write_article(draft=False)
    site.write_article("quay", draft=False, byline="A Stranger")
    editors.change_profile(site.services.store, site.bob.id, {"display_name": "Robert Brown"}, None)
    editors.change_profile(site.services.store, site.alice.id, {"display_name": "A Stranger"}, None)
    assert shown(site) == "Bob Brown: Harbour reporter"
    assert shown(site, "quay") == "A Stranger: "


def test_the_page_of_an_author_lists_what_shows_their_card_and_nothing_of_a_namesake(site: Site) -> None:
    site.write_article("mine", draft=False)
    site.write_article("namesake", draft=False, byline="Alice Adams")
    site.write_article("told", draft=False, author="alice", byline="Alice Adams in Kyiv")
    alice = site.charlie.get("/authors/alice-adams").text
    assert "/articles/told" in alice
    assert 'href="/articles/namesake"' not in alice.split("<main", 1)[1].split("live-feed", 1)[0]
    assert site.charlie.get("/authors/bob-brown").status_code == 200
    site.api("PATCH", "/api/v1/articles/told", {"author": None})
    assert site.charlie.get("/authors/alice-adams").status_code == 404


def test_nobody_of_that_name_is_refused(site: Site) -> None:
    answer = site.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "H", "author": "nobody"})
    assert answer.status_code == 422
    assert "author" in answer.text
    with pytest.raises(Invalid):
        site.write_article(author="x" * 300)


def test_the_name_that_signs_in_is_not_for_strangers(site: Site) -> None:
    site.write_article(draft=False)
    assert site.api("GET", "/api/v1/articles/harbour").get_json()["author"] == "bob"
    assert "author" not in site.api("GET", "/api/v1/articles/harbour", who=None).get_json()


def test_the_desk_offers_authors_and_a_strangers_byline_borrows_none(site: Site) -> None:
    bob = site.at_desk("bob")
    assert '<option value="bob" selected>Bob Brown</option>' in bob.get("/desk/new-article").text
    form = {"slug": "harbour", "headline": "H", "byline": "A Stranger", "author": "bob"}
    assert bob.post("/desk/articles", data=form, headers=FROM_HERE).status_code == 303
    assert shown(site) == "A Stranger: "
    chosen = {"headline": "H", "byline": "A Stranger and Alice", "author": "alice", "revision": "1"}
    assert bob.post("/desk/articles/harbour", data=chosen, headers=FROM_HERE).status_code == 303
    assert shown(site) == "A Stranger and Alice: Chief editor"
    assert '<option value="alice" selected>' in bob.get("/desk/articles/harbour").text


def test_articles_of_before_keep_the_author_they_show(tmp_path: Path) -> None:
    store = Store(tmp_path / "old.db")
    db = store.connect()
    migrations.migrations.apply(db, stop_before="authors")
    person = {"role": "editor", "password_hash": "", "created_at": "2026"}
    db.table("editors").insert_all(
        [{"name": name, "display_name": shown, **person} for name, shown in (("bob", "Bob"), ("bob2", "Bob"))]
    )
    for slug, byline in (("one", "Bob"), ("two", "Stranger")):
        row = {"slug": slug, "revision": 1, "headline": "H", "body": "", "html": "", "byline": byline, "draft": 0}
        db.table("articles").insert({**row, "created_at": "2026", "published_at": "2026"})
    db.close()
    migrations.upgrade(store)
    with store.read() as read:
        one, two = articles.get(read, "one"), articles.get(read, "two")
    assert one.author
    assert (one.author.name, two.author) == ("bob", None)
    store.close()
