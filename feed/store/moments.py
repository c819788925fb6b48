"""When an update counts as published, which decides its position in the feed.

A feed never runs backwards: a new update gets a time above all others in the feed, also when the clock was set back, or
was ahead for a while. Then the new update follows the newest by a millisecond, until the clock has passed it. Published
updates keep the times by which readers and feed readers know them, because only people can say which of the two clocks
was right.
"""

from datetime import datetime

from sqlite_utils import Database

from feed import times
from feed.store import feeds

AHEAD_SECONDS = 2  # a smaller gap is not reported: many updates in one moment make it


def now(db: Database, feed: feeds.Feed) -> str:
    """The time of an update that is published in that feed now."""
    moment, newest = times.now(), _newest(db, feed.id)
    return moment if newest is None or newest < moment else times.next_after(newest)


def ahead(db: Database, feed: feeds.Feed) -> int:
    """By how many seconds the newest update of that feed is ahead of the clock, which is behind or was ahead; 0 for a
    gap that is too small to report."""
    newest = _newest(db, feed.id)
    return seconds_ahead(newest) if newest else 0


def seconds_ahead(moment: str) -> int:
    """By how many seconds that moment is ahead of the clock; 0 for a gap that is too small to report."""
    gap = (datetime.fromisoformat(moment) - datetime.fromisoformat(times.now())).total_seconds()
    return int(gap) if gap >= AHEAD_SECONDS else 0


def date_drafted(db: Database, article_id: int, moment: str) -> None:
    """Dates the updates that were written while the article was a draft: they are published at that moment, in their
    order. Updates that were published before, or for which an editor gave a time, keep theirs. Those that were restored
    count as restored now, so that no time of the draft is told. Call it in the transaction that publishes the article,
    before the revision is stored."""
    row = db.execute("SELECT id FROM feeds WHERE article_id = ?", [article_id]).fetchone()
    if row is None:
        return
    db.execute("UPDATE updates SET restored_at = ? WHERE feed_id = ? AND restored_at IS NOT NULL", [moment, row["id"]])
    drafted = db.execute(
        "SELECT id, published_at FROM updates WHERE feed_id = ? AND NOT imported AND published_at >= coalesce(("
        "SELECT min(at) FROM article_revisions WHERE article_id = ? AND revision > ("
        "SELECT max(revision) FROM article_revisions WHERE article_id = ? AND NOT json_extract(fields, '$.draft'))"
        "), '') ORDER BY published_at, id",
        [row["id"], article_id, article_id],
    ).fetchall()
    if not drafted:
        return
    version = feeds.bump(db, row["id"])
    earlier = _newest(db, row["id"], drafted[0]["published_at"])
    moment = max(moment, times.next_after(earlier)) if earlier else moment
    ids = [each["id"] for each in drafted]
    in_order = ids == sorted(ids)  # false only when the clock was set back in between
    for update_id in ids:
        db.execute("UPDATE updates SET published_at = ?, version = ? WHERE id = ?", [moment, version, update_id])
        moment = moment if in_order else times.next_after(moment)


def _newest(db: Database, feed_id: int, before: str = "~") -> str | None:
    """The time of the newest update of the feed, or of the newest one before that moment."""
    shown = "SELECT max(published_at) FROM updates WHERE feed_id = ? AND (retracted_at IS NULL OR notice) "
    newest: str | None = db.execute(f"{shown} AND published_at < ?", [feed_id, before]).fetchone()[0]
    return newest
