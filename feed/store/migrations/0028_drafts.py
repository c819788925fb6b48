"""What editors are writing and have not published, and the draft that each update was published from."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE drafts (
            id TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors,
            feed_id INTEGER NOT NULL REFERENCES feeds, update_id INTEGER REFERENCES updates, revision INTEGER,
            headline TEXT NOT NULL, body TEXT NOT NULL, language TEXT NOT NULL, note TEXT NOT NULL,
            key INTEGER NOT NULL, pinned INTEGER NOT NULL, seq INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('kept', 'discarded', 'published')), saved_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX drafts_of_editor ON drafts (editor_id, state, saved_at);
        ALTER TABLE updates ADD COLUMN draft_id TEXT;
        CREATE UNIQUE INDEX updates_of_drafts ON updates (draft_id) WHERE draft_id IS NOT NULL;
    """)
