"""When an update counts as published: its place in the feed hangs on it.

A feed never runs backwards: what is published now stands above all that was, also when the clock was set back since,
or was ahead for a while. Then it follows the newest by a millisecond, until the clock has passed that. What is out
keeps the time that readers and feed readers know it by; only people can say which of the two clocks was right.
"""

from datetime import datetime

from sqlite_utils import Database

from feed import times
from feed.store import feeds

AHEAD_SECONDS = 2  # by which the newest may be ahead of the clock without a word: many updates in a moment


def now(db: Database, feed: feeds.Feed) -> str:
    """The moment at which an update that is published in that feed now is published."""
    moment, newest = times.now(), _newest(db, feed.id)
    return moment if newest is None or newest < moment else times.next_after(newest)


def ahead(db: Database, feed: feeds.Feed) -> int:
    """By how many seconds the newest update of that feed is ahead of the clock, 0 as long as that is nothing to tell:
    the clock is behind, or was ahead."""
    newest = _newest(db, feed.id)
    return seconds_ahead(newest) if newest else 0


def seconds_ahead(moment: str) -> int:
    """By how many seconds that moment is ahead of the clock; 0 for less than is worth a word."""
    gap = (datetime.fromisoformat(moment) - datetime.fromisoformat(times.now())).total_seconds()
    return int(gap) if gap >= AHEAD_SECONDS else 0


def date_drafted(db: Database, article_id: int, moment: str) -> None:
    """The article leaves draft at that moment, in the transaction of the caller, before the revision that says so is
    kept. What was written while it was a draft is published now, in the order in which it stood; what was published
    before, or as of a time that its editor gave, keeps that."""
    row = db.execute("SELECT id FROM feeds WHERE article_id = ?", [article_id]).fetchone()
    if row is None:
        return
    written = db.execute(
        "SELECT id, published_at FROM updates WHERE feed_id = ? AND NOT imported AND published_at >= coalesce(("
        "SELECT min(at) FROM article_revisions WHERE article_id = ? AND revision > ("
        "SELECT max(revision) FROM article_revisions WHERE article_id = ? AND NOT json_extract(fields, '$.draft'))"
        "), '') ORDER BY published_at, id",
        [row["id"], article_id, article_id],
    ).fetchall()
    if not written:
        return
    version = feeds.bump(db, row["id"])
    earlier = _newest(db, row["id"], written[0]["published_at"])
    moment = max(moment, times.next_after(earlier)) if earlier else moment
    ids = [each["id"] for each in written]
    in_order = ids == sorted(ids)  # as always, but for a clock that was set back meanwhile
    for update_id in ids:
        db.execute("UPDATE updates SET published_at = ?, version = ? WHERE id = ?", [moment, version, update_id])
        moment = moment if in_order else times.next_after(moment)


def _newest(db: Database, feed_id: int, before: str = "~") -> str | None:
    """The moment of the newest update of the feed, or of the newest below that moment."""
    shown = "SELECT max(published_at) FROM updates WHERE feed_id = ? AND (retracted_at IS NULL OR notice) "
    newest: str | None = db.execute(f"{shown} AND published_at < ?", [feed_id, before]).fetchone()[0]
    return newest
