"""One page of a feed, as every view shows it: consecutive updates, and the links that lead on from both ends."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import request

from feed.store import feeds, updates
from feed.store.database import Database
from feed.store.feeds import NEWS, Feed
from feed.store.parts import FeedParts, Parts
from feed.store.search import Holding
from feed.store.updates import HIGHEST_ID, Place, Update
from feed.web.cursors import cursor_of
from feed.web.services import services
from feed.web.views import View, paging, view_of

SHOWN = 20  # updates at a time: three screens of a phone
COUNTED = 1_000  # updates that a search finds: more says that better words are needed
ABOVE = 4  # newer ones above the update that a link led to


@dataclass(frozen=True)
class FeedPage:
    """Updates of a feed in the order of the view. `up` and `down` are the queries of the pages above and below, None at
    the ends of the list; `further` is the one of the two that continues in the direction of reading. `highlight` is the
    DOM id of the update that a permalink is about; `found` is how many updates a search finds, up to one more than are
    counted."""

    feed: Feed
    view: View
    updates: list[Update]
    up: str | None
    down: str | None
    further: str | None
    parts: FeedParts
    highlight: str | None = None
    found: int | None = None

    @property
    def address(self) -> str:
        """The path to which `up` and `down` are added; "" for the path of the page itself."""
        return f"/feeds/{self.feed.slug}" if self.highlight else ""

    @property
    def counted(self) -> int:
        """Up to how many updates a search counts."""
        return COUNTED

    @property
    def extent(self) -> str:
        """Where an open page may insert what is pushed: `top`, from the head of the list on; `older`, only between the
        updates at its ends; `found`, nowhere."""
        return "found" if self.view.words else "older" if self.up else "top"


def asked_for(db: Database, feed: Feed) -> FeedPage:
    """The page of that feed in the view that the query of this request asks for. Raises BadRequest."""
    return load(db, services().parts, feed, view_of(request.args, services().settings.timezone))


def paged(db: Database, feed: Feed) -> FeedPage:
    """The page of that feed that the query asks for where the feed can only be paged through. Raises BadRequest."""
    return load(db, services().parts, feed, paging(request.args))


def rail(db: Database) -> FeedPage:
    """The News Feed, beside something else. Raises BadRequest."""
    return paged(db, feeds.get(db, NEWS))


def load(db: Database, parts: Parts, feed: Feed, view: View, limit: int = SHOWN) -> FeedPage:
    """The page of that view. Raises BadRequest for a damaged cursor."""
    start, newer = view.start(feed.slug)
    found = _read(db, feed, view, start, limit + 1, newer=newer)
    shown = found[:limit]
    # The ends of the page, in the order it was read. If the page is empty, look back from just past the start cursor.
    near, far = (shown[0].place, shown[-1].place) if shown else (start and _past(start, newer=newer), start)
    on = _link(feed, view, far, newer=newer) if far and len(found) > limit else None
    back = near if near and start and _read(db, feed, view, near, 1, newer=not newer) else None
    back_link = _link(feed, view, back, newer=not newer) if back else None
    down_the_page = newer == view.oldest
    return FeedPage(
        feed,
        view,
        shown if down_the_page else shown[::-1],
        up=back_link if down_the_page else on,
        down=on if down_the_page else back_link,
        further=on,
        parts=parts.of_feed(db, feed),
        found=updates.count(db, feed, view.which, COUNTED + 1) if isinstance(view.which, Holding) else None,
    )


def around(db: Database, parts: Parts, feed: Feed, update: Update) -> FeedPage:
    """The page of an update's permalink: that update, with some newer ones above and older ones below."""
    view = View()
    newer = updates.oldest_first(db, feed, update.place, ABOVE + 1)
    above = newer[:ABOVE][::-1]
    room = SHOWN - len(above) - 1
    older = updates.newest_first(db, feed, update.place, room + 1)
    shown = [*above, update, *older[:room]]
    down = _link(feed, view, shown[-1].place, newer=False) if len(older) > room else None
    return FeedPage(
        feed,
        view,
        shown,
        up=_link(feed, view, shown[0].place, newer=True) if len(newer) > ABOVE else None,
        down=down,
        further=down,
        parts=parts.of_feed(db, feed),
        highlight=f"update-{update.id}",
    )


def _read(db: Database, feed: Feed, view: View, start: Place | None, limit: int, *, newer: bool) -> list[Update]:
    read: Callable[..., list[Update]] = updates.oldest_first if newer else updates.newest_first
    return read(db, feed, start, limit, view.which)


def _past(place: Place, *, newer: bool) -> Place:
    """The next place in that direction, from which reading back begins with this one."""
    return place._replace(id=min(place.id + 1, HIGHEST_ID) if newer else max(place.id - 1, 0))


def _link(feed: Feed, view: View, place: Place, *, newer: bool) -> str:
    return view.link(**{"after" if newer else "before": cursor_of(feed.slug, place)})
