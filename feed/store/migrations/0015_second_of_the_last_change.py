"""When each feed last changed, in seconds since 1970, for clients that ask by date alone. No second comes twice.

A trigger keeps it, so that it also holds what a worker of the release before changes.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE feeds ADD COLUMN changed INTEGER;
        CREATE TRIGGER feed_changed AFTER UPDATE OF version, epoch ON feeds BEGIN
            UPDATE feeds SET changed = max(coalesce(changed + 1, 0), CAST(strftime('%s', 'now') AS INTEGER))
            WHERE id = new.id;
        END;
    """)
