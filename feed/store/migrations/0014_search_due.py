"""The updates that the search has still to take in.

Triggers keep the list, because a worker of the release before writes to another search or to none. What is retracted
leaves the search at once.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE search_due (update_id INTEGER PRIMARY KEY) STRICT;
        CREATE TRIGGER search_due_added AFTER INSERT ON updates BEGIN
            INSERT OR IGNORE INTO search_due (update_id) VALUES (new.id);
        END;
        CREATE TRIGGER search_due_changed AFTER UPDATE OF feed_id, headline, html, revision, retracted_at ON updates
        BEGIN INSERT OR IGNORE INTO search_due (update_id) VALUES (new.id); END;
        CREATE TRIGGER search_of_retracted AFTER UPDATE OF retracted_at ON updates WHEN new.retracted_at IS NOT NULL
        BEGIN DELETE FROM search WHERE rowid = new.id; END;
        INSERT INTO search_due (update_id) SELECT id FROM updates LEFT JOIN search ON search.rowid = id
            WHERE (retracted_at IS NULL) <> (search.rowid IS NOT NULL) OR search.revision <> updates.revision;
    """)
