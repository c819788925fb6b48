"""One-time links: the one that makes the first editor, those that invite somebody, and those that replace a password.

A link works once, for a time that is named. It ends when it is revoked, when whoever made it may not do so any more,
and when somebody else has the name or the password by then. The database has only its hash.
"""

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from feed import times
from feed.errors import Invalid, LinkOver, Message, Missing, Reason
from feed.store import actions, editors, permissions, sessions
from feed.store.actors import Actor, Origin
from feed.store.database import Store, insert
from feed.store.editors import NO_PASSWORD, Editor
from feed.store.feeds import Row
from feed.store.hashes import hash_password, hashed
from feed.store.verbs import Verb

FIRST_SECONDS = 24 * 3600  # enough time to set a site up
DAYS = 7  # enough for somebody who reads mail once a week
MOST_DAYS = 30
KEPT_SECONDS = 90 * 24 * 3600  # how long a link that is over says so, before it is unknown

_SELECT = """
    SELECT link.*, maker.display_name AS by, maker.role AS maker_role, maker.disabled_at AS maker_disabled_at,
        person.id AS person_id, person.disabled_at, person.password_hash
    FROM one_time_links AS link
    LEFT JOIN editors AS maker ON maker.id = made_by LEFT JOIN editors AS person ON person.name = link.name
"""
_OVER = {
    "used": Message("This link was used already. Sign in with your name and password."),
    "revoked": Message("This link does not work any more. Ask for another."),
    "old": Message("This link is too old. Ask for another."),
}


