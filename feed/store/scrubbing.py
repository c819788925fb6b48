"""How the file forgets what was deleted, after an erasure.

All our connections overwrite what they delete with zeros (`secure_delete`). But where SQLite moves rows to another
page, it leaves a copy of about one row in a hundred in the old one, and before this release nothing was overwritten. So
the file is written anew too, unless it is so large that others could not write for long; then `rewrite` does that, at
an hour that somebody chooses.
"""

import math
import time
from enum import Enum

from sqlite_utils import Database

from feed.store import restoring, search
from feed.store.database import PAUSE_SECONDS, Store

MERGED_PAGES = 1_000  # of a search's table, in one transaction: some 50 ms, after which others can write
WHOLE_BYTES = 100 * 1024**2  # of a file that is written anew at once: others wait 0.5 s, on a busy machine 2 s
EMPTYING_MS = 300  # that others wait while the write-ahead log is emptied and somebody still reads it
EMPTYING_TIMES = 10  # that this is tried; pages are read in less, an export takes longer


class Scrubbed(Enum):
    """How far the file has forgotten what was deleted. The values say where it may still be, and what to do."""

    WHOLLY = ""
    READ = "somebody was reading, so the file …-wal may still hold it; repeat this command"
    LARGE = "the file is large and was not written anew, so it may hold copies; run `flask db vacuum` at a quiet hour"


def scrub(store: Store) -> Scrubbed:
    """Takes what was deleted out of the file, while others write. Raises OperationalError."""
    return _scrub(store, WHOLE_BYTES)


def rewrite(store: Store) -> Scrubbed:
    """The same, and writes the file anew however large it is. Nobody else can write meanwhile, for 6 s of a gigabyte or
    several times as long on a busy machine; it takes as much memory as the file is large, and as much room on the disk
    again. Raises OperationalError."""
    return _scrub(store, math.inf)


def _scrub(store: Store, whole_bytes: float) -> Scrubbed:
    with restoring.locked(store.path):
        db = store.connect()
        try:
            for table in (*search.INDEXES, search.RETRACTED):
                _merge(db, table)
            large = _bytes(db) > whole_bytes
            if not large:
                db.execute("VACUUM")
            emptied = _empty_log(db)
        finally:
            db.close()
    return Scrubbed.READ if not emptied else Scrubbed.LARGE if large else Scrubbed.WHOLLY


def _bytes(db: Database) -> int:
    pages, page = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * page)


def _empty_log(db: Database) -> bool:
    """Empties the write-ahead log. The first step copies it into the file and keeps nobody waiting. Each try after it
    does, and the log is only empty when nobody reads it."""
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    db.execute(f"PRAGMA busy_timeout = {EMPTYING_MS}")
    for _ in range(EMPTYING_TIMES):
        if not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def _merge(db: Database, table: str) -> None:
    """Merges what the table has written piece by piece, of which parts are deleted words. The first step has a negative
    number, which lets it merge everything (sqlite.org/fts5.html, 6.8)."""
    pages = -MERGED_PAGES
    while True:
        before = db.conn.total_changes
        db.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", [pages])
        if db.conn.total_changes - before < 2:
            return
        pages = MERGED_PAGES
        time.sleep(PAUSE_SECONDS)
