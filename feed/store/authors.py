"""Authors: the editors whose cards public articles show. Each has an address made of the display name.

The name that signs in is not shown to readers. Where two display names give the same address, the address of the later
editor gets a number.
"""

from collections import Counter

from sqlite_utils import Database

from feed import slugs
from feed.errors import Missing
from feed.store import articles, editors
from feed.store.articles import Article
from feed.store.editors import Editor

LISTED = 100  # articles on an author's page: years of a reporter's work


def addressed(db: Database, language: str) -> dict[str, Editor]:
    """Every author, by the last part of the address. Names are transliterated to Latin letters by the rules of that
    language."""
    ids = {row[0] for row in db.execute("SELECT DISTINCT author_id FROM articles WHERE NOT draft")}
    found: dict[str, Editor] = {}
    taken: Counter[str] = Counter()
    for editor in sorted((each for each in editors.everyone(db) if each.id in ids), key=lambda each: each.id):
        slug = slugs.slug_of(editor.display_name, language)
        taken[slug] += 1
        found[slug if taken[slug] == 1 else slugs.numbered(slug, taken[slug])] = editor
    return found


def get(db: Database, slug: str, language: str) -> tuple[Editor, list[Article]]:
    """The author at that address, with their latest public articles. Raises Missing."""
    author = addressed(db, language).get(slug)
    if author is None:
        raise Missing(slug)
    return author, articles.by(db, author.id, LISTED)


def address_of(db: Database, article: Article, language: str) -> str | None:
    """The last part of the address of the article's author. None when the article shows no card, and for an editor
    whose articles are all drafts."""
    author = article.author
    if author is None:
        return None
    return next((slug for slug, each in addressed(db, language).items() if each.id == author.id), None)
