"""What of a feed is public, for an export: what its pages show to readers, and the history that they may read.

Drafts, retracted texts and the reasons that readers were not told of are never read here (invariants 4 and 6).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from feed.store import actions, articles, coverage, feeds, points, revisions, updates
from feed.store.actors import Actor
from feed.store.articles import Article
from feed.store.coverage import Closing
from feed.store.database import Store
from feed.store.feeds import NEWS, Feed
from feed.store.points import Point
from feed.store.revisions import Revision
from feed.store.updates import Update, Which
from feed.store.verbs import Verb

AT_ONCE = 200  # updates in memory at a time, with their histories
KEY_EVENTS = 100  # at the top of a page that has all updates; a link leads to the rest
MOST_REVISIONS = 1_000  # of one update; an update is edited a few times


@dataclass(frozen=True)
class Exported:
    """The feed that is exported, what it was closed with, what is known, and its article; the News Feed has none."""

    feed: Feed
    closing: Closing
    points: list[Point]
    article: Article | None


def record(store: Store, slug: str, actor: Actor | None) -> None:
    """Stores that this feed was exported. Raises Missing, also for the feed of a draft, and NotAllowed."""
    store.write(_record, slug, actor)


def get(db: Database, slug: str) -> Exported:
    """The public feed with that slug. Raises Missing."""
    feed = feeds.get(db, slug)
    article = articles.get(db, slug) if slug != NEWS else None
    return Exported(feed, coverage.closing(db, feed), points.of_feed(db, feed), article)


def shown(db: Database, feed: Feed, *, newest_first: bool = False) -> Iterator[Update]:
    """Every update of the feed that its pages show, and every notice of a retraction, the oldest first unless asked."""
    read, place = updates.newest_first if newest_first else updates.oldest_first, None
    while found := read(db, feed, place, AT_ONCE):
        yield from found
        place = found[-1].place


def ids(db: Database, feed: Feed) -> tuple[set[int], set[int]]:
    """The ids of what `shown` gives, and of those among them that have a history to show."""
    rows = db.execute(
        f"SELECT id, edited_at, retracted_at FROM updates WHERE feed_id = ? AND {Which.SHOWN}", [feed.id]
    ).fetchall()
    edited = {row["id"] for row in rows if row["edited_at"] and not row["retracted_at"]}
    return {row["id"] for row in rows}, edited


def history(db: Database, update: Update) -> list[Revision]:
    """The revisions that readers may see of an update that is not retracted, the latest first."""
    return revisions.of(db, update, update.revision + 1, MOST_REVISIONS)


def _record(db: Database, slug: str, actor: Actor | None) -> None:
    feed = feeds.get(db, slug)
    actions.record(db, actor, Verb.EXPORT, feed_id=feed.id)
