"""How many readers follow each feed, in all workers that share this database."""

from collections.abc import Mapping

from sqlite_utils import Database

from feed import times
from feed.store.database import Store, insert

FRESH_SECONDS = 40  # a worker that has not reported for so long has ended; a running one reports twice in that time


def report(store: Store, worker: str, readers: Mapping[str, int]) -> None:
    """Replaces what this worker reported before. `readers` is the number of readers by feed."""
    store.write(_report, worker, dict(readers))


def readers(db: Database) -> dict[str, int]:
    """The number of readers by feed, summed over the running workers."""
    rows = db.execute(
        "SELECT feed, sum(readers) AS readers FROM presence WHERE at > ? GROUP BY feed",
        [times.after(-FRESH_SECONDS)],
    )
    return {row["feed"]: row["readers"] for row in rows}


def _report(db: Database, worker: str, counts: dict[str, int]) -> None:
    db.execute("DELETE FROM presence WHERE worker = ? OR at < ?", [worker, times.after(-FRESH_SECONDS)])
    for feed, count in counts.items():
        insert(db, "presence", {"worker": worker, "feed": feed, "readers": count, "at": times.now()})
