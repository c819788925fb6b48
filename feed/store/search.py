"""Search: the words of every update that stands, in an FTS5 table that the verbs of updates keep in step.

Found are whole words; case and the accents of Latin letters do not matter. The newest come first, by id: readers of
news want the latest, and a cursor of that order neither skips nor repeats while others publish, which no ranking can
promise. FTS5 walks its lists in that order too and stops at the limit, so that a common word costs no more than a rare
one.
"""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass

from sqlite_utils import Database

from feed import text
from feed.store.database import OperationalError, Store

LONGEST = 200  # characters that are looked at
MOST_WORDS = 10  # each costs a walk through its list: ten of the commonest, 20 ms among 500,000 updates

CAUGHT_UP = 200  # updates a transaction: 20 ms, after which others may write
BATCHES = 5  # before a search, whose reader waits for them

_BETWEEN = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", *(f"P{c}" for c in "cdeifos"), *(f"S{c}" for c in "cmko")}


@dataclass(frozen=True)
class Holding:
    """Those updates of a feed that hold all of these words."""

    words: str


def put(db: Database, update_id: int) -> None:
    """Takes in the update as it stands now; a retracted one goes. Part of each transaction that changes its words."""
    db.execute("DELETE FROM search WHERE rowid = ?", [update_id])
    db.execute("DELETE FROM search_due WHERE update_id = ?", [update_id])
    row = db.execute(
        "SELECT feed_id, headline, html, revision FROM updates WHERE id = ? AND retracted_at IS NULL", [update_id]
    ).fetchone()
    if row:
        db.execute(
            "INSERT INTO search (rowid, feed, headline, text, revision) VALUES (?, ?, ?, ?, ?)",
            [update_id, str(row["feed_id"]), row["headline"] or "", text.plain(row["html"]), row["revision"]],
        )


def catch_up(store: Store) -> None:
    """Takes in what changed behind the back of these verbs: during a deploy, workers of the release before write too.
    Costs a look at an empty table. What is left of very much is for the next searches; where nothing can be written
    just now, the search stays as it is."""
    with suppress(OperationalError):
        for _ in range(BATCHES):
            if not _due(store):
                return
            store.write(_take_in)


def catch_up_all(store: Store) -> None:
    """The same to the end, however much it is. Raises OperationalError."""
    while _due(store):
        store.write(_take_in)


def _due(store: Store) -> bool:
    with store.read() as db:
        return db.execute("SELECT 1 FROM search_due LIMIT 1").fetchone() is not None


def _take_in(db: Database) -> None:
    for (update_id,) in db.execute("SELECT update_id FROM search_due LIMIT ?", [CAUGHT_UP]).fetchall():
        put(db, update_id)
    db.execute("UPDATE site SET version = version + 1")  # pages that were found without it are out of the cache


def ids(
    db: Database, feed_id: int, holding: Holding, beyond: tuple[str, int] | None, order: str, limit: int
) -> list[int]:
    """Up to `limit` ids of what is found and stands, from beyond that sign and id, in that order of ids. What was
    retracted is left out here too, whatever the search still holds."""
    words = _words(holding.words)
    if not words:
        return []
    start, values = (f"AND rowid {beyond[0]} ?", [beyond[1]]) if beyond else ("", [])
    asked = f'feed : "{feed_id}" AND {{headline text}} : ({" ".join(words)})'
    rows = db.execute(
        f"SELECT rowid FROM search WHERE search MATCH ? {start} "
        "AND EXISTS (SELECT 1 FROM updates WHERE updates.id = search.rowid AND retracted_at IS NULL) "
        f"ORDER BY rowid {order} LIMIT ?",
        [asked, *values, limit],
    )
    return [row[0] for row in rows]


def _words(given: str) -> list[str]:
    """Each word in quotes, so that nothing in it is an operator. Cut where FTS5 cuts, because two words in one pair of
    quotes would have to stand side by side, which takes long to find out."""
    kept = (" " if unicodedata.category(c) in _BETWEEN else c for c in unicodedata.normalize("NFC", given[:LONGEST]))
    return [f'"{word}"' for word in "".join(kept).split()][:MOST_WORDS]
