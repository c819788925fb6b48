"""The public articles for search engines: the address, when each became news, and when it last changed."""

from dataclasses import dataclass

from sqlite_utils import Database

# An article's coverage is on its page, so the page is news again when coverage opens, and changes with each update.
# What happened before the article was published counts from then. Each article costs one lookup in an index.
_STORIES = """
    SELECT articles.slug, articles.headline, articles.language,
        max(articles.published_at, coalesce(feeds.opened_at, '')) AS began,
        max(articles.published_at, coalesce(articles.edited_at, ''), coalesce(feeds.closed_at, ''), coalesce((
            SELECT updates.published_at FROM updates WHERE feed_id = feeds.id AND retracted_at IS NULL
            ORDER BY updates.published_at DESC, updates.id DESC LIMIT 1
        ), '')) AS changed
    FROM articles LEFT JOIN feeds ON feeds.article_id = articles.id WHERE NOT articles.draft
"""
_LATEST = "ORDER BY articles.published_at DESC, articles.id DESC LIMIT ?"


@dataclass(frozen=True)
class Story:
    """A public article, with its coverage if it has any. `began` is when it was published, or when its coverage
    opened."""

    slug: str
    headline: str
    language: str | None
    began: str
    changed: str


def stories(db: Database, limit: int) -> list[Story]:
    """Up to `limit` public articles, the latest first."""
    return [Story(**dict(row)) for row in db.execute(f"{_STORIES} {_LATEST}", [limit])]


def begun_since(db: Database, moment: str, limit: int) -> list[Story]:
    """Up to `limit` public articles that began after that moment."""
    began = "SELECT id FROM articles WHERE published_at > ? UNION ALL SELECT article_id FROM feeds WHERE opened_at > ?"
    rows = db.execute(f"{_STORIES} AND articles.id IN ({began}) {_LATEST}", [moment, moment, limit])
    return [Story(**dict(row)) for row in rows]
