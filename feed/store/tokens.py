"""Bearer tokens of the API, stored hashed. Who holds one writes as its editor."""

import secrets

from sqlite_utils import Database

from feed import times
from feed.errors import Missing
from feed.store import editors
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.hashes import hashed

PREFIX = "liveline_"  # so that a token left in a public place is recognised by secret scanners


def add(store: Store, editor_name: str, name: str, days: int | None = None) -> str:
    """A new token of that editor, shown this once; for that many days, or until revoked. Raises Missing."""
    token = PREFIX + secrets.token_urlsafe(32)
    store.write(_add, editor_name, name, hashed(token), days)
    return token


def editor_of(db: Database, token: str) -> Editor:
    """Whose token that is. Raises Missing when it is unknown, revoked or over."""
    row = db.execute(
        "SELECT editor_id FROM tokens WHERE hash = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
        [hashed(token), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("token")
    return editors.numbered(db, row["editor_id"])


def revoke(store: Store, editor_name: str, name: str) -> int:
    """Ends the tokens of that editor and name; how many."""
    return store.write(_revoke, editor_name, name)


def ended(db: Database) -> list[str]:
    """The hashes of all tokens that have been revoked."""
    return [row["hash"] for row in db.execute("SELECT hash FROM tokens WHERE revoked_at IS NOT NULL")]


def end(db: Database, digests: list[str]) -> None:
    """Revokes the tokens of those hashes, within a transaction of the caller's."""
    for digest in digests:
        db.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE hash = ?", [times.now(), digest])


def _add(db: Database, editor_name: str, name: str, digest: str, days: int | None) -> None:
    editor = editors.named(db, editor_name)
    expires_at = None if days is None else times.after(days * 24 * 3600)
    db.execute(
        "INSERT INTO tokens (hash, name, editor_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        [digest, name, editor.id, times.now(), expires_at],
    )


def _revoke(db: Database, editor_name: str, name: str) -> int:
    editor = editors.named(db, editor_name)
    return db.execute(
        "UPDATE tokens SET revoked_at = ? WHERE editor_id = ? AND name = ? AND revoked_at IS NULL",
        [times.now(), editor.id, name],
    ).rowcount
