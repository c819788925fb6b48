"""Which submission of an article was scheduled until a later one was in its place.

Both were stored as published, and the first stood so before the article was out.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE submissions ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
        UPDATE submissions SET replaced = 1 WHERE state = 'published' AND draft_id NOT IN (SELECT id FROM scheduled)
            AND article_id IN (SELECT id FROM articles WHERE published_at IS NULL);
    """)
