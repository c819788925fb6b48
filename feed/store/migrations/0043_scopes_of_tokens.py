"""What a token may do and on which feeds (NULL is everything that its editor may), and when it was last used."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE tokens ADD COLUMN scopes TEXT;
        ALTER TABLE tokens ADD COLUMN feeds TEXT;
        ALTER TABLE tokens ADD COLUMN used_at TEXT;
    """)
