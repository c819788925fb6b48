"""Tokens that are limited, to scopes, to feeds, in time: what they may not do is refused in words."""

from pathlib import Path
from typing import Any

import pytest

from feed import times
from feed.errors import Invalid, NotAllowed
from feed.store import people, publishing, tokens
from feed.store.hashes import hashed
from feed.store.permissions import Scope
from tests.conftest import PASSWORD, Site
from tests.test_commands import Shell

CALLS: list[tuple[str, str, Any, Scope]] = [
    ("POST", "feeds/harbour/updates", {"body": "x"}, Scope.PUBLISH),
    ("POST", "articles", {"headline": "x"}, Scope.PUBLISH),
    ("PATCH", "articles/sketch", {"draft": False}, Scope.PUBLISH),
    ("PATCH", "articles/harbour", {"draft": True}, Scope.RETRACT),
    ("PATCH", "updates/1", {"body": "x", "revision": 1}, Scope.EDIT),
    ("PATCH", "updates/1", {"pinned": True, "revision": 1}, Scope.EDIT),
    ("PATCH", "articles/harbour", {"headline": "x"}, Scope.EDIT),
    ("PATCH", "articles/harbour", {"live": False}, Scope.EDIT),
    ("DELETE", "updates/1", None, Scope.RETRACT),
    ("GET", "updates/2", None, Scope.READ),
    ("GET", "articles/sketch", None, Scope.READ),
]


@pytest.fixture
def site(site: Site) -> Site:
    """With update 1 in public and update 2 in a draft."""
    site.write_article("harbour", live=True)
    site.write_article("sketch", live=True, draft=True)
    site.publish("In public", feed="harbour")
    site.publish("In a draft", feed="sketch")
    return site


def give(site: Site, *scopes: str, slugs: list[str] | None = None, days: int | None = None) -> str:
    """Makes a token of bob with that, under which the tests call the API as "limited"."""
    made = tokens.add(site.services.store, "bob", "limited", days, actor=None, scopes=scopes or None, slugs=slugs)
    site.tokens["limited"] = made
    return made


@pytest.mark.parametrize("without", Scope)
def test_the_api_names_the_scope_that_is_missing(site: Site, without: Scope) -> None:
    give(site, *(each for each in Scope if each != without))
    before = site.versions()
    for method, path, body, needed in CALLS:
        if needed == without:
            answer = site.api(method, f"/api/v1/{path}", body, who="limited")
            assert (answer.status_code, answer.mimetype) == (403, "application/problem+json"), path
            assert answer.json["detail"] == f'This token lacks the scope "{without}".', path
    assert site.versions() == before
    assert site.api("GET", "/api/v1/updates/1", who="limited").status_code == 200, "what is public needs no scope"


def test_a_token_for_one_feed_is_for_no_other(site: Site) -> None:
    give(site, slugs=["harbour"])
    for method, path, body in (
        ("POST", "feeds/news/updates", {"body": "x"}), ("POST", "articles", {"headline": "x"}),
        ("POST", "feeds/sketch/updates", {"body": "x"}), ("GET", "updates/2", None), ("GET", "articles/sketch", None),
        ("PATCH", "articles/sketch", {"headline": "x"}),
    ):  # fmt: skip
        answer = site.api(method, f"/api/v1/{path}", body, who="limited")
        assert (answer.status_code, answer.json["detail"]) == (403, "This token is for other feeds."), path
    made = site.api("POST", "/api/v1/feeds/harbour/updates", {"body": "x"}, who="limited")
    assert made.status_code == 201, made.json
    moved = site.api("PATCH", "/api/v1/articles/harbour", {"slug": "port"}, who="limited")
    assert moved.status_code == 200
    assert site.api("POST", "/api/v1/feeds/port/updates", {"body": "x"}, who="limited").status_code == 201


@pytest.mark.parametrize("limits", [{"scopes": ["publish"]}, {"scopes": ["read", "edit"], "slugs": ["harbour"]}])
def test_an_edit_that_is_stale_or_changes_nothing_tells_a_token_no_draft(site: Site, limits: dict[str, Any]) -> None:
    give(site, *limits["scopes"], slugs=limits.get("slugs"))
    for path in ("updates/2", "articles/sketch"):
        for body in ({"revision": 1}, {"revision": 9, "headline": "x"}):
            answer = site.api("PATCH", f"/api/v1/{path}", body, who="limited")
            assert (answer.status_code, "current" in answer.json) == (403, False), (path, body)


