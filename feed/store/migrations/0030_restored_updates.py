"""When an update was last restored after a retraction; and which version of the feed each action made."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE updates ADD COLUMN restored_at TEXT;
        ALTER TABLE actions ADD COLUMN version INTEGER;
        CREATE INDEX actions_of_update ON actions (update_id, id) WHERE update_id IS NOT NULL;
    """)