class State(StrEnum):
    """What has become of a link."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    OLD = "old"


@dataclass(frozen=True)
class Invitation:
    """A one-time link. `hash` names it, and does not tell the link. `name` is None for the first editor's, who chooses
    one; `editor_id` is that of the editor whose password it replaces, None for somebody new; `by` is the display name
    of who made it, None for the command line."""

    hash: str
    name: str | None
    display_name: str | None
    role: str
    editor_id: int | None
    by: str | None
    expires_at: str
    state: State


def invite_first(store: Store) -> str | None:
    """The secret of a new link for the first editor, which ends those before; None if somebody can sign in already."""
    token = _new_token()
    return token if store.write(_invite_first, hashed(token)) else None


def invite(store: Store, name: str, role: str, display_name: str | None, days: int, actor: Actor | None) -> str:
    """The secret of a new link, with which somebody with that name becomes an editor; it ends an earlier one for that
    name. Raises Invalid, also when the name is taken, and NotAllowed."""
    row = editors.new_row(name, role, display_name)
    person = {each: row[each] for each in ("name", "role", "display_name")}
    token, expires_at = _new_token(), _after(days)
    store.write(_invite, {**person, "hash": hashed(token), "expires_at": expires_at}, actor)
    return token


def reset_password(store: Store, name: str, days: int, actor: Actor | None) -> str:
    """The secret of a new link, with which that editor sets a password. The old one and all sessions end at once, and
    tokens stay, because programs hold them. Raises Missing, NotAllowed, and Invalid for an editor who is disabled, or
    if nobody would be left to run the site."""
    token, expires_at = _new_token(), _after(days)
    store.write(_reset, name, {"hash": hashed(token), "expires_at": expires_at}, actor)
    return token


def revoke(store: Store, digest: str, actor: Actor | None) -> None:
    """Ends the open link with that hash. Raises Missing when there is none, and NotAllowed."""
    store.write(_revoke, digest, actor)


def open_links(db: Database) -> list[Invitation]:
    """The links that work, the first to end first; without that of the first editor."""
    rows = db.execute(f"{_SELECT} WHERE link.name IS NOT NULL ORDER BY expires_at").fetchall()
    return [link for row in rows if (link := _invitation(db, row)).state == State.OPEN]


def get(db: Database, token: str) -> Invitation:
    """The open link with that secret. Raises Missing when there was never one, and LinkOver."""
    return _get_open(db, hashed(token))


def accept(store: Store, token: str, name: str, password: str, display_name: str, origin: Origin) -> Editor:
    """Uses the link: adds the editor, or gives the editor that password. `name` counts for the first editor, and
    `display_name` for somebody new. `origin` is from where they come. Raises Missing, LinkOver, Invalid."""
    with store.read() as db:
        link = get(db, token)  # before the password is hashed, which costs 25 ms: no stranger may order that
        known = editors.by_id(db, link.editor_id) if link.editor_id else None
    if known:
        names: dict[str, Any] = {"name": known.name, "display_name": known.display_name}
    else:
        names = editors.new_row(link.name or name, link.role, display_name or link.display_name)
    digest = hash_password(store, password, names["name"], names["display_name"])
    return store.write(_accept, link.hash, names, digest, origin)


def _invite_first(db: Database, digest: str) -> bool:
    db.execute("DELETE FROM one_time_links WHERE name IS NULL")  # only the latest link works
    if editors.can_anybody_sign_in(db):
        return False
    insert(db, "one_time_links", {"hash": digest, "role": "admin", "expires_at": times.after(FIRST_SECONDS)})
    return True


def _invite(db: Database, row: dict[str, Any], actor: Actor | None) -> None:
    permissions.permit(db, actor, Verb.INVITE)
    editors.check_free(db, row["name"])
    _put(db, row, actor)
    actions.record(db, actor, Verb.INVITE, row["name"], detail=row["role"])


def _reset(db: Database, name: str, row: dict[str, Any], actor: Actor | None) -> None:
    editor = editors.by_name(db, name)
    permissions.permit(db, actor, Verb.RESET_PASSWORD)
    editors.check_enabled(editor)
    if actor is not None:  # the command line can always make another link
        editors.check_not_last(db, editor)
    db.execute("UPDATE editors SET password_hash = ? WHERE id = ?", [NO_PASSWORD, editor.id])
    sessions.end_others_in(db, editor.id, "")
    person = {"name": editor.name, "display_name": editor.display_name, "role": editor.role, "editor_id": editor.id}
    _put(db, {**row, **person}, actor)
    actions.record(db, actor, Verb.RESET_PASSWORD, editor.name)


def _put(db: Database, row: dict[str, Any], actor: Actor | None) -> None:
    db.execute("DELETE FROM one_time_links WHERE expires_at < ?", [times.after(-KEPT_SECONDS)])
    db.execute(
        "UPDATE one_time_links SET revoked_at = ? WHERE name = ? AND used_at IS NULL AND revoked_at IS NULL",
        [times.now(), row["name"]],
    )
    insert(db, "one_time_links", {**row, "made_by": actor and actor.id})


def _revoke(db: Database, digest: str, actor: Actor | None) -> None:
    permissions.permit(db, actor, Verb.REVOKE_INVITATION)
    link = _get_open(db, digest)
    db.execute("UPDATE one_time_links SET revoked_at = ? WHERE hash = ?", [times.now(), digest])
    actions.record(db, actor, Verb.REVOKE_INVITATION, link.name)


def _accept(db: Database, digest: str, names: dict[str, Any], password_hash: str, origin: Origin) -> Editor:
    link = _get_open(db, digest)  # again: somebody else may have used it meanwhile
    db.execute("UPDATE one_time_links SET used_at = ? WHERE hash = ?", [times.now(), digest])
    if link.editor_id is None:
        editor = editors.insert_row(db, names, password_hash)
    else:
        db.execute("UPDATE editors SET password_hash = ? WHERE id = ?", [password_hash, link.editor_id])
        editor = editors.by_id(db, link.editor_id)
    shown = {"role": editor.role, "display_name": editor.display_name}
    who = replace(editor, origin=origin)
    actions.record(db, who, Verb.ACCEPT_INVITATION, editor.name, detail=editor.role, after=shown)
    return editor


def _get_open(db: Database, digest: str) -> Invitation:
    row = db.execute(f"{_SELECT} WHERE hash = ?", [digest]).fetchone()
    if row is None:
        raise Missing("invitation")
    link = _invitation(db, row)
    if link.state != State.OPEN:
        raise LinkOver(_OVER[link.state])
    return link


def _invitation(db: Database, row: Row) -> Invitation:
    shown = ("hash", "name", "display_name", "role", "editor_id", "by", "expires_at")
    return Invitation(**{each: row[each] for each in shown}, state=_state(db, row))


def _state(db: Database, row: Row) -> State:
    if row["used_at"] or (row["name"] is None and editors.can_anybody_sign_in(db)):
        return State.USED
    made_to = Verb.RESET_PASSWORD if row["editor_id"] else Verb.INVITE
    maker_may = row["made_by"] is None or (not row["maker_disabled_at"] and permissions.may(row["maker_role"], made_to))
    person_waits = row["person_id"] == row["editor_id"] and not row["disabled_at"] and not row["password_hash"]
    if row["revoked_at"] or not maker_may or not person_waits:
        return State.REVOKED
    return State.OPEN if row["expires_at"] > times.now() else State.OLD


def _after(days: int) -> str:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(Reason("days", Message("Choose 1 to {most} days.", most=MOST_DAYS)))
    return times.after(days * 24 * 3600)


def _new_token() -> str:
    return secrets.token_urlsafe(24)
