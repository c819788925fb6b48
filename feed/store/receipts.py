"""Receipts: to how many sockets each worker has handed a change, and when.

A worker reports once the kernel has taken the bytes; whether anybody reads them, nobody knows. Rows name the epoch, in
which a version is unique, and are kept for a minute: the desk asks just after a change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlite_utils import Database

from feed import times
from feed.store import presence
from feed.store.database import Store
from feed.store.feeds import Feed
from feed.store.updates import Update

MOST_COMMITS = 50  # of one feed that are looked up at a time, for metrics; more come only after a failure
KEPT_SECONDS = 60  # the desk looks for ten seconds; a busy site makes some thousand rows in a minute


class Handed(NamedTuple):
    """What a worker has done with the envelope of the versions after+1 … version: its kernel has taken it for `sockets`
    of `followers` sockets. `at` is when the last one was served."""

    epoch: str
    after: int
    version: int
    sockets: int
    followers: int
    at: str


@dataclass(frozen=True)
class Receipt:
    """What became of one version of a feed. It was committed at `on_disk`, and `milliseconds` later the last worker
    that has reported had handed it to its sockets; None while none has. `waiting` workers have readers of the feed and
    have not reported. What is done to a `draft` is handed to nobody."""

    version: int
    on_disk: str
    draft: bool
    sockets: int
    followers: int
    milliseconds: int | None
    waiting: int


def report(store: Store, worker: str, handed: Sequence[Handed]) -> None:
    """Stores what this worker has handed out."""
    store.write(_report, worker, handed)


def of(db: Database, feed: Feed, version: int) -> Receipt | None:
    """The receipt of that version of the feed; None when no action of the last minute made it."""
    if version > feed.version:  # also a number that is too large for SQLite
        return None
    row = db.execute(
        "SELECT at FROM actions WHERE feed_id = ? AND version = ? AND at > ? ORDER BY id DESC LIMIT 1",
        [feed.id, version, times.after(-KEPT_SECONDS)],
    ).fetchone()
    if row is None:
        return None
    covering = {"epoch": feed.epoch, "version": version}
    reported = "FROM receipts WHERE epoch = :epoch AND version >= :version AND after < :version"
    done = db.execute(f"SELECT worker, sockets, followers, at {reported}", covering).fetchall()
    return Receipt(
        version,
        row["at"],
        feed.draft,
        sockets=sum(each["sockets"] for each in done),
        followers=sum(each["followers"] for each in done),
        milliseconds=_milliseconds(row["at"], max(each["at"] for each in done)) if done else None,
        waiting=len(presence.workers(db, feed.slug) - {each["worker"] for each in done}),
    )


def committed_since(db: Database, feed: Feed, version: int) -> list[str]:
    """When the versions of that feed after this one were committed, the latest first, as far as actions made them."""
    rows = db.execute(
        "SELECT at FROM (SELECT at, version FROM actions WHERE feed_id = ? ORDER BY id DESC LIMIT ?) WHERE version > ?",
        [feed.id, min(feed.version - version, MOST_COMMITS), version],
    )
    return [row["at"] for row in rows]


def last_version(db: Database, update: Update, editor_id: int) -> int | None:
    """The version of the feed that this editor's last action on the update made; None where it is not known."""
    row = db.execute(
        "SELECT version FROM actions WHERE update_id = ? AND editor_id = ? ORDER BY id DESC LIMIT 1",
        [update.id, editor_id],
    ).fetchone()
    return row["version"] if row else None


def _report(db: Database, worker: str, handed: Sequence[Handed]) -> None:
    db.execute("DELETE FROM receipts WHERE at < ?", [times.after(-KEPT_SECONDS)])
    for each in handed:
        # Replaced when the tail had to push again, after an error.
        db.execute(
            "INSERT OR REPLACE INTO receipts (epoch, after, version, sockets, followers, at, worker) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [*each, worker],
        )


def _milliseconds(begin: str, end: str) -> int:
    """Between two moments, by one machine's clock, which may have been set back in between."""
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    return max(0, round(passed.total_seconds() * 1000))
