"""Feeds and their clock: each writing transaction bumps the version first and stamps it on what changes.

So the tables are the change log. What changed after version v are the rows whose version is above v; an update that was
edited three times is there once, in its latest state. There is nothing else to keep in step, to trim or to lose.

An article has a clock too, so that its open pages learn of edits. It is the clock of its coverage or, if it has none,
that of a quiet feed, which holds no updates and is listed nowhere. The name of a quiet feed is no slug, so `get` never
finds one. `followed` does, because readers can follow it and do nothing else with it.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlite_utils import Database

from feed import times
from feed.errors import Missing
from feed.store import actions
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.verbs import Verb

NEWS = "news"  # the slug of the site-wide feed
NOTHING: Mapping[str, Any] = MappingProxyType({})
QUIET = "article:"  # the prefix of a quiet feed's name; a slug contains no colon

Row = Any  # sqlite3.Row, which only the database module may name

_COLUMNS = """
    feeds.id, feeds.slug, feeds.epoch, feeds.version, feeds.tick, feeds.opened_at, feeds.closed_at,
    coalesce(feeds.changed, CAST(strftime('%s', feeds.opened_at) AS INTEGER)) AS changed,
    coalesce(feeds.first_slug, feeds.slug) AS first_slug,
    articles.headline AS headline, articles.slug AS story, articles.language, coalesce(articles.draft, 0) AS draft
    FROM feeds LEFT JOIN articles ON articles.id = coalesce(feeds.article_id, feeds.quiet_of)
"""


@dataclass(frozen=True)
class Feed:
    """A feed as it is at `version` of `epoch`. `headline` and `story` are the headline and slug of its article, None
    for `news`; `language` is the article's, None for the site's. `changed` is when it became what it is, in seconds
    since 1970. Each state has another second, so after many changes in a row it may be ahead of the clock. `first_slug`
    is the slug that it began with, of which its id in Atom is made."""

    id: int
    slug: str
    epoch: str
    version: int
    tick: int
    opened_at: str
    closed_at: str | None
    changed: int
    first_slug: str
    headline: str | None
    story: str | None
    language: str | None
    draft: bool

    @property
    def open(self) -> bool:
        """Whether its coverage is open."""
        return self.closed_at is None

    @property
    def quiet(self) -> bool:
        """Whether it is only the clock of an article without coverage."""
        return self.slug.startswith(QUIET)


def get(db: Database, slug: str, *, drafts: bool = False) -> Feed:
    """The feed with that slug. Raises Missing, also for the feed of a draft article unless `drafts`."""
    if slug.startswith(QUIET):
        raise Missing(slug)
    return followed(db, slug, drafts=drafts)


def followed(db: Database, name: str, *, drafts: bool = False) -> Feed:
    """What a reader can follow by that name: a feed, or the clock of an article. Raises Missing as `get` does."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE feeds.slug = ?", [name]).fetchone()
    if row is None or (row["draft"] and not drafts):
        raise Missing(name)
    return _feed(row)


def clock_of(db: Database, article_id: int) -> Feed:
    """The feed that keeps an article's page current: its coverage or, if it has none, its quiet feed."""
    clocks = "WHERE feeds.article_id = ? OR feeds.quiet_of = ? ORDER BY feeds.article_id IS NULL"
    return _feed(db.execute(f"SELECT {_COLUMNS} {clocks}", [article_id, article_id]).fetchone())


