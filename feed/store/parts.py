"""What the parts of pages show. A part is something on a page that is no update and changes with a version.

Everything is read here before anything is rendered: feed.render.updates makes the HTML of a part and reads nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from feed import cards
from feed.store import articles, authors, coverage, points, updates
from feed.store.articles import Article
from feed.store.coverage import Closing
from feed.store.feeds import Feed
from feed.store.points import Point
from feed.store.updates import Update, Which

FEED_PARTS = ("coverage", "points", "key-events", "pinned")
STORY_PARTS = ("kicker", "headline", "standfirst", "byline", "picture", "body", "author")

KEY_EVENTS = 12  # listed above a feed: what a reader takes in at a glance; a link leads to all


@dataclass(frozen=True)
class FeedParts:
    """What the parts of a feed show. `closing` is what the coverage was closed with. `points` are what is known.
    `key_events` are the latest; `more_key_events` says that there are others."""

    feed: Feed
    closing: Closing
    points: list[Point]
    pinned: Update | None
    key_events: list[Update]
    more_key_events: bool


@dataclass(frozen=True)
class StoryParts:
    """What the parts of an article's page show. `author_slug` is the last part of the address of its author's page.
    `related` are the articles that its cards show, by the slug in the link."""

    article: Article
    author_slug: str | None
    related: Mapping[str, Article]


class Parts:
    """Reads what parts show. `site` is the address of our pages, by which links to them are recognised. `language` is
    the site's, by whose rules the addresses of authors are made."""

    def __init__(self, site: str, language: str) -> None:
        self._site = site
        self._language = language

    def of_feed(
        self, db: Database, feed: Feed, names: Collection[str] = FEED_PARTS, listed: int = KEY_EVENTS
    ) -> FeedParts:
        """What these parts of that feed show, with up to `listed` key events; what only other parts show is left
        out."""
        known = points.of_feed(db, feed) if "points" in names else []
        pinned = updates.pinned(db, feed) if "pinned" in names else None
        key = updates.newest_first(db, feed, None, listed + 1, Which.KEY) if "key-events" in names else []
        closing = coverage.closing(db, feed) if "coverage" in names else Closing()
        return FeedParts(feed, closing, known, pinned, key[:listed], len(key) > listed)

    def of_story(self, db: Database, article: Article, names: Collection[str] = STORY_PARTS) -> StoryParts:
        """What these parts of that article's page show; what only other parts show is left out."""
        signed = "byline" in names or "author" in names
        slug = authors.address_of(db, article, self._language) if signed else None
        linked = cards.linked(article.html, self._site) - {article.slug} if "body" in names else set()
        found = articles.headlines(db, linked)
        # A link to an old address of the article leads to the article itself, and gets no card.
        related = {name: other for name, other in found.items() if other.id != article.id}
        return StoryParts(article, slug, related)
