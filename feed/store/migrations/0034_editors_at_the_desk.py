"""Which editors have the desk open, and what each is editing, by what each worker reported last."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    # A report is a row for each place; the ids and slugs are what pages sent, so they reference nothing.
    db.executescript("""
        CREATE TABLE editing (
            worker TEXT NOT NULL, editor_id INTEGER NOT NULL, feed TEXT, article_id INTEGER, update_id INTEGER,
            at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX editing_of_worker ON editing (worker);
    """)
