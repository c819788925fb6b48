"""Editors who may not sign in any more. A trigger keeps a worker of the release before from letting them in."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE editors ADD COLUMN disabled_at TEXT;
        CREATE TRIGGER no_session_of_disabled BEFORE INSERT ON sessions WHEN EXISTS (
            SELECT 1 FROM editors WHERE id = new.editor_id AND disabled_at IS NOT NULL
        ) BEGIN SELECT RAISE(IGNORE); END;
    """)
