"""The name of an editor who joined after the backup that was restored: their actions stay on record under it."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE actions ADD COLUMN by_name TEXT")
