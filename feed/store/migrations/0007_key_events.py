"""An index of the key events of a feed, which are listed on each of its pages."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute(
        "CREATE INDEX updates_key ON updates (feed_id, published_at DESC, id DESC) WHERE key AND retracted_at IS NULL"
    )
