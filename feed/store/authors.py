"""Authors: the editors whose cards public articles show, each with an address made of the name.

Not of the name that signs in: that is nobody's business. Where two names make the same address, the later editor's has
a number.
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
    """Every author by the last part of the address; names are written in Latin letters as that language does."""
    ids = {row[0] for row in db.execute("SELECT DISTINCT author_id FROM articles WHERE NOT draft")}
    found: dict[str, Editor] = {}
    taken: Counter[str] = Counter()
    for editor in sorted((each for each in editors.everyone(db) if each.id in ids), key=lambda each: each.id):
        slug = slugs.slug_of(editor.display_name, language)
        taken[slug] += 1
        found[slug if taken[slug] == 1 else slugs.numbered(slug, taken[slug])] = editor
    return found


def get(db: Database, slug: str, language: str) -> tuple[Editor, list[Article]]:
    """The author at that address, and the latest public articles of theirs. Raises Missing."""
    author = addressed(db, language).get(slug)
    if author is None:
        raise Missing(slug)
    return author, articles.by(db, author.id, LISTED)


def address_of(db: Database, article: Article, language: str) -> str | None:
    """The last part of the address of that article's author; None where it shows nobody's card, and for a
    draft, with which alone nobody is an author."""
    author = article.author
    if author is None:
        return None
    return next((slug for slug, each in addressed(db, language).items() if each.id == author.id), None)
