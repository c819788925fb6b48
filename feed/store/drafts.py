"""Drafts: what an editor is writing, a new update or an edit of one, as it was typed.

A draft is its editor's alone. Its id is a UUID that the client made, and is the idempotency key of publishing it: an
update remembers the draft that it was published from, so no draft is ever published twice. `seq` counts the states that
the client saved. A state that is not newer than the stored one is refused, so nothing is overwritten by what was typed
before it, or in another window.

Drafts are a table of their own, which no public query reads (invariant 6).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Missing, Reason, Stale
from feed.store import feeds, updates
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.updates import Update

DISCARDED_SECONDS = 7 * 24 * 3600  # a discarded draft can be had back for so long; a published one is known for so long
MOST_KEPT = 500  # drafts of one editor: far more than anybody looks through

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLUMNS = """
    drafts.id, feeds.slug AS feed, update_id, drafts.revision, headline, body, drafts.language, note, key, pinned, seq,
    state, saved_at FROM drafts JOIN feeds ON feeds.id = drafts.feed_id
"""


class State(StrEnum):
    """`KEPT` is being written. A `DISCARDED` one is deleted after DISCARDED_SECONDS, unless it is kept again."""

    KEPT = "kept"
    DISCARDED = "discarded"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Draft:
    """A draft as its editor last saved it. The texts are as they were typed. For an edit `update_id` is the update, and
    `revision` the one that the editor began with."""

    id: str
    feed: str
    update_id: int | None
    revision: int | None
    headline: str
    body: str
    language: str
    note: str
    key: bool
    pinned: bool
    seq: int
    state: State
    saved_at: str


def valid_id(draft_id: str) -> bool:
    """Whether that is a UUID in lower case."""
    return bool(_ID.fullmatch(draft_id))


def save(store: Store, draft_id: str, editor: Editor, given: Mapping[str, object]) -> Draft:
    """Stores a state of the draft. `given` has the fields of `fields.DRAFT_OF_UPDATE`. With `discarded` it is
    discarded in this state; without, a draft that was discarded is kept again.

    Saving the same state again changes nothing. Raises Invalid; Missing for the feed, the update, or another editor's
    draft; Stale with the stored draft for a `seq` that is not above the stored one, and for a draft that was published.
    """
    if not valid_id(draft_id):
        raise Invalid(Reason("id", Message("Write a UUID in small letters.")))
    return store.write(_save, draft_id, editor, fields.clean(fields.DRAFT_OF_UPDATE, given))


def get(db: Database, draft_id: str, editor: Editor) -> Draft:
    """The draft in any state. Raises Missing, also for another editor's."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE drafts.id = ? AND editor_id = ?", [draft_id, editor.id]).fetchone()
    if row is None:
        raise Missing(draft_id)
    return _draft(row)


def of_editor(db: Database, editor: Editor, state: State = State.KEPT) -> list[Draft]:
    """The drafts of the editor that are in that state, the latest first. A discarded one is among them as long as it
    can be had back."""
    since = times.after(-DISCARDED_SECONDS) if state == State.DISCARDED else ""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE editor_id = ? AND state = ? AND saved_at >= ? ORDER BY saved_at DESC, drafts.id",
        [editor.id, state, since],
    )
    return [_draft(row) for row in rows]


def seq_of(db: Database, draft_id: str, editor: Editor) -> int:
    """The number of the draft's latest state; 0 for a draft that was not saved yet."""
    row = db.execute("SELECT seq FROM drafts WHERE id = ? AND editor_id = ?", [draft_id, editor.id]).fetchone()
    return int(row["seq"]) if row else 0


def discard(store: Store, draft_id: str, editor: Editor) -> None:
    """Discards the draft. Nothing happens to one that is discarded already. Raises Missing, and Stale for one that was
    published."""
    store.write(_discard, draft_id, editor)


def keep(store: Store, draft_id: str, editor: Editor) -> Draft:
    """Keeps a discarded draft again. Nothing happens to one that is kept already. Raises Missing, also when its time is
    over; Stale for one that was published; Invalid when the editor has no room for it."""
    return store.write(_keep, draft_id, editor)


def published_from(db: Database, draft_id: str, editor: Editor) -> Update | None:
    """The update that this editor published from that draft, retracted or not; None when there is none."""
    found = db.execute("SELECT id FROM updates WHERE draft_id = ? AND editor_id = ?", [draft_id, editor.id]).fetchone()
    return updates.get_any(db, found["id"]) if found else None


def is_published(db: Database, draft_id: str, editor: Editor, update_id: int) -> bool:
    """Whether that draft is an edit of that update, and was applied."""
    asked = "SELECT 1 FROM drafts WHERE id = ? AND editor_id = ? AND update_id = ? AND state = ?"
    return db.execute(asked, [draft_id, editor.id, update_id, State.PUBLISHED]).fetchone() is not None


