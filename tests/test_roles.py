"""What each role may do: every verb in the table, tried on the store, and the messages that contributors get."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from feed import times
from feed.errors import NotAllowed
from feed.store import (
    actions,
    coverage,
    drafts,
    editors,
    erasing,
    exporting,
    feeds,
    importing,
    invitations,
    passkeys,
    people,
    permissions,
    pictures,
    pointing,
    points,
    publishing,
    reading,
    recovery_codes,
    retracting,
    reviewing,
    rewording,
    scheduling,
    second_factor,
    sessions,
    signing_in,
    submitting,
    tokens,
    undoing,
    writing,
)
from feed.store.actors import Door, Origin
from feed.store.database import Database, insert
from feed.store.editors import Editor
from feed.store.permissions import MAY, ROLES, SCOPES, Scope
from feed.store.scheduling import Timing
from feed.store.verbs import Verb
from tests.conftest import FROM_HERE, PASSWORD, Site, application_in, site_in
from tests.images import a_png
from tests.submitting import submit

STATE = {"feed": "harbour", "body": "x", "key": False, "pinned": False, "seq": 1, "discarded": False}
STATE |= dict.fromkeys(("headline", "language", "note", "status", "source"), "")
OF_SESSION = "s" * 64  # the hash of a session that has just begun

AN_ENTRY = importing.Imported("1", "x", "2024-06-15T07:00:00.000Z", "Ann", body="x", html="<p>x</p>")
Deed = Callable[[Site, Editor], object]


def _own_password(site: Site, editor: Editor) -> object:
    key = site.services.settings.secret_key
    return people.change_own_password(site.services.store, key, editor, PASSWORD, "another horse battery", "", "::1")


def _with_factors(site: Site, editor: Editor) -> None:
    """Gives that editor a fresh session and a passkey."""

    def put(db: Database) -> None:
        row = {"hash": OF_SESSION, "editor_id": editor.id, "device": "", "created_at": times.now()}
        insert(db, "sessions", {**row, "expires_at": times.after(99), "proved_at": times.now()})
        key = {"id": "k", "editor_id": editor.id, "name": "Phone", "public_key": "", "sign_count": 0}
        insert(db, "passkeys", {**key, "created_at": times.now()})

    site.services.store.write(put)


def in_session(editor: Editor) -> Editor:
    """That editor at the desk, in that session."""
    return replace(editor, origin=Origin(Door.DESK, session=OF_SESSION))


def _add_token(site: Site, by: Editor) -> None:
    _with_factors(site, by)
    tokens.add(site.services.store, "bob", "x", actor=in_session(by))


def _remove_factor(site: Site, by: Editor) -> None:
    _with_factors(site, by)
    passkeys.remove(site.services.store, by, "k", OF_SESSION)


def _add_factor(site: Site, by: Editor) -> None:
    _with_factors(site, by)
    site.services.store.write(second_factor.added, by, OF_SESSION, second_factor.APP, "app")


def _reset_factor(site: Site, by: Editor) -> None:
    _with_factors(site, by)
    name = "bob" if by.name == "carol" else "carol"
    second_factor.reset(site.services.store, name, in_session(by))


def _make_codes(site: Site, by: Editor) -> None:
    _with_factors(site, by)
    recovery_codes.make(site.services.store, by, OF_SESSION)


def _add_picture(site: Site, by: Editor) -> object:
    return pictures.add(site.services.store, site.services.settings.media, a_png(), {"alt": "x"}, by)


def _reword(site: Site, by: Editor) -> None:
    with site.services.store.read() as db:
        (picture,) = pictures.latest(db, 1)
    rewording.reword(site.services.store, picture.id, {"alt": "y"}, by)


def _checking(site: Site) -> int:
    """The version since which the point of `harbour` is being checked."""
    with site.services.store.read() as db:
        return points.of_feed(db, feeds.get(db, "harbour"))[0].checking or 0


def _undo(site: Site, feed: str, editor: Editor) -> object:
    """Undoes the newest update of that editor there."""
    with site.services.store.read() as db:
        made = actions.of_feed(db, feeds.get(db, feed, drafts=True).id, 9)
    mine = next(each.update_id for each in made if each.verb == Verb.PUBLISH and each.by == editor.display_name)
    assert mine
    return undoing.undo(site.services.store, mine, editor, str(uuid.uuid4()), 10)


def _sign_in(site: Site, editor: Editor) -> str:
    key, visit = site.services.settings.secret_key, sessions.Visit("::1", "")
    begun = signing_in.by_link(site.services.store, key, editor, visit)
    assert isinstance(begun, signing_in.Begun)
    return begun.token


def _sign_out(site: Site, editor: Editor) -> None:
    token = _sign_in(site, editor)
    with site.services.store.read() as db:
        session, _ = sessions.signed_in(db, site.services.settings.secret_key, token)
    sessions.end(site.services.store, editor, session.hash)


def _recorded(verb: Verb) -> Deed:
    """What has no function that takes an actor: it is done at the command line, or before anybody is known."""
    return lambda site, by: site.services.store.write(actions.record, by, verb)


SCHEDULED = str(uuid.uuid4())


def _schedule(site: Site, by: Editor, feed: str = "harbour", scheduled_id: str = "") -> object:
    moment = times.after(24 * 3600)
    return scheduling.schedule(
        site.services.store, feed, by, {"body": "Later"}, moment, scheduled_id or str(uuid.uuid4())
    )


def _accept(site: Site, by: Editor) -> object:
    """Sets a password by a link that the command line made."""
    token = invitations.reset_password(site.services.store, by.name, 7, None)
    return invitations.accept(site.services.store, token, "", "another horse battery", "", Origin(Door.DESK))


def _revoke_link(site: Site, by: Editor) -> None:
    with site.services.store.read() as db:
        (link,) = invitations.open_links(db)
    invitations.revoke(site.services.store, link.hash, by)


def _read_draft(site: Site, by: Editor) -> object:
    with site.services.store.read() as db:
        return reading.update(db, 2, by)


# Each against the public article `harbour`, whose coverage holds update 1, or the draft `sketch`, which holds update 2.
# Updates 3 and 4 were retracted from them; a point of `harbour` rests on 1 and 3, and one update is scheduled there.
# Everybody has just published in the article `out`, which was a draft then.
DEEDS: dict[Verb, Deed] = {
    Verb.READ_DRAFT: _read_draft,
    Verb.WRITE_DRAFT: lambda site, by: drafts.save(site.services.store, str(uuid.uuid4()), by, STATE),
    Verb.SUBMIT: lambda site, by: submit(site, by, "harbour"),
    Verb.TAKE_BACK: lambda site, by: submitting.take_back(site.services.store, submit(site, by).id, by),
    Verb.RETURN: lambda site, by: reviewing.return_(site.services.store, 1, 1, {"note": "x"}, by),
    Verb.PUBLISH_SUBMISSION: lambda site, by: reviewing.publish(site.services.store, 1, 1, {"body": "x"}, None, by),
    Verb.SCHEDULE_SUBMISSION: lambda site, by: reviewing.schedule(
        site.services.store, 1, 1, {"body": "x"}, None, times.after(3600), by
    ),
    Verb.PUBLISH: lambda site, by: publishing.publish(site.services.store, "harbour", by, {"body": "x"}),
    Verb.EDIT: lambda site, by: publishing.edit(site.services.store, 1, by, {"body": "x"}, 1),
    Verb.MINOR_EDIT: lambda site, by: publishing.edit(site.services.store, 1, by, {"body": "x", "minor": True}, 1),
    Verb.MARK: lambda site, by: publishing.edit(site.services.store, 1, by, {"key": True}, None),
    Verb.RETRACT: lambda site, by: retracting.retract(site.services.store, 1, {}, by),
    Verb.RESTORE_UPDATE: lambda site, by: retracting.restore(site.services.store, 3, by),
    Verb.ERASE: lambda site, by: erasing.erase(site.services.store, 3, "The law", by),
    Verb.UNDO: lambda site, by: _undo(site, "out", by),
    Verb.EDIT_POINT: lambda site, by: pointing.edit(
        site.services.store, "harbour", 1, {"text": "x", "updates": [1]}, 1, None, by
    ),
    Verb.CONFIRM_POINT: lambda site, by: pointing.confirm(site.services.store, "harbour", 1, _checking(site), by),
    Verb.SCHEDULE: lambda site, by: _schedule(site, by),
    Verb.CANCEL: lambda site, by: scheduling.cancel(site.services.store, SCHEDULED, by, 1),
    Verb.FAIL: _recorded(Verb.FAIL),
    Verb.OPEN: lambda site, by: coverage.reopen(site.services.store, "ended", by),
    Verb.CLOSE: lambda site, by: coverage.close(site.services.store, "harbour", by),
    Verb.OPEN_NEWS: lambda site, by: coverage.reopen(site.services.store, "news", by),
    Verb.CLOSE_NEWS: lambda site, by: coverage.close(site.services.store, "news", by),
    Verb.CREATE_ARTICLE: lambda site, by: writing.create(site.services.store, by, {"headline": "x"}),
    Verb.EDIT_ARTICLE: lambda site, by: writing.edit(site.services.store, "harbour", by, {"headline": "x"}),
    Verb.EXPORT: lambda site, by: exporting.record(site.services.store, "harbour", by),
    Verb.IMPORT: lambda site, by: importing.put(site.services.store, "harbour", "x", [AN_ENTRY], by),
    Verb.ADD_PICTURE: _add_picture,
    Verb.EDIT_PICTURE: lambda site, by: _reword(site, by),
    Verb.CHANGE_PROFILE: lambda site, by: editors.change_profile(site.services.store, by.id, {"job": "x"}, by),
    Verb.CHANGE_PASSWORD: _own_password,
    Verb.ADD_SECOND_FACTOR: _add_factor,
    Verb.REMOVE_SECOND_FACTOR: _remove_factor,
    Verb.MAKE_RECOVERY_CODES: _make_codes,
    Verb.RESET_SECOND_FACTOR: _reset_factor,
    Verb.ADD_PERSON: lambda site, by: editors.add(site.services.store, "eve", PASSWORD, "editor", actor=by),
    Verb.INVITE: lambda site, by: invitations.invite(site.services.store, "eve", "editor", None, 7, by),
    Verb.REVOKE_INVITATION: _revoke_link,
    Verb.ACCEPT_INVITATION: _accept,
    Verb.CHANGE_ROLE: lambda site, by: people.change_role(site.services.store, "bob", "contributor", by),
    Verb.RESET_PASSWORD: lambda site, by: invitations.reset_password(site.services.store, "bob", 7, by),
    Verb.DISABLE: lambda site, by: people.disable(site.services.store, "bob", by),
    Verb.ENABLE: lambda site, by: people.enable(site.services.store, "bob", by),
    Verb.SET_PASSWORD: lambda site, by: people.set_password(site.services.store, "bob", "another horse battery", by),
    Verb.ADD_TOKEN: _add_token,
    Verb.SIGN_IN: lambda site, by: _sign_in(site, by),
    Verb.SIGN_OUT: lambda site, by: _sign_out(site, by),
    Verb.REFUSE_SIGN_IN: _recorded(Verb.REFUSE_SIGN_IN),
    Verb.READ_LOG: _recorded(Verb.READ_LOG),
    Verb.REPAIR: _recorded(Verb.REPAIR),
    Verb.RERENDER: _recorded(Verb.RERENDER),
    Verb.ADOPT: _recorded(Verb.ADOPT),
    Verb.RESTORE: _recorded(Verb.RESTORE),
    Verb.REVOKE_TOKEN: lambda site, by: tokens.revoke(site.services.store, "bob", actor=by),
}

# The same to a draft, which stays one.
IN_DRAFTS: dict[str, Deed] = {
    "edit": lambda site, by: publishing.edit(site.services.store, 2, by, {"body": "x"}, 1),
    "mark": lambda site, by: publishing.edit(site.services.store, 2, by, {"pinned": True}, None),
    "retract": lambda site, by: retracting.retract(site.services.store, 2, {}, by),
    "restore": lambda site, by: retracting.restore(site.services.store, 4, by),
    "undo": lambda site, by: _undo(site, "sketch", by),
    "add point": lambda site, by: pointing.add(site.services.store, "sketch", {"text": "x", "updates": [2]}, by),
    "close": lambda site, by: coverage.close(site.services.store, "sketch", by),
    "schedule": lambda site, by: _schedule(site, by, "sketch"),
    "create": lambda site, by: writing.create(site.services.store, by, {"headline": "x", "draft": True, "live": True}),
    "edit article": lambda site, by: writing.edit(site.services.store, "sketch", by, {"headline": "x", "live": False}),
    "move": lambda site, by: writing.edit(site.services.store, "sketch", by, {"slug": "drawing"}),
}
# What makes something of a draft public, or a draft of what is public.
ACROSS: dict[str, Deed] = {
    "come out": lambda site, by: writing.edit(site.services.store, "sketch", by, {"draft": False}),
    "come out live": lambda site, by: writing.edit(site.services.store, "sketch", by, {"draft": False, "live": False}),
    "take back": lambda site, by: writing.edit(site.services.store, "harbour", by, {"draft": True}),
    "come out later": lambda site, by: writing.edit(
        site.services.store, "sketch", by, {}, timing=Timing(None, times.after(24 * 3600))
    ),
    "give a coverage": lambda site, by: writing.edit(site.services.store, "plain", by, {"live": True}),
}


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder of a site with something to do it to, and each one's token. Tests copy it: the picture and the
    password take most of the time."""
    folder = tmp_path_factory.mktemp("cast")
    with site_in(folder) as site:
        site.write_article("harbour", live=True)
        site.write_article("sketch", live=True, draft=True)
        site.write_article("plain")
        site.write_article("ended", live=True)
        coverage.close(site.services.store, "ended", None)
        _add_picture(site, site.bob)
        site.publish("In public", feed="harbour")
        site.publish("In a draft", feed="sketch")
        for feed in ("harbour", "sketch"):
            wrong = site.publish("Wrong", feed=feed)
            if feed == "harbour":
                pointing.add(site.services.store, feed, {"text": "Known", "updates": [1, wrong.id]}, None)
            site.retract(wrong)
        _schedule(site, site.bob, scheduled_id=SCHEDULED)
        carol = editors.add(site.services.store, "carol", PASSWORD, "contributor", actor=None)
        site.tokens["carol"] = tokens.add(site.services.store, "carol", "test", actor=None)
        site.write_article("out", live=True, draft=True)
        for each in (carol, site.bob, site.alice):
            for feed in ("out", "sketch"):
                publishing.publish(site.services.store, feed, each, {"body": "Just now"})
        writing.edit(site.services.store, "out", site.alice, {"draft": False})
        submit(site, carol)
        return folder, site.tokens


