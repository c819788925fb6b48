"""Roles, sessions, tokens and the record of changes: every change of them takes effect at once and everywhere."""

import io
import unicodedata
from pathlib import Path

import pytest
import requests
from argon2 import PasswordHasher
from flask import g
from werkzeug.datastructures import FileStorage

from feed import fields, passwords, times
from feed.errors import Invalid, NotAllowed
from feed.store import coverage, editors, freshness, people, retracting, tokens, updates, waiting
from feed.store.actors import Door, Origin
from feed.store.carried import put, read
from feed.store.permissions import FRESH, MAY, ROLES
from feed.store.verbs import Verb
from feed.web.api.requests import editor_of_token
from tests.conftest import FROM_HERE, PASSWORD, Site, site_in
from tests.desk.forms import field
from tests.images import a_png
from tests.pages import elements
from tests.server import serving
from tests.test_commands import Shell


def done(site: Site) -> list[tuple[str | None, str]]:
    """Who did what, in the order of it, but for signing in."""
    with site.services.store.read() as db:
        sql = "SELECT name, verb FROM actions LEFT JOIN editors ON editors.id = editor_id "
        sql += "WHERE verb <> 'sign in' ORDER BY actions.id"
        rows = db.execute(sql)
        return [(row["name"], row["verb"]) for row in rows.fetchall()]


# Origins


def test_each_editor_acts_from_a_door_and_a_network(site: Site) -> None:
    there = {"environ_base": {"REMOTE_ADDR": "2001:db8:1:2:3::4"}}
    with site.at_desk("bob") as browser:
        browser.get("/desk/", **there)
        assert g.editor == site.bob
        assert g.editor.origin == Origin(Door.DESK, "2001:db8:1:2::/64")
    with site.app.test_request_context("/api/v1/articles", headers={"Authorization": f"Bearer {site.tokens['bob']}"}):
        assert editor_of_token().origin == Origin(Door.API, None, "test", 2)
    with site.services.store.read() as db:
        assert editors.by_name(db, "bob").origin is None


# Roles


def test_the_table_names_every_verb_and_no_role_that_nobody_can_have() -> None:
    assert set(MAY) == set(Verb)
    assert all(roles and roles <= set(ROLES) for roles in MAY.values())
    assert all("admin" in roles for roles in MAY.values())


DOORS: dict[str, dict[str, str]] = {
    "/desk/people/invitations": {"name": "dora", "display_name": "Dora Day", "role": "admin", "days": "7"},
    "/desk/people/bob/role": {"role": "contributor"},
    "/desk/people/bob/invitations": {},
    "/desk/people/bob/disabled": {"disabled": "1"},
    "/desk/people/carol/disabled": {"disabled": "0"},
    "/desk/updates/1/erasure": {"reason": "A court has ordered it"},
}


def test_a_stolen_session_changes_nobody_and_erases_nothing(site: Site) -> None:
    """Nor does a browser that was left open. What was filled in is there to be sent again."""
    store = site.services.store
    editors.add(store, "carol", PASSWORD, "editor", actor=None)
    people.disable(store, "carol", None)
    site.publish("Stays")
    alice = site.at_desk("alice")
    stale = times.after(-freshness.FRESH_SECONDS)
    store.write(lambda db: db.execute("UPDATE sessions SET proved_at = ?", [stale]))
    before = done(site)
    for page in ("/desk/people", "/desk/updates/1/erasure"):
        assert elements(alice.get(page).text, "a", href=f"/desk/account/confirm?next={page}"), page
    unfit = alice.post("/desk/people/invitations", data={"name": "B!", "role": "editor"}, headers=FROM_HERE)
    assert elements(unfit.text, "a", href="/desk/account/confirm?next=/desk/people"), (
        "the form's own address has no page"
    )
    for path, filled in DOORS.items():
        form = {"editor": str(site.alice.id), **filled}
        refused = alice.post(path, data=form, headers=FROM_HERE)
        if not filled:
            assert refused.location == "/desk/account/confirm?next=/desk/people"
            continue
        assert refused.status_code == 403, path
        assert elements(refused.text, "form", action=path)
        assert {name: field(refused, name) for name in form} == form
        assert elements(refused.text, "a", target="_blank")
    assert done(site) == before
    with store.read() as db:
        assert updates.get(db, 1).body == "Stays"
    proved = alice.post("/desk/account/confirm", data={"current": PASSWORD, "next": "/desk/people"}, headers=FROM_HERE)
    assert proved.location == "/desk/people"
    for path, filled in DOORS.items():
        assert alice.post(path, data=filled, headers=FROM_HERE).status_code in (201, 303), path
    assert [verb for _, verb in done(site)[len(before) :]] == [
        "invite person", "change role", "reset password", "disable person", "enable person", "erase"
    ]  # fmt: skip
    store.write(lambda db: db.execute("UPDATE sessions SET proved_at = ?", [stale]))
    again = alice.post("/desk/updates/1/erasure", data={"reason": "Once more"}, headers=FROM_HERE)
    confirm = "/desk/account/confirm?next=/desk/updates/1/erasure"
    assert again.location == confirm, "each one has the file written anew, while others wait"


