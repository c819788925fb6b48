"""The language that pages were last written in: when it changes, open pages reload."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE site ADD COLUMN language TEXT")
