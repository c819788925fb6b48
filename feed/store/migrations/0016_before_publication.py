"""Which revisions were saved while their article was a draft, and when readers could see them (invariant 6).

Readers see those that were current when the article was published, and no others. Triggers keep the table, so that it
also holds what a worker of the release before writes.
"""

import secrets

from sqlite_utils import Database


def apply(db: Database) -> None:
    unseen = "SELECT 1 FROM drafted WHERE update_id = updates.id AND drafted.revision = updates.revision"
    never = "NOT EXISTS (SELECT 1 FROM revisions WHERE update_id = updates.id AND NOT EXISTS (SELECT 1 FROM drafted "
    never += "WHERE drafted.update_id = updates.id AND drafted.revision = revisions.revision AND seen_at IS NULL))"
    moment = "CASE WHEN old.published_at IS NULL THEN new.published_at ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END"
    of_feed = "feed_id = (SELECT id FROM feeds WHERE article_id = new.id)"
    db.executescript(f"""
        CREATE TABLE drafted (
            update_id INTEGER NOT NULL REFERENCES updates, revision INTEGER NOT NULL, seen_at TEXT,
            PRIMARY KEY (update_id, revision)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER revision_drafted AFTER INSERT ON revisions WHEN EXISTS (
            SELECT 1 FROM updates JOIN feeds ON feeds.id = updates.feed_id
            JOIN articles ON articles.id = feeds.article_id WHERE updates.id = new.update_id AND articles.draft
        ) BEGIN
            INSERT OR IGNORE INTO drafted (update_id, revision) VALUES (new.update_id, new.revision);
        END;
        CREATE TRIGGER article_came_out AFTER UPDATE OF draft ON articles WHEN old.draft AND NOT new.draft BEGIN
            UPDATE updates SET notice = 0
            WHERE {of_feed} AND retracted_at IS NOT NULL AND notice AND EXISTS ({unseen} AND seen_at IS NULL);
            UPDATE updates SET edited_at = CASE WHEN {never} THEN NULL ELSE {moment} END
            WHERE {of_feed} AND retracted_at IS NULL AND edited_at IS NOT NULL
            AND EXISTS ({unseen} AND seen_at IS NULL);
            UPDATE drafted SET seen_at = {moment}
            WHERE seen_at IS NULL AND (update_id, revision) IN (
                SELECT updates.id, updates.revision FROM updates WHERE {of_feed} AND retracted_at IS NULL
            );
            UPDATE feeds SET opened_at = new.published_at,
                closed_at = CASE WHEN closed_at IS NOT NULL THEN new.published_at END
            WHERE article_id = new.id AND old.published_at IS NULL;
        END;
        INSERT INTO drafted (update_id, revision)
            SELECT revisions.update_id, revisions.revision FROM revisions
            JOIN updates ON updates.id = revisions.update_id JOIN feeds ON feeds.id = updates.feed_id
            JOIN articles ON articles.id = feeds.article_id
            WHERE articles.published_at IS NULL OR revisions.at < articles.published_at;
        UPDATE drafted SET seen_at = (
            SELECT articles.published_at FROM updates JOIN feeds ON feeds.id = updates.feed_id
            JOIN articles ON articles.id = feeds.article_id WHERE updates.id = update_id
            AND (retracted_at IS NULL OR retracted_at >= articles.published_at)
        ) WHERE revision = (SELECT max(later.revision) FROM drafted AS later WHERE later.update_id = drafted.update_id);
    """)
    hidden = "retracted_at IS NOT NULL AND notice AND EXISTS (SELECT 1 FROM drafted WHERE update_id = updates.id "
    hidden += "AND drafted.revision = updates.revision AND seen_at IS NULL)"
    for (feed_id,) in db.execute(f"SELECT DISTINCT feed_id FROM updates WHERE {hidden}").fetchall():
        db.execute(f"UPDATE updates SET notice = 0 WHERE feed_id = ? AND {hidden}", [feed_id])
        # A new epoch makes open pages reload, without the notice.
        db.execute(
            "UPDATE feeds SET epoch = ?, version = version + 1, tick = (SELECT max(tick) + 1 FROM feeds) WHERE id = ?",
            [secrets.token_hex(8), feed_id],
        )
