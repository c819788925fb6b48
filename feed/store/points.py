"""What is known, in points above a feed: each is a sentence, and rests on updates of that feed.

When one of these updates gets other words, is retracted, restored, unconfirmed or wrong, the point is being checked
until an editor says that it stands. The trigger `points_checked` of the schema sees to that in the transaction of
whatever verb does it, and at the same version, so that the envelope with the update has the point too.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database

from feed.errors import Missing
from feed.store.feeds import Feed
from feed.store.updates import HIGHEST_ID

MOST = 20  # in a box: more is an article


@dataclass(frozen=True)
class Ground:
    """An update that a point rests on. Readers do not see a retracted one (invariant 4)."""

    id: int
    published_at: str
    retracted: bool


@dataclass(frozen=True)
class Point:
    """A point as it is now. `checking` is the version of the feed at which one of its grounds changed, None while it
    stands. `grounds` are in the order in which they were published."""

    id: int
    text: str
    revision: int
    checking: int | None
    grounds: tuple[Ground, ...]

    @property
    def shown(self) -> list[Ground]:
        """The grounds that readers see."""
        return [each for each in self.grounds if not each.retracted]


def of_feed(db: Database, feed: Feed) -> list[Point]:
    """The points of that feed, in their order."""
    return _found(db, "points.feed_id = ?", feed.id)


def get(db: Database, feed: Feed, point_id: int) -> Point:
    """That point of that feed. Raises Missing."""
    found = _found(db, "points.id = ? AND points.feed_id = ?", min(point_id, HIGHEST_ID), feed.id)
    if not found:
        raise Missing(point_id)
    return found[0]


def had_any(db: Database, feed: Feed) -> bool:
    """Whether that feed has points, or had some."""
    return db.execute("SELECT 1 FROM point_boxes WHERE feed_id = ?", [feed.id]).fetchone() is not None


def standing(db: Database) -> set[tuple[int, int, str]]:
    """The points that stand, by id, revision and text: what a restore has to know of the newer database."""
    return {tuple(row) for row in db.execute("SELECT id, revision, text FROM points WHERE checking IS NULL")}


def doubt_others(db: Database, still: set[tuple[int, int, str]]) -> None:
    """Lets all other points of this older copy be checked: they were changed or taken out since, or are being checked.
    Called in a transaction of the caller's that begins new epochs."""
    for point_id, _, _ in standing(db) - still:
        version = "(SELECT version FROM feeds WHERE id = feed_id)"
        db.execute(f"UPDATE points SET checking = {version} WHERE id = ?", [point_id])
        db.execute(
            f"UPDATE point_boxes SET version = {version} WHERE feed_id = (SELECT feed_id FROM points WHERE id = ?)",
            [point_id],
        )


def _found(db: Database, condition: str, *values: int) -> list[Point]:
    rows = db.execute(
        "SELECT points.id, text, points.revision, checking, update_id, published_at, retracted_at FROM points "
        "LEFT JOIN point_updates ON point_id = points.id LEFT JOIN updates ON updates.id = update_id "
        f"WHERE {condition} ORDER BY place, points.id, published_at, update_id",
        [*values],
    ).fetchall()
    found = []
    for _, group in groupby(rows, key=itemgetter("id")):
        of_point = [*group]
        grounds = tuple(
            Ground(row["update_id"], row["published_at"], row["retracted_at"] is not None)
            for row in of_point
            if row["update_id"]
        )
        first = of_point[0]
        found.append(Point(first["id"], first["text"], first["revision"], first["checking"], grounds))
    return found
