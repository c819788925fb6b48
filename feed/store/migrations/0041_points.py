"""What is known, as points above a feed, and the updates that each rests on.

`checking` is the version at which one of these changed; it is NULL while the point stands. Triggers put it there, so
that no verb can forget it, not even one of a worker of the release before, and stamp the box with the same version.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    doubtful = "(new.status, new.source) IS NOT (old.status, old.source) AND new.status IN ('unconfirmed', 'wrong')"
    resting = "SELECT point_id FROM point_updates WHERE update_id = new.id"
    db.executescript(f"""
        CREATE TABLE point_boxes (feed_id INTEGER PRIMARY KEY REFERENCES feeds, version INTEGER NOT NULL) STRICT;
        CREATE TABLE points (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed_id INTEGER NOT NULL REFERENCES feeds, place INTEGER NOT NULL,
            text TEXT NOT NULL, revision INTEGER NOT NULL, checking INTEGER
        ) STRICT;
        CREATE INDEX points_of_feed ON points (feed_id, place);
        CREATE TABLE point_updates (
            point_id INTEGER NOT NULL REFERENCES points ON DELETE CASCADE,
            update_id INTEGER NOT NULL REFERENCES updates, PRIMARY KEY (point_id, update_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX points_of_update ON point_updates (update_id);
        CREATE TRIGGER points_checked AFTER UPDATE OF headline, body, status, source, retracted_at ON updates
        WHEN new.headline IS NOT old.headline OR new.body <> old.body OR new.retracted_at IS NOT old.retracted_at
            OR ({doubtful})
        BEGIN
            UPDATE points SET checking = new.version WHERE id IN ({resting});
            UPDATE point_boxes SET version = new.version WHERE feed_id = new.feed_id AND EXISTS ({resting});
        END;
    """)