def set_published(db: Database, draft_id: str, editor: Editor) -> None:
    """Notes that the draft was published, in a transaction of the caller's. It need not have been saved before."""
    db.execute(
        "UPDATE drafts SET state = ?, saved_at = ? WHERE id = ? AND editor_id = ?",
        [State.PUBLISHED, times.now(), draft_id, editor.id],
    )


def put_back(db: Database, draft_id: str, editor: Editor, update: Update) -> None:
    """Keeps the text of an update that was taken off in a new draft, in a transaction of the caller's. It counts as one
    of MOST_KEPT, but is never refused for that. Raises Invalid for an id that is in use."""
    if db.execute("SELECT 1 FROM drafts WHERE id = ?", [draft_id]).fetchone():
        raise Invalid(Reason("draft_id", Message("There is a draft with this id already.")))
    texts = {"headline": update.headline or "", "body": update.body, "language": update.language or "", "note": ""}
    feed = feeds.get(db, update.feed, drafts=True)
    row = {"id": draft_id, "editor_id": editor.id, "feed_id": feed.id, **texts, "key": update.key}
    insert(db, "drafts", {**row, "pinned": update.pinned, "seq": 1, "state": State.KEPT, "saved_at": times.now()})


def _save(db: Database, draft_id: str, editor: Editor, typed: dict[str, Any]) -> Draft:
    _forget_old(db)
    state = State.DISCARDED if typed.pop("discarded") else State.KEPT
    feed = feeds.get(db, typed.pop("feed"), drafts=True)
    row = {
        "id": draft_id,
        "editor_id": editor.id,
        "feed_id": feed.id,
        "update_id": typed.pop("update"),
        **typed,
        "state": state,
        "saved_at": times.now(),
    }
    if row["update_id"] is not None and updates.get_any(db, row["update_id"]).feed != feed.slug:
        raise Missing(row["update_id"])
    earlier = db.execute("SELECT * FROM drafts WHERE id = ?", [draft_id]).fetchone()
    if earlier is None:
        _check_published(db, draft_id)
        _check_room(db, editor, state)
        insert(db, "drafts", row)
        return get(db, draft_id, editor)
    stored = get(db, draft_id, editor)
    if stored.state == state and all(earlier[name] == row[name] for name in row if name != "saved_at"):
        return stored
    if stored.state == State.PUBLISHED or row["seq"] <= stored.seq:
        raise Stale(stored)
    if stored.state != state:
        _check_room(db, editor, state)
    changed = {name: row[name] for name in row if name not in ("id", "editor_id", "feed_id", "update_id")}
    db.table("drafts").update(draft_id, changed)
    return get(db, draft_id, editor)


def _discard(db: Database, draft_id: str, editor: Editor) -> None:
    stored = get(db, draft_id, editor)
    if stored.state == State.PUBLISHED:
        raise Stale(stored)
    if stored.state == State.KEPT:
        db.table("drafts").update(draft_id, {"state": State.DISCARDED, "saved_at": times.now()})


def _keep(db: Database, draft_id: str, editor: Editor) -> Draft:
    _forget_old(db)
    stored = get(db, draft_id, editor)
    if stored.state == State.PUBLISHED:
        raise Stale(stored)
    if stored.state == State.DISCARDED:
        _check_room(db, editor, State.KEPT)
        db.table("drafts").update(draft_id, {"state": State.KEPT, "saved_at": times.now()})
    return get(db, draft_id, editor)


def _forget_old(db: Database) -> None:
    db.execute("DELETE FROM drafts WHERE state <> ? AND saved_at < ?", [State.KEPT, times.after(-DISCARDED_SECONDS)])


def _check_published(db: Database, draft_id: str) -> None:
    """A late request must not bring a draft back that was published and forgotten."""
    if db.execute("SELECT 1 FROM updates WHERE draft_id = ?", [draft_id]).fetchone():
        raise Missing(draft_id)


def _check_room(db: Database, editor: Editor, state: State) -> None:
    if state != State.KEPT:
        return
    kept = db.execute("SELECT count(*) FROM drafts WHERE editor_id = ? AND state = ?", [editor.id, State.KEPT])
    if kept.fetchone()[0] >= MOST_KEPT:
        raise Invalid(Reason("id", Message("You have {count} drafts. Discard some first.", count=MOST_KEPT)))


def _draft(row: feeds.Row) -> Draft:
    flags = {name: bool(row[name]) for name in ("key", "pinned")}
    return Draft(**{**dict(row), **flags, "state": State(row["state"])})
