"""What the counters say now, asked of SQLite only when somebody has committed since they were asked last.

A page in the cache is right as long as the versions it shows are, and a reader who comes back only wants to know where
the feed stands: both ask far more often than anything changes. `site` counts every change of what pages show and no
feed's version covers (articles, authors, pictures, coverage): triggers keep it, so that no verb can forget it.
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
    """What a page shows: the site's counter, and of each feed its slug, epoch and version; or the tick, of all."""

    site: int
    feeds: tuple[tuple[str, str, int], ...]
    tick: int | None = None


class Versions:
    """The counters of one database, remembered while nothing is committed. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._data_version: int | None = None
        self._site: int | None = None
        self._tick = 0
        self._feeds: dict[str, Feed] = {}

    def feed(self, slug: str) -> Feed:
        """The feed as it stands now. Raises Missing, for a draft's too."""
        with self._lock:
            self._look()
            feed = self._feed(slug)
        if feed.draft:
            raise Missing(slug)
        return feed

    def current_slug(self, slug: str) -> str:
        """By which name to follow what has or had that slug; the same where nothing is known of it."""
        with self._lock:
            self._look()
            if slug in self._feeds:
                return slug
            with self._store.read() as db:
                return addresses.current(db, slug) or slug

    def is_current(self, stamp: Stamp) -> bool:
        """True while nothing that the stamp was taken from has changed."""
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
        # The version is asked before the counters: a commit in between makes them newer than it says, never older.
        version = self._store.data_version()
        if version != self._data_version:
            self._data_version, self._site = version, None
            self._feeds.clear()

    def _feed(self, slug: str) -> Feed:
        if slug not in self._feeds:
            with self._store.read() as db:
                self._feeds[slug] = feeds.followed(db, slug, drafts=True)
        return self._feeds[slug]


def stamp(db: Database, *shown: Feed) -> Stamp:
    """The stamp of a page that shows these feeds, made of what this read transaction sees."""
    return Stamp(site(db), tuple(_state(feed) for feed in shown))


def stamp_of_all(db: Database) -> Stamp:
    """The stamp of a page that shows something of every feed. A tick never comes again, after a restore neither."""
    return Stamp(site(db), (), feeds.last_tick(db))


def site(db: Database) -> int:
    """The counter of what pages show beside feeds."""
    return int(db.execute("SELECT version FROM site").fetchone()[0])


def _state(feed: Feed) -> tuple[str, str, int]:
    """What a stamp keeps of a feed."""
    return feed.slug, feed.epoch, feed.version
