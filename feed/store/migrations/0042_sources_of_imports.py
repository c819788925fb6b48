"""Where imported updates came from, so that importing the same again changes nothing: the feed that was made for a
source, and for each entry of a source the update, the revision that the import left, and what the entry said then."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE import_sources (
            source TEXT PRIMARY KEY, feed_id INTEGER NOT NULL REFERENCES feeds, complete INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE imported_updates (
            feed_id INTEGER NOT NULL REFERENCES feeds, source TEXT NOT NULL, entry TEXT NOT NULL,
            update_id INTEGER NOT NULL REFERENCES updates, revision INTEGER NOT NULL, digest TEXT NOT NULL,
            PRIMARY KEY (feed_id, source, entry)
        ) STRICT, WITHOUT ROWID;
    """)
