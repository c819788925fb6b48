"""Who is at the desk, and what each editor is editing, in all workers that share this database. It locks nothing: it
tells editors of each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlite_utils import Database

from feed import times
from feed.store.database import Store, insert
from feed.store.workers import FRESH_SECONDS

MOST_TOLD = 500  # places: far more than a newsroom has, and still a message of some kilobytes


class Place(NamedTuple):
    """What a page of the desk shows: a feed, an article's form, or a submission; and the update whose form is open in
    it, if any."""

    feed: str | None = None
    article: int | None = None
    update: int | None = None
    submission: int | None = None


class Present(NamedTuple):
    """An editor who is at that place."""

    editor_id: int
    place: Place


@dataclass(frozen=True)
class Colleague:
    """An editor who has the desk open, in one window or in many, and all places where that is."""

    id: int
    name: str
    places: tuple[Place, ...]


def report(store: Store, worker: str, present: Iterable[Present]) -> None:
    """Replaces what this worker reported before."""
    store.write(_report, worker, list(present))


def colleagues(db: Database) -> list[Colleague]:
    """Everybody at the desk, by name. For editors only."""
    rows = db.execute(
        "SELECT DISTINCT editors.id, display_name, feed, article_id, update_id, submission_id FROM editing "
        "JOIN editors ON editors.id = editor_id WHERE at > ? AND disabled_at IS NULL "
        "ORDER BY display_name, editors.id, feed, article_id, update_id, submission_id LIMIT ?",
        [times.after(-FRESH_SECONDS), MOST_TOLD],
    )
    places: dict[tuple[int, str], list[Place]] = {}
    for editor_id, name, *place in rows:
        places.setdefault((editor_id, name), []).append(Place(*place))
    return [Colleague(editor_id, name, tuple(found)) for (editor_id, name), found in places.items()]


def _report(db: Database, worker: str, present: list[Present]) -> None:
    db.execute("DELETE FROM editing WHERE worker = ? OR at < ?", [worker, times.after(-FRESH_SECONDS)])
    for editor_id, place in present:
        row: dict[str, object] = {"worker": worker, "editor_id": editor_id, "feed": place.feed, "at": times.now()}
        row |= {"article_id": place.article, "update_id": place.update, "submission_id": place.submission}
        insert(db, "editing", row)
