"""Bearer tokens of the API, stored hashed. Whoever holds one writes as its editor."""

import secrets
from dataclasses import dataclass, replace

from sqlite_utils import Database

from feed import times
from feed.errors import Missing
from feed.store import actions, editors
from feed.store.actions import Actor, Door, Origin, Verb
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.hashes import hashed

PREFIX = "liveline_"  # secret scanners recognise a token in a public place by it


@dataclass(frozen=True)
class Token:
    """A token in a list, without its secret. `expires_at` is None if it does not expire."""

    editor: str
    name: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    @property
    def works(self) -> bool:
        """Whether it is valid now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > times.now())


def add(store: Store, editor_name: str, name: str, days: int | None = None, *, actor: Actor | None) -> str:
    """A new token of that editor, which nothing shows again. It is valid for that many days, or until it is revoked.
    Raises Missing, NotAllowed, and Invalid for an editor who is disabled."""
    token = PREFIX + secrets.token_urlsafe(32)
    store.write(_add, editor_name, name, hashed(token), days, actor)
    return token


def of_editor(db: Database, editor_name: str | None = None) -> list[Token]:
    """All tokens of that editor, or of everybody, the oldest first; revoked ones too. Raises Missing."""
    which, values = ("WHERE editors.id = ?", [editors.by_name(db, editor_name).id]) if editor_name else ("", [])
    rows = db.execute(
        "SELECT editors.name AS editor, tokens.name, tokens.created_at, tokens.expires_at, tokens.revoked_at "
        f"FROM tokens JOIN editors ON editors.id = editor_id {which} ORDER BY tokens.id",
        values,
    )
    return [Token(**dict(row)) for row in rows]


def editor_of(db: Database, token: str, network: str | None = None) -> Editor:
    """The editor of that token, who acts with it from that network. Raises Missing when the token is unknown, revoked
    or expired."""
    row = db.execute(
        "SELECT editor_id, tokens.name FROM tokens JOIN editors ON editors.id = editor_id "
        "WHERE hash = ? AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > ?) AND disabled_at IS NULL",
        [hashed(token), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("token")
    return replace(editors.by_id(db, row["editor_id"]), origin=Origin(Door.API, network, row["name"]))


def revoke(store: Store, editor_name: str, name: str | None = None, *, actor: Actor | None) -> int:
    """Revokes the tokens of that editor, all or those of that name; returns how many were valid. Raises Missing,
    NotAllowed."""
    return store.write(_revoke, editor_name, name, actor)


def ended(db: Database) -> list[str]:
    """The hashes of all revoked tokens."""
    return [row["hash"] for row in db.execute("SELECT hash FROM tokens WHERE revoked_at IS NOT NULL")]


def end(db: Database, digests: list[str]) -> None:
    """Revokes the tokens with those hashes, in a transaction of the caller's."""
    for digest in digests:
        db.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE hash = ?", [times.now(), digest])


def _add(db: Database, editor_name: str, name: str, digest: str, days: int | None, actor: Actor | None) -> None:
    editor = editors.by_name(db, editor_name)
    editors.check_enabled(editor)
    expires_at = None if days is None else times.after(days * 24 * 3600)
    token = {"hash": digest, "name": name, "editor_id": editor.id}
    insert(db, "tokens", {**token, "created_at": times.now(), "expires_at": expires_at})
    made = {"token": name, "expires_at": expires_at}
    actions.record(db, actor, Verb.ADD_TOKEN, editor.name, detail=name, after=made)


def _revoke(db: Database, editor_name: str, name: str | None, actor: Actor | None) -> int:
    editor = editors.by_name(db, editor_name)
    now = times.now()
    ended = db.execute(
        "UPDATE tokens SET revoked_at = :now WHERE editor_id = :editor AND (:name IS NULL OR name = :name) "
        "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)",
        {"now": now, "editor": editor.id, "name": name},
    ).rowcount
    actions.record(db, actor, Verb.REVOKE_TOKEN, editor.name, detail=name, before={"token": name})
    return ended
