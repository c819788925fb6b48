"""Search: the words of every update that stands, in an FTS5 table that the verbs of updates keep in step.

Found are whole words; case and the accents of Latin letters do not matter. The newest come first, by id: readers of
news want the latest, and a cursor of that order neither skips nor repeats while others publish, which no ranking can
promise. FTS5 walks its lists in that order too and stops at the limit, so that a common word costs no more than a rare
one.
"""

import unicodedata
from dataclasses import dataclass

from sqlite_utils import Database

from feed import text

LONGEST = 200  # characters that are looked at
MOST_WORDS = 10  # each costs a walk through its list: ten of the commonest, 20 ms among 500,000 updates

_BETWEEN = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", *(f"P{c}" for c in "cdeifos"), *(f"S{c}" for c in "cmko")}


@dataclass(frozen=True)
class Holding:
    """Those updates of a feed that hold all of these words."""

    words: str


def put(db: Database, update_id: int) -> None:
    """Takes in the update as it stands now; a retracted one goes. Part of each transaction that changes its words."""
    db.execute("DELETE FROM search WHERE rowid = ?", [update_id])
    row = db.execute(
        "SELECT feed_id, headline, html, revision FROM updates WHERE id = ? AND retracted_at IS NULL", [update_id]
    ).fetchone()
    if row:
        db.execute(
            "INSERT INTO search (rowid, feed, headline, text, revision) VALUES (?, ?, ?, ?, ?)",
            [update_id, str(row["feed_id"]), row["headline"] or "", text.plain(row["html"]), row["revision"]],
        )


def ids(
    db: Database, feed_id: int, holding: Holding, beyond: tuple[str, int] | None, order: str, limit: int
) -> list[int]:
    """Up to `limit` ids of what is found, from beyond that sign and id, in that order of ids."""
    words = _words(holding.words)
    if not words:
        return []
    start, values = (f"AND rowid {beyond[0]} ?", [beyond[1]]) if beyond else ("", [])
    asked = f'feed : "{feed_id}" AND {{headline text}} : ({" ".join(words)})'
    rows = db.execute(
        f"SELECT rowid FROM search WHERE search MATCH ? {start} ORDER BY rowid {order} LIMIT ?", [asked, *values, limit]
    )
    return [row[0] for row in rows]


def _words(given: str) -> list[str]:
    """Each word in quotes, so that nothing in it is an operator. Cut where FTS5 cuts, because two words in one pair of
    quotes would have to stand side by side, which takes long to find out."""
    kept = (" " if unicodedata.category(c) in _BETWEEN else c for c in unicodedata.normalize("NFC", given[:LONGEST]))
    return [f'"{word}"' for word in "".join(kept).split()][:MOST_WORDS]
