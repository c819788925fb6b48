"""The record of what was done, and by whom. NULL for the editor is the command line (see store.actions)."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE actions (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, editor_id INTEGER REFERENCES editors, verb TEXT NOT NULL,
            subject TEXT, feed_id INTEGER REFERENCES feeds, update_id INTEGER REFERENCES updates,
            article_id INTEGER REFERENCES articles, detail TEXT
        ) STRICT;
        CREATE INDEX actions_of_feed ON actions (feed_id, id);
    """)
