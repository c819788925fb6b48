"""How far each WebSub hub was notified. A row for each hub is also the lease of the worker that notifies it.

`next_at` is when the row may be claimed: the end of a lease, of a pause, or of a wait after a failure. So one of
several workers notifies a hub, and another takes over when that one has died. Nothing is stored but the tick up to
which the hub was notified.
"""

from dataclasses import dataclass

from sqlite_utils import Database

from feed import times
from feed.store import feeds
from feed.store.database import Store
from feed.store.feeds import Feed

LEASE_SECONDS = 15  # after which a worker that died is replaced; a running one renews the lease in time
LONGEST_SECONDS = 120  # between two tries: a hub that is back after hours is notified within two minutes

_ROW = "INSERT OR IGNORE INTO websub (hub, told, next_at, failures)"


@dataclass(frozen=True)
class State:
    """The state of a hub: it was notified up to the tick `told`, and `last` is the tick of the latest change."""

    told: int
    last: int
    next_at: str
    failures: int

    @property
    def behind(self) -> bool:
        """Whether there is something to notify it of."""
        return self.last > self.told

    @property
    def due(self) -> bool:
        """Whether it may be notified now. A time too far ahead was stored by a clock that was set back since."""
        return self.next_at <= times.now() or self.next_at > times.after(LONGEST_SECONDS + 1)


def state(db: Database, hub: str) -> State | None:
    """The state of that hub; None if it was never begun."""
    row = db.execute("SELECT told, next_at, failures FROM websub WHERE hub = ?", [hub]).fetchone()
    return State(row["told"], feeds.last_tick(db), row["next_at"], row["failures"]) if row else None


def begin(store: Store, hub: str) -> None:
    """Stores a hub that is new. Nobody can have subscribed there yet, so it is notified only of what comes from now
    on."""
    with store.read() as db:
        if state(db, hub):
            return
    store.write(_begin, hub)


def claim(store: Store, hub: str) -> list[Feed]:
    """Takes the lease and returns what changed since the hub was notified, in the order of the last change, drafts too.
    Empty when nothing changed, or when another worker has the lease."""
    return store.write(_claim, hub)


def keep(store: Store, hub: str) -> None:
    """Renews the lease."""
    store.write(_wait, hub, LEASE_SECONDS)


def succeed(store: Store, hub: str, tick: int, pause: float) -> None:
    """Stores that the hub was notified up to that tick, and that it may be notified again after `pause` seconds."""
    store.write(_succeed, hub, tick, pause)


def fail(store: Store, hub: str, tick: int) -> int:
    """Stores that the hub was notified up to that tick and then failed. The next try is after a second, and after twice
    as long with each further failure. Returns the number of failures in a row."""
    return store.write(_fail, hub, tick)


def hubs(db: Database) -> list[str]:
    """All hubs that were ever begun."""
    return [row["hub"] for row in db.execute("SELECT hub FROM websub")]


def begin_anew(db: Database, known: list[str]) -> None:
    """Lets all these hubs, and those stored here, be notified of every feed again, in a transaction of the caller's."""
    for hub in known:
        db.execute(f"{_ROW} VALUES (?, 0, '', 0)", [hub])
    db.execute("UPDATE websub SET told = 0, next_at = '', failures = 0")


def _begin(db: Database, hub: str) -> None:
    db.execute(f"{_ROW} VALUES (?, ?, '', 0)", [hub, feeds.last_tick(db)])


def _claim(db: Database, hub: str) -> list[Feed]:
    current = state(db, hub)
    if current is None or not current.behind or not current.due:
        return []
    _wait(db, hub, LEASE_SECONDS)
    return feeds.changed_since(db, current.told)


def _wait(db: Database, hub: str, seconds: float) -> None:
    db.execute("UPDATE websub SET next_at = ? WHERE hub = ?", [times.after(seconds), hub])


def _succeed(db: Database, hub: str, tick: int, pause: float) -> None:
    db.execute("UPDATE websub SET told = max(told, ?), failures = 0 WHERE hub = ?", [tick, hub])
    _wait(db, hub, pause)


def _fail(db: Database, hub: str, tick: int) -> int:
    db.execute("UPDATE websub SET told = max(told, ?), failures = failures + 1 WHERE hub = ?", [tick, hub])
    current = state(db, hub)
    failures = current.failures if current else 1
    _wait(db, hub, min(2.0 ** min(failures - 1, 10), LONGEST_SECONDS))
    return failures
