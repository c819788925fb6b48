"""The page of tokens: one is made for whom, for what and for how long an admin says, shown once, and revoked there."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from feed import times
from feed.store import freshness, people, tokens
from feed.store.tokens import Token
from tests.conftest import Site
from tests.desk.forms import field, send, ticked
from tests.pages import element, elements, words

TOKEN = re.compile(rf"{tokens.PREFIX}[\w-]+")
FORM = {"whose": "bob", "name": "ticker", "days": "30", "limit": "some", "scopes": ["publish", "edit"], "reach": "all"}


def listed(site: Site) -> list[Token]:
    """The tokens but for those with which every site begins."""
    with site.services.store.read() as db:
        return tokens.of_editor(db)[2:]


def make(site: Site, alice: FlaskClient, **form: Any) -> str:
    """Makes a token at the desk, by which the tests call the API as its name."""
    answer = send(alice, "/desk/tokens", **{**FORM, **form})
    assert answer.status_code == 201, answer.text
    found = set(TOKEN.findall(answer.text))
    assert len(found) == 1
    site.tokens["made"] = found.pop()
    return site.tokens["made"]


def test_a_token_is_shown_once_and_does_what_was_ticked(site: Site) -> None:
    site.write_article("harbour", live=True)
    alice = site.at_desk("alice")
    answer = send(alice, "/desk/tokens", **{**FORM, "reach": "some", "feeds": "harbour"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert "Location" not in answer.headers
    shown = element(answer.text, "input", id="token", readonly=True).get("value")
    site.tokens["made"] = str(shown)
    assert site.api("POST", "/api/v1/feeds/harbour/updates", {"body": "x"}, who="made").status_code == 201
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}, who="made").status_code == 403
    assert site.api("DELETE", "/api/v1/updates/1", who="made").status_code == 403
    page = alice.get("/desk/tokens").text
    row = words(element(page, "li", id=f"token-{listed(site)[0].id}"))
    assert row.startswith("ticker publish, edit · in harbour made ")
    assert "valid until" in row
    assert "last used" in row
    with site.services.store.read() as db:
        kept = [
            str(tuple(each)) for table in ("tokens", "actions", "log") for each in db.execute(f"SELECT * FROM {table}")
        ]
    assert not TOKEN.search(page + alice.get("/desk/log").text + "".join(kept))


def test_a_page_that_is_loaded_again_makes_no_second_token(site: Site) -> None:
    alice = site.at_desk("alice")
    make(site, alice)
    again = send(alice, "/desk/tokens", **FORM)
    assert again.status_code == 422
    assert "Bob Brown has a token of this name" in again.text
    assert not TOKEN.search(again.text)
    assert len(listed(site)) == 1
    make(site, alice, whose="alice")
    tokens.revoke(site.services.store, "bob", "ticker", actor=None)
    make(site, alice)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"scopes": []}, "scopes"), ({"scopes": ["admin"]}, "scopes"), ({"days": "x"}, "days"), ({"days": "9999"}, "days"),
     ({"name": " "}, "name"), ({"reach": "some"}, "feeds"), ({"reach": "some", "feeds": "nowhere"}, "feeds"),
     ({"whose": "nobody"}, "whose"), ({"limit": "", "scopes": []}, "scopes")],
)  # fmt: skip
def test_a_refused_form_comes_back_as_typed(site: Site, wrong: dict[str, Any], reason: str) -> None:
    """What is missing is no permission."""
    form = {**FORM, **wrong}
    answer = send(site.at_desk("alice"), "/desk/tokens", **form)
    assert answer.status_code == 422
    assert elements(answer.text, "p", id=f"{reason}-reason")
    assert field(answer, "name") == form["name"]
    assert ticked(answer, "scopes") == ("publish" in form["scopes"])
    chosen = [each.get("value") for each in elements(answer.text, "option", selected=True)]
    assert chosen == [form[name] for name in ("whose", "days") if name != reason]
    assert listed(site) == []


def test_who_has_not_shown_just_now_that_it_is_them_makes_none_and_loses_nothing(site: Site) -> None:
    alice = site.at_desk("alice")
    old = times.after(-freshness.FRESH_SECONDS)
    site.services.store.write(lambda db: db.execute("UPDATE sessions SET proved_at = ?", [old]))
    page = alice.get("/desk/tokens").text
    assert not elements(page, "form", class_="new-token")
    way = str(element(page, "a", href="/desk/account/confirm?next=/desk/tokens").get("href"))
    refused = send(alice, "/desk/tokens", **FORM)
    assert (refused.status_code, field(refused, "name")) == (403, "ticker")
    assert elements(refused.text, "a", href=way, target="_blank")
    assert listed(site) == []
    revoked = send(alice, "/desk/tokens/2/end")
    assert revoked.location == "/desk/tokens?did=revoked", "what leaked is revoked without delay"


def test_a_revoked_token_is_over_at_once_and_stays_on_the_page(site: Site) -> None:
    alice = site.at_desk("alice")
    make(site, alice, limit="none", days="")
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}, who="made").status_code == 201
    row = element(alice.get("/desk/tokens").text, "li", id="token-3")
    assert "ticker all that its editor may · in all feeds" in words(row)
    assert "valid without end" in words(row)
    path = str(next(row.iter("form")).get("action"))
    assert send(alice, path).location == "/desk/tokens?did=revoked"
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}, who="made").status_code == 401
    assert "revoked 2" in words(element(alice.get("/desk/tokens").text, "details", class_="ended-tokens"))
    assert send(alice, path).status_code == 404
    assert send(alice, f"/desk/tokens/{10**30}/end").status_code == 404


def test_tokens_are_for_admins_and_not_for_the_disabled(site: Site) -> None:
    bob, alice = site.at_desk("bob"), site.at_desk("alice")
    assert elements(alice.get("/desk/people").text, "a", href="/desk/tokens")
    for answer in (bob.get("/desk/tokens"), send(bob, "/desk/tokens", **FORM), send(bob, "/desk/tokens/1/end")):
        assert answer.status_code == 403
        assert "Only an admin may make or revoke tokens." in answer.text
    people.disable(site.services.store, "bob", site.alice)
    refused = send(alice, "/desk/tokens", **FORM)
    assert refused.status_code == 422
    assert "This editor is disabled" in refused.text
    assert not elements(refused.text, "option", value="bob")
    assert listed(site) == []
