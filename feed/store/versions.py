"""The current counters, read from SQLite only after somebody has committed.

A cached page is right as long as the versions that it shows are current, and a reader who reconnects asks for the
version of the feed: both ask far more often than anything changes. `site` counts every change that pages show and that
no feed's version covers (articles, authors, pictures, coverage). Triggers keep it, so no verb can forget it.
"""

import threading
from dataclasses import dataclass

from sqlite_utils import Database

from feed.errors import Missing
from feed.store import addresses, feeds
from feed.store.database import Store
from feed.store.feeds import Feed


@dataclass(frozen=True)
class Stamp:
    """What a page shows: the site's counter, and the slug, epoch and version of each feed, or the tick of all feeds."""

    site: int
    feeds: tuple[tuple[str, str, int], ...]
    tick: int | None = None


class Versions:
    """The counters of one database, cached until somebody commits. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.data_version: int | None = None
        """Of the database, when somebody asked last."""
        self._site: int | None = None
        self._tick = 0
        self._feeds: dict[str, Feed] = {}

    def feed(self, slug: str) -> Feed:
        """The feed as it is now. Raises Missing, for a draft's too."""
        with self._lock:
            self._look()
            feed = self._feed(slug)
        if feed.draft:
            raise Missing(slug)
        return feed

    def current_slug(self, slug: str) -> str:
        """The name by which to follow what has or had that slug; the slug itself when nothing has."""
        with self._lock:
            self._look()
            if slug in self._feeds:
                return slug
            with self._store.read() as db:
                return addresses.current(db, slug) or slug

    def is_current(self, stamp: Stamp) -> bool:
        """Whether everything that the stamp was made of is unchanged."""
        with self._lock:
            self._look()
            if self._site is None:
                with self._store.read() as db:
                    self._site, self._tick = site(db), feeds.last_tick(db)
            if stamp.tick not in (None, self._tick):
                return False
            try:
                return self._site == stamp.site and all(_state(self._feed(shown[0])) == shown for shown in stamp.feeds)
            except Missing:
                return False

    def _look(self) -> None:
        # `data_version` is read before the counters, so a commit in between makes them newer than it says, never older.
        version = self._store.data_version()
        if version != self.data_version:
            self.data_version, self._site = version, None
            self._feeds.clear()

    def _feed(self, slug: str) -> Feed:
        if slug not in self._feeds:
            with self._store.read() as db:
                self._feeds[slug] = feeds.followed(db, slug, drafts=True)
        return self._feeds[slug]


def stamp(db: Database, *shown: Feed) -> Stamp:
    """The stamp of a page that shows these feeds, as this read transaction sees them."""
    return Stamp(site(db), tuple(_state(feed) for feed in shown))


def stamp_of_all(db: Database) -> Stamp:
    """The stamp of a page that shows something of every feed. No tick is used twice, not even after a restore."""
    return Stamp(site(db), (), feeds.last_tick(db))


def site(db: Database) -> int:
    """The counter of what pages show and no feed's version covers."""
    return int(db.execute("SELECT version FROM site").fetchone()[0])


def _state(feed: Feed) -> tuple[str, str, int]:
    """What a stamp keeps of a feed."""
    return feed.slug, feed.epoch, feed.version
