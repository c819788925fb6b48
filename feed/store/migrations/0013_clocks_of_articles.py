"""Every article without coverage has a quiet feed, so that its open pages learn of edits (see store.feeds).

A trigger makes the quiet feed, also for an article that a worker of the release before creates.
"""

import secrets

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE feeds ADD COLUMN quiet_of INTEGER REFERENCES articles;
        CREATE UNIQUE INDEX feeds_quiet ON feeds (quiet_of) WHERE quiet_of IS NOT NULL;
        CREATE TABLE story_parts (
            feed_id INTEGER NOT NULL REFERENCES feeds, name TEXT NOT NULL, version INTEGER NOT NULL,
            PRIMARY KEY (feed_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER clock_added AFTER INSERT ON articles BEGIN
            INSERT INTO feeds (slug, quiet_of, epoch, opened_at, tick) VALUES (
                'article:' || new.id, new.id, lower(hex(randomblob(8))), new.created_at,
                (SELECT max(tick) + 1 FROM feeds)
            );
        END;
    """)
    for row in db.execute("SELECT id, created_at FROM articles").fetchall():
        db.execute(
            "INSERT INTO feeds (slug, quiet_of, epoch, opened_at, tick) "
            "VALUES (?, ?, ?, ?, (SELECT max(tick) + 1 FROM feeds))",
            [f"article:{row['id']}", row["id"], secrets.token_hex(8), row["created_at"]],
        )
