"""Editors: who writes, under which name, and the one-time link that makes the first of them."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlite_utils import Database

from feed import fields, passwords, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.store import actions, feeds, pictures
from feed.store.actions import ROLES, Actor, Verb
from feed.store.database import Store, insert
from feed.store.feeds import Row
from feed.store.hashes import hashed

NO_PASSWORD = ""  # stored instead of a hash; no password matches it
INVITATION_SECONDS = 24 * 3600  # of the first editor's link: enough time to set a site up

# The OWASP minimum: 25 ms of a core; argon2's default takes 120 ms, which a burst of sign-ins turns into an outage.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _hash_of_nothing() -> str:
    """A hash that no known password matches, made of random bytes. To compute one would take 25 ms at each start."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (_hasher.salt_len, _hasher.hash_len)
    )
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


_NOBODY = _hash_of_nothing()  # checked for unknown names, so that they take as long as known ones

_COLUMNS = "id, name, display_name, role, job, bio, picture_id AS picture, disabled_at FROM editors"


@dataclass(frozen=True)
class Editor:
    """Someone who may write. `name` signs in, `display_name` is the byline, `job` is shown beside it. A disabled editor
    may not sign in, and stays the author of what they wrote."""

    id: int
    name: str
    display_name: str
    role: str
    job: str | None
    bio: str | None
    picture: str | None
    disabled_at: str | None = None


class Access(NamedTuple):
    """What a restore must not undo: a new password, another role, and whether somebody is disabled."""

    id: int
    name: str
    role: str
    password_hash: str
    disabled_at: str | None


def add(
    store: Store, name: str, password: str, role: str, display_name: str | None = None, *, actor: Actor | None
) -> Editor:
    """Adds an editor. Raises Invalid, also when the name is taken, and NotAllowed."""
    cleaned = _cleaned(name, role, display_name)
    return store.write(_add, cleaned, password_hash(store, password, cleaned), actor)


def add_byline(store: Store, name: str, given: Mapping[str, object], actor: Actor | None) -> Editor:
    """Adds an author who cannot sign in: a name, job, bio and picture to show. Raises Invalid, NotAllowed."""
    cleaned = fields.clean(fields.PROFILE, given)
    row = {**_cleaned(name, "editor", cleaned["display_name"]), "job": cleaned["job"]}
    return store.write(_add, {**row, "bio": cleaned["bio"], "picture_id": cleaned["picture"]}, NO_PASSWORD, actor)


def invite_first(store: Store) -> str | None:
    """The secret of a new one-time link that makes the first editor; None if somebody can sign in already."""
    token = secrets.token_urlsafe(24)
    return token if store.write(_invite, hashed(token)) else None


def add_first(store: Store, token: str, name: str, password: str, display_name: str) -> Editor:
    """Uses the one-time link to add an admin. Raises Missing when the link is used, old or unknown; Invalid."""
    with store.read() as db:
        check_invitation(db, token)  # before the password is hashed, which costs 25 ms: no stranger may order that
    cleaned = _cleaned(name, "admin", display_name)
    return store.write(_redeem, hashed(token), cleaned, password_hash(store, password, cleaned))


def check_invitation(db: Database, token: str) -> None:
    """Raises Missing unless the one-time link still works."""
    row = db.execute(
        "SELECT 1 FROM invitations WHERE hash = ? AND expires_at > ?", [hashed(token), times.now()]
    ).fetchone()
    if row is None or _anybody(db):
        raise Missing("invitation")


def access(db: Database) -> list[Access]:
    """The role, password hash and state of every editor."""
    return [
        Access(*row) for row in db.execute("SELECT id, name, role, password_hash, disabled_at FROM editors").fetchall()
    ]


def restore_access(db: Database, people: list[Access]) -> None:
    """Gives the editors of this older copy the role, password and state that they had in the newer one, in a
    transaction of the caller's."""
    for person in people:
        db.execute(
            "UPDATE editors SET role = ?, password_hash = ?, disabled_at = ? WHERE id = ? AND name = ?",
            [person.role, person.password_hash, person.disabled_at, person.id, person.name],
        )


def password_hash(store: Store, password: str, of: Mapping[str, Any]) -> str:
    """The hash to store for that password of an editor with this `name` and `display_name`. Takes 25 ms of a core, on a
    thread of its own. Raises Invalid for a password that is easy to guess."""
    return store.passwords.run(_checked_hash, password, of["name"], of["display_name"])


