"""How sure an update is, and who says so; NULL for an update that says nothing of it. Each revision has its own.

A trigger puts the status of the update into each new revision, also into those of a worker of the release before, whose
edits leave it as it is.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    statuses = "CHECK (status IN ('unconfirmed', 'confirmed', 'wrong'))"
    now = "(SELECT status, source FROM updates WHERE updates.id = new.update_id)"
    db.executescript(f"""
        ALTER TABLE updates ADD COLUMN status TEXT {statuses};
        ALTER TABLE updates ADD COLUMN source TEXT;
        ALTER TABLE revisions ADD COLUMN status TEXT {statuses};
        ALTER TABLE revisions ADD COLUMN source TEXT;
        ALTER TABLE drafts ADD COLUMN status TEXT NOT NULL DEFAULT '';
        ALTER TABLE drafts ADD COLUMN source TEXT NOT NULL DEFAULT '';
        CREATE TRIGGER revision_with_status AFTER INSERT ON revisions BEGIN
            UPDATE revisions SET (status, source) = {now}
            WHERE update_id = new.update_id AND revision = new.revision;
        END;
    """)
