"""The words of the updates that are not retracted, in the form in which they are compared (see feed.words), so that
SQLite has only to split them at spaces.

The table begins empty, and all updates are listed in `search_due`. The search of the release before stays beside it.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE VIRTUAL TABLE words USING fts5 (feed, headline, text, signs, revision UNINDEXED, tokenize = 'ascii');
        CREATE TRIGGER words_of_retracted AFTER UPDATE OF retracted_at ON updates WHEN new.retracted_at IS NOT NULL
        BEGIN DELETE FROM words WHERE rowid = new.id; END;
        INSERT OR IGNORE INTO search_due (update_id) SELECT id FROM updates WHERE retracted_at IS NULL;
    """)
