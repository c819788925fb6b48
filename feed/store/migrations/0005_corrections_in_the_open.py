"""What readers may know of a revision: the name under which it was saved, and the editor's note."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        ALTER TABLE revisions ADD COLUMN byline TEXT NOT NULL DEFAULT '';
        ALTER TABLE revisions ADD COLUMN note TEXT;
        UPDATE revisions SET byline = CASE revision
            WHEN 1 THEN (SELECT byline FROM updates WHERE id = update_id)
            ELSE coalesce((SELECT display_name FROM editors WHERE id = editor_id), '') END;
    """)
