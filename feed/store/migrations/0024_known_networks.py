"""The networks from which each editor has signed in: failed sign-ins elsewhere do not lock the editor out there."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE known_networks (
            editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE, network TEXT NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (editor_id, network)
        ) STRICT, WITHOUT ROWID;
    """)
