"""Whether the editor said when an update was published. Such a time stays when the article is published later."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE updates ADD COLUMN imported INTEGER NOT NULL DEFAULT 0")
