"""Signing in: sessions that the server can end, and the throttle on guessing.

The cookie holds a random token, the table its hash keyed with the site's secret: neither a copy of the database nor
a changed secret lets anybody in.

Tries are counted by name and network together, by name, and by network: an IPv6 customer has a /64, a /56 or a /48, so
each of the three has a limit, and a whole /48 has fewer than a name has. Only the right password forgives, and only
what was tried under that name from that network. Where an editor has signed in before, tries of others do not keep
that editor out.
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

SESSION_SECONDS = 14 * 24 * 3600  # two weeks, so that nobody signs in while the news breaks
WINDOW_SECONDS = 15 * 60  # how far back failed tries count
TRIES_PER_NAME_AND_ADDRESS = 10  # more than anybody's typing errors
TRIES_PER_NAME = 200  # of guesses from everywhere; fewer, and a single stranger locks an editor out
TRIES_PER_ADDRESS = 50  # a newsroom behind one address, or an IPv6 /64
TRIES_PER_56 = 80  # of an IPv6 customer with several networks
TRIES_PER_48 = 120  # of the largest that one customer gets; under those of a name, so that one cannot use these up
KNOWN_SECONDS = 180 * 24 * 3600  # for which a network is remembered after the last sign-in from there
DEVICE_LONGEST = 200  # of the browser's own name, shown in the list of sessions
COOKIE = "liveline"
HOST_COOKIE = f"__Host-{COOKIE}"  # on https: a browser takes it from this host alone, never from a sibling domain


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `hash` names it in the list of sessions; the cookie's token is known to nobody else."""

    hash: str
    device: str
    created_at: str


@dataclass(frozen=True)
class Visit:
    """From where somebody signs in: the client's address, what its browser calls itself, and the token of the session
    that it has already, which ends with the sign-in: whoever put it there may know it."""

    address: str
    device: str
    presented: str | None = None


def sign_in(store: Store, key: bytes, name: str, password: str, visit: Visit) -> tuple[str, Editor] | None:
    """The token for the cookie and the editor, or None when name or password are wrong. Raises Throttled.

    A try is counted before the password is looked at, so that many at once are no way around the limit.
    """
    tried = store.write(_count_try, key, name, visit.address)
    editor = editors.authenticate(store, name, password)
    if editor is None:
        return None
    return begin(store, key, editor, visit, tried), editor


def begin(store: Store, key: bytes, editor: Editor, visit: Visit, tried: tuple[str, ...] = ()) -> str:
    """Starts a session for someone known to be that editor; the token for the cookie. `tried` is what `_count_try` has
    counted for this."""
    token = secrets.token_urlsafe(32)
    store.write(_begin, key, token, editor.id, visit, tried)
    return token


def prove(store: Store, key: bytes, editor: Editor, password: str, address: str) -> bool:
    """Whether whoever is signed in as that editor knows the password. Counts as a try. Raises Throttled."""
    tried = store.write(_count_try, key, editor.name, address)
    right = editors.authenticate(store, editor.name, password) is not None
    if right:
        store.write(_forgive, tried)
    return right


def signed_in(db: Database, key: bytes, token: str) -> tuple[Session, Editor]:
    """The session and editor of a cookie's token. Raises Missing when it is unknown, ended or over."""
    row = db.execute(
        "SELECT hash, device, sessions.created_at, editor_id FROM sessions JOIN editors ON editors.id = editor_id "
        "WHERE hash = ? AND expires_at > ? AND disabled_at IS NULL",
        [hashed(token, key), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("session")
    return Session(row["hash"], row["device"], row["created_at"]), editors.by_id(db, row["editor_id"])


def valid(db: Database, hashes: Iterable[str]) -> set[str]:
    """Those of these sessions that are good now."""
    rows = db.execute(
        "SELECT hash FROM sessions JOIN editors ON editors.id = editor_id "
        "WHERE hash IN (SELECT value FROM json_each(?)) AND expires_at > ? AND disabled_at IS NULL",
        [json.dumps(list(hashes)), times.now()],
    )
    return {row["hash"] for row in rows}


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


def _count_try(db: Database, key: bytes, name: str, address: str) -> tuple[str, ...]:
    """Counts a try, unless there were too many. What it was counted under, first what a right password forgives."""
    since, name = times.after(-WINDOW_SECONDS), name[:80]
    networks = networks_of(address)
    first = next(iter(networks))
    both = f"both {first} {name}"
    tries = {both: TRIES_PER_NAME_AND_ADDRESS, f"name {name}": TRIES_PER_NAME}
    tries |= {f"address {network}": limit for network, limit in networks.items()}
    db.execute("DELETE FROM attempts WHERE at < ?", [since])
    asked = [both] if _known(db, key, name, first) else tries
    for who in asked:
        if db.execute("SELECT count(*) FROM attempts WHERE who = ?", [who]).fetchone()[0] >= tries[who]:
            raise Throttled(WINDOW_SECONDS)
    for who in tries:
        insert(db, "attempts", {"who": who, "at": times.now()})
    return tuple(tries)


def networks_of(address: str) -> dict[str, int]:
    """The networks that a client's address counts for, the smallest first, and how many tries each has. An IPv4 address
    within an IPv6 one (mapped) is that."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return {address: TRIES_PER_ADDRESS}
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.ipv4_mapped:
        return {str(parsed if isinstance(parsed, ipaddress.IPv4Address) else parsed.ipv4_mapped): TRIES_PER_ADDRESS}
    sizes = {64: TRIES_PER_ADDRESS, 56: TRIES_PER_56, 48: TRIES_PER_48}
    whole = parsed.exploded.partition("%")[0]  # without the zone, which is this machine's
    return {str(ipaddress.ip_network((whole, size), strict=False)): limit for size, limit in sizes.items()}


def _known(db: Database, key: bytes, name: str, network: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM known_networks JOIN editors ON editors.id = editor_id WHERE name = ? AND network = ? AND at > ?",
        [name, hashed(network, key), times.after(-KNOWN_SECONDS)],
    )
    return found.fetchone() is not None


def _begin(db: Database, key: bytes, token: str, editor_id: int, visit: Visit, tried: tuple[str, ...]) -> None:
    db.execute("DELETE FROM sessions WHERE expires_at < ?", [times.now()])
    if visit.presented:
        db.execute("DELETE FROM sessions WHERE hash = ?", [hashed(visit.presented, key)])
    _forgive(db, tried)
    db.execute("DELETE FROM known_networks WHERE at < ?", [times.after(-KNOWN_SECONDS)])
    db.execute(
        "INSERT INTO known_networks (editor_id, network, at) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET at = excluded.at",
        [editor_id, hashed(next(iter(networks_of(visit.address))), key), times.now()],
    )
    session = {"hash": hashed(token, key), "editor_id": editor_id, "device": visit.device[:DEVICE_LONGEST]}
    insert(db, "sessions", {**session, "created_at": times.now(), "expires_at": times.after(SESSION_SECONDS)})


def _forgive(db: Database, tried: tuple[str, ...]) -> None:
    """What was tried under that name from that network is forgiven; elsewhere this try alone, which was none."""
    for number, who in enumerate(tried):
        one = "" if number == 0 else "AND rowid = (SELECT max(rowid) FROM attempts WHERE who = :who)"
        db.execute(f"DELETE FROM attempts WHERE who = :who {one}", {"who": who})


def _end(db: Database, editor_id: int, session_hash: str) -> None:
    db.execute("DELETE FROM sessions WHERE editor_id = ? AND hash = ?", [editor_id, session_hash])
