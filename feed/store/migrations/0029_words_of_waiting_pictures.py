"""The words of pictures that were put into a text and are not published yet, and the credit that each editor gave last.

A picture without alt is not described yet; with an empty one it is decorative.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE waiting_pictures ADD COLUMN alt TEXT;
        ALTER TABLE waiting_pictures ADD COLUMN caption TEXT;
        ALTER TABLE waiting_pictures ADD COLUMN credit TEXT;
        CREATE TABLE credits (editor_id INTEGER PRIMARY KEY REFERENCES editors, credit TEXT) STRICT;
    """)
