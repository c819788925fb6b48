"""Search: the words of every update in FTS5 tables that each change of an update keeps current. Those of retracted ones
are in a table of their own, which only the search at the desk asks.

Whole words are found, whatever their case, accents and apostrophes (see feed.words), and in scripts without spaces any
characters that are side by side. Measured with 10,000 updates of 300 characters, half of them Japanese: 31 MB, and 0.05
to 0.5 ms a query. FTS5's trigrams take 22 MB and 0.2 to 1.3 ms, and find nothing for fewer than three characters, while
most words of Chinese have two.

Results are ordered by id, newest first. Readers of news want the latest, and a cursor in that order neither skips nor
repeats updates while others are published, which no ranking can promise. FTS5 reads its lists in that order too and
stops at the limit, so a common word costs no more than a rare one.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlite_utils import Database

from feed import text, words
from feed.store.database import PAUSE_SECONDS, OperationalError, Store, insert

INDEXES = ("search", "words")  # the release before reads the first, which is kept as long as that release may return
RETRACTED = "retracted_words"
LONGEST = 200  # characters of a query that are used
LONGEST_PHRASE = 20  # words side by side; for the commonest pair of characters, 20 ms among 10,000 updates
MOST_WORDS = 10  # each costs reading its list: ten of the commonest, 20 ms among 500,000 updates

CAUGHT_UP = 200  # updates in a transaction: 20 ms, after which others can write
BATCHES = 5  # transactions before a search, for which its reader waits


@dataclass(frozen=True)
class Holding:
    """The updates of a feed that hold all of these words."""

    words: str


def put(db: Database, update_id: int) -> None:
    """Takes in the update as it is now: the words of a retracted one into a table that no reader's search asks. Part of
    each transaction that changes its text."""
    for table in (*INDEXES, RETRACTED):
        db.execute(f"DELETE FROM {table} WHERE rowid = ?", [update_id])
    add(db, update_id)


def add(db: Database, update_id: int) -> None:
    """Takes in an update of which the tables hold nothing, because it is new."""
    db.execute("DELETE FROM search_due WHERE update_id = ?", [update_id])
    row = db.execute(
        "SELECT feed_id, headline, html, revision, retracted_at FROM updates WHERE id = ?", [update_id]
    ).fetchone()
    if row is None:
        return
    headline, body = row["headline"] or "", text.findable(row["html"])
    (head, head_signs), (rest, rest_signs) = words.indexed(headline), words.indexed(body)
    columns = {"headline": " ".join(head), "text": " ".join(rest), "signs": " ".join(sorted(head_signs | rest_signs))}
    if row["retracted_at"]:
        insert(db, RETRACTED, {"rowid": update_id, **columns})
        return
    common = {"rowid": update_id, "feed": str(row["feed_id"]), "revision": row["revision"]}
    insert(db, "search", {**common, "headline": headline, "text": body})
    insert(db, "words", {**common, **columns})


def catch_up(store: Store) -> None:
    """Takes in what others changed without these functions: during a deploy, workers of the release before write too.
    Costs a look at an empty table. When very much is due, the rest is left to the next searches; when nothing can be
    written now, the search stays as it is."""
    with suppress(OperationalError):
        for _ in range(BATCHES):
            if not _due(store):
                return
            store.write(_take_in)


def catch_up_all(store: Store) -> None:
    """Takes in all that is due, however much, with pauses in which others write. When it is interrupted, the next one
    goes on there. Raises OperationalError."""
    while _due(store) and store.write(_take_in):
        time.sleep(PAUSE_SECONDS)


def _due(store: Store) -> bool:
    with store.read() as db:
        return db.execute("SELECT 1 FROM search_due LIMIT 1").fetchone() is not None


def _take_in(db: Database) -> bool:
    """Returns whether more may be due."""
    due = db.execute("SELECT update_id FROM search_due LIMIT ?", [CAUGHT_UP]).fetchall()
    for (update_id,) in due:
        put(db, update_id)
    db.execute("UPDATE site SET version = version + 1")  # so that results from before are not served from the cache
    return len(due) == CAUGHT_UP


def ids(
    db: Database, feed_id: int, holding: Holding, beyond: tuple[str, int] | None, order: str, limit: int
) -> list[int]:
    """Up to `limit` ids of updates that are found and not retracted, ordered by id. `beyond` is a comparison and an id
    to start from. Retracted updates are left out here too, whatever the index still holds (invariant 4)."""
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


def ids_anywhere(db: Database, asked: str, before: int, limit: int) -> list[int]:
    """Up to `limit` ids below `before` of updates of all feeds that hold those words, drafts and retracted ones too,
    the newest first. For the desk only."""
    phrases = " AND ".join(_phrases(asked))
    if not phrases:
        return []
    found = [
        row[0]
        for table in ("words", RETRACTED)
        for row in db.execute(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            [phrases, before, limit],
        )
    ]
    return sorted(found, reverse=True)[:limit]


def holding(texts: Mapping[str, str], asked: str) -> list[str]:
    """The keys of those texts that hold the words, by the rules of the search."""
    phrases = [phrase for typed in asked[:LONGEST].split()[:MOST_WORDS] for phrase in words.phrases(typed)]
    return [key for key, each in texts.items() if phrases and _holds(each, phrases)]


def _holds(given: str, phrases: list[words.Phrase]) -> bool:
    held, signs = f" {' '.join(words.of(given))} ", set(words.signs(given))
    return all(each.words in signs if each.sign else f" {each.words} " in held for each in phrases)


def _phrases(given: str) -> list[str]:
    """What an update must hold, as quoted phrases, so that nothing in them is an operator. What was typed as one word
    and is several words to the search must be side by side."""
    asked = []
    for typed in given[:LONGEST].split()[:MOST_WORDS]:
        for each in words.phrases(typed):
            phrase = " ".join(each.words.split()[:LONGEST_PHRASE])
            asked.append(f'{"signs" if each.sign else "{headline text}"} : "{phrase}"')
    return asked[:MOST_WORDS]
