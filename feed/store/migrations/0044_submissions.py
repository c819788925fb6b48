"""What was submitted for review, and which submission an editor at the desk reads."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    # `of_revision` is the revision of the update or article that an edit was made of; something new has none. `seq` is
    # the state of the draft. `changed` counts the changes of the whole table.
    db.executescript("""
        CREATE TABLE submissions (
            id INTEGER PRIMARY KEY, draft_id TEXT NOT NULL UNIQUE, editor_id INTEGER NOT NULL REFERENCES editors,
            feed_id INTEGER REFERENCES feeds, update_id INTEGER REFERENCES updates,
            article_id INTEGER REFERENCES articles, of_revision INTEGER, fields TEXT NOT NULL,
            seq INTEGER NOT NULL, revision INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('submitted', 'returned', 'published', 'taken back')),
            submitted_at TEXT NOT NULL, decided_by INTEGER REFERENCES editors, decided_at TEXT, note TEXT,
            changed INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX submissions_by_state ON submissions (state, submitted_at);
        CREATE INDEX submissions_of_editor ON submissions (editor_id, changed);
        CREATE INDEX submissions_changed ON submissions (changed);
        ALTER TABLE editing ADD COLUMN submission_id INTEGER;
    """)
