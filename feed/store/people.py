"""People at the desk: who may sign in, with which password and role, and what ends when that changes.

An editor is never deleted: what they wrote stays under their name. Disabling an editor ends all sessions and tokens in
the same transaction. Enabling gives back the right to sign in, and none of these.
"""

from dataclasses import dataclass

from sqlite_utils import Database

from feed import times
from feed.errors import Invalid, Message, Reason
from feed.store import actions, editors, invitations, permissions, second_factor, sessions, signing_in
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.editors import NO_PASSWORD, Editor
from feed.store.hashes import hash_password
from feed.store.verbs import Verb

SIGNS_IN, INVITED, DISABLED = Message("signs in"), Message("invited"), Message("disabled")
BYLINE_ONLY = Message("byline only")


@dataclass(frozen=True)
class Person:
    """An editor as an admin sees them. `signs_in` is whether they have a password and are not disabled, `invited`
    whether a link to set one is open; `sessions` and `tokens` are how many are valid now. `last_seen` is when
    they last signed in, or when a session that is not signed out was last used (see sessions.note_use); None for
    somebody who has not been here for half a year. `second_factor` is whether they have one."""

    editor: Editor
    signs_in: bool
    invited: bool
    sessions: int
    tokens: int
    last_seen: str | None
    second_factor: bool

    @property
    def state(self) -> Message:
        """Whether they sign in, in words to translate."""
        if self.editor.disabled_at:
            return DISABLED
        return SIGNS_IN if self.signs_in else INVITED if self.invited else BYLINE_ONLY


@dataclass(frozen=True)
class Ended:
    """How many sessions and tokens a change ended."""

    sessions: int
    tokens: int = 0


def everyone(db: Database) -> list[Person]:
    """All editors, with how many sessions and tokens of theirs are valid."""
    rows = db.execute(
        "SELECT id, password_hash <> :none AND disabled_at IS NULL AS signs_in, "
        "(SELECT count(*) FROM sessions WHERE editor_id = editors.id AND expires_at > :now) AS sessions, "
        "(SELECT count(*) FROM tokens WHERE editor_id = editors.id AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > :now)) AS tokens, "
        "(SELECT max(at) FROM (SELECT at FROM known_networks WHERE editor_id = editors.id "
        "UNION ALL SELECT used_at FROM sessions WHERE editor_id = editors.id)) AS last_seen FROM editors ORDER BY name",
        {"none": NO_PASSWORD, "now": times.now()},
    ).fetchall()
    invited = {link.editor_id for link in invitations.open_links(db)}
    return [
        Person(
            editors.by_id(db, row["id"]),
            bool(row["signs_in"]),
            row["id"] in invited,
            row["sessions"],
            row["tokens"],
            row["last_seen"],
            second_factor.of_editor(db, row["id"]).any,
        )
        for row in rows
    ]


def disable(store: Store, name: str, actor: Actor | None) -> Ended:
    """Disables that editor at once: sessions and tokens end. Raises Missing, NotAllowed, and Invalid when nobody would
    be left to run the site."""
    return store.write(_disable, name, actor)


def enable(store: Store, name: str, actor: Actor | None) -> Editor:
    """Lets that editor sign in again, with the same password as before. Raises Missing, NotAllowed."""
    return store.write(_enable, name, actor)


def change_role(store: Store, name: str, role: str, actor: Actor | None) -> Editor:
    """Gives that editor another role, which counts from the next request on. Raises Missing, NotAllowed, and Invalid
    for an unknown role, or when no admin would be left."""
    return store.write(_change_role, name, role, actor)


def set_password(store: Store, name: str, password: str, actor: Actor | None) -> Ended:
    """Gives that editor another password and ends all their sessions. Tokens stay valid, because programs hold them.
    Raises Missing, Invalid, NotAllowed."""
    with store.read() as db:
        editor = editors.by_name(db, name)
        permissions.permit(db, actor, Verb.SET_PASSWORD)
    new = hash_password(store, password, editor.name, editor.display_name)
    return store.write(_set_password, editor, new, Verb.SET_PASSWORD, actor, "")


def change_own_password(
    store: Store, secret_key: bytes, editor: Editor, current: str, password: str, session_hash: str, address: str
) -> Ended:
    """Changes the password of an editor who knows the current one. All their sessions end but this one. Raises Invalid,
    and Throttled after too many tries."""
    if not signing_in.prove(store, secret_key, editor, current, address):
        raise Invalid(Reason("current", Message("This is not your password.")))
    new = hash_password(store, password, editor.name, editor.display_name)
    return store.write(_set_password, editor, new, Verb.CHANGE_PASSWORD, editor, session_hash)


def _disable(db: Database, name: str, actor: Actor | None) -> Ended:
    editor = editors.by_name(db, name)
    permissions.permit(db, actor, Verb.DISABLE)
    editors.check_not_last(db, editor)
    now = times.now()
    db.execute("UPDATE editors SET disabled_at = coalesce(disabled_at, ?) WHERE id = ?", [now, editor.id])
    ended = sessions.end_others_in(db, editor.id, "")
    tokens = db.execute(
        "UPDATE tokens SET revoked_at = ? WHERE editor_id = ? AND revoked_at IS NULL", [now, editor.id]
    ).rowcount
    actions.record(db, actor, Verb.DISABLE, editor.name)
    return Ended(ended, tokens)


def _enable(db: Database, name: str, actor: Actor | None) -> Editor:
    editor = editors.by_name(db, name)
    db.execute("UPDATE editors SET disabled_at = NULL WHERE id = ?", [editor.id])
    actions.record(db, actor, Verb.ENABLE, editor.name)
    return editors.by_name(db, name)


def _change_role(db: Database, name: str, role: str, actor: Actor | None) -> Editor:
    editor = editors.by_name(db, name)
    permissions.permit(db, actor, Verb.CHANGE_ROLE)
    editors.check_role(role)
    if role == editor.role:
        return editor
    if editor.role == "admin":
        editors.check_not_last(db, editor)
    db.execute("UPDATE editors SET role = ? WHERE id = ?", [role, editor.id])
    before, after = {"role": editor.role}, {"role": role}
    actions.record(db, actor, Verb.CHANGE_ROLE, editor.name, detail=role, before=before, after=after)
    return editors.by_name(db, name)


def _set_password(
    db: Database, editor: Editor, password_hash: str, verb: Verb, actor: Actor | None, kept_session: str
) -> Ended:
    db.execute("UPDATE editors SET password_hash = ? WHERE id = ?", [password_hash, editor.id])
    ended = sessions.end_others_in(db, editor.id, kept_session)
    actions.record(db, actor, verb, editor.name)
    return Ended(ended)
