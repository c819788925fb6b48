"""Search: the words of every update that stands, in an FTS5 table that the verbs of updates keep in step.

Found are whole words, whatever their case, accents and apostrophes (feed.words), and in scripts without spaces any
signs that stand side by side. Measured with 10,000 updates of 300 characters, half of them Japanese: 31 MB, asked in
0.05 to 0.5 ms. FTS5's trigrams have 22 MB, are asked in 0.2 to 1.3 ms, and find nothing for fewer than three signs,
while most words of Chinese have two.

The newest come first, by id: readers of news want the latest, and a cursor of that order neither skips nor repeats
while others publish, which no ranking can promise. FTS5 walks its lists in that order too and stops at the limit, so
that a common word costs no more than a rare one.
"""

from contextlib import suppress
from dataclasses import dataclass

from sqlite_utils import Database

from feed import text, words
from feed.store.database import OperationalError, Store, insert

INDEXES = ("search", "words")  # the first is asked by the release before, and kept for as long as that may come back
LONGEST = 200  # characters that are looked at
LONGEST_PHRASE = 20  # words side by side; of the commonest pair of signs that takes 20 ms among 10,000 updates
MOST_WORDS = 10  # each costs a walk through its list: ten of the commonest, 20 ms among 500,000 updates

CAUGHT_UP = 200  # updates a transaction: 20 ms, after which others may write
BATCHES = 5  # before a search, whose reader waits for them


@dataclass(frozen=True)
class Holding:
    """Those updates of a feed that hold all of these words."""

    words: str


def put(db: Database, update_id: int) -> None:
    """Takes in the update as it stands now; a retracted one goes. Part of each transaction that changes its words."""
    for table in INDEXES:
        db.execute(f"DELETE FROM {table} WHERE rowid = ?", [update_id])
    db.execute("DELETE FROM search_due WHERE update_id = ?", [update_id])
    row = db.execute(
        "SELECT feed_id, headline, html, revision FROM updates WHERE id = ? AND retracted_at IS NULL", [update_id]
    ).fetchone()
    if row:
        headline, body = row["headline"] or "", text.findable(row["html"])
        common = {"rowid": update_id, "feed": str(row["feed_id"]), "revision": row["revision"]}
        insert(db, "search", {**common, "headline": headline, "text": body})
        compared = {
            "headline": words.of(headline),
            "text": words.of(body),
            "signs": words.signs(f"{headline} {body}"),
        }
        insert(db, "words", {**common, **{column: " ".join(each) for column, each in compared.items()}})


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
    phrases = _phrases(holding.words)
    if not phrases:
        return []
    start, values = (f"AND rowid {beyond[0]} ?", [beyond[1]]) if beyond else ("", [])
    asked = " AND ".join([f'feed : "{feed_id}"', *phrases])
    rows = db.execute(
        f"SELECT rowid FROM words WHERE words MATCH ? {start} "
        "AND EXISTS (SELECT 1 FROM updates WHERE updates.id = words.rowid AND retracted_at IS NULL) "
        f"ORDER BY rowid {order} LIMIT ?",
        [asked, *values, limit],
    )
    return [row[0] for row in rows]


def _phrases(given: str) -> list[str]:
    """What has to be there, in quotes, so that nothing in it is an operator. What was typed as one word and is several
    to the search has to stand side by side."""
    asked = []
    for typed in given[:LONGEST].split()[:MOST_WORDS]:
        for each in words.phrases(typed):
            phrase = " ".join(each.words.split()[:LONGEST_PHRASE])
            asked.append(f'{"signs" if each.sign else "{headline text}"} : "{phrase}"')
    return asked[:MOST_WORDS]
