"""What a page says of a picture before it has loaded, and the uploads that wait for their description.

They are tables of their own because the release before names no columns of `pictures`.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE picture_looks (
            picture_id TEXT PRIMARY KEY REFERENCES pictures, small_width INTEGER NOT NULL, colour TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE waiting_pictures (
            id TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors, name TEXT NOT NULL,
            format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, small_width INTEGER NOT NULL,
            colour TEXT, animated INTEGER NOT NULL, at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
    """)
