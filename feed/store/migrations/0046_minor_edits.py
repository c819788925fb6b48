"""Which revisions were minor edits, which leave the mark "Updated" of their update as it is."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE revisions ADD COLUMN minor INTEGER NOT NULL DEFAULT 0")
