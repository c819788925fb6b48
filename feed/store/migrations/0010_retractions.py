"""An index of the updates that were retracted last, of which feed readers are told."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("CREATE INDEX updates_retracted ON updates (feed_id, version DESC) WHERE retracted_at IS NOT NULL")
