"""A form that could not be stored just now is given back, to be sent again."""

import contextlib
from unittest.mock import Mock

import pytest

from feed.errors import Crowded
from feed.store import people
from feed.store.database import OperationalError, sqlite3
from tests.conftest import Site
from tests.desk.forms import field, send
from tests.pages import element

SENT = {
    "/desk/feeds/news/updates": {
        "headline": "H",
        "body": '\n<b>&"',
        "key": "1",
        "language": "",
        "draft_id": "6f9619ff-8b86-4011-b42d-00cf4fc964f1",
    },
    "/desk/updates/1": {"headline": "New", "body": "</textarea>new", "note": "N", "language": "", "revision": "1"},
    "/desk/articles": {"headline": "A & b", "standfirst": "S", "body": "B", "byline": "Bob", "draft": "1", "slug": "a"},
}


@pytest.mark.parametrize("path", SENT)
def test_a_locked_database_loses_nothing_typed_and_sending_again_stores_it_once(site: Site, path: str) -> None:
    bob = site.at_desk()
    send(bob, "/desk/feeds/news/updates", body="Old", draft_id="6f9619ff-8b86-4011-b42d-00cf4fc964f2")
    with contextlib.closing(sqlite3.connect(site.services.settings.database, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        refused = send(bob, path, **SENT[path])
        foreign.execute("ROLLBACK")
    assert refused.status_code == 503
    assert element(refused.text, "form", action=path).get("method") == "post"
    assert {name: field(refused, name) for name in SENT[path]} == SENT[path]
    again = {name: field(refused, name) for name in SENT[path]}
    assert send(bob, path, **again).status_code == 303
    if "draft_id" in again:
        assert send(bob, path, **again).status_code == 303
        with site.services.store.read() as db:
            assert db.execute("SELECT count(*) FROM updates").fetchone()[0] == 2


def test_a_refusal_shows_no_password_and_nothing_of_another_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = site.at_desk()
    text = {"body": "Sent from elsewhere"}
    foreign = bob.post("/desk/feeds/news/updates", data=text, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, text["body"] in foreign.text) == (403, False)
    for error, status in ((OperationalError("disk I/O error"), 503), (Crowded(8, 5), 429)):
        monkeypatch.setattr(site.services.store, "write", Mock(side_effect=error))
        assert field(send(bob, "/desk/feeds/news/updates", **text), "body") == text["body"]
        monkeypatch.setattr(people, "change_own_password", Mock(side_effect=error))
        asked = send(bob, "/desk/password", current="the old secret", password="the new secret")
        assert (asked.status_code, "secret" in asked.text) == (status, False)
