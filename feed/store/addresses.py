"""The old addresses of articles.

An address that was public leads to its article until another article takes it. An address that only a draft had leads
editors to the article, and nobody else: it may tell what nobody was to know.
"""

from sqlite_utils import Database

from feed import slugs
from feed.store.feeds import NEWS


def current(db: Database, slug: str, *, drafts: bool = False) -> str | None:
    """The slug at which readers find what has or had this slug; with `drafts`, at which editors find it. None when
    there is nothing to find."""
    if slug == NEWS:
        return slug
    row = db.execute("SELECT slug, draft FROM articles WHERE slug = ?", [slug]).fetchone()
    if row is None:
        row = db.execute(
            "SELECT articles.slug, articles.draft FROM addresses JOIN articles ON articles.id = article_id "
            "WHERE addresses.slug = ? AND (addresses.public OR ?)",
            [slug, drafts],
        ).fetchone()
    return row["slug"] if row and (drafts or not row["draft"]) else None


def of(db: Database, article_id: int) -> list[str]:
    """The old addresses of an article."""
    return [row[0] for row in db.execute("SELECT slug FROM addresses WHERE article_id = ?", [article_id])]


def of_feed(db: Database, feed_id: int) -> list[str]:
    """The old addresses of that feed's article that readers knew."""
    old = (
        "SELECT addresses.slug FROM addresses JOIN feeds ON feeds.article_id = addresses.article_id "
        "WHERE feeds.id = ? AND addresses.public ORDER BY addresses.slug"
    )
    return [row[0] for row in db.execute(old, [feed_id])]


def taken(db: Database, slug: str) -> bool:
    """Whether an article has this address now."""
    return db.execute("SELECT 1 FROM articles WHERE slug = ?", [slug]).fetchone() is not None


def free(db: Database, slug: str) -> str:
    """That slug, or that slug with the first number at which no article has it or had it."""
    number, tried = 1, slug
    while tried == NEWS or taken(db, tried) or db.execute("SELECT 1 FROM addresses WHERE slug = ?", [tried]).fetchone():
        number += 1
        tried = slugs.numbered(slug, number)
    return tried


def take(db: Database, slug: str) -> None:
    """Ends the address as an old one: an article has it from now on, whichever had it before."""
    db.execute("DELETE FROM addresses WHERE slug = ?", [slug])


def retire(db: Database, article_id: int, slug: str) -> None:
    """Stores that the article had this address until now. Call it before the revision with the new address is
    stored."""
    public = db.execute(
        "SELECT 1 FROM article_revisions WHERE article_id = ? AND NOT json_extract(fields, '$.draft') "
        "AND json_extract(fields, '$.slug') = ?",
        [article_id, slug],
    ).fetchone()
    db.execute(
        "INSERT OR REPLACE INTO addresses (slug, article_id, public) VALUES (?, ?, ?)",
        [slug, article_id, public is not None],
    )
