"""The tick up to which each hub was told, and when it may be told again (see store.websub)."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("""
        CREATE TABLE websub (
            hub TEXT PRIMARY KEY, told INTEGER NOT NULL, next_at TEXT NOT NULL, failures INTEGER NOT NULL
        ) STRICT
    """)