def test_what_a_fresh_session_is_needed_for_is_for_admins(site: Site) -> None:
    """Others change their own ways to sign in alone, of which test_second_factor.py tells."""
    assert all(MAY[verb] == {"admin"} for verb in FRESH)
    of_people = {verb for verb in Verb if MAY[verb] == {"admin"} and ("person" in verb or "role" in verb)}
    assert of_people <= FRESH


@pytest.mark.parametrize("change", [coverage.close, coverage.reopen], ids=["close", "open"])
def test_the_news_feed_is_closed_and_opened_by_admins_alone(site: Site, change: object) -> None:
    is_open = change is coverage.reopen
    if is_open:
        coverage.close(site.services.store, "news", site.alice)
    before = site.versions()
    form = {"open": "1" if is_open else "0"}
    refused = site.at_desk("bob").post("/desk/feeds/news/coverage", data=form, headers=FROM_HERE)
    assert refused.status_code == 403
    assert "Only an admin may open or close the News Feed." in refused.text
    assert site.versions() == before
    assert "coverage</button>" not in site.at_desk("bob").get("/desk/feeds/news").text
    assert "coverage" in site.at_desk("alice").get("/desk/feeds/news").text
    taken = site.at_desk("alice").post("/desk/feeds/news/coverage", data=form, headers=FROM_HERE)
    assert taken.status_code == 303
    assert site.versions() != before


def test_an_editor_may_close_the_coverage_of_an_article(site: Site) -> None:
    site.write_article("harbour", live=True)
    bob = site.at_desk("bob")
    assert bob.post("/desk/feeds/harbour/coverage", data={"open": "0"}, headers=FROM_HERE).status_code == 303
    assert ("bob", "close coverage") in done(site)


def test_people_and_tokens_are_for_admins(site: Site) -> None:
    store, bob = site.services.store, site.bob
    for refused in (
        lambda: editors.add(store, "eve", PASSWORD, "admin", actor=bob),
        lambda: people.disable(store, "alice", bob),
        lambda: people.enable(store, "alice", bob),
        lambda: people.set_password(store, "alice", "another horse battery", bob),
        lambda: tokens.add(store, "alice", "stolen", actor=bob),
        lambda: tokens.revoke(store, "alice", actor=bob),
    ):
        with pytest.raises(NotAllowed, match="Only an admin"):
            refused()
    assert site.at_desk("alice")
    assert site.api("GET", "/api/v1/updates/1", who="alice").status_code == 404, "the token works"
    assert done(site) == [(None, "add person"), (None, "add person"), (None, "add token"), (None, "add token")]


def test_who_was_disabled_meanwhile_changes_nothing(site: Site) -> None:
    """Of the request that was under way: the verb looks again, in its own transaction."""
    update = site.publish()
    people.disable(site.services.store, "bob", None)
    before = site.versions()
    for late in (site.publish, lambda: site.edit(update, body="x"), lambda: site.write_article("late")):
        with pytest.raises(NotAllowed, match="disabled"):
            late()
    with pytest.raises(NotAllowed):
        retracting.retract(site.services.store, update.id, {}, site.bob)
    with pytest.raises(NotAllowed, match="disabled"):
        waiting.keep(site.services.store, site.services.settings.media, a_png(), "boat.png", site.bob)
    assert site.versions() == before


# The record