@pytest.fixture
def site(tmp_path: Path, cast: tuple[Path, dict[str, str]]) -> Iterator[Site]:
    """That site."""
    folder, made = cast
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with application_in(tmp_path) as app:
        services = app.extensions["liveline"]
        with services.store.read() as db:
            alice, bob = (tokens.editor_of(db, made[name]) for name in ("alice", "bob"))
        yield Site(app, services, alice, bob, dict(made))


@pytest.fixture
def people_of(site: Site) -> dict[str, Editor]:
    """One of each role, who have just published."""
    with site.services.store.read() as db:
        carol = tokens.editor_of(db, site.tokens["carol"])
    site.services.store.write(
        lambda db: db.execute("UPDATE actions SET at = ? WHERE verb = ?", [times.now(), Verb.PUBLISH.value])
    )
    return {"contributor": carol, "editor": site.bob, "admin": site.alice}


def _does(site: Site, deed: Deed, by: Editor) -> bool:
    """Whether it is done. What is refused leaves nothing behind."""
    before = _all(site)
    try:
        deed(site, by)
    except NotAllowed:
        assert _all(site) == before
        return False
    return True


def _all(site: Site) -> list[list[tuple[object, ...]]]:
    tables = (
        "updates",
        "revisions",
        "articles",
        "feeds",
        "editors",
        "tokens",
        "pictures",
        "addresses",
        "actions",
        "scheduled",
        "one_time_links",
        "points",
        "point_updates",
        "point_boxes",
        "submissions",
    )
    with site.services.store.read() as db:
        return [[tuple(row) for row in db.execute(f"SELECT * FROM {each}").fetchall()] for each in tables]


