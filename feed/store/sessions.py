"""Sessions: where an editor is signed in. The server can end each of them.

The cookie holds a random token. The table holds its hash, keyed with the site's secret, so neither a copy of the
database nor a changed secret lets anybody in.

Whoever changes how an editor signs in must have shown a moment ago that they are that editor (see store.freshness).
"""

import json
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlite_utils import Database

from feed import times
from feed.devices import readable
from feed.errors import Message, Missing
from feed.networks import network_of
from feed.store import actions, attempts, editors, freshness
from feed.store.actors import Door, Origin
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.feeds import Row
from feed.store.hashes import hashed
from feed.store.verbs import Verb

SESSION_SECONDS = 14 * 24 * 3600  # two weeks, so that nobody has to sign in while news breaks
USE_SECONDS = 5 * 60  # between two notes that a session is used: one write, not one for each request
DEVICE_LONGEST = 200  # characters of what the browser calls itself, of which the list of sessions makes a name
COOKIE = "liveline"
HOST_COOKIE = f"__Host-{COOKIE}"  # for https: browsers accept it only from this host, never from a sibling domain

_COLUMNS = "hash, device, sessions.created_at, used_at, network, proved_at, second_factor"
_VALID = (
    "expires_at > :now AND disabled_at IS NULL "
    "AND (second_factor IS NOT NULL OR role NOT IN (SELECT value FROM json_each(:strict)))"
)


@dataclass(frozen=True)
class Session:
    """A browser that is signed in. `hash` identifies it in the list of sessions; only the browser knows the token.

    `used_at` is up to USE_SECONDS old, `network` that of then, and `proved_at` when it last showed that it is its
    editor. `second_factor` is the one with which it did (see store.second_factor), None for the password alone.
    """

    hash: str
    device: str
    created_at: str
    used_at: str | None = None
    network: str | None = None
    proved_at: str | None = None
    second_factor: str | None = None

    @property
    def ends_at(self) -> str:
        """When it expires."""
        return times.later(self.created_at, SESSION_SECONDS)

    @property
    def name(self) -> Message | None:
        """What people call the browser, such as "Firefox on Windows"; None if it is unknown."""
        return readable(self.device)

    @property
    def is_fresh(self) -> bool:
        """Whether it may change how its editor signs in."""
        return freshness.is_fresh(self.proved_at)


@dataclass(frozen=True)
class Visit:
    """From where somebody signs in: the client's address, what its browser calls itself, and the token of the session
    that it has already. That session ends with the sign-in, because whoever placed its cookie there may know the
    token."""

    address: str
    device: str
    presented: str | None = None

    @property
    def origin(self) -> Origin:
        """Where whoever signs in acts from."""
        return Origin(Door.DESK, network_of(self.address) or None)


def new_token() -> str:
    """A token for a cookie."""
    return secrets.token_urlsafe(32)


def begin_in(
    db: Database, secret_key: bytes, token: str, editor_id: int, visit: Visit, second_factor: str | None
) -> None:
    """Starts a session for somebody who is known to be that editor, in a transaction of the caller's."""
    now = times.now()
    db.execute("DELETE FROM sessions WHERE expires_at < ?", [now])
    if visit.presented:
        db.execute("DELETE FROM sessions WHERE hash = ?", [hashed(visit.presented, secret_key)])
    attempts.remember_network(db, secret_key, editor_id, visit.address)
    session = {
        "hash": hashed(token, secret_key),
        "editor_id": editor_id,
        "device": visit.device[:DEVICE_LONGEST],
        "created_at": now,
        "expires_at": times.after(SESSION_SECONDS),
        "used_at": now,
        "network": attempts.nearest(visit.address),
        "proved_at": now,
        "second_factor": second_factor,
    }
    insert(db, "sessions", session)
    editor = replace(editors.by_id(db, editor_id), origin=visit.origin)
    actions.record(db, editor, Verb.SIGN_IN, after={"second_factor": second_factor})


