"""Repair: makes what is derived from the updates anew, and says what it did.

Derived are the search, the counters, and the versions at which parts of a feed changed. Repair never makes up a text:
where an old revision is missing, only a backup has it.
"""

from collections.abc import Iterator

from sqlite_utils import Database

from feed.store import actions, feeds, search
from feed.store.database import Store
from feed.store.verbs import Verb

_IS_PINNED = "feed_id = ? AND pinned AND retracted_at IS NULL"


def repair(store: Store) -> list[str]:
    """Repairs what can be repaired; one sentence for each thing done. Safe while the site runs: open pages of a feed
    whose counters were wrong reload, and the search finds less until it is complete again. `backup.check` says what
    remains wrong."""
    done = store.write(_mend)
    search.catch_up_all(store)
    return done


def _mend(db: Database) -> list[str]:
    """Repairs everything in one transaction, except that the search is only emptied here, because filling it takes
    long."""
    done = [*_site(db), *_notices(db), *_revisions(db), *_feeds(db), *_search(db)]
    actions.record(db, None, Verb.REPAIR, after={"done": "\n".join(done)})
    return done


def _site(db: Database) -> Iterator[str]:
    if db.execute("INSERT OR IGNORE INTO site (id, version) VALUES (1, 0)").rowcount:
        yield "the counter of what pages show beside feeds was missing and begins anew"
    db.execute("UPDATE site SET version = version + 1")  # so that no cached page is served


def _notices(db: Database) -> Iterator[str]:
    count = db.execute("UPDATE updates SET notice = 0 WHERE notice AND retracted_at IS NULL").rowcount
    if count:
        yield f"took the notice of a retraction off {count} updates that are not retracted"


def _revisions(db: Database) -> Iterator[str]:
    """Stores the current text of updates as a revision where that is missing. The name is known; the time is the
    update's."""
    count = db.execute(
        "INSERT INTO revisions (update_id, revision, headline, body, html, editor_id, byline, at) "
        "SELECT id, revision, headline, body, html, editor_id, byline, coalesce(edited_at, published_at) FROM updates "
        "WHERE NOT EXISTS (SELECT 1 FROM revisions WHERE update_id = id AND revisions.revision = updates.revision)"
    ).rowcount
    if count:
        yield f"kept the text of now as a revision of {count} updates that lacked it"


def _feeds(db: Database) -> Iterator[str]:
    ticks: set[int] = set()
    for feed_id, slug, tick in db.execute("SELECT id, slug, tick FROM feeds ORDER BY tick, id").fetchall():
        wrong = [*_pinned(db, feed_id), *_version(db, feed_id)]
        if tick in ticks:
            wrong.append("it had the tick of another feed")
        ticks.add(tick)
        if wrong:
            feeds.begin_epoch(db, feed_id)
            version = feeds.bump(db, feed_id)
            for part in ("pinned", "key-events", "coverage"):
                feeds.stamp(db, feed_id, part, version)
            yield f"feed {slug}: {', '.join(wrong)}; it begins a new epoch, so that open pages reload"


def _pinned(db: Database, feed_id: int) -> Iterator[str]:
    pinned = f"SELECT id FROM updates WHERE {_IS_PINNED} ORDER BY version DESC, id DESC"
    first, *others = [row[0] for row in db.execute(pinned, [feed_id])] or [None]
    if others:
        db.execute(f"UPDATE updates SET pinned = 0 WHERE {_IS_PINNED} AND id <> ?", [feed_id, first])
        yield f"of several pinned updates only {first} stays so, which changed last"


def _version(db: Database, feed_id: int) -> Iterator[str]:
    highest = "max(coalesce((SELECT max(version) FROM updates WHERE feed_id = feeds.id), 0),"
    highest += " coalesce((SELECT max(version) FROM parts WHERE feed_id = feeds.id), 0),"
    highest += " coalesce((SELECT max(version) FROM story_parts WHERE feed_id = feeds.id), 0),"
    highest += " coalesce((SELECT version FROM point_boxes WHERE feed_id = feeds.id), 0))"
    raised = db.execute(f"UPDATE feeds SET version = {highest} WHERE id = ? AND version < {highest}", [feed_id])
    if raised.rowcount:
        yield "its version was behind what it counts"


def _search(db: Database) -> Iterator[str]:
    """Drops the search tables and creates them as they were, because a damaged table cannot be emptied."""
    for table in (*search.INDEXES, search.RETRACTED):
        (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchone()
        db.execute(f"DROP TABLE {table}")
        db.execute(made)
    count = db.execute("INSERT OR IGNORE INTO search_due (update_id) SELECT id FROM updates").rowcount
    yield f"made the search of {count} updates anew"
