"""One page of a feed, as every door shows it: its updates from a place on, and the way further back."""

from dataclasses import dataclass

from feed.render.changes import PARTS
from feed.render.updates import Renderer
from feed.store import updates
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.updates import Update
from feed.web.cursors import cursor_of, place_in

SHOWN = 20  # updates at a time: three screens of a phone


@dataclass(frozen=True)
class FeedPage:
    """Updates of a feed, newest first. `older` is the cursor to what follows, None at the end; `top` says whether
    this is the head of the feed, where new updates appear."""

    feed: Feed
    updates: list[Update]
    older: str | None
    top: bool
    parts: dict[str, str]


def load(db: Database, render: Renderer, feed: Feed, before: str | None, limit: int = SHOWN) -> FeedPage:
    """The updates below the cursor, or from the top. Raises BadRequest for a damaged cursor."""
    place = place_in(feed.slug, before)
    found = updates.newest_first(db, feed, place, limit + 1)
    shown = found[:limit]
    older = cursor_of(feed.slug, shown[-1]) if len(found) > limit else None
    parts = {name: render.part(db, feed, name) for name in PARTS if name != "headline"}
    return FeedPage(feed, shown, older, place is None, {**parts})