def test_every_verb_has_a_deed_here() -> None:
    assert set(DEEDS) == set(Verb)
    assert ROLES == ("contributor", "editor", "admin")
    for lower, higher in pairwise(ROLES):
        assert {verb for verb in Verb if lower in MAY[verb]} <= {verb for verb in Verb if higher in MAY[verb]}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", Verb)
def test_a_role_may_do_what_the_table_says_and_nothing_else(
    site: Site, people_of: dict[str, Editor], verb: Verb, role: str
) -> None:
    if verb is Verb.REVOKE_INVITATION:
        invitations.invite(site.services.store, "eve", "editor", None, 7, None)
    if verb is Verb.OPEN_NEWS:
        coverage.close(site.services.store, "news", None)
    assert _does(site, DEEDS[verb], people_of[role]) == (role in MAY[verb])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("deed", IN_DRAFTS.values(), ids=IN_DRAFTS)
def test_everybody_writes_in_drafts(site: Site, people_of: dict[str, Editor], deed: Deed, role: str) -> None:
    assert _does(site, deed, people_of[role])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("deed", ACROSS.values(), ids=ACROSS)
def test_publishing_is_for_editors(site: Site, people_of: dict[str, Editor], deed: Deed, role: str) -> None:
    assert _does(site, deed, people_of[role]) == (role != "contributor")


