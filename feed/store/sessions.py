"""Signing in: sessions that the server can end, and the limit on guessing passwords.

The cookie holds a random token. The table holds its hash, keyed with the site's secret, so neither a copy of the
database nor a changed secret lets anybody in.

Tries are counted by name and network together, by name, and by network. An IPv6 customer has a /64, a /56 or a /48, so
each of the three has a limit, and that of a /48 is lower than that of a name. The right password clears only the tries
under that name from that network. Where an editor has signed in before, the tries of others do not lock that editor
out.
"""

import ipaddress
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from feed import times
from feed.errors import Missing, Throttled
from feed.store import editors
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.hashes import hashed

SESSION_SECONDS = 14 * 24 * 3600  # two weeks, so that nobody has to sign in while news breaks
WINDOW_SECONDS = 15 * 60  # how far back failed tries count
TRIES_PER_NAME_AND_ADDRESS = 10  # more than anybody mistypes
TRIES_PER_NAME = 200  # from everywhere; with fewer, a single stranger could lock an editor out
TRIES_PER_ADDRESS = 50  # a newsroom behind one address, or an IPv6 /64
TRIES_PER_56 = 80  # an IPv6 customer with several networks
TRIES_PER_48 = 120  # the most that one customer gets; lower than that of a name, so that one cannot use that up
KNOWN_SECONDS = 180 * 24 * 3600  # how long a network is remembered after the last sign-in from there
DEVICE_LONGEST = 200  # characters of the browser's own name, which the list of sessions shows
COOKIE = "liveline"
HOST_COOKIE = f"__Host-{COOKIE}"  # for https: browsers accept it only from this host, never from a sibling domain


@dataclass(frozen=True)
class Session:
    """A browser that is signed in. `hash` identifies it in the list of sessions; only the browser knows the token."""

    hash: str
    device: str
    created_at: str

    @property
    def ends_at(self) -> str:
        """When it expires."""
        return times.later(self.created_at, SESSION_SECONDS)


@dataclass(frozen=True)
class Visit:
    """From where somebody signs in: the client's address, what its browser calls itself, and the token of the session
    that it has already. That session ends with the sign-in, because whoever placed its cookie there may know the
    token."""

    address: str
    device: str
    presented: str | None = None


def sign_in(store: Store, secret_key: bytes, name: str, password: str, visit: Visit) -> tuple[str, Editor] | None:
    """The token for the cookie and the editor, or None when name or password are wrong. Raises Throttled.

    A try is counted before the password is checked, so that many tries at once cannot evade the limit.
    """
    tried = store.write(_count_try, secret_key, name, visit.address)
    editor = editors.authenticate(store, name, password)
    if editor is None:
        return None
    return begin(store, secret_key, editor, visit, tried), editor


def begin(store: Store, secret_key: bytes, editor: Editor, visit: Visit, tried: tuple[str, ...] = ()) -> str:
    """Starts a session for somebody who is known to be that editor, and returns the token for the cookie. `tried` is
    what `_count_try` returned for this."""
    token = secrets.token_urlsafe(32)
    store.write(_begin, secret_key, token, editor.id, visit, tried)
    return token


def prove(store: Store, secret_key: bytes, editor: Editor, password: str, address: str) -> bool:
    """Whether whoever is signed in as that editor knows the password. Counts as a try. Raises Throttled."""
    tried = store.write(_count_try, secret_key, editor.name, address)
    right = editors.authenticate(store, editor.name, password) is not None
    if right:
        store.write(_forgive, tried)
    return right


