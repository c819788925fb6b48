"""Articles: the story pages. An article under live coverage has a feed of its own, with the same slug."""

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from feed.errors import Missing
from feed.store import addresses, editors, feeds, pictures
from feed.store.editors import Editor
from feed.store.feeds import Feed, Row
from feed.store.pictures import Picture
from feed.store.revisions import Save

_COLUMNS = """
    articles.id, articles.slug, articles.revision, articles.kicker, articles.headline, articles.standfirst,
    articles.body, articles.html, articles.byline, articles.author_id, articles.picture_id, articles.language,
    articles.draft, articles.published_at, articles.edited_at
    FROM articles LEFT JOIN feeds ON feeds.article_id = articles.id
"""


@dataclass(frozen=True)
class Article:
    """An article as it is now, with what its page shows. `author` is the editor whose card it shows, if any; `feed` is
    its own feed, if it has or had live coverage. `published_at` is None until it is first published. `language` is a
    BCP 47 tag, None for the site's."""

    id: int
    slug: str
    revision: int
    kicker: str | None
    headline: str
    standfirst: str | None
    body: str
    html: str
    byline: str
    language: str | None
    draft: bool
    published_at: str | None
    edited_at: str | None
    picture: Picture | None
    author: Editor | None
    feed: Feed | None

    @property
    def live(self) -> bool:
        """Whether it has a feed of its own with open coverage."""
        return self.feed is not None and self.feed.open


def get(db: Database, slug: str, *, drafts: bool = False) -> Article:
    """The article with that slug. Raises Missing, for a draft too unless `drafts`."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE articles.slug = ?", [slug]).fetchone()
    if row is None or (row["draft"] and not drafts):
        raise Missing(slug)
    return _article(db, row)


def as_of(db: Database, article: Article, revision: int) -> dict[str, Any]:
    """The fields of that article at that revision; empty when there is no such revision."""
    row = db.execute(
        "SELECT fields FROM article_revisions WHERE article_id = ? AND revision = ?", [article.id, revision]
    ).fetchone()
    stored: dict[str, Any] = json.loads(row["fields"]) if row else {}
    if stored:
        author_id = stored.get("author_id")
        stored["author"] = editors.by_id(db, author_id).name if author_id else None
        stored |= {"picture": stored["picture_id"], "draft": bool(stored["draft"])}
    return stored


def saves_after(db: Database, article: Article, revision: int, limit: int) -> list[Save]:
    """Up to `limit` saves of the article after that revision, the latest first."""
    rows = db.execute(
        "SELECT revision, coalesce(display_name, '') AS by, at FROM article_revisions "
        "LEFT JOIN editors ON editors.id = editor_id WHERE article_id = ? AND revision > ? "
        "ORDER BY revision DESC LIMIT ?",
        [article.id, revision, limit],
    )
    return [Save(**dict(row)) for row in rows]


def newest_first(db: Database, limit: int, *, drafts: bool = False) -> list[Article]:
    """Articles for the front page: those under live coverage first, then the latest. With `drafts`, also drafts, for
    the desk."""
    rows = db.execute(
        f"SELECT {_COLUMNS} {'' if drafts else 'WHERE NOT articles.draft'} ORDER BY "
        "(feeds.id IS NULL OR feeds.closed_at IS NOT NULL), articles.published_at IS NOT NULL, "
        "articles.published_at DESC, articles.id DESC LIMIT ?",
        [limit],
    ).fetchall()
    return [_article(db, row) for row in rows]


def by(db: Database, editor_id: int, limit: int) -> list[Article]:
    """Up to `limit` public articles of that author, the latest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE NOT articles.draft AND articles.author_id = ? "
        "ORDER BY articles.published_at DESC, articles.id DESC LIMIT ?",
        [editor_id, limit],
    ).fetchall()
    return [_article(db, row) for row in rows]


def headlines(db: Database, wanted: set[str]) -> dict[str, Article]:
    """The public articles that have or had these slugs, by that slug, for the cards that link to them."""
    found = {slug: addresses.current(db, slug) for slug in wanted}
    return {slug: get(db, name) for slug, name in found.items() if name and name != feeds.NEWS}


def withdrawn(db: Database) -> list[tuple[int, str]]:
    """The articles that are drafts again after they were public: id, and when each was created."""
    found = db.execute("SELECT id, created_at FROM articles WHERE draft AND published_at IS NOT NULL").fetchall()
    return [(row["id"], row["created_at"]) for row in found]


def _article(db: Database, row: Row) -> Article:
    values = dict(row)
    picture_id, author_id = values.pop("picture_id"), values.pop("author_id")
    feed = db.execute("SELECT 1 FROM feeds WHERE article_id = ?", [row["id"]]).fetchone()
    return Article(
        **{**values, "draft": bool(row["draft"])},
        picture=pictures.get(db, picture_id) if picture_id else None,
        author=editors.by_id(db, author_id) if author_id else None,
        feed=feeds.get(db, row["slug"], drafts=True) if feed else None,
    )
