"""The language of an update: a BCP 47 tag, or NULL for the feed's language."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE updates ADD COLUMN language TEXT")
