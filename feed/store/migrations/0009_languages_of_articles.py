"""The language of an article: a BCP 47 tag, or NULL for the site's language."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE articles ADD COLUMN language TEXT")