def test_every_write_of_desk_and_api_keeps_who_did_it(site: Site) -> None:
    bob = site.at_desk("bob")

    def send(path: str, **form: object) -> None:
        answer = bob.post(f"/desk/{path}", data=form, headers=FROM_HERE)
        assert answer.status_code == 303, answer.text

    send("feeds/news/updates", body="One")
    send("updates/1", headline="", body="Two", revision="1")
    send("updates/1/marks", key="1")
    send("updates/1/retraction", reason="Wrong")
    send("articles", headline="Harbour", slug="harbour", body="B", live="1")
    send("articles/harbour", headline="Port", body="B", live="1", revision="1")
    send("feeds/harbour/coverage", open="0")
    send("pictures", alt="A", file=FileStorage(io.BytesIO(a_png()), "a.png"))
    send("profile", display_name="Bobby")
    by_desk = ["publish", "edit", "mark", "retract", "create article", "edit article", "close coverage", "add picture",
               "change profile"]  # fmt: skip
    assert done(site)[4:] == [("bob", verb) for verb in by_desk]
    site.api("POST", "/api/v1/feeds/news/updates", {"body": "One"}, who="alice")
    site.api("PATCH", "/api/v1/updates/2", {"body": "Two", "revision": 1}, who="alice")
    site.api("PATCH", "/api/v1/updates/2", {"pinned": True, "revision": 2}, who="alice")
    site.api("DELETE", "/api/v1/updates/2", who="alice")
    site.api("POST", "/api/v1/articles", {"slug": "quay", "headline": "Quay"}, who="alice")
    site.api("PATCH", "/api/v1/articles/quay", {"live": True}, who="alice")
    site.api("PATCH", "/api/v1/articles/quay", {"live": False, "headline": "Quays"}, who="alice")
    by_api = ["publish", "edit", "mark", "retract", "create article", "open coverage", "edit article", "close coverage"]
    assert done(site)[4 + len(by_desk) :] == [("alice", verb) for verb in by_api]


def test_what_changes_nothing_is_no_action(site: Site) -> None:
    update = site.publish("Same")
    before = done(site)
    site.edit(update, body="Same")
    site.api("DELETE", "/api/v1/updates/99")
    site.api("POST", "/api/v1/feeds/news/updates", {"body": ""})
    coverage.reopen(site.services.store, "news", site.alice)
    assert done(site) == before


def test_the_desk_says_who_retracted_and_why(site: Site) -> None:
    update = site.publish("Wrong words")
    site.api("DELETE", f"/api/v1/updates/{update.id}", {"reason": "Legal asked"}, who="alice")
    page = site.at_desk("bob").get("/desk/feeds/news").text
    line = next(line for line in page.splitlines() if "retracted" in line and "<b>" in line)
    assert "Alice Adams" in line
    assert f"#{update.id}" in line
    assert "Legal asked" in line
    for path in ("/feeds/news", f"/updates/{update.id}", "/feeds/news.atom"):
        assert "Alice" not in site.charlie.get(path).text


# Coming and going


def test_who_is_disabled_is_out_and_stays_the_author(site: Site) -> None:
    site.write_article("harbour")
    browser, page = site.at_desk("bob"), site.charlie.get("/articles/harbour").text
    ended = people.disable(site.services.store, "bob", site.alice)
    assert (ended.sessions, ended.tokens) == (1, 1)
    assert browser.get("/desk/").status_code == 303
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}).status_code == 401
    form = {"name": "bob", "password": PASSWORD}
    refused = site.charlie.post("/desk/sign-in", data=form, headers=FROM_HERE)
    wrong = site.charlie.post("/desk/sign-in", data={**form, "password": "wrong"}, headers=FROM_HERE)
    assert (refused.status_code, refused.text) == (403, wrong.text), "the form tells strangers nothing of it"
    assert "Bob Brown" in page
    assert "Bob Brown" in site.charlie.get("/articles/harbour").text
    with pytest.raises(Invalid, match="disabled"):
        tokens.add(site.services.store, "bob", "new", actor=None)
    people.enable(site.services.store, "bob", site.alice)
    assert site.at_desk("bob")
    assert browser.get("/desk/").status_code == 303, "an ended session stays ended"
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}).status_code == 401


def test_nobody_is_left_alone_outside(site: Site) -> None:
    with pytest.raises(Invalid, match="another admin"):
        people.disable(site.services.store, "alice", None)
    people.disable(site.services.store, "bob", None)
    editors.add(site.services.store, "eve", PASSWORD, "admin", actor=None)
    people.disable(site.services.store, "alice", None)
    with pytest.raises(Invalid, match="another admin"):
        people.disable(site.services.store, "eve", None)
    assert site.at_desk("eve")


def test_a_restore_lets_nobody_in_who_was_disabled_since(site: Site) -> None:
    with site.services.store.read() as db:
        before = [tuple(row) for row in db.execute("SELECT id, disabled_at FROM editors").fetchall()]
    people.disable(site.services.store, "bob", None)
    kept = read(site.services.store.connect())
    site.services.store.write(lambda db: db.execute("UPDATE editors SET disabled_at = NULL"))
    assert before == [(1, None), (2, None)]
    site.services.store.write(put, kept)
    with site.services.store.read() as db:
        assert editors.by_name(db, "bob").disabled_at
        assert not editors.by_name(db, "alice").disabled_at