@pytest.mark.parametrize("verb", SCOPES)
def test_a_token_with_scopes_may_do_what_its_scope_says_and_nothing_else(
    site: Site, people_of: dict[str, Editor], verb: Verb
) -> None:
    def admin_with(*scopes: str) -> Editor:
        token = tokens.add(site.services.store, "alice", "limited", actor=None, scopes=scopes)
        with site.services.store.read() as db:
            return tokens.editor_of(db, token)

    needed = SCOPES[verb]
    others = admin_with(*(each for each in Scope if each != needed))
    assert not _does(site, DEEDS[verb], others), "the admin's role does not widen it"
    if verb is Verb.UNDO:  # is the publisher's
        publishing.publish(site.services.store, "out", people_of["admin"], {"body": "Just now"})
    assert _does(site, DEEDS[verb], admin_with(needed))


def test_what_is_in_no_scope_is_done_at_the_desk(site: Site) -> None:
    token = tokens.add(site.services.store, "alice", "limited", actor=None, scopes=list(Scope))
    with site.services.store.read() as db:
        alice = tokens.editor_of(db, token)
        for verb in set(Verb) - set(SCOPES):
            with pytest.raises(NotAllowed, match="Do it at the desk"):
                permissions.permit(db, alice, verb)


PUBLIC_BY_DESK = {
    "feeds/harbour/updates": {"body": "x"},
    "feeds/news/updates": {"body": "x"},
    "updates/1": {"headline": "", "body": "x", "revision": "1"},
    "updates/1/marks": {"key": "1"},
    "updates/1/retraction": {"reason": "x"},
    "feeds/harbour/coverage": {"open": "0"},
    "feeds/harbour/points": {"text": "x", "updates": "1"},
    "feeds/harbour/points/1": {"text": "x", "updates": "1", "revision": "1"},
    "feeds/harbour/points/1/removal": {"revision": "1"},
    "feeds/harbour/points/1/place": {},
    "feeds/harbour/points/1/confirmation": {},
    "feeds/news/coverage": {"open": "0"},
    "feeds/harbour/exports": {"format": "json"},
    "feeds/harbour/scheduled": {"body": "x", "publish_date": "2027-12-01", "publish_time": "12:00"},
    f"scheduled/{SCHEDULED}": {"body": "x", "revision": "1", "publish_date": "2027-12-01", "publish_time": "12:00"},
    f"scheduled/{SCHEDULED}/publication": {"revision": "1"},
    f"scheduled/{SCHEDULED}/cancellation": {"revision": "1"},
    "articles": {"headline": "x"},
    "articles/harbour": {"headline": "x", "revision": "1", "live": "1"},
    "articles/sketch": {"headline": "x", "revision": "1", "live": "1"},  # no tick at "draft": it would come out
}
PUBLIC_BY_API = [
    ("POST", "feeds/harbour/updates", {"body": "x"}),
    ("PATCH", "updates/1", {"body": "x", "revision": 1}),
    ("PATCH", "updates/1", {"pinned": True, "revision": 1}),
    ("DELETE", "updates/1", None),
    ("POST", "articles", {"headline": "x"}),
    ("PATCH", "articles/harbour", {"headline": "x"}),
    ("PATCH", "articles/harbour", {"live": False}),
    ("PATCH", "articles/sketch", {"draft": False}),
]


