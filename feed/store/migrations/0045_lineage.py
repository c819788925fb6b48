"""From which text each draft came, for an erasure to find all that a text passed through.

`origin` names the first of them: the id of a draft or, for what was published without one, "update" and the number.
`erased_drafts` has the drafts of what was erased. The texts of the log go by these too.

Which drafts Undo has made so far nothing tells but their words, which are those of an update that was taken back.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE lineage (draft_id TEXT PRIMARY KEY, origin TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX lineage_of_origin ON lineage (origin);
        CREATE TABLE erased_drafts (draft_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        INSERT OR IGNORE INTO lineage (draft_id, origin)
            SELECT drafts.id, coalesce(updates.draft_id, 'update ' || updates.id) FROM drafts
            JOIN updates ON updates.feed_id = drafts.feed_id AND updates.body = drafts.body AND updates.body <> ''
            JOIN actions ON actions.update_id = updates.id AND verb = 'undo publication'
            WHERE drafts.update_id IS NULL AND drafts.id IS NOT updates.draft_id;
        DROP TRIGGER log_texts_go_by_erasure;
        CREATE TRIGGER log_texts_go_by_erasure BEFORE DELETE ON log_texts WHEN NOT EXISTS (
            SELECT 1 FROM log JOIN erasures ON erasures.update_id = log.update_id OR draft_id = log.subject
            WHERE log.id = old.entry AND verb <> 'erase'
        ) AND NOT EXISTS (
            SELECT 1 FROM log JOIN erased_drafts ON draft_id = log.subject WHERE log.id = old.entry
        ) BEGIN SELECT RAISE(ABORT, 'a text of the log goes only when its update is erased'); END;
    """)
