"""Updates, and reading them by place, by id and by version.

A retracted update stays in its table. Readers no longer see it; at most they see a notice in its place.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlite_utils import Database

from feed.errors import Gone, Missing
from feed.store import feeds, search
from feed.store.search import Holding

HIGHEST_ID = 2**63 - 1  # SQLite's; an address may hold any number, and no update has a higher one

# Whether readers could see the update, in any of its revisions (invariant 6).
_EVER_SEEN = """EXISTS (
    SELECT 1 FROM revisions WHERE update_id = updates.id AND NOT EXISTS (
        SELECT 1 FROM drafted
        WHERE drafted.update_id = updates.id AND drafted.revision = revisions.revision AND seen_at IS NULL
    )
)"""

_COLUMNS = """
    updates.id, feeds.slug AS feed, updates.version, updates.revision, updates.headline, updates.body,
    updates.html, updates.key, updates.pinned, updates.byline, updates.published_at, updates.edited_at,
    updates.retracted_at, updates.reason, updates.notice, updates.restored_at, updates.language,
    updates.status, updates.source,
    (SELECT articles.language FROM articles WHERE articles.id = feeds.article_id) AS feed_language
    FROM updates JOIN feeds ON feeds.id = updates.feed_id
"""


@dataclass(frozen=True)
class Update:
    """An update as it is now. `body` is the editor's Markdown, `html` the HTML that was made of it when it was saved.
    `restored_at` is when it was last restored after a retraction. `status` is one of `statuses.WORDS` or None, and
    `source` who says so: a few words, or an address of the web. `language` is that of its text, None for the feed's
    language; `feed_language` is None for the site's language."""

    id: int
    feed: str
    version: int
    revision: int
    headline: str | None
    body: str
    html: str
    key: bool
    pinned: bool
    byline: str
    published_at: str
    edited_at: str | None
    retracted_at: str | None
    reason: str | None
    notice: bool
    restored_at: str | None
    status: str | None
    source: str | None
    language: str | None
    feed_language: str | None

    @property
    def text_language(self) -> str | None:
        """The language of its text; None for the site's."""
        return self.language or self.feed_language

    @property
    def erased(self) -> bool:
        """Whether its text was erased for good (see store.erasing)."""
        return self.retracted_at is not None and not self.html

    @property
    def gone(self) -> bool:
        """Whether it was retracted and left nothing in its place."""
        return self.retracted_at is not None and not self.notice

    @property
    def place(self) -> "Place":
        """Its position in its feed."""
        return Place(self.published_at, self.id)


class Which(StrEnum):
    """Which updates of a feed, as an SQL condition. Each has an index of its own, so that reading a few updates takes
    equally long in a feed of any size."""

    SHOWN = "(retracted_at IS NULL OR notice)"
    NOT_RETRACTED = "retracted_at IS NULL"
    KEY = "key AND retracted_at IS NULL"


class Place(NamedTuple):
    """A position in a feed, which is ordered newest first by `published_at`, then by id. It stays valid when others are
    published and retracted."""

    published_at: str
    id: int


def get(db: Database, update_id: int, *, drafts: bool = False) -> Update:
    """The update, unless it is retracted. Raises Missing, also for an update of a draft article, and Gone for a
    retracted one that readers could see. With `drafts`, updates of drafts are found, and Gone is raised for every
    retracted update."""
    update = get_any(db, update_id)
    feeds.get(db, update.feed, drafts=drafts)
    if update.retracted_at:
        raise Gone(update_id) if drafts or ever_seen(db, update_id) else Missing(update_id)
    return update


def get_any(db: Database, update_id: int) -> Update:
    """The update in any state: retracted, or of a draft article. Raises Missing."""
    if update_id > HIGHEST_ID:
        raise Missing(update_id)
    row = db.execute(f"SELECT {_COLUMNS} WHERE updates.id = ?", [update_id]).fetchone()
    if row is None:
        raise Missing(update_id)
    return _update(row)


def newest_first(
    db: Database, feed: feeds.Feed, before: Place | None, limit: int, which: Which | Holding = Which.SHOWN
) -> list[Update]:
    """Up to `limit` of those updates of the feed that are older than `before`, or the newest."""
    return _listed(db, feed, which, before, "<", "DESC", limit)


def oldest_first(
    db: Database, feed: feeds.Feed, after: Place | None, limit: int, which: Which | Holding = Which.SHOWN
) -> list[Update]:
    """Up to `limit` of those updates of the feed that are newer than `after`, or the oldest."""
    return _listed(db, feed, which, after, ">", "ASC", limit)


def count(db: Database, feed: feeds.Feed, holding: Holding, most: int) -> int:
    """The number of updates of the feed that hold those words and are not retracted, but `most` at most."""
    return len(search.ids(db, feed.id, holding, None, "DESC", most))


def changed_after(db: Database, feed: feeds.Feed, version: int, limit: int) -> list[Update]:
    """Up to `limit` updates that changed after that version, in the order of their last change. Retracted updates are
    among them if readers could see them."""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE feed_id = ? AND updates.version > ? AND (retracted_at IS NULL OR {_EVER_SEEN}) "
        "ORDER BY updates.version LIMIT ?",
        [feed.id, version, limit],
    )
    return [_update(row) for row in rows]


def pinned(db: Database, feed: feeds.Feed) -> Update | None:
    """The update that is pinned to the top of the feed; None when there is none."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE feed_id = ? AND pinned AND retracted_at IS NULL", [feed.id]).fetchone()
    return _update(row) if row else None


def retracted(db: Database) -> list[Update]:
    """Every retracted update of every feed."""
    return [_update(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE retracted_at IS NOT NULL")]


def retracted_last(db: Database, feed: feeds.Feed, limit: int, *, unseen: bool = False) -> list[Update]:
    """Up to `limit` retracted updates of the feed, the last retracted first; with `unseen`, for the desk only, also
    those that readers never saw."""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE feed_id = ? AND retracted_at IS NOT NULL AND (? OR {_EVER_SEEN}) "
        "ORDER BY updates.version DESC LIMIT ?",
        [feed.id, unseen, limit],
    )
    return [_update(row) for row in rows]


def ever_seen(db: Database, update_id: int) -> bool:
    """Whether readers could see the update, in any of its revisions."""
    return db.execute(f"SELECT 1 FROM updates WHERE id = ? AND {_EVER_SEEN}", [update_id]).fetchone() is not None


def _listed(
    db: Database, feed: feeds.Feed, which: Which | Holding, start: Place | None, beyond: str, order: str, limit: int
) -> list[Update]:
    if isinstance(which, Holding):
        found = search.ids(db, feed.id, which, (beyond, start.id) if start else None, order, limit)
        return [get_any(db, update_id) for update_id in found]
    further, place = (f"AND (published_at, updates.id) {beyond} (?, ?)", start) if start else ("", ())
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE feed_id = ? AND {which} {further} "
        f"ORDER BY published_at {order}, updates.id {order} LIMIT ?",
        [feed.id, *place, limit],
    )
    return [_update(row) for row in rows]


def _update(row: feeds.Row) -> Update:
    return Update(**{**dict(row), **{name: bool(row[name]) for name in ("key", "pinned", "notice")}})
