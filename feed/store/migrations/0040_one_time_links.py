"""One-time links that invite people. They are in a table of their own: the release before makes an admin of whoever has
a link in `invitations`, which nothing reads any more."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE one_time_links (
            hash TEXT PRIMARY KEY, name TEXT, display_name TEXT, role TEXT NOT NULL,
            editor_id INTEGER REFERENCES editors, made_by INTEGER REFERENCES editors,
            expires_at TEXT NOT NULL, used_at TEXT, revoked_at TEXT
        ) STRICT;
    """)
