"""How many readers follow each feed, all workers of this database together."""

from collections.abc import Mapping

from sqlite_utils import Database

from feed import times
from feed.store.database import Store, insert

FRESH_SECONDS = 40  # a worker that has not reported for so long is gone; it reports twice in that time


def report(store: Store, worker: str, readers: Mapping[str, int]) -> None:
    """Replaces what this worker reported before. `readers` is by feed."""
    store.write(_report, worker, dict(readers))


def readers(db: Database) -> dict[str, int]:
    """Readers by feed, summed over the workers that are alive."""
    rows = db.execute(
        "SELECT feed, sum(readers) AS readers FROM presence WHERE at > ? GROUP BY feed",
        [times.after(-FRESH_SECONDS)],
    )
    return {row["feed"]: row["readers"] for row in rows}


def _report(db: Database, worker: str, counts: dict[str, int]) -> None:
    db.execute("DELETE FROM presence WHERE worker = ? OR at < ?", [worker, times.after(-FRESH_SECONDS)])
    for feed, count in counts.items():
        insert(db, "presence", {"worker": worker, "feed": feed, "readers": count, "at": times.now()})
