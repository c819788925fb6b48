"""What coverage was closed with: a message and a summary. They are shown while the feed is closed by that closing."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE closings (
            feed_id INTEGER PRIMARY KEY REFERENCES feeds, closed_at TEXT NOT NULL, message TEXT, summary TEXT,
            html TEXT NOT NULL, revision INTEGER NOT NULL
        ) STRICT;
    """)
