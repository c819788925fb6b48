"""What each worker has handed to its sockets, and the most readers that each feed had in each quarter of an hour."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE receipts (
            epoch TEXT NOT NULL, version INTEGER NOT NULL, worker TEXT NOT NULL, after INTEGER NOT NULL,
            sockets INTEGER NOT NULL, followers INTEGER NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (epoch, version, worker)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX receipts_by_time ON receipts (at);
        CREATE TABLE peaks (
            feed_id INTEGER NOT NULL REFERENCES feeds, quarter TEXT NOT NULL, readers INTEGER NOT NULL,
            PRIMARY KEY (feed_id, quarter)
        ) STRICT, WITHOUT ROWID;
    """)
