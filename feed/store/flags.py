"""The flags of an update, and the parts of the feed's page that show the updates with each flag."""

from collections.abc import Mapping

from sqlite_utils import Database

from feed.store import feeds
from feed.store.updates import Update

PARTS: Mapping[str, str] = {"pinned": "pinned", "key": "key-events"}


def of(update: Update) -> set[str]:
    """The flags that are set on the update."""
    return {flag for flag in PARTS if getattr(update, flag)}


def stamp(db: Database, feed_id: int, version: int, touched: set[str]) -> None:
    """Stamps the parts that show updates with one of these flags: they change with the update. Other names in `touched`
    are ignored."""
    for flag in PARTS.keys() & touched:
        feeds.stamp(db, feed_id, PARTS[flag], version)


def unpin(db: Database, feed_id: int, version: int) -> None:
    """Unpins the update that is pinned now: a feed has one pinned update at most."""
    db.execute(
        "UPDATE updates SET pinned = 0, version = ? WHERE feed_id = ? AND pinned AND retracted_at IS NULL",
        [version, feed_id],
    )


def pin_again(db: Database, feed_id: int, update: Update, version: int) -> None:
    """Pins the update that was unpinned when this one was published on top, at a version at which the pinned update
    changes anyhow. It is the one that changed when this one was published, and has not changed since."""
    db.execute(
        "UPDATE updates SET pinned = 1, version = ? WHERE feed_id = ? AND version = ? AND id <> ? "
        "AND retracted_at IS NULL",
        [version, feed_id, update.version, update.id],
    )
