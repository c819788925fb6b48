"""Editors: who writes, under which name, and the one-time link that makes the first of them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Missing, Reason, Sentence
from feed.store import feeds, pictures
from feed.store.database import Store
from feed.store.feeds import Row
from feed.store.hashes import hashed

ROLES = ("editor", "admin")
NO_PASSWORD = ""  # in the place of a hash: fits no password
INVITATION_SECONDS = 24 * 3600  # the first editor's link: as long as somebody sets a site up

# The OWASP minimum: 25 ms of a core; argon2's default takes 120 ms, which a burst of sign-ins turns into an outage.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _hasher.hash(secrets.token_hex(16))  # what an unknown name is checked against, so that it takes as long

_COLUMNS = "id, name, display_name, role, job, bio, picture_id AS picture FROM editors"


@dataclass(frozen=True)
class Editor:
    """Someone who may write. `name` signs in, `display_name` is the byline, `job` what readers see beside it."""

    id: int
    name: str
    display_name: str
    role: str
    job: str | None
    bio: str | None
    picture: str | None


class Standing(NamedTuple):
    """What a restore must not take back: a new password, or another role."""

    id: int
    name: str
    role: str
    password_hash: str


def add(store: Store, name: str, password: str, role: str, display_name: str | None = None) -> Editor:
    """A new editor. Raises Invalid, also when the name is taken."""
    cleaned = _cleaned(name, password, role, display_name)
    return store.write(_add, cleaned, store.passwords.run(_hasher.hash, password))


def add_byline(store: Store, name: str, given: Mapping[str, object]) -> Editor:
    """An author who cannot sign in: a name, job, bio and picture to show. Raises Invalid."""
    cleaned = fields.clean(fields.PROFILE, given)
    row = {**_cleaned(name, secrets.token_hex(), "editor", cleaned["display_name"]), "job": cleaned["job"]}
    return store.write(_add, {**row, "bio": cleaned["bio"], "picture_id": cleaned["picture"]}, NO_PASSWORD)


def invite_first(store: Store) -> str | None:
    """The secret of a new one-time link that makes the first editor, or None when somebody can sign in."""
    token = secrets.token_urlsafe(24)
    return token if store.write(_invite, hashed(token)) else None


def add_first(store: Store, token: str, name: str, password: str, display_name: str) -> Editor:
    """Redeems the one-time link: an admin. Raises Missing when the link is used, old or unknown; Invalid."""
    with store.read() as db:
        invited(db, token)  # first: hashing a password is work that no stranger may order
    cleaned = _cleaned(name, password, "admin", display_name)
    return store.write(_redeem, hashed(token), cleaned, store.passwords.run(_hasher.hash, password))


def invited(db: Database, token: str) -> None:
    """Raises Missing unless the one-time link would still work."""
    row = db.execute(
        "SELECT 1 FROM invitations WHERE hash = ? AND expires_at > ?", [hashed(token), times.now()]
    ).fetchone()
    if row is None or _anybody(db):
        raise Missing("invitation")


def standing(db: Database) -> list[Standing]:
    """What everybody may do, and by which password."""
    return [Standing(*row) for row in db.execute("SELECT id, name, role, password_hash FROM editors").fetchall()]


def stand_again(db: Database, people: list[Standing]) -> None:
    """Gives those of them who are here (an older copy) what they may do, and their password, within a transaction of
    the caller's."""
    for person in people:
        db.execute(
            "UPDATE editors SET role = ?, password_hash = ? WHERE id = ? AND name = ?",
            [person.role, person.password_hash, person.id, person.name],
        )


def with_password(store: Store, name: str, password: str) -> Editor | None:
    """The editor of that name if the password is right, else None; both take the same time."""
    with store.read() as db:
        row = db.execute("SELECT password_hash FROM editors WHERE name = ?", [name]).fetchone()
    if not store.passwords.run(_verify, (row and row["password_hash"]) or _NOBODY, password):
        return None
    with store.read() as db:
        return named(db, name)


