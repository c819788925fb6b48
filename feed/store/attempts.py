"""The limit on guessing: tries to sign in, counted by name and network together, by name, and by network.

An IPv6 customer has a /64, a /56 or a /48, so each of the three has a limit, and that of a /48 is lower than that of a
name. What was right clears only the tries under that name from that network. Where an editor has signed in before, the
tries of others do not lock that editor out.
"""

import ipaddress

from sqlite_utils import Database

from feed import times
from feed.errors import Throttled
from feed.store.database import insert
from feed.store.hashes import hashed

WINDOW_SECONDS = 15 * 60  # how far back failed tries count
TRIES_PER_NAME_AND_ADDRESS = 10  # more than anybody mistypes
TRIES_PER_NAME = 200  # from everywhere; with fewer, a single stranger could lock an editor out
TRIES_PER_ADDRESS = 50  # a newsroom behind one address, or an IPv6 /64
TRIES_PER_56 = 80  # an IPv6 customer with several networks
TRIES_PER_48 = 120  # the most that one customer gets; lower than that of a name, so that one cannot use that up
REFUSALS = ("password", "code")  # what can be wrong
KNOWN_SECONDS = 180 * 24 * 3600  # how long a network is remembered after the last sign-in from there


def count(db: Database, secret_key: bytes, name: str, address: str) -> None:
    """Counts a try, before it is looked at, so that many at once cannot evade the limit. Raises Throttled when there
    were too many."""
    limits = _limits(name, address)
    db.execute("DELETE FROM attempts WHERE at < ?", [times.after(-WINDOW_SECONDS)])
    asked = [next(iter(limits))] if is_known(db, secret_key, name, address) else limits
    for who in asked:
        if db.execute("SELECT count(*) FROM attempts WHERE who = ?", [who]).fetchone()[0] >= limits[who]:
            raise Throttled(WINDOW_SECONDS)
    for who in limits:
        insert(db, "attempts", {"who": who, "at": times.now()})


def is_first_refusal(db: Database, kind: str, name: str, address: str) -> bool:
    """Whether it is the first of that kind under that name from that network in WINDOW_SECONDS, for what has to be told
    once. It counts as told then."""
    who = _refusal(kind, name, address)
    if db.execute("SELECT 1 FROM attempts WHERE who = ? AND at > ?", [who, times.after(-WINDOW_SECONDS)]).fetchone():
        return False
    insert(db, "attempts", {"who": who, "at": times.now()})
    return True


def forgive(db: Database, name: str, address: str, steps: int = 1) -> None:
    """Clears all tries under that name from that network, and which refusals were told of. Of the others it takes back
    only the tries that were right: one for each of the steps of this sign-in."""
    both, *others = _limits(name, address)
    told = [_refusal(kind, name, address) for kind in REFUSALS]
    for who in (both, *told):
        db.execute("DELETE FROM attempts WHERE who = ?", [who])
    latest = "SELECT rowid FROM attempts WHERE who = ? ORDER BY rowid DESC LIMIT ?"
    for who in others:
        db.execute(f"DELETE FROM attempts WHERE rowid IN ({latest})", [who, steps])


def remember_network(db: Database, secret_key: bytes, editor_id: int, address: str) -> None:
    """Notes that the editor has signed in from there."""
    db.execute("DELETE FROM known_networks WHERE at < ?", [times.after(-KNOWN_SECONDS)])
    db.execute(
        "INSERT INTO known_networks (editor_id, network, at) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET at = excluded.at",
        [editor_id, hashed(nearest(address), secret_key), times.now()],
    )


def is_known(db: Database, secret_key: bytes, name: str, address: str) -> bool:
    """Whether the editor of that name has signed in from the network of that address."""
    found = db.execute(
        "SELECT 1 FROM known_networks JOIN editors ON editors.id = editor_id WHERE name = ? AND network = ? AND at > ?",
        [name, hashed(nearest(address), secret_key), times.after(-KNOWN_SECONDS)],
    )
    return found.fetchone() is not None


def nearest(address: str) -> str:
    """The smallest network that a client's address belongs to."""
    return next(iter(networks_of(address)))


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


def _refusal(kind: str, name: str, address: str) -> str:
    return f"refused {kind} {nearest(address)} {name[:80]}"


def _limits(name: str, address: str) -> dict[str, int]:
    """Under what a try is counted, name and network together first, and how many each has."""
    limits = {f"both {nearest(address)} {name[:80]}": TRIES_PER_NAME_AND_ADDRESS, f"name {name[:80]}": TRIES_PER_NAME}
    return limits | {f"address {network}": limit for network, limit in networks_of(address).items()}
