"""One-time links and roles: a link works once, for whom it was made and no longer than its maker may make it, and
somebody who can run the site is always left."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feed import times
from feed.errors import Invalid, LinkOver, NotAllowed
from feed.store import editors, invitations, people
from feed.store.actors import Door, Origin
from feed.store.carried import put, read
from feed.store.database import Store
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.test_commands import Shell

OTHER_PASSWORD = "another horse battery"
HERE = Origin(Door.DESK)
LINK = re.compile(r"/desk/invitations/[\w-]+")


def invite(site: Site, name: str = "carol", role: str = "contributor", who: str = "alice") -> str:
    """The path of a link that alice made at the desk."""
    form = {"name": name, "display_name": "Carol Clark", "role": role, "days": "7"}
    answer = site.at_desk(who).post("/desk/people/invitations", data=form, headers=FROM_HERE)
    assert answer.status_code == 201, answer.text
    return link_in(answer)


def link_in(answer: TestResponse) -> str:
    found = LINK.search(answer.text)
    assert found, answer.text
    return found[0]


def use(browser: FlaskClient, link: str, **form: str) -> TestResponse:
    return browser.post(link, data={"password": OTHER_PASSWORD, **form}, headers=FROM_HERE)


def roles(site: Site) -> dict[str, str]:
    with site.services.store.read() as db:
        return {each.name: each.role for each in editors.everyone(db)}


def together(*deeds: Callable[[], object]) -> list[object]:
    """Does these at the same time, and returns what each returned or raised."""
    begin, found = threading.Barrier(len(deeds)), dict[int, object]()

    def run(number: int, deed: Callable[[], object]) -> None:
        begin.wait()
        try:
            found[number] = deed()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(deeds)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [found[number] for number in range(len(deeds))]


# A link


def test_who_is_invited_comes_in_under_the_name_and_role_that_the_admin_chose(site: Site) -> None:
    link = invite(site)
    assert site.at_desk("alice").get("/desk/people").text.count(link) == 0, "it is shown once"
    browser = site.charlie
    assert "carol" in browser.get(link).text
    forged = use(browser, link, name="mallory", role="admin", display_name="Carol C. Clark", next="//evil.example/")
    assert (forged.status_code, forged.headers["Location"]) == (303, "/desk/")
    assert "Carol C. Clark" in browser.get("/desk/").text
    assert roles(site) == {"alice": "admin", "bob": "editor", "carol": "contributor"}
    again = use(site.charlie, link)
    assert again.status_code == 410
    assert "used already" in again.text
    assert "used already" in site.charlie.get(link).text


def test_a_refused_password_leaves_the_link_open(site: Site) -> None:
    link = invite(site)
    for weak in ("short", "password123", "carolclark99"):
        assert use(site.charlie, link, password=weak).status_code == 422
    assert use(site.charlie, link).status_code == 303


@pytest.mark.parametrize("kind", ["invitation", "new password"])
def test_a_link_that_two_use_at_once_lets_one_of_them_in(site: Site, kind: str) -> None:
    store, others = site.services.store, Store(site.services.store.path)
    if kind == "invitation":
        token = invitations.invite(store, "carol", "editor", None, 7, site.alice)
    else:
        token = invitations.reset_password(store, "bob", 7, site.alice)
    passwords = (OTHER_PASSWORD, "a third horse battery")
    came = together(*(
        lambda by=by, password=password: invitations.accept(by, token, "x", password, "X", HERE)
        for by, password in zip((store, others), passwords, strict=True)
    ))  # fmt: skip
    assert sorted(type(each).__name__ for each in came) == ["Editor", "LinkOver"]
    name = "carol" if kind == "invitation" else "bob"
    good = [editors.authenticate(store, name, password) is not None for password in passwords]
    assert good == [isinstance(each, editors.Editor) for each in came], "the password is of the one who came in"
    others.close()


def test_a_guess_is_nothing_and_costs_no_hash(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    link = invite(site)
    hashed: list[object] = []
    monkeypatch.setattr(site.services.store.passwords, "run", lambda work, *args: hashed.append(work) or work(*args))
    for guess in (link[:-1], link + "A", "/desk/invitations/made-up"):
        assert use(site.charlie, guess).status_code == 404
        assert site.charlie.get(guess).status_code == 404
    assert hashed == []
    with site.services.store.read() as db:
        stored = [str(tuple(row)) for row in db.execute("SELECT * FROM one_time_links").fetchall()]
    assert not any(link.rpartition("/")[2] in row for row in stored), "the database does not tell it"


def _revoke(site: Site) -> None:
    alice = site.at_desk("alice")
    path = re.search(r"/desk/people/invitations/\w+/end", alice.get("/desk/people").text)
    assert path
    assert alice.post(path[0], headers=FROM_HERE).status_code == 303
    assert alice.post(path[0], headers=FROM_HERE).status_code == 410


def _eve(site: Site, then: Callable[[Store], object]) -> None:
    """Somebody else becomes admin, and does that."""
    editors.add(site.services.store, "eve", PASSWORD, "admin", actor=None)
    then(site.services.store)


ENDS: dict[str, tuple[Callable[[Site], object], str]] = {
    "revoked": (_revoke, "does not work any more"),
    "its maker disabled": (
        lambda site: _eve(site, lambda store: people.disable(store, "alice", None)), "does not work any more",
    ),
    "its maker no admin now": (
        lambda site: _eve(site, lambda store: people.change_role(store, "alice", "editor", None)),
        "does not work any more",
    ),
    "another made": (lambda site: invite(site), "does not work any more"),
    "the name taken": (
        lambda site: editors.add(site.services.store, "carol", PASSWORD, "editor", actor=None),
        "does not work any more",
    ),
    "old": (
        lambda site: site.services.store.write(
            lambda db: db.execute("UPDATE one_time_links SET expires_at = ?", [times.after(-1)])
        ),
        "too old",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("end", "said"), ENDS.values(), ids=ENDS)
def test_a_link_that_has_ended_says_so(site: Site, end: Callable[[Site], object], said: str) -> None:
    link = invite(site)
    assert site.charlie.get(link).status_code == 200
    end(site)
    before = roles(site)
    for answer in (site.charlie.get(link), use(site.charlie, link)):
        assert answer.status_code == 410
        assert said in answer.text
    assert roles(site) == before


def test_a_restored_backup_brings_no_link_back(site: Site) -> None:
    link = invite(site)
    site.services.store.write(put, read(site.services.store.connect()))
    assert use(site.charlie, link).status_code == 404


def test_the_first_editors_link_and_an_invitation_are_no_way_around_each_other(site: Site) -> None:
    token = invite(site).rpartition("/")[2]
    use(site.charlie, f"/desk/first/{token}", name="mallory")
    assert roles(site)["carol"] == "contributor"
    assert "mallory" not in roles(site)


# A new password


def test_a_reset_ends_the_old_password_and_every_session_at_once(site: Site) -> None:
    bob, alice = site.at_desk("bob"), site.at_desk("alice")
    page = alice.post("/desk/people/bob/invitations", headers=FROM_HERE)
    assert page.status_code == 201
    link = link_in(page)
    assert bob.get("/desk/").status_code == 303, "the cookie of before is worth nothing"
    old = {"name": "bob", "password": PASSWORD}
    assert site.charlie.post("/desk/sign-in", data=old, headers=FROM_HERE).status_code == 403
    assert site.api("GET", "/api/v1/updates/1", who="bob").status_code == 404, "programs go on"
    assert "Bob Brown" in site.charlie.get(link).text or "bob" in site.charlie.get(link).text
    thief, bob = site.charlie, site.charlie
    assert use(bob, link).status_code == 303
    assert use(thief, link).status_code == 410
    assert bob.get("/desk/").status_code == 200
    assert roles(site)["bob"] == "editor"
    with site.services.store.read() as db:
        assert editors.by_name(db, "bob").display_name == "Bob Brown", "the link sets a password and nothing else"


def test_another_password_or_disabling_ends_a_link_to_reset_it(site: Site) -> None:
    store = site.services.store
    for end in (
        lambda: people.set_password(store, "bob", OTHER_PASSWORD, None),
        lambda: people.disable(store, "bob", site.alice),
    ):
        token = invitations.reset_password(store, "bob", 1, site.alice)
        end()
        with pytest.raises(LinkOver, match="any more"):
            invitations.accept(store, token, "", "a third horse battery", "", HERE)


# Roles


def test_nobody_but_an_admin_sees_or_changes_who_writes_here(site: Site) -> None:
    editors.add(site.services.store, "carol", PASSWORD, "contributor", actor=None)
    before = roles(site)
    new = {"name": "dan", "display_name": "Dan", "role": "admin", "days": "7"}
    for name in ("bob", "carol"):
        browser = site.at_desk(name)
        assert "/desk/people" not in browser.get("/desk/").text
        assert browser.get("/desk/people").status_code == 403
        for path, form in {
            "invitations": new,
            f"{name}/role": {"role": "admin"},
            "alice/disabled": {"disabled": "1"},
            "alice/invitations": {},
            "invitations/0/end": {},
        }.items():
            answer = browser.post(f"/desk/people/{path}", data=form, headers=FROM_HERE)
            assert answer.status_code == 403, path
            assert "Only an admin" in answer.text
    assert roles(site) == before
    assert "/desk/people" in site.at_desk("alice").get("/desk/").text


def test_another_role_counts_from_the_next_request_on(site: Site) -> None:
    bob, alice = site.at_desk("bob"), site.at_desk("alice")
    for role, status in (("contributor", 403), ("editor", 201)):
        answer = alice.post("/desk/people/bob/role", data={"role": role}, headers=FROM_HERE)
        assert answer.status_code == 303
        assert (">Publish<" in bob.get("/desk/feeds/news").text) == (role == "editor")
        assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}).status_code == status
    assert alice.post("/desk/people/bob/role", data={"role": "owner"}, headers=FROM_HERE).status_code == 422
    assert roles(site)["bob"] == "editor"


def test_who_was_disabled_or_demoted_between_form_and_submit_changes_nobody(site: Site) -> None:
    """Of the request that was under way: the verb looks again, in its own transaction."""
    store = site.services.store
    editors.add(store, "eve", PASSWORD, "admin", actor=None)
    for end in (
        lambda: people.change_role(store, "alice", "editor", None), lambda: people.disable(store, "alice", None),
    ):  # fmt: skip
        end()
        before = roles(site)
        for late in (
            lambda: invitations.invite(store, "dan", "admin", None, 7, site.alice),
            lambda: invitations.reset_password(store, "bob", 7, site.alice),
            lambda: people.change_role(store, "alice", "admin", site.alice),
            lambda: people.disable(store, "eve", site.alice),
        ):
            with pytest.raises(NotAllowed):
                late()
        assert roles(site) == before
        assert people.enable(store, "alice", None)


REMOVALS: dict[str, Callable[[Store, str, editors.Editor | None], object]] = {
    "demote": lambda store, name, by: people.change_role(store, name, "contributor", by),
    "disable": people.disable,
    "reset": lambda store, name, by: invitations.reset_password(store, name, 7, by),
}


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS)
def test_two_admins_who_remove_each_other_at_once_leave_one(
    site: Site, remove: Callable[[Store, str, editors.Editor | None], object]
) -> None:
    store, others = site.services.store, Store(site.services.store.path)
    for _ in range(8):
        if "eve" not in roles(site):
            editors.add(store, "eve", PASSWORD, "admin", actor=None)
        with store.read() as db:
            eve = editors.by_name(db, "eve")
        together(lambda: remove(store, "eve", site.alice), lambda by=eve: remove(others, "alice", by))
        with store.read() as db:
            left = [each.editor.name for each in people.everyone(db) if each.signs_in and each.editor.role == "admin"]
        assert len(left) == 1
        for name in ("alice", "eve"):
            people.enable(store, name, None)
            people.change_role(store, name, "admin", None)
            people.set_password(store, name, OTHER_PASSWORD, None)
    others.close()


def test_the_last_admin_stays_at_the_desk_and_by_command(site: Site) -> None:
    alice = site.at_desk("alice")
    for path, form in (("role", {"role": "editor"}), ("disabled", {"disabled": "1"}), ("invitations", {})):
        refused = alice.post(f"/desk/people/alice/{path}", data=form, headers=FROM_HERE)
        assert refused.status_code == 422
        assert "Nobody else could run this site." in refused.text
    with pytest.raises(Invalid):
        people.change_role(site.services.store, "alice", "editor", None)
    assert alice.get("/desk/people").status_code == 200


# By command


def test_the_commands_invite_and_change_roles(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.out("db", "upgrade")
    shell.out("editor", "add", "alice", "--role", "admin", line=PASSWORD)
    link = shell.out("editor", "invite", "carol", "--role", "contributor", "--days", "1").strip()
    store = Store(tmp_path / "feed.db")
    carol = invitations.accept(store, link.rpartition("/")[2], "", OTHER_PASSWORD, "", HERE)
    assert (carol.name, carol.display_name, carol.role) == ("carol", "Carol", "contributor")
    assert shell.out("editor", "role", "carol", "editor") == "carol is editor now\n"
    assert "another admin" in shell.refusal("editor", "role", "alice", "editor")
    assert "is here already" in shell.refusal("editor", "invite", "alice", "--role", "editor")
    assert "there is no editor" in shell.refusal("editor", "role", "dan", "editor")
    again = shell.out("editor", "invite", "alice").strip()
    assert "alice\tAlice\tadmin\tinvited" in shell.out("editor", "list")
    assert invitations.accept(store, again.rpartition("/")[2], "", OTHER_PASSWORD, "", HERE).role == "admin"
    store.close()
