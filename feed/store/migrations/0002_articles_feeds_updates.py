"""Articles, feeds and updates: the log.

`tick` orders the last changes of all feeds, so that the tail finds what is new by an index.
"""

import secrets

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE articles (
            id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE CHECK (slug <> 'news'), revision INTEGER NOT NULL,
            kicker TEXT, headline TEXT NOT NULL, standfirst TEXT, body TEXT NOT NULL, html TEXT NOT NULL,
            byline TEXT NOT NULL, picture_id TEXT REFERENCES pictures, draft INTEGER NOT NULL,
            created_at TEXT NOT NULL, published_at TEXT, edited_at TEXT
        ) STRICT;
        CREATE INDEX articles_by_place ON articles (published_at DESC, id DESC);
        CREATE TABLE article_revisions (
            article_id INTEGER NOT NULL REFERENCES articles, revision INTEGER NOT NULL, fields TEXT NOT NULL,
            editor_id INTEGER REFERENCES editors, at TEXT NOT NULL, PRIMARY KEY (article_id, revision)
        ) STRICT;
        CREATE TABLE feeds (
            id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, article_id INTEGER UNIQUE REFERENCES articles,
            epoch TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 0, tick INTEGER NOT NULL DEFAULT 0,
            opened_at TEXT NOT NULL, closed_at TEXT
        ) STRICT;
        CREATE INDEX feeds_by_tick ON feeds (tick);
        CREATE TABLE parts (
            feed_id INTEGER NOT NULL REFERENCES feeds, name TEXT NOT NULL, version INTEGER NOT NULL,
            PRIMARY KEY (feed_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE updates (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed_id INTEGER NOT NULL REFERENCES feeds,
            version INTEGER NOT NULL, revision INTEGER NOT NULL, headline TEXT, body TEXT NOT NULL,
            html TEXT NOT NULL, key INTEGER NOT NULL, pinned INTEGER NOT NULL, byline TEXT NOT NULL,
            editor_id INTEGER REFERENCES editors, published_at TEXT NOT NULL, edited_at TEXT,
            retracted_at TEXT, reason TEXT
        ) STRICT;
        CREATE INDEX updates_by_version ON updates (feed_id, version);
        CREATE INDEX updates_by_place ON updates (feed_id, published_at DESC, id DESC) WHERE retracted_at IS NULL;
        CREATE INDEX updates_pinned ON updates (feed_id) WHERE pinned AND retracted_at IS NULL;
        CREATE TABLE revisions (
            update_id INTEGER NOT NULL REFERENCES updates, revision INTEGER NOT NULL, headline TEXT,
            body TEXT NOT NULL, html TEXT NOT NULL, editor_id INTEGER REFERENCES editors, at TEXT NOT NULL,
            PRIMARY KEY (update_id, revision)
        ) STRICT;
        CREATE TABLE idempotency (
            editor_id INTEGER NOT NULL REFERENCES editors, key TEXT NOT NULL, digest TEXT NOT NULL,
            update_id INTEGER NOT NULL REFERENCES updates, at TEXT NOT NULL, PRIMARY KEY (editor_id, key)
        ) STRICT;
        CREATE INDEX idempotency_by_age ON idempotency (at);
    """)
    db.execute(
        "INSERT INTO feeds (slug, epoch, opened_at) VALUES ('news', ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        [secrets.token_hex(8)],
    )