@pytest.mark.usefixtures("people_of")
def test_the_desk_refuses_a_contributor_in_words(site: Site) -> None:
    carol, before = site.at_desk("carol"), site.versions()
    for path, form in PUBLIC_BY_DESK.items():
        answer = carol.post(f"/desk/{path}", data=form, headers=FROM_HERE)
        assert answer.status_code == 403, path
        assert "Only editors can" in answer.text or "Only an admin" in answer.text, path
    assert site.versions() == before
    public, draft = carol.get("/desk/feeds/harbour").text, carol.get("/desk/feeds/sketch").text
    assert "Later" not in public
    for tool in ('class="primary">Publish<', 'class="marks"', 'class="retract"', "Close coverage"):
        assert tool not in public
        assert tool in draft
    assert 'class="primary submit-text"' in public
    assert 'class="composer"' in draft
    assert "update-tools" in draft
    assert carol.post("/desk/feeds/sketch/updates", data={"body": "x"}, headers=FROM_HERE).status_code == 303
    form = {"headline": "Drawn anew", "revision": "1", "live": "1", "draft": "1"}
    assert carol.post("/desk/articles/sketch", data=form, headers=FROM_HERE).status_code == 303


@pytest.mark.usefixtures("people_of")
def test_the_api_refuses_a_contributor_in_words(site: Site) -> None:
    before = site.versions()
    for method, path, body in PUBLIC_BY_API:
        answer = site.api(method, f"/api/v1/{path}", body, who="carol")
        assert answer.status_code == 403, path
        assert answer.mimetype == "application/problem+json"
        assert "Only editors can" in answer.json["detail"]
    assert site.versions() == before
    assert site.api("POST", "/api/v1/feeds/sketch/updates", {"body": "x"}, who="carol").status_code == 201


def test_a_contributor_comes_by_command_and_stays_one_after_a_restore(site: Site, people_of: dict[str, Editor]) -> None:
    done = site.app.test_cli_runner().invoke(args=["editor", "add", "dan", "--role", "contributor"], input=PASSWORD)
    assert done.exit_code == 0, done.output
    assert "added dan (contributor)" in done.output
    with site.services.store.read() as db:
        assert editors.by_name(db, "dan").role == "contributor"
        access = editors.access(db)
    site.services.store.write(lambda db: db.execute("UPDATE editors SET role = 'editor'"))
    site.services.store.write(editors.restore_access, access)
    with site.services.store.read() as db:
        assert editors.by_name(db, "carol").role == people_of["contributor"].role == "contributor"