def test_an_old_worker_lets_nobody_in_who_was_disabled(site: Site) -> None:
    people.disable(site.services.store, "bob", None)
    row = "(hash, editor_id, device, created_at, expires_at) VALUES ('h', ?, 'old', '2026', '2099')"
    site.services.store.write(lambda db: db.execute(f"INSERT INTO sessions {row}", [site.bob.id]))
    with site.services.store.read() as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0


def test_what_the_command_line_does_counts_at_once_at_every_worker(tmp_path: Path) -> None:
    with serving(tmp_path, WEB_CONCURRENCY="2") as running:
        shell = Shell(tmp_path)
        api = {"Authorization": f"Bearer {running.token}"}
        sessions = [running.at_desk() for _ in range(4)]
        line = shell.out("editor", "disable", "bob")
        assert line == "disabled bob: ended 4 sessions and 1 tokens\n"
        for session in sessions:
            assert session.get(f"{running.url}/desk/", allow_redirects=False).status_code == 303
            address = f"{running.url}/api/v1/feeds/news/updates"
            answer = requests.post(address, json={"body": "x"}, headers=api, timeout=9)
            assert answer.status_code == 401


def test_the_commands_say_what_they_did_and_what_is_left(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.out("db", "upgrade")
    shell.out("editor", "add", "alice", "--role", "admin", line=PASSWORD)
    shell.out("editor", "add", "bob", line=PASSWORD)
    shell.out("token", "add", "bob", "--name", "ci")
    assert "another admin" in shell.refusal("editor", "disable", "alice")
    changed = shell.out("editor", "password", "bob", line="another horse battery")
    assert changed == "changed the password of bob: ended 0 sessions\n1 tokens of bob still work: ci\n"
    lines = [line.split("\t") for line in shell.out("editor", "list").splitlines()]
    assert [line[0] for line in lines] == ["alice", "bob"]
    assert lines[1][1:] == ["Bob", "editor", "signs in", "0 sessions, 1 tokens"]
    shell.out("editor", "disable", "bob")
    assert "disabled 20" in shell.out("editor", "list")
    assert "disabled" in shell.refusal("token", "add", "bob")
    assert shell.out("editor", "enable", "bob") == "enabled bob\n"
    for words in (["disable"], ["enable"], ["password"]):
        assert "there is no editor eve" in shell.refusal("editor", *words, "eve")
    assert "there is no editor eve" in shell.refusal("token", "list", "eve")


# Passwords


@pytest.mark.parametrize(
    "common",
    ["password123", "Password1234!", "P4ssw0rd2026", "1234567890", "qwertyuiop", "passwordpassword", "iloveyou2026",
     "!!football!!", "bob.brown2026", "BobBrown!!", "brown_bob_99", "short"],
)  # fmt: skip
def test_what_anybody_would_guess_first_is_refused(common: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "PASSWORD_LEAST", 10)  # so that it is not refused for its length
    with pytest.raises(Invalid):
        passwords.check(common, "bob", "Bob Brown")


@pytest.mark.parametrize(
    "good",
    [PASSWORD, "tYp3-of-a-kind-of-blue", "пташка летить додому", "bob brown sailed the harbour", "9f8a7c6b5d4e3c2b"],
)
def test_what_is_long_and_odd_is_taken(good: str) -> None:
    assert passwords.check(good, "bob", "Bob Brown") == good


def test_a_password_is_the_same_from_every_keyboard_and_old_ones_stay_right(site: Site) -> None:
    store, composed, decomposed = (
        site.services.store,
        "das Café am Hafen",
        unicodedata.normalize("NFD", "das Café am Hafen"),
    )
    assert composed != decomposed
    for typed, other in ((composed, decomposed), (decomposed, composed)):
        people.set_password(store, "bob", typed, None)
        assert editors.authenticate(store, "bob", other)
    for old in ("ten chars!", decomposed):  # set before these rules
        digest = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(old)
        store.write(lambda db, digest=digest: db.execute("UPDATE editors SET password_hash = ? WHERE id = 2", [digest]))
        assert editors.authenticate(store, "bob", old)
    with pytest.raises(Invalid, match="15 to 200"):
        people.set_password(store, "bob", "e\u0301" * 8, None)


def test_a_common_password_is_refused_by_every_way_to_set_one(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        store = site.services.store
        for refused in (
            lambda: editors.add(store, "eve", "passwordpassword", "editor", actor=None),
            lambda: people.set_password(store, "bob", "bob-brown-bob-99", None),
            lambda: people.set_password(store, "bob", "qwertyuiopqwertyuiop", site.alice),
        ):
            with pytest.raises(Invalid, match="first that others would try"):
                refused()
