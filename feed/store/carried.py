"""What a restore carries over from the database that it replaces. What was taken away on purpose since the backup stays
taken away, and the feeds of the restored database begin a new epoch."""

import secrets
from dataclasses import dataclass

from sqlite_utils import Database

from feed.store import (
    articles,
    editors,
    erasing,
    feeds,
    lineage,
    points,
    retracting,
    reviewed_since,
    scheduled,
    second_factor,
    since_backup,
    tokens,
    updates,
    websub,
    writing,
)

# The tails of running servers wait for ticks above the last one that they saw. So the ticks of a restored database
# begin above that, and above those of all writes during the restore.
TICKS_AHEAD = 1_000_000


@dataclass(frozen=True)
class Kept:
    """What a restore must not lose of the live database: its last tick; what was taken away on purpose (revoked tokens,
    retracted and erased updates, withdrawn articles, what people may do, how they sign in); the record of what was done
    since; what is still scheduled, and what became of submissions; which
    points stand; the hubs."""

    tick: int
    tokens: list[str]
    people: list[editors.Access]
    factors: dict[str, list[dict[str, object]]]
    retracted: list[updates.Update]
    erased: erasing.Erased
    lineage: list[tuple[str, str]]
    withdrawn: list[tuple[int, str]]
    since: since_backup.Since
    scheduled: dict[str, int]
    reviewed: dict[str, reviewed_since.Reviewed]
    standing: set[tuple[int, int, str]]
    hubs: list[str]


def read(db: Database, before: tuple[int, str] = (0, ""), common: int = 0) -> Kept:
    """Reads it while nobody else writes. `before` is the last action of the backup, and `common` the last entry that
    its log and this one have. Raises DatabaseError when the file is damaged."""
    db.execute("BEGIN")
    try:
        return Kept(
            feeds.last_tick(db),
            tokens.ended(db),
            editors.access(db),
            second_factor.rows(db),
            updates.retracted(db),
            erasing.erased(db),
            lineage.kept(db),
            articles.withdrawn(db),
            since_backup.read(db, before, common),
            scheduled.waiting(db),
            reviewed_since.read(db),
            points.standing(db),
            websub.hubs(db),
        )
    finally:
        db.rollback()


def put(db: Database, kept: Kept) -> None:
    """Writes it into the restored database, in a transaction of the caller's. All sessions end."""
    _begin_epochs(db, kept.tick + TICKS_AHEAD)
    tokens.end(db, kept.tokens)
    editors.restore_access(db, kept.people)
    second_factor.restore_rows(db, kept.factors, {each.id: each.name for each in kept.people})
    retracting.retract_again(db, kept.retracted)
    erasing.erase_again(db, kept.erased)
    lineage.restore(db, kept.lineage)
    writing.withdraw_again(db, kept.withdrawn)
    if kept.since.known:
        reviewed_since.keep(db, kept.reviewed)
        points.doubt_others(db, kept.standing)
    since_backup.keep(db, kept.since)
    scheduled.hold_back(db, kept.scheduled if kept.since.known else None)
    websub.begin_anew(db, kept.hubs)  # what their subscribers have may be newer than any feed now is


def _begin_epochs(db: Database, tick: int) -> None:
    for (feed_id,) in db.execute("SELECT id FROM feeds").fetchall():
        tick += 1
        db.execute("UPDATE feeds SET epoch = ?, tick = ? WHERE id = ?", [secrets.token_hex(8), tick, feed_id])
    db.execute("DELETE FROM sessions")  # a session ended since the backup must not come back to life
    db.execute("DELETE FROM one_time_links")  # nor one that was used or revoked
    for running in ("presence", "receipts"):
        db.execute(f"DELETE FROM {running}")
