"""The idempotency keys with which points were added. `point_id` may be of one that was taken out since."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE point_keys (
            editor_id INTEGER NOT NULL REFERENCES editors, key TEXT NOT NULL, digest TEXT NOT NULL,
            point_id INTEGER NOT NULL, at TEXT NOT NULL, PRIMARY KEY (editor_id, key)
        ) STRICT;
        CREATE INDEX point_keys_by_age ON point_keys (at);
    """)
