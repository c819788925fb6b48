"""What editors are writing in the form of an article, and the draft that each article was made from."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE article_drafts (
            id TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors, article_id INTEGER REFERENCES articles,
            revision INTEGER, fields TEXT NOT NULL, seq INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('kept', 'discarded', 'published')), saved_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX article_drafts_of_editor ON article_drafts (editor_id, state, saved_at);
        ALTER TABLE articles ADD COLUMN draft_id TEXT;
        CREATE UNIQUE INDEX articles_of_drafts ON articles (draft_id) WHERE draft_id IS NOT NULL;
    """)
