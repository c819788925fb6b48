"""How many readers follow each feed, in all workers that share this database, and how many did at most.

The peaks are kept by quarters of an hour in UTC: every time zone begins its day with one of these, so the peak of a day
can be read in any zone. That is at most 96 rows a feed and day, written together with what a worker reports anyhow.

Readers of a worker that ends come back to another one, and must not be counted at both: a peak that was once too high
stays so. So those of a worker whose process has ended are dropped at once.
"""

from collections.abc import Mapping

from sqlite_utils import Database

from feed import times
from feed.store.database import Store, insert
from feed.store.workers import FRESH_SECONDS, has_ended

PEAKS_SECONDS = 2 * 24 * 3600  # today and, in any zone, yesterday


def report(store: Store, worker: str, readers: Mapping[str, int]) -> None:
    """Replaces what this worker reported before. `readers` is the number of readers by feed."""
    store.write(_report, worker, dict(readers))


def report_all(store: Store, reports: Mapping[str, Mapping[str, int]]) -> None:
    """The same for several workers in one transaction."""
    store.write(_report_all, {worker: dict(readers) for worker, readers in reports.items()})


def readers(db: Database) -> dict[str, int]:
    """The number of readers by feed, summed over the running workers."""
    rows = db.execute(
        "SELECT feed, sum(readers) AS readers FROM presence WHERE at > ? GROUP BY feed",
        [times.after(-FRESH_SECONDS)],
    )
    return {row["feed"]: row["readers"] for row in rows}


def workers(db: Database, slug: str) -> set[str]:
    """The running workers that have readers of that feed, as far as they have reported."""
    rows = db.execute(
        "SELECT worker FROM presence WHERE feed = ? AND readers > 0 AND at > ?", [slug, times.after(-FRESH_SECONDS)]
    )
    return {row["worker"] for row in rows}


def peaks(db: Database, since: str) -> dict[str, int]:
    """The most readers that each feed had at a time since that moment, with which a quarter of an hour begins."""
    rows = db.execute(
        "SELECT slug, max(readers) AS readers FROM peaks JOIN feeds ON feeds.id = feed_id WHERE quarter >= ? "
        "GROUP BY feed_id",
        [_quarter(since)],
    )
    return {row["slug"]: row["readers"] for row in rows}


def _report_all(db: Database, reports: Mapping[str, dict[str, int]]) -> None:
    for worker, counts in reports.items():
        _report(db, worker, counts)


def _report(db: Database, worker: str, counts: dict[str, int]) -> None:
    db.execute("DELETE FROM presence WHERE worker = ? OR at < ?", [worker, times.after(-FRESH_SECONDS)])
    for (other,) in db.execute("SELECT DISTINCT worker FROM presence").fetchall():
        if has_ended(other):
            db.execute("DELETE FROM presence WHERE worker = ?", [other])
    for feed, count in counts.items():
        insert(db, "presence", {"worker": worker, "feed": feed, "readers": count, "at": times.now()})
    db.execute("DELETE FROM peaks WHERE quarter < ?", [_quarter(times.after(-PEAKS_SECONDS))])
    total = readers(db)
    for feed in counts:
        db.execute(
            "INSERT INTO peaks (feed_id, quarter, readers) "
            "SELECT id, ?, ? FROM feeds WHERE slug = ? AND quiet_of IS NULL "
            "ON CONFLICT DO UPDATE SET readers = max(readers, excluded.readers)",
            [_quarter(times.now()), total.get(feed, counts[feed]), feed],
        )


def _quarter(moment: str) -> str:
    """The quarter of an hour in which that moment is: "2026-07-26T14:15"."""
    return f"{moment[:14]}{int(moment[14:16]) // 15 * 15:02}"
