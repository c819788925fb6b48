"""The one-time link that makes the first editor."""

import secrets
from typing import Any

from sqlite_utils import Database

from feed import times
from feed.errors import Missing
from feed.store import editors
from feed.store.actions import Origin
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.hashes import hash_password, hashed

VALID_SECONDS = 24 * 3600  # enough time to set a site up


def invite(store: Store) -> str | None:
    """The secret of a new one-time link, which ends those before; None if somebody can sign in already."""
    token = secrets.token_urlsafe(24)
    return token if store.write(_invite, hashed(token)) else None


def check(db: Database, token: str) -> None:
    """Raises Missing unless the one-time link still works."""
    row = db.execute(
        "SELECT 1 FROM invitations WHERE hash = ? AND expires_at > ?", [hashed(token), times.now()]
    ).fetchone()
    if row is None or editors.can_anybody_sign_in(db):
        raise Missing("invitation")


def accept(store: Store, token: str, name: str, password: str, display_name: str, origin: Origin) -> Editor:
    """Uses the one-time link to add an admin. Raises Missing when the link is used, old or unknown; Invalid."""
    with store.read() as db:
        check(db, token)  # before the password is hashed, which costs 25 ms: no stranger may order that
    row = editors.new_row(name, "admin", display_name)
    digest = hash_password(store, password, row["name"], row["display_name"])
    return store.write(_accept, hashed(token), row, digest, origin)


def _invite(db: Database, digest: str) -> bool:
    db.execute("DELETE FROM invitations")  # only the latest link works
    if editors.can_anybody_sign_in(db):
        return False
    insert(db, "invitations", {"hash": digest, "expires_at": times.after(VALID_SECONDS)})
    return True


def _accept(db: Database, digest: str, row: dict[str, Any], password_hash: str, origin: Origin) -> Editor:
    used = db.execute("DELETE FROM invitations WHERE hash = ? AND expires_at > ?", [digest, times.now()]).rowcount
    if not used or editors.can_anybody_sign_in(db):
        raise Missing("invitation")
    return editors.add_row(db, row, password_hash, None, origin)  # no actor: the link came from the command line
