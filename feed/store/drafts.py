"""Drafts of updates: what an editor is writing, a new update or an edit of one, as it was typed.

A draft is its editor's alone. Its id is a UUID that the client made, and is the idempotency key of publishing it: an
update remembers the draft that it was published from, so no draft is ever published twice. `seq` counts the states that
the client saved. A state that is not newer than the stored one is refused, so nothing is overwritten by what was typed
before it, or in another window.

Drafts are a table of their own, which no public query reads (invariant 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.store import draft_states, feeds, lineage, updates
from feed.store.database import Store, insert
from feed.store.draft_states import Kind, State
from feed.store.editors import Editor
from feed.store.feeds import Row
from feed.store.updates import Update

_COLUMNS = """
    drafts.id, feeds.slug AS feed, update_id, drafts.revision, headline, body, drafts.language, status, source,
    note, key, pinned, seq, state, saved_at FROM drafts JOIN feeds ON feeds.id = drafts.feed_id
"""


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
    status: str
    source: str
    note: str
    key: bool
    pinned: bool
    seq: int
    state: State
    saved_at: str


class Written(Protocol):
    """An update, or what is to be one."""

    @property
    def feed(self) -> str | None: ...
    @property
    def headline(self) -> str | None: ...
    @property
    def body(self) -> str: ...
    @property
    def language(self) -> str | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def key(self) -> bool: ...
    @property
    def pinned(self) -> bool: ...


def save(store: Store, draft_id: str, editor: Editor, given: Mapping[str, object]) -> Draft:
    """Stores a state of the draft. `given` has the fields of `fields.DRAFT_OF_UPDATE`. With `discarded` it is
    discarded in this state; without, a draft that was discarded is kept again.

    Saving the same state again changes nothing. Raises Invalid; Missing for the feed, the update, or another editor's
    draft; Stale with the stored draft for a `seq` that is not above the stored one, and for a draft that was published.
    """
    draft_states.check_id(draft_id)
    return store.write(_save, draft_id, editor, fields.clean(fields.DRAFT_OF_UPDATE, given))


def get(db: Database, draft_id: str, editor: Editor) -> Draft:
    """The draft in any state. Raises Missing, also for another editor's."""
    return draft_states.get(db, KIND, draft_id, editor)


def published_from(db: Database, draft_id: str, editor: Editor) -> Update | None:
    """The update that this editor published from that draft, retracted or not; None when there is none."""
    found = db.execute("SELECT id FROM updates WHERE draft_id = ? AND editor_id = ?", [draft_id, editor.id]).fetchone()
    return updates.get_any(db, found["id"]) if found else None


def is_published(db: Database, draft_id: str, editor: Editor, update_id: int) -> bool:
    """Whether that draft is an edit of that update, and was applied."""
    asked = "SELECT 1 FROM drafts WHERE id = ? AND editor_id = ? AND update_id = ? AND state = ?"
    return db.execute(asked, [draft_id, editor.id, update_id, State.PUBLISHED]).fetchone() is not None


def may_be_of(db: Database, draft_id: str, editor: Editor, update_id: int) -> bool:
    """Whether that draft is this editor's of an edit of that update, or was never saved: without a script none is."""
    row = db.execute("SELECT editor_id, update_id FROM drafts WHERE id = ?", [draft_id]).fetchone()
    return row is None or (row["editor_id"], row["update_id"]) == (editor.id, update_id)


def set_published(db: Database, draft_id: str, editor: Editor) -> None:
    """Notes that the draft was published, in a transaction of the caller's. It need not have been saved before."""
    db.execute(
        "UPDATE drafts SET state = ?, saved_at = ? WHERE id = ? AND editor_id = ?",
        [State.PUBLISHED, times.now(), draft_id, editor.id],
    )


def is_used(db: Database, draft_id: str) -> bool:
    """Whether any editor has a draft with that id."""
    return db.execute("SELECT 1 FROM drafts WHERE id = ?", [draft_id]).fetchone() is not None


def put_back(db: Database, draft_id: str, editor: Editor, update: Written, origin: str) -> None:
    """Keeps the text of an update that was taken off, or was not to come out, in a new draft, in a transaction of the
    caller's. `origin` is as in lineage. It counts as one of MOST_KEPT, but is never refused for that. Raises Invalid
    for an id that is in use."""
    if is_used(db, draft_id):
        raise Invalid(Reason("draft_id", Message("There is a draft with this id already.")))
    texts = {"headline": update.headline or "", "body": update.body, "language": update.language or "", "note": ""}
    texts |= {"status": update.status or "", "source": update.source or ""}
    feed = feeds.get(db, update.feed or "", drafts=True)
    row = {"id": draft_id, "editor_id": editor.id, "feed_id": feed.id, **texts, "key": update.key}
    insert(db, "drafts", {**row, "pinned": update.pinned, "seq": 1, "state": State.KEPT, "saved_at": times.now()})
    lineage.note(db, draft_id, origin)


def note_edit(db: Database, draft_id: str, editor: Editor, update_id: int) -> None:
    """Notes that the draft, an edit of that update, was applied, in a transaction of the caller's. It need not have
    been saved before: whoever had no answer asks, and nothing else tells."""
    db.execute(
        "INSERT INTO drafts (id, editor_id, feed_id, update_id, revision, headline, body, language, note, key, pinned, "
        "seq, state, saved_at) SELECT :id, :editor, feed_id, id, revision, '', '', '', '', 0, 0, 0, :state, :now "
        "FROM updates WHERE id = :update ON CONFLICT (id) DO UPDATE SET state = :state, saved_at = :now "
        "WHERE editor_id = :editor",
        {"id": draft_id, "editor": editor.id, "update": update_id, "state": State.PUBLISHED, "now": times.now()},
    )


def _save(db: Database, draft_id: str, editor: Editor, typed: dict[str, Any]) -> Draft:
    feed = feeds.get(db, typed.pop("feed"), drafts=True)
    update_id = typed.pop("update")
    if update_id is not None and updates.get_any(db, update_id).feed != feed.slug:
        raise Missing(update_id)
    return draft_states.save(db, KIND, editor, {**typed, "id": draft_id, "feed_id": feed.id, "update_id": update_id})


def _find(db: Database, condition: str, values: list[Any]) -> list[Draft]:
    return [_draft(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE {condition}", values)]


def _draft(row: Row) -> Draft:
    flags = {name: bool(row[name]) for name in ("key", "pinned")}
    return Draft(**{**dict(row), **flags, "state": State(row["state"])})


def _is_known(db: Database, draft_id: str) -> bool:
    used = "SELECT 1 FROM updates WHERE draft_id = :id UNION ALL SELECT 1 FROM scheduled WHERE id = :id"
    return lineage.is_erased(db, draft_id) or db.execute(used, {"id": draft_id}).fetchone() is not None


KIND = Kind("drafts", _find, _is_known, frozenset({"feed_id", "update_id"}))