def prove_in(db: Database, session_hash: str, editor_id: int, second_factor: str | None) -> None:
    """Notes, in a transaction of the caller's, that this session has shown again that it is its editor. Raises Missing
    when it has ended."""
    proved = db.execute(
        "UPDATE sessions SET proved_at = :now, second_factor = coalesce(:factor, second_factor) "
        "WHERE hash = :hash AND editor_id = :editor AND expires_at > :now",
        {"now": times.now(), "factor": second_factor, "hash": session_hash, "editor": editor_id},
    )
    if not proved.rowcount:
        raise Missing("session")


def signed_in(db: Database, secret_key: bytes, token: str) -> tuple[Session, Editor]:
    """The session and the editor of a cookie's token. Raises Missing when the token is unknown, ended or expired."""
    row = db.execute(
        f"SELECT {_COLUMNS}, editor_id FROM sessions JOIN editors ON editors.id = editor_id "
        "WHERE hash = ? AND expires_at > ? AND disabled_at IS NULL",
        [hashed(token, secret_key), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("session")
    return _session(row), editors.by_id(db, row["editor_id"])


def valid(db: Database, hashes: Iterable[str], strict: Collection[str] = ()) -> dict[str, str]:
    """Those of these sessions, by hash, that are valid now, each with the role of its editor. `strict` are the roles
    that need a second factor."""
    rows = db.execute(
        "SELECT hash, role FROM sessions JOIN editors ON editors.id = editor_id "
        f"WHERE hash IN (SELECT value FROM json_each(:hashes)) AND {_VALID}",
        _valid(strict) | {"hashes": json.dumps(list(hashes))},
    )
    return {row["hash"]: row["role"] for row in rows}


def editor_of(db: Database, session_hash: str, strict: Collection[str] = ()) -> Editor:
    """The editor of a session. Raises Missing when it is not valid (see `valid`)."""
    row = db.execute(
        f"SELECT editor_id FROM sessions JOIN editors ON editors.id = editor_id WHERE hash = :hash AND {_VALID}",
        _valid(strict) | {"hash": session_hash},
    ).fetchone()
    if row is None:
        raise Missing("session")
    return editors.by_id(db, row["editor_id"])


def _valid(strict: Collection[str]) -> dict[str, str]:
    return {"now": times.now(), "strict": json.dumps(list(strict))}


def of_editor(db: Database, editor: Editor) -> list[Session]:
    """All sessions of an editor, the last used first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE editor_id = ? AND expires_at > ? "
        "ORDER BY coalesce(used_at, created_at) DESC",
        [editor.id, times.now()],
    )
    return [_session(row) for row in rows]


def note_use(store: Store, session: Session, address: str) -> None:
    """Notes that the session is used now, from that address, unless that was noted a moment ago."""
    if session.used_at is None or session.used_at < times.after(-USE_SECONDS):
        store.write(_note_use, session.hash, attempts.nearest(address))


def end(store: Store, editor: Editor, session_hash: str) -> None:
    """Ends one session of that editor, at once. It is no error if it has ended already."""
    store.write(_end, editor, session_hash)


def end_others(store: Store, editor: Editor, session_hash: str) -> int:
    """Ends all sessions of that editor but this one, at once; returns how many."""
    return store.write(_end_others, editor, session_hash)


def end_others_in(db: Database, editor_id: int, session_hash: str) -> int:
    """The same in a transaction of the caller's."""
    return db.execute("DELETE FROM sessions WHERE editor_id = ? AND hash <> ?", [editor_id, session_hash]).rowcount


def _end_others(db: Database, editor: Editor, session_hash: str) -> int:
    ended = end_others_in(db, editor.id, session_hash)
    if ended:
        actions.record(db, editor, Verb.SIGN_OUT, detail="everywhere else")
    return ended


def _note_use(db: Database, session_hash: str, network: str) -> None:
    db.execute("UPDATE sessions SET used_at = ?, network = ? WHERE hash = ?", [times.now(), network, session_hash])


def _end(db: Database, editor: Editor, session_hash: str) -> None:
    ended = db.execute("DELETE FROM sessions WHERE editor_id = ? AND hash = ?", [editor.id, session_hash])
    if ended.rowcount:
        actions.record(db, editor, Verb.SIGN_OUT)


def _session(row: Row) -> Session:
    return Session(**{name: row[name] for name in Session.__dataclass_fields__})
