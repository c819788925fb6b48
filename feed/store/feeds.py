"""Feeds and their clock: the version is bumped first in each writing transaction and stamped on what changed.

So the tables themselves are the change log: what changed after version v is what carries a version above v, an
update edited three times once, in its latest state. There is nothing else to keep in step, to trim or to lose.

An article has a clock too, so that its open pages learn of edits: that of its coverage or, as long as it has none, that
of a quiet feed, which holds no updates and is listed nowhere. The name of a quiet feed is no slug, and `get` never
finds one; `followed` does, because to follow it is all that can be done with it.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from feed import times
from feed.errors import Missing
from feed.store import actions
from feed.store.actions import Actor, Verb
from feed.store.database import Store

NEWS = "news"  # the slug of the site-wide feed
QUIET = "article:"  # begins the name of a quiet feed; a slug holds no colon

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
    """A feed as it stands at `version` of `epoch`. `headline` is its article's and `story` its slug, None
    for `news`; `language` is the article's, None for the site's. `changed` is the second since 1970 in which it became
    what it is; each state has another, so after many changes in a row it may be ahead of the clock. `first_slug` is the
    one that it began with, out of which its name in Atom is made."""

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
        """Whether coverage goes on."""
        return self.closed_at is None

    @property
    def quiet(self) -> bool:
        """Whether it is but the clock of an article without coverage."""
        return self.slug.startswith(QUIET)


def get(db: Database, slug: str, *, drafts: bool = False) -> Feed:
    """The feed of that slug. Raises Missing; a draft article's feed is missing too, unless `drafts`."""
    if slug.startswith(QUIET):
        raise Missing(slug)
    return followed(db, slug, drafts=drafts)


def followed(db: Database, name: str, *, drafts: bool = False) -> Feed:
    """What a reader can follow by that name: a feed, or the clock of an article. Raises Missing, as `get` does."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE feeds.slug = ?", [name]).fetchone()
    if row is None or (row["draft"] and not drafts):
        raise Missing(name)
    return _feed(row)


def clock_of(db: Database, article_id: int) -> Feed:
    """By which an article's page is kept current: the clock of its coverage or, as long as it has none, its own."""
    clocks = "WHERE feeds.article_id = ? OR feeds.quiet_of = ? ORDER BY feeds.article_id IS NULL"
    return _feed(db.execute(f"SELECT {_COLUMNS} {clocks}", [article_id, article_id]).fetchone())


