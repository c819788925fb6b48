"""What is to come out at a moment: updates with their texts, and articles, which are drafts until then."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE scheduled (
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
            feed_id INTEGER REFERENCES feeds, article_id INTEGER UNIQUE REFERENCES articles,
            author_id INTEGER NOT NULL REFERENCES editors, editor_id INTEGER NOT NULL REFERENCES editors,
            fields TEXT NOT NULL DEFAULT '{}', publish_at TEXT NOT NULL, revision INTEGER NOT NULL,
            saved_at TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('scheduled', 'failed')), reason TEXT,
            CHECK ((feed_id IS NULL) <> (article_id IS NULL))
        ) STRICT;
        CREATE INDEX scheduled_by_time ON scheduled (state, publish_at, number);
    """)
