"""Signing in: sessions that the server can end, and the throttle on guessing.

The cookie holds a random token, the table its hash keyed with the site's secret: neither a copy of the database nor
a changed secret lets anybody in.
"""

import secrets
from dataclasses import dataclass

from sqlite_utils import Database

from feed import times
from feed.errors import Missing, Throttled
from feed.store import editors
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.hashes import hashed

SESSION_SECONDS = 14 * 24 * 3600  # two weeks, so that nobody signs in while the news breaks
WINDOW_SECONDS = 15 * 60  # how far back failed tries count
TRIES_PER_NAME_AND_ADDRESS = 10  # more than anybody's typing errors
TRIES_PER_NAME = 200  # of guesses from everywhere; fewer, and a single stranger locks an editor out
TRIES_PER_ADDRESS = 50  # a newsroom behind one address
DEVICE_LONGEST = 200  # of the browser's own name, shown in the list of sessions


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `hash` names it in the list of sessions; the cookie's token is known to nobody else."""

    hash: str
    device: str
    created_at: str


def sign_in(store: Store, key: bytes, name: str, password: str, address: str, device: str) -> tuple[str, Editor] | None:
    """The token for the cookie and the editor, or None when name or password are wrong. Raises Throttled.

    A try is counted before the password is looked at, so that many at once are no way around the limit.
    """
    tries = {
        f"both {address} {name[:80]}": TRIES_PER_NAME_AND_ADDRESS,
        f"name {name[:80]}": TRIES_PER_NAME,
        f"address {address}": TRIES_PER_ADDRESS,
    }
    store.write(_count_try, tries)
    editor = editors.with_password(store, name, password)
    if editor is None:
        return None
    return begin(store, key, editor, device, forgive=list(tries)), editor


def begin(store: Store, key: bytes, editor: Editor, device: str, forgive: list[str] | None = None) -> str:
    """Starts a session for someone known to be that editor; the token for the cookie."""
    token = secrets.token_urlsafe(32)
    store.write(_begin, hashed(token, key), editor.id, device[:DEVICE_LONGEST], forgive or [])
    return token


def signed_in(db: Database, key: bytes, token: str) -> tuple[Session, Editor]:
    """The session and editor of a cookie's token. Raises Missing when it is unknown, ended or over."""
    row = db.execute(
        "SELECT hash, device, created_at, editor_id FROM sessions WHERE hash = ? AND expires_at > ?",
        [hashed(token, key), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("session")
    return Session(row["hash"], row["device"], row["created_at"]), editors.numbered(db, row["editor_id"])


def of_editor(db: Database, editor: Editor) -> list[Session]:
    """All sessions of an editor, the latest first."""
    rows = db.execute(
        "SELECT hash, device, created_at FROM sessions WHERE editor_id = ? AND expires_at > ? ORDER BY created_at DESC",
        [editor.id, times.now()],
    )
    return [Session(**dict(row)) for row in rows]


def end(store: Store, editor: Editor, session_hash: str) -> None:
    """Ends one session of that editor, at once and everywhere. Ending it twice is no error."""
    store.write(_end, editor.id, session_hash)


def _count_try(db: Database, tries: dict[str, int]) -> None:
    since = times.after(-WINDOW_SECONDS)
    db.execute("DELETE FROM attempts WHERE at < ?", [since])
    for who, limit in tries.items():
        if db.execute("SELECT count(*) FROM attempts WHERE who = ?", [who]).fetchone()[0] >= limit:
            raise Throttled(WINDOW_SECONDS)
    for who in tries:
        db.execute("INSERT INTO attempts (who, at) VALUES (?, ?)", [who, times.now()])


def _begin(db: Database, digest: str, editor_id: int, device: str, forgive: list[str]) -> None:
    db.execute("DELETE FROM sessions WHERE expires_at < ?", [times.now()])
    for who in forgive:
        db.execute("DELETE FROM attempts WHERE who = ?", [who])
    db.execute(
        "INSERT INTO sessions (hash, editor_id, device, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        [digest, editor_id, device, times.now(), times.after(SESSION_SECONDS)],
    )


def _end(db: Database, editor_id: int, session_hash: str) -> None:
    db.execute("DELETE FROM sessions WHERE editor_id = ? AND hash = ?", [editor_id, session_hash])
