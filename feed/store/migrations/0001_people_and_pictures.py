"""The editors, their sessions, tokens, invitations and failed sign-ins, and the pictures."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE pictures (
            id TEXT PRIMARY KEY, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            alt TEXT NOT NULL, caption TEXT, credit TEXT, created_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE editors (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('editor', 'admin')), job TEXT, bio TEXT,
            picture_id TEXT REFERENCES pictures, password_hash TEXT NOT NULL, created_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE sessions (
            hash TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE,
            device TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE tokens (
            id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
            editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE,
            created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
        ) STRICT;
        CREATE TABLE invitations (hash TEXT PRIMARY KEY, expires_at TEXT NOT NULL) STRICT;
        CREATE TABLE attempts (who TEXT NOT NULL, at TEXT NOT NULL) STRICT;
        CREATE INDEX attempts_by_who ON attempts (who, at);
    """)
