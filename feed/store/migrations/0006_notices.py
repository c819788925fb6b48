"""A retraction may leave a notice in the place of the update, and then the update is still listed."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE updates ADD COLUMN notice INTEGER NOT NULL DEFAULT 0;
        DROP INDEX updates_by_place;
        CREATE INDEX updates_by_place ON updates (feed_id, published_at DESC, id DESC)
            WHERE retracted_at IS NULL OR notice;
    """)