def authenticate(store: Store, name: str, password: str) -> Editor | None:
    """The editor of that name, if the password is right and they may sign in; otherwise None. Every case takes equally
    long."""
    with store.read() as db:
        row = db.execute("SELECT password_hash FROM editors WHERE name = ? AND disabled_at IS NULL", [name]).fetchone()
    if not store.passwords.run(_verify, (row and row["password_hash"]) or _NOBODY, password):
        return None
    with store.read() as db:
        return by_name(db, name)


def by_name(db: Database, name: str) -> Editor:
    """The editor who signs in with that name. Raises Missing."""
    return _one(db, "WHERE name = ?", name)


def by_id(db: Database, editor_id: int) -> Editor:
    """The editor with that id. Raises Missing."""
    return _one(db, "WHERE id = ?", editor_id)


def everyone(db: Database) -> list[Editor]:
    """All editors by name, also those who may not sign in."""
    return [_editor(row) for row in db.execute(f"SELECT {_COLUMNS} ORDER BY display_name, id")]


def change_profile(store: Store, editor_id: int, given: Mapping[str, object], actor: Actor | None) -> Editor:
    """Changes what readers see of an editor. Published updates keep the name that they were published under. Raises
    Missing, Invalid, NotAllowed."""
    cleaned = fields.clean(fields.PROFILE, given, partial=True)
    if "picture" in cleaned:
        cleaned["picture_id"] = cleaned.pop("picture")
    return store.write(_change_profile, editor_id, cleaned, actor)


def _checked_hash(password: str, *names: str) -> str:
    return _hasher.hash(passwords.check(password, *names))


def _cleaned(name: str, role: str, display_name: str | None) -> dict[str, Any]:
    try:
        name = fields.LOGIN.clean(name) or ""
    except ValueError as error:
        raise Invalid(Reason("name", error.args[0])) from None
    if role not in ROLES:
        raise Invalid(Reason("role", f"Use one of {', '.join(ROLES)}."))
    profile = fields.clean(fields.PROFILE, {"display_name": display_name or name.replace(".", " ").title()})
    return {"name": name, "role": role, "display_name": profile["display_name"], "created_at": times.now()}


def _add(db: Database, cleaned: dict[str, Any], password_hash: str, actor: Actor | None) -> Editor:
    if db.execute("SELECT 1 FROM editors WHERE name = ?", [cleaned["name"]]).fetchone():
        raise Invalid(Reason("name", Message("An editor of this name exists; choose another.")))
    insert(db, "editors", {**cleaned, "password_hash": password_hash})
    actions.record(db, actor, Verb.ADD_PERSON, cleaned["name"], detail=cleaned["role"])
    return by_name(db, cleaned["name"])


def _invite(db: Database, digest: str) -> bool:
    db.execute("DELETE FROM invitations")  # only the latest link works
    if _anybody(db):
        return False
    insert(db, "invitations", {"hash": digest, "expires_at": times.after(INVITATION_SECONDS)})
    return True


def _redeem(db: Database, digest: str, cleaned: dict[str, Any], password_hash: str) -> Editor:
    used = db.execute("DELETE FROM invitations WHERE hash = ? AND expires_at > ?", [digest, times.now()]).rowcount
    if not used or _anybody(db):
        raise Missing("invitation")
    return _add(db, cleaned, password_hash, None)  # no actor: the link was printed on the command line


def _anybody(db: Database) -> bool:
    """Whether any editor has a password."""
    return db.execute("SELECT 1 FROM editors WHERE password_hash <> ?", [NO_PASSWORD]).fetchone() is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _change_profile(db: Database, editor_id: int, cleaned: dict[str, Any], actor: Actor | None) -> Editor:
    pictures.check(db, cleaned.get("picture_id"))
    before = by_id(db, editor_id)
    if cleaned:
        db.table("editors").update(editor_id, cleaned)
    after = by_id(db, editor_id)
    if after != before:
        actions.record(db, actor, Verb.CHANGE_PROFILE, after.name)
        _tell_followers(db, editor_id)
    return after


def _tell_followers(db: Database, editor_id: int) -> None:
    """Sends the new profile to open pages of this author's articles."""
    signed = "SELECT id FROM articles WHERE NOT draft AND author_id = ?"
    for (article_id,) in db.execute(signed, [editor_id]).fetchall():
        feeds.stamp_story(db, feeds.clock_of(db, article_id), ("byline", "author"))


def _one(db: Database, where: str, value: object) -> Editor:
    row = db.execute(f"SELECT {_COLUMNS} {where}", [value]).fetchone()
    if row is None:
        raise Missing(value)
    return _editor(row)


def _editor(row: Row) -> Editor:
    return Editor(**dict(row))
