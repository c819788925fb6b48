"""Which drafts and updates have one text: an erasure has to find them all.

A text goes through several drafts, since each is published once. What was scheduled and cancelled goes on in a new
draft, as does what was published and taken back at once, or retracted and published anew. Each of these remembers the
first, its origin: a draft or, for what was published without one, an update.
"""

from typing import NamedTuple

from sqlite_utils import Database

_NAME = "'update ' || updates.id"


class Family(NamedTuple):
    """The drafts and updates that have one text, by their ids. The drafts may be gone."""

    drafts: set[str]
    updates: set[int]


def note(db: Database, draft_id: str, origin: str) -> None:
    """Notes that the draft has the text of that origin, in a transaction of the caller's."""
    db.execute(
        "INSERT OR REPLACE INTO lineage (draft_id, origin) VALUES (:draft, :origin)",
        {"draft": draft_id, "origin": origin},
    )


def of_draft(db: Database, draft_id: str) -> str:
    """The origin of that draft: itself, unless it came of another."""
    row = db.execute("SELECT origin FROM lineage WHERE draft_id = ?", [draft_id]).fetchone()
    return str(row["origin"]) if row else draft_id


def of_update(db: Database, update_id: int) -> str:
    """The origin of that update."""
    asked = f"SELECT draft_id, {_NAME} AS name FROM updates WHERE id = ?"
    row = db.execute(asked, [update_id]).fetchone()
    return of_draft(db, row["draft_id"]) if row["draft_id"] else str(row["name"])


def family(db: Database, update_id: int) -> Family:
    """What has the same text as that update, with itself."""
    origin = of_update(db, update_id)
    drafts = {row["draft_id"] for row in db.execute("SELECT draft_id FROM lineage WHERE origin = ?", [origin])}
    came = f"SELECT id FROM updates WHERE {_NAME} = :origin OR draft_id = :origin OR draft_id IN "
    came += "(SELECT draft_id FROM lineage WHERE origin = :origin)"
    return Family(drafts | {origin}, {row["id"] for row in db.execute(came, {"origin": origin})})


def is_erased(db: Database, draft_id: str) -> bool:
    """Whether the draft was erased: whatever still has its id, such as a page that is open, must not bring it back."""
    return db.execute("SELECT 1 FROM erased_drafts WHERE draft_id = ?", [draft_id]).fetchone() is not None


def kept(db: Database) -> list[tuple[str, str]]:
    """What a restore carries over, because the log still has these texts. Numbers of updates are used again then."""
    return [tuple(row) for row in db.execute("SELECT draft_id, origin FROM lineage WHERE origin NOT LIKE 'update %'")]


def restore(db: Database, rows: list[tuple[str, str]]) -> None:
    """Puts it into an older copy, in a transaction of the caller's."""
    for row in rows:
        db.execute("INSERT OR IGNORE INTO lineage (draft_id, origin) VALUES (?, ?)", row)
