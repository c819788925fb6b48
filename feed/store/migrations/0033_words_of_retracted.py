"""The words of retracted updates, for the search at the desk. They are a table of their own, which no search of readers
asks. It begins empty, and the retracted updates are listed in `search_due`."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE VIRTUAL TABLE retracted_words USING fts5 (headline, text, signs, tokenize = 'ascii');
        INSERT OR IGNORE INTO search_due (update_id) SELECT id FROM updates WHERE retracted_at IS NOT NULL;
    """)
