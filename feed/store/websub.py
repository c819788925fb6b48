"""How far each WebSub hub was told of what changed: a row a hub, which is also the lease of the worker that tells it.

`next_at` is when the row may be claimed: the end of a lease, of a pause, or of a wait after a failure. So of several
workers one tells, another takes over when that one has died, and nothing is kept but the tick up to which all was told.
"""

from dataclasses import dataclass

from sqlite_utils import Database

from feed import times
from feed.store import feeds
from feed.store.database import Store
from feed.store.feeds import Feed

LEASE_SECONDS = 15  # a worker that died while telling is replaced after that long; who lives renews it in good time
LONGEST_SECONDS = 120  # between two tries: a hub that is back after hours of absence is told within two minutes

_ROW = "INSERT OR IGNORE INTO websub (hub, told, next_at, failures)"


@dataclass(frozen=True)
class State:
    """Where a hub stands: told up to that tick, while `last` is that of the latest change."""

    told: int
    last: int
    next_at: str
    failures: int

    @property
    def behind(self) -> bool:
        """Whether there is something to tell."""
        return self.last > self.told

    @property
    def due(self) -> bool:
        """Whether it may be told now. A moment too far ahead was written by a clock that has been set back since."""
        return self.next_at <= times.now() or self.next_at > times.after(LONGEST_SECONDS + 1)


def state(db: Database, hub: str) -> State | None:
    """Where that hub stands; None when it was never begun."""
    row = db.execute("SELECT told, next_at, failures FROM websub WHERE hub = ?", [hub]).fetchone()
    return State(row["told"], feeds.last_tick(db), row["next_at"], row["failures"]) if row else None


def begin(store: Store, hub: str) -> None:
    """Makes the row of a hub that is new. Nobody can have subscribed there: it is told of what comes from now on."""
    with store.read() as db:
        if state(db, hub):
            return
    store.write(_begin, hub)


def claim(store: Store, hub: str) -> list[Feed]:
    """What changed since that hub was told, in the order of the last change, drafts too; the caller has the lease.
    Empty when there is nothing, or when another worker came first."""
    return store.write(_claim, hub)


def keep(store: Store, hub: str) -> None:
    """The lease begins anew."""
    store.write(_wait, hub, LEASE_SECONDS)


def succeed(store: Store, hub: str, tick: int, pause: float) -> None:
    """The hub was told up to that tick, and is told again after that many seconds at the earliest."""
    store.write(_succeed, hub, tick, pause)


def fail(store: Store, hub: str, tick: int) -> int:
    """The hub was told up to that tick and could not be told more: the next try is after a second, and after twice as
    long with each further failure. Returns how many there were, one after the other."""
    return store.write(_fail, hub, tick)


def hubs(db: Database) -> list[str]:
    """The hubs that were ever begun."""
    return [row["hub"] for row in db.execute("SELECT hub FROM websub")]


def begin_anew(db: Database, known: list[str]) -> None:
    """All these hubs, and those known here, are to be told of every feed; within a transaction of the caller's."""
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