def signed_in(db: Database, secret_key: bytes, token: str) -> tuple[Session, Editor]:
    """The session and the editor of a cookie's token. Raises Missing when the token is unknown, ended or expired."""
    row = db.execute(
        "SELECT hash, device, sessions.created_at, editor_id FROM sessions JOIN editors ON editors.id = editor_id "
        "WHERE hash = ? AND expires_at > ? AND disabled_at IS NULL",
        [hashed(token, secret_key), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("session")
    return Session(row["hash"], row["device"], row["created_at"]), editors.by_id(db, row["editor_id"])


def valid(db: Database, hashes: Iterable[str]) -> set[str]:
    """Those of these sessions, by hash, that are valid now."""
    rows = db.execute(
        "SELECT hash FROM sessions JOIN editors ON editors.id = editor_id "
        "WHERE hash IN (SELECT value FROM json_each(?)) AND expires_at > ? AND disabled_at IS NULL",
        [json.dumps(list(hashes)), times.now()],
    )
    return {row["hash"] for row in rows}


def editor_of(db: Database, session_hash: str) -> Editor:
    """The editor of a session. Raises Missing when it has ended or expired, or when the editor is disabled."""
    row = db.execute(
        "SELECT editor_id FROM sessions JOIN editors ON editors.id = editor_id "
        "WHERE hash = ? AND expires_at > ? AND disabled_at IS NULL",
        [session_hash, times.now()],
    ).fetchone()
    if row is None:
        raise Missing("session")
    return editors.by_id(db, row["editor_id"])


def of_editor(db: Database, editor: Editor) -> list[Session]:
    """All sessions of an editor, the latest first."""
    rows = db.execute(
        "SELECT hash, device, created_at FROM sessions WHERE editor_id = ? AND expires_at > ? ORDER BY created_at DESC",
        [editor.id, times.now()],
    )
    return [Session(**dict(row)) for row in rows]


def end(store: Store, editor: Editor, session_hash: str) -> None:
    """Ends one session of that editor, at once. It is no error if it has ended already."""
    store.write(_end, editor.id, session_hash)


def _count_try(db: Database, secret_key: bytes, name: str, address: str) -> tuple[str, ...]:
    """Counts a try; returns what it was counted under, first the name and network together, which a right password
    clears. Raises Throttled when there were too many."""
    since, name = times.after(-WINDOW_SECONDS), name[:80]
    networks = networks_of(address)
    first = next(iter(networks))
    both = f"both {first} {name}"
    tries = {both: TRIES_PER_NAME_AND_ADDRESS, f"name {name}": TRIES_PER_NAME}
    tries |= {f"address {network}": limit for network, limit in networks.items()}
    db.execute("DELETE FROM attempts WHERE at < ?", [since])
    asked = [both] if _known(db, secret_key, name, first) else tries
    for who in asked:
        if db.execute("SELECT count(*) FROM attempts WHERE who = ?", [who]).fetchone()[0] >= tries[who]:
            raise Throttled(WINDOW_SECONDS)
    for who in tries:
        insert(db, "attempts", {"who": who, "at": times.now()})
    return tuple(tries)


def networks_of(address: str) -> dict[str, int]:
    """The networks that a client's address belongs to, the smallest first, with how many tries each has. A mapped IPv4
    address in IPv6 counts as the IPv4 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return {address: TRIES_PER_ADDRESS}
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.ipv4_mapped:
        return {str(parsed if isinstance(parsed, ipaddress.IPv4Address) else parsed.ipv4_mapped): TRIES_PER_ADDRESS}
    sizes = {64: TRIES_PER_ADDRESS, 56: TRIES_PER_56, 48: TRIES_PER_48}
    whole = parsed.exploded.partition("%")[0]  # without the zone, which means something only on this machine
    return {str(ipaddress.ip_network((whole, size), strict=False)): limit for size, limit in sizes.items()}


def _known(db: Database, secret_key: bytes, name: str, network: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM known_networks JOIN editors ON editors.id = editor_id WHERE name = ? AND network = ? AND at > ?",
        [name, hashed(network, secret_key), times.after(-KNOWN_SECONDS)],
    )
    return found.fetchone() is not None


def _begin(db: Database, secret_key: bytes, token: str, editor_id: int, visit: Visit, tried: tuple[str, ...]) -> None:
    db.execute("DELETE FROM sessions WHERE expires_at < ?", [times.now()])
    if visit.presented:
        db.execute("DELETE FROM sessions WHERE hash = ?", [hashed(visit.presented, secret_key)])
    _forgive(db, tried)
    db.execute("DELETE FROM known_networks WHERE at < ?", [times.after(-KNOWN_SECONDS)])
    db.execute(
        "INSERT INTO known_networks (editor_id, network, at) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET at = excluded.at",
        [editor_id, hashed(next(iter(networks_of(visit.address))), secret_key), times.now()],
    )
    session = {"hash": hashed(token, secret_key), "editor_id": editor_id, "device": visit.device[:DEVICE_LONGEST]}
    insert(db, "sessions", {**session, "created_at": times.now(), "expires_at": times.after(SESSION_SECONDS)})


def _forgive(db: Database, tried: tuple[str, ...]) -> None:
    """Clears all tries under that name from that network. Of the others it takes back only this one, which was
    right."""
    for number, who in enumerate(tried):
        one = "" if number == 0 else "AND rowid = (SELECT max(rowid) FROM attempts WHERE who = :who)"
        db.execute(f"DELETE FROM attempts WHERE who = :who {one}", {"who": who})


def _end(db: Database, editor_id: int, session_hash: str) -> None:
    db.execute("DELETE FROM sessions WHERE editor_id = ? AND hash = ?", [editor_id, session_hash])