def test_a_token_without_scopes_does_what_its_editor_may(site: Site) -> None:
    give(site)
    for method, path, body, _ in CALLS:
        if "live" not in str(body) and "pinned" not in str(body) and body != {"draft": True}:  # these undo each other
            assert site.api(method, f"/api/v1/{path}", body, who="limited").status_code < 300, path


def test_a_role_limits_every_token_of_its_editor_at_once(site: Site) -> None:
    give(site, *Scope)
    people.change_role(site.services.store, "bob", "contributor", None)
    refused = site.api("POST", "/api/v1/feeds/harbour/updates", {"body": "x"}, who="limited")
    assert refused.status_code == 403
    assert "Only editors can" in refused.json["detail"]
    assert site.api("POST", "/api/v1/feeds/sketch/updates", {"body": "x"}, who="limited").status_code == 201


@pytest.mark.parametrize("end", ["revoked", "over"])
def test_a_request_under_way_does_nothing_once_its_token_ended(site: Site, end: str) -> None:
    store, made = site.services.store, give(site, "publish", days=1)
    with store.read() as db:
        bob = tokens.editor_of(db, made)
    if end == "revoked":
        tokens.revoke(store, "bob", "limited", actor=site.alice)
    else:
        store.write(lambda db: db.execute("UPDATE tokens SET expires_at = ?", [times.after(-1)]))
    with pytest.raises(NotAllowed, match="revoked or expired"):
        publishing.publish(store, "harbour", bob, {"body": "x"})
    assert site.api("POST", "/api/v1/feeds/harbour/updates", {"body": "x"}, who="limited").status_code == 401


def test_a_worker_of_the_release_before_does_not_know_a_limited_token(site: Site) -> None:
    """It would ignore the limits."""
    made = give(site, "publish")
    with site.services.store.read() as db:
        stored = [row["hash"] for row in db.execute("SELECT hash FROM tokens").fetchall()]
    assert hashed(made) not in stored
    assert not any(made in each for each in stored)


def test_the_last_use_is_noted_once_a_minute(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def used() -> str | None:
        with site.services.store.read() as db:
            return tokens.of_editor(db, "bob")[-1].used_at

    give(site, "read")
    assert used() is None
    first = [site.api("GET", "/api/v1/updates/2", who="limited") and used() for _ in range(3)]
    assert first[0]
    assert len(set(first)) == 1
    later, after = times.after(tokens.USE_SECONDS + 1), times.after
    monkeypatch.setattr(times, "now", lambda: later)
    monkeypatch.setattr(times, "after", lambda seconds: after(seconds + tokens.USE_SECONDS + 1))
    site.api("GET", "/api/v1/updates/2", who="limited")
    assert used() == later


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["admin"]}, {"slugs": []}, {"slugs": ["nowhere"]}, {"days": 0}, {"days": 9_999},
     {"name": ""}, {"name": "x" * 300}],
)  # fmt: skip
def test_what_is_no_limit_makes_no_token(site: Site, wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "x", "days": None, **wrong}
    with pytest.raises(Invalid):
        tokens.add(site.services.store, "bob", actor=None, **given)
    with site.services.store.read() as db:
        assert len(tokens.of_editor(db, "bob")) == 1


def test_the_commands_make_and_list_limited_tokens(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.out("db", "upgrade")
    shell.out("editor", "add", "bob", line=PASSWORD)
    shell.out("token", "add", "bob", "--name", "old")
    made = shell.out("token", "add", "bob", "--name", "ci", "--feed", "news", "--may", "publish, edit", "--days", "9")
    assert made.startswith(tokens.PREFIX)
    old, new = (line.split("\t") for line in shell.out("token", "list").splitlines())
    assert old[-3:] == ["may all", "all feeds", "never used"]
    assert new[-3:] == ["may publish,edit", "feeds news", "never used"]
    assert "publish, edit, retract" in shell.refusal("token", "add", "bob", "--may", "write")
    assert "There is no feed nowhere." in shell.refusal("token", "add", "bob", "--feed", "nowhere")