def named(db: Database, name: str) -> Editor:
    """The editor who signs in by that name. Raises Missing."""
    return _one(db, "WHERE name = ?", name)


def numbered(db: Database, editor_id: int) -> Editor:
    """The editor of that id. Raises Missing."""
    return _one(db, "WHERE id = ?", editor_id)


def bylined(db: Database, byline: str) -> Editor | None:
    """The editor whose display name a byline is, if there is one: that article shows picture, job and bio."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE display_name = ? ORDER BY id", [byline]).fetchone()
    return _editor(row) if row else None


def change_profile(store: Store, editor_id: int, given: Mapping[str, object]) -> Editor:
    """Changes what readers see of an editor. Updates already published keep the name they were published under."""
    cleaned = fields.clean(fields.PROFILE, given, partial=True)
    if "picture" in cleaned:
        cleaned["picture_id"] = cleaned.pop("picture")
    return store.write(_change_profile, editor_id, cleaned)


def _cleaned(name: str, password: str, role: str, display_name: str | None) -> dict[str, Any]:
    try:
        name = fields.LOGIN.clean(name) or ""
    except ValueError as error:
        raise Invalid(Reason("name", error.args[0])) from None
    if role not in ROLES:
        raise Invalid(Reason("role", f"Use one of {', '.join(ROLES)}."))
    fields.password(password)
    profile = fields.clean(fields.PROFILE, {"display_name": display_name or name.replace(".", " ").title()})
    return {"name": name, "role": role, "display_name": profile["display_name"], "created_at": times.now()}


def _add(db: Database, cleaned: dict[str, Any], password_hash: str) -> Editor:
    if db.execute("SELECT 1 FROM editors WHERE name = ?", [cleaned["name"]]).fetchone():
        raise Invalid(Reason("name", Sentence("An editor of this name exists; choose another.")))
    db.table("editors").insert({**cleaned, "password_hash": password_hash})
    return named(db, cleaned["name"])


def _invite(db: Database, digest: str) -> bool:
    db.execute("DELETE FROM invitations")  # the latest link alone works
    if _anybody(db):
        return False
    db.execute("INSERT INTO invitations (hash, expires_at) VALUES (?, ?)", [digest, times.after(INVITATION_SECONDS)])
    return True


def _redeem(db: Database, digest: str, cleaned: dict[str, Any], password_hash: str) -> Editor:
    used = db.execute("DELETE FROM invitations WHERE hash = ? AND expires_at > ?", [digest, times.now()]).rowcount
    if not used or _anybody(db):
        raise Missing("invitation")
    return _add(db, cleaned, password_hash)


def _anybody(db: Database) -> bool:
    """Whether anybody can sign in."""
    return db.execute("SELECT 1 FROM editors WHERE password_hash <> ?", [NO_PASSWORD]).fetchone() is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _change_profile(db: Database, editor_id: int, cleaned: dict[str, Any]) -> Editor:
    pictures.check(db, cleaned.get("picture_id"))
    before = numbered(db, editor_id)
    if cleaned:
        db.table("editors").update(editor_id, cleaned)
    after = numbered(db, editor_id)
    if after != before:
        _tell_followers(db, {before.display_name, after.display_name})
    return after


def _tell_followers(db: Database, bylines: set[str]) -> None:
    """Open pages of the articles under these names show what the editor is now."""
    written = f"SELECT id FROM articles WHERE NOT draft AND byline IN ({','.join('?' * len(bylines))})"
    for (article_id,) in db.execute(written, [*bylines]).fetchall():
        feeds.stamp_story(db, feeds.clock_of(db, article_id), ("byline", "author"))


def _one(db: Database, where: str, value: object) -> Editor:
    row = db.execute(f"SELECT {_COLUMNS} {where}", [value]).fetchone()
    if row is None:
        raise Missing(value)
    return _editor(row)


def _editor(row: Row) -> Editor:
    return Editor(**dict(row))