def all_feeds(db: Database) -> list[Feed]:
    """Every feed, `news` first, then the latest opened. For the desk."""
    order = "ORDER BY feeds.article_id IS NOT NULL, feeds.closed_at IS NOT NULL, feeds.opened_at DESC"
    return [_feed(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE feeds.quiet_of IS NULL {order}")]


def changed_since(db: Database, tick: int) -> list[Feed]:
    """The feeds that changed after that tick, in the order of their last change."""
    return [_feed(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE tick > ? ORDER BY tick", [tick])]


def last_tick(db: Database) -> int:
    """The tick of the latest change of any feed."""
    return int(db.execute("SELECT coalesce(max(tick), 0) FROM feeds").fetchone()[0])


def bump(db: Database, feed_id: int) -> int:
    """The clock's next version. The first statement of every transaction that changes a feed."""
    return int(
        db.execute(
            "UPDATE feeds SET version = version + 1, tick = (SELECT max(tick) + 1 FROM feeds) WHERE id = ? "
            "RETURNING version",
            [feed_id],
        ).fetchone()[0]
    )


def stamp(db: Database, feed_id: int, part: str, version: int) -> None:
    """Says that this part of the feed (see store.parts) changed at that version."""
    db.execute(
        "INSERT INTO parts (feed_id, name, version) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET version = excluded.version",
        [feed_id, part, version],
    )


def stamp_story(db: Database, clock: Feed, parts: Iterable[str]) -> None:
    """Says that these parts of the article of that clock change now."""
    version = bump(db, clock.id)
    for part in parts:
        if part == "headline" and not clock.quiet:
            stamp(db, clock.id, part, version)  # the coverage has it on pages of its own
            continue
        # In a table of its own: a worker of an earlier release, which shares the database while a new one is rolled
        # out, could not render these.
        db.execute(
            "INSERT INTO story_parts (feed_id, name, version) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET version = excluded.version",
            [clock.id, part, version],
        )


def stamped_after(db: Database, feed: Feed, version: int) -> list[tuple[str, int]]:
    """The parts that changed after that version, as (name, version)."""
    rows = db.execute(
        "SELECT name, version FROM parts WHERE feed_id = :feed AND version > :after "
        "UNION ALL SELECT name, version FROM story_parts WHERE feed_id = :feed AND version > :after",
        {"feed": feed.id, "after": version},
    )
    return [(row["name"], row["version"]) for row in rows]


def open_coverage(store: Store, slug: str, actor: Actor | None) -> Feed:
    """Coverage goes on (again). Raises Missing, NotAllowed."""
    return store.write(_set_closed, slug, None, actor)


def close_coverage(store: Store, slug: str, actor: Actor | None) -> Feed:
    """Coverage has ended. Raises Missing, NotAllowed."""
    return store.write(_set_closed, slug, times.now(), actor)


def _set_closed(db: Database, slug: str, closed_at: str | None, actor: Actor | None) -> Feed:
    feed = get(db, slug, drafts=True)
    if feed.open != (closed_at is None):
        set_closed(db, feed, closed_at, actor)
    return get(db, slug, drafts=True)


def set_closed(db: Database, feed: Feed, closed_at: str | None, actor: Actor | None) -> None:
    """Opens or closes coverage within a transaction of the caller's."""
    version = bump(db, feed.id)
    db.execute("UPDATE feeds SET closed_at = ? WHERE id = ?", [closed_at, feed.id])
    stamp(db, feed.id, "coverage", version)
    if feed.slug == NEWS:
        verb = Verb.CLOSE_NEWS if closed_at else Verb.OPEN_NEWS
    else:
        verb = Verb.CLOSE if closed_at else Verb.OPEN
    actions.record(db, actor, verb, feed_id=feed.id, draft=feed.draft)


def add(db: Database, slug: str, article_id: int) -> None:
    """A new, open feed for an article, within a transaction of the caller's."""
    db.execute(
        "INSERT INTO feeds (slug, article_id, epoch, opened_at, tick) "
        "VALUES (?, ?, ?, ?, (SELECT max(tick) + 1 FROM feeds))",
        [slug, article_id, secrets.token_hex(8), times.now()],
    )
    # An article that begins with a coverage needs no clock of its own. That of another may be followed by open pages.
    db.execute("DELETE FROM feeds WHERE quiet_of = ? AND version = 0", [article_id])


def rename(db: Database, article_id: int, slug: str) -> None:
    """The coverage of that article, if it has one, has the article's new slug, within a transaction of the caller's."""
    db.execute(
        "UPDATE feeds SET first_slug = coalesce(first_slug, slug), slug = ? WHERE article_id = ?", [slug, article_id]
    )


def record_site_language(store: Store) -> None:
    """Says that pages are written in the site's language from now on. Where it was another before, every feed begins a
    new epoch: articles of other languages may have borrowed its words, too."""
    with store.read() as db:
        before = db.execute("SELECT language FROM site").fetchone()[0]
    if before != store.language:
        store.write(_record_site_language, store.language)


def _record_site_language(db: Database, language: str) -> None:
    # Of workers that start together, one finds another language.
    before = db.execute("SELECT language FROM site").fetchone()[0]
    db.execute("UPDATE site SET language = ?", [language])
    if before not in (None, language):
        for (feed_id,) in db.execute("SELECT id FROM feeds").fetchall():
            begin_epoch(db, feed_id)


def begin_epoch(db: Database, feed_id: int) -> None:
    """A new history: every open page of this feed reloads, and a cursor of the old one is refused."""
    bump(db, feed_id)
    db.execute("UPDATE feeds SET epoch = ? WHERE id = ?", [secrets.token_hex(8), feed_id])


def _feed(row: Row) -> Feed:
    return Feed(**{**dict(row), "draft": bool(row["draft"])})
