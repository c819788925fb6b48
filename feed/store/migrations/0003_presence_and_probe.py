"""The number of readers that each worker has, and a row that `/readyz` writes."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE presence (
            worker TEXT NOT NULL, feed TEXT NOT NULL, readers INTEGER NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (worker, feed)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at TEXT NOT NULL) STRICT;
    """)
