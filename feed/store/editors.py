"""Editors: who writes, and under which name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.store import actions, feeds, pictures
from feed.store.actors import Actor, Origin
from feed.store.database import Store, insert
from feed.store.feeds import Row
from feed.store.hashes import hash_password, matches
from feed.store.permissions import ROLES
from feed.store.verbs import Verb

NO_PASSWORD = ""  # stored instead of a hash; no password matches it

_COLUMNS = "id, name, display_name, role, job, bio, picture_id AS picture, disabled_at FROM editors"


@dataclass(frozen=True)
class Editor:
    """Someone who may write. `name` signs in, `display_name` is the byline, `job` is shown beside it. A disabled editor
    may not sign in, and stays the author of what they wrote. `origin` is from where they act just now."""

    id: int
    name: str
    display_name: str
    role: str
    job: str | None
    bio: str | None
    picture: str | None
    disabled_at: str | None = None
    origin: Origin | None = field(default=None, compare=False)


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
    row = new_row(name, role, display_name)
    return store.write(add_row, row, hash_password(store, password, row["name"], row["display_name"]), actor)


def add_byline(store: Store, name: str, given: Mapping[str, object], actor: Actor | None) -> Editor:
    """Adds an author who cannot sign in: a name, job, bio and picture to show. Raises Invalid, NotAllowed."""
    cleaned = fields.clean(fields.PROFILE, given)
    row = {**new_row(name, "editor", cleaned["display_name"]), "job": cleaned["job"]}
    return store.write(add_row, {**row, "bio": cleaned["bio"], "picture_id": cleaned["picture"]}, NO_PASSWORD, actor)


def new_row(name: str, role: str, display_name: str | None) -> dict[str, Any]:
    """The row of an editor to add, without the password. Raises Invalid."""
    try:
        name = fields.LOGIN.clean(name) or ""
    except ValueError as error:
        raise Invalid(Reason("name", error.args[0])) from None
    check_role(role)
    profile = fields.clean(fields.PROFILE, {"display_name": display_name or name.replace(".", " ").title()})
    return {"name": name, "role": role, "display_name": profile["display_name"], "created_at": times.now()}


def add_row(db: Database, row: dict[str, Any], password_hash: str, actor: Actor | None) -> Editor:
    """Adds an editor, in a transaction of the caller's. Raises Invalid when the name is taken, and NotAllowed."""
    added = insert_row(db, row, password_hash)
    shown = {"role": row["role"], "display_name": row["display_name"]}
    actions.record(db, actor, Verb.ADD_PERSON, row["name"], detail=row["role"], after=shown)
    return added


def insert_row(db: Database, row: dict[str, Any], password_hash: str) -> Editor:
    """Adds an editor whose coming the caller records. Raises Invalid when the name is taken."""
    check_free(db, row["name"])
    insert(db, "editors", {**row, "password_hash": password_hash})
    return by_name(db, row["name"])


def check_role(role: str) -> None:
    """Raises Invalid for a role that nobody can have."""
    if role not in ROLES:
        raise Invalid(Reason("role", Message("Use one of {roles}.", roles=", ".join(ROLES))))


def check_free(db: Database, name: str) -> None:
    """Raises Invalid when an editor has that name already."""
    if db.execute("SELECT 1 FROM editors WHERE name = ?", [name]).fetchone():
        raise Invalid(Reason("name", Message("An editor of this name exists; choose another.")))


def check_enabled(editor: Editor) -> None:
    """Raises Invalid for an editor who is disabled."""
    if editor.disabled_at:
        raise Invalid(Reason("name", Message("This editor is disabled; enable them first.")))


def check_not_last(db: Database, editor: Editor) -> None:
    """Raises Invalid unless somebody else who can sign in has the same rights. For an admin that must be an admin."""
    roles = ROLES[ROLES.index(editor.role) :]
    others = "SELECT 1 FROM editors WHERE id <> ? AND password_hash <> ? AND disabled_at IS NULL AND role IN ({})"
    placeholders = ",".join("?" * len(roles))
    if not db.execute(others.format(placeholders), [editor.id, NO_PASSWORD, *roles]).fetchone():
        told = Message("Nobody else could run this site. Add or enable another admin first.")
        raise Invalid(Reason("name", told))


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


def authenticate(store: Store, name: str, password: str) -> Editor | None:
    """The editor of that name, if the password is right and they may sign in; otherwise None. Every case takes equally
    long."""
    with store.read() as db:
        row = db.execute("SELECT password_hash FROM editors WHERE name = ? AND disabled_at IS NULL", [name]).fetchone()
    if not matches(store, row and row["password_hash"], password):
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


def can_anybody_sign_in(db: Database) -> bool:
    """Whether any editor has a password."""
    return db.execute("SELECT 1 FROM editors WHERE password_hash <> ?", [NO_PASSWORD]).fetchone() is not None


def change_profile(store: Store, editor_id: int, given: Mapping[str, object], actor: Actor | None) -> Editor:
    """Changes what readers see of an editor. Published updates keep the name that they were published under. Raises
    Missing, Invalid, NotAllowed."""
    cleaned = fields.clean(fields.PROFILE, given, partial=True)
    if "picture" in cleaned:
        cleaned["picture_id"] = cleaned.pop("picture")
    return store.write(_change_profile, editor_id, cleaned, actor)


def _change_profile(db: Database, editor_id: int, cleaned: dict[str, Any], actor: Actor | None) -> Editor:
    pictures.check(db, cleaned.get("picture_id"))
    before = by_id(db, editor_id)
    if cleaned:
        db.table("editors").update(editor_id, cleaned)
    after = by_id(db, editor_id)
    if after != before:
        actions.record(db, actor, Verb.CHANGE_PROFILE, after.name, before=vars(before), after=_shown(after))
        _tell_followers(db, editor_id)
    return after


def _shown(editor: Editor) -> dict[str, str | None]:
    return {name: getattr(editor, name) for name in ("display_name", "job", "bio", "picture")}


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