def all_feeds(db: Database) -> list[Feed]:
    """Every feed, `news` first, then open ones, then by opening, the latest first. For the desk."""
    order = "ORDER BY feeds.article_id IS NOT NULL, feeds.closed_at IS NOT NULL, feeds.opened_at DESC"
    return [_feed(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE feeds.quiet_of IS NULL {order}")]


def changed_since(db: Database, tick: int) -> list[Feed]:
    """The feeds that changed after that tick, in the order of their last change."""
    return [_feed(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE tick > ? ORDER BY tick", [tick])]


def last_tick(db: Database) -> int:
    """The tick of the latest change of any feed."""
    return int(db.execute("SELECT coalesce(max(tick), 0) FROM feeds").fetchone()[0])


def bump(db: Database, feed_id: int) -> int:
    """Raises the feed's version by one and returns it. It is the first statement of every transaction that changes a
    feed."""
    return int(
        db.execute(
            "UPDATE feeds SET version = version + 1, tick = (SELECT max(tick) + 1 FROM feeds) WHERE id = ? "
            "RETURNING version",
            [feed_id],
        ).fetchone()[0]
    )


def stamp(db: Database, feed_id: int, part: str, version: int) -> None:
    """Stores that this part of the feed (see store.parts) changed at that version."""
    db.execute(
        "INSERT INTO parts (feed_id, name, version) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET version = excluded.version",
        [feed_id, part, version],
    )


def stamp_story(db: Database, clock: Feed, parts: Iterable[str]) -> None:
    """Stores that these parts of an article's page change now; `clock` is the article's."""
    version = bump(db, clock.id)
    for part in parts:
        if part == "headline" and not clock.quiet:
            stamp(db, clock.id, part, version)  # the feed's own page shows it, too
            continue
        # These are in a table of their own because a worker of the release before, which shares the database during a
        # deploy, could not render them.
        db.execute(
            "INSERT INTO story_parts (feed_id, name, version) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET version = excluded.version",
            [clock.id, part, version],
        )


def stamped_after(db: Database, feed: Feed, version: int) -> list[tuple[str, int]]:
    """The parts that changed after that version, as (name, version)."""
    rows = db.execute(
        "SELECT name, version FROM parts WHERE feed_id = :feed AND version > :after "
        "UNION ALL SELECT name, version FROM story_parts WHERE feed_id = :feed AND version > :after "
        "UNION ALL SELECT 'points', version FROM point_boxes WHERE feed_id = :feed AND version > :after",
        {"feed": feed.id, "after": version},
    )
    return [(row["name"], row["version"]) for row in rows]


def set_closed(
    db: Database,
    feed: Feed,
    closed_at: str | None,
    actor: Actor | None,
    *,
    before: Mapping[str, Any] = NOTHING,
    after: Mapping[str, Any] = NOTHING,
) -> None:
    """Opens (None) or closes coverage, in a transaction of the caller's. `before` and `after` are the words that it was
    and is closed with, for the log."""
    version = bump(db, feed.id)
    db.execute("UPDATE feeds SET closed_at = ? WHERE id = ?", [closed_at, feed.id])
    stamp(db, feed.id, "coverage", version)
    told, verb = after.get("message"), covering(feed, closes=closed_at is not None)
    actions.record(
        db, actor, verb, feed_id=feed.id, version=version, detail=told, draft=feed.draft, before=before, after=after
    )


def covering(feed: Feed, *, closes: bool) -> Verb:
    """What closing or opening that coverage counts as."""
    if feed.slug == NEWS:
        return Verb.CLOSE_NEWS if closes else Verb.OPEN_NEWS
    return Verb.CLOSE if closes else Verb.OPEN


def add(db: Database, slug: str, article_id: int) -> None:
    """Adds an open feed for an article, in a transaction of the caller's."""
    db.execute(
        "INSERT INTO feeds (slug, article_id, epoch, opened_at, tick) "
        "VALUES (?, ?, ?, ?, (SELECT max(tick) + 1 FROM feeds))",
        [slug, article_id, secrets.token_hex(8), times.now()],
    )
    # A new article with coverage needs no quiet feed. A quiet feed that was used stays: open pages may follow it.
    db.execute("DELETE FROM feeds WHERE quiet_of = ? AND version = 0", [article_id])


def rename(db: Database, article_id: int, slug: str) -> None:
    """Gives the article's coverage, if it has one, the article's new slug, in a transaction of the caller's."""
    db.execute(
        "UPDATE feeds SET first_slug = coalesce(first_slug, slug), slug = ? WHERE article_id = ?", [slug, article_id]
    )


def record_site_language(store: Store) -> None:
    """Stores that pages are in the site's language from now on. If it was another before, every feed begins a new
    epoch, because pages of articles in other languages use words of the site's language, too."""
    with store.read() as db:
        before = db.execute("SELECT language FROM site").fetchone()[0]
    if before != store.language:
        store.write(_record_site_language, store.language)


def _record_site_language(db: Database, language: str) -> None:
    # Read again: of several workers that start together, only the first finds another language.
    before = db.execute("SELECT language FROM site").fetchone()[0]
    db.execute("UPDATE site SET language = ?", [language])
    if before not in (None, language):
        _begin_epochs(db)


def begin_epochs(store: Store) -> int:
    """Begins a new epoch of every feed, and returns how many there are: after the database was put here by other means
    than a restore, open pages have versions that mean something else now."""
    return store.write(_adopt)


def _adopt(db: Database) -> int:
    begun = _begin_epochs(db)
    actions.record(db, None, Verb.ADOPT)
    return begun


def _begin_epochs(db: Database) -> int:
    found = db.execute("SELECT id FROM feeds").fetchall()
    for (feed_id,) in found:
        begin_epoch(db, feed_id)
    return len(found)


def begin_epoch(db: Database, feed_id: int) -> None:
    """Begins a new epoch: every open page of this feed reloads, and cursors of the old epoch are refused."""
    bump(db, feed_id)
    db.execute("UPDATE feeds SET epoch = ? WHERE id = ?", [secrets.token_hex(8), feed_id])


def _feed(row: Row) -> Feed:
    return Feed(**{**dict(row), "draft": bool(row["draft"])})
