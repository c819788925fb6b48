"""What drafts of updates and of articles have in common: their states, for how long each is stored, and which state of
a text wins. Each kind has a table of its own, with the columns id, editor_id, seq, state and saved_at in both."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from sqlite_utils import Database

from feed import times
from feed.errors import Invalid, Message, Missing, Reason, Stale
from feed.store import permissions
from feed.store.database import insert
from feed.store.editors import Editor
from feed.store.verbs import Verb

DISCARDED_SECONDS = 7 * 24 * 3600  # a discarded draft can be had back for so long; a published one is known for so long
MOST_KEPT = 500  # drafts of one kind and editor: far more than anybody looks through
MOST_DISCARDED = 500  # of one kind and editor; of more, the oldest are deleted before their time

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class State(StrEnum):
    """`KEPT` is being written. A `DISCARDED` one is deleted after DISCARDED_SECONDS, unless it is kept again."""

    KEPT = "kept"
    DISCARDED = "discarded"
    PUBLISHED = "published"


class AnyDraft(Protocol):
    """What this module needs of a draft."""

    @property
    def seq(self) -> int: ...
    @property
    def state(self) -> State: ...


D = TypeVar("D", bound=AnyDraft, covariant=True)


@dataclass(frozen=True)
class Kind(Generic[D]):
    """A kind of drafts: its table; `find`, which reads those that meet an SQL condition with these values; `is_known`,
    whether something was published from that draft; and the columns that say what it is a draft of, which never
    change."""

    table: str
    find: Callable[[Database, str, list[Any]], list[D]]
    is_known: Callable[[Database, str], bool]
    fixed: frozenset[str]


def valid_id(draft_id: str) -> bool:
    """Whether that is a UUID in lower case."""
    return bool(_ID.fullmatch(draft_id))


def check_id(draft_id: str, field: str = "id") -> None:
    """Raises Invalid, for that field, for what is no UUID in lower case."""
    if not valid_id(draft_id):
        raise Invalid(Reason(field, Message("Write a UUID in small letters.")))


def get(db: Database, kind: Kind[D], draft_id: str, editor: Editor) -> D:
    """The draft in any state. Raises Missing, also for another editor's."""
    found = kind.find(db, f"{kind.table}.id = ? AND editor_id = ?", [draft_id, editor.id])
    if not found:
        raise Missing(draft_id)
    return found[0]


def of_editor(db: Database, kind: Kind[D], editor: Editor, state: State) -> list[D]:
    """The editor's drafts that are in that state; of the discarded ones, those that can be had back."""
    since = times.after(-DISCARDED_SECONDS) if state == State.DISCARDED else ""
    return kind.find(db, "editor_id = ? AND state = ? AND saved_at >= ?", [editor.id, state, since])


def save(db: Database, kind: Kind[D], editor: Editor, given: dict[str, Any]) -> D:
    """Stores a state of a draft. `given` has the columns of its table but for those of this module, and `discarded`.

    Saving the same state again changes nothing. Raises NotAllowed; Missing for another editor's draft; Stale with the
    stored draft for a `seq` that is not above the stored one, and for a draft that was published; Invalid when there is
    no room.
    """
    permissions.permit(db, editor, Verb.WRITE_DRAFT, feed_id=given.get("feed_id"))
    _forget_old(db, kind)
    row = {name: value for name, value in given.items() if name != "discarded"}
    row["state"] = State.DISCARDED if given["discarded"] else State.KEPT
    row |= {"editor_id": editor.id, "saved_at": times.now()}
    earlier = db.execute(f"SELECT * FROM {kind.table} WHERE id = ?", [row["id"]]).fetchone()
    if earlier is None:
        if kind.is_known(db, row["id"]):  # a late request must not bring back what was published and forgotten
            raise Missing(row["id"])
        _check_room(db, kind, editor, row["state"])
        insert(db, kind.table, row)
        _forget_most(db, kind, row["id"], editor)
        return get(db, kind, row["id"], editor)
    stored = get(db, kind, row["id"], editor)
    if all(earlier[name] == row[name] for name in row if name != "saved_at"):
        return stored
    if stored.state == State.PUBLISHED or row["seq"] <= stored.seq:
        raise Stale(stored)
    if stored.state != row["state"]:
        _check_room(db, kind, editor, row["state"])
    changed = {name: row[name] for name in row if name not in kind.fixed | {"id", "editor_id"}}
    db.table(kind.table).update(row["id"], changed)
    _forget_most(db, kind, row["id"], editor)
    return get(db, kind, row["id"], editor)


def discard(db: Database, kind: Kind[D], draft_id: str, editor: Editor) -> None:
    """Discards the draft. Nothing happens to one that is discarded already. Raises Missing, and Stale for one that was
    published."""
    permissions.permit(db, editor, Verb.WRITE_DRAFT)
    stored = get(db, kind, draft_id, editor)
    if stored.state == State.PUBLISHED:
        raise Stale(stored)
    if stored.state == State.KEPT:
        _set_state(db, kind, draft_id, State.DISCARDED)
        _forget_most(db, kind, draft_id, editor)


def keep(db: Database, kind: Kind[D], draft_id: str, editor: Editor) -> D:
    """Keeps a discarded draft again. Nothing happens to one that is kept already. Raises Missing, also when its time is
    over; Stale for one that was published; Invalid when there is no room."""
    permissions.permit(db, editor, Verb.WRITE_DRAFT)
    _forget_old(db, kind)
    stored = get(db, kind, draft_id, editor)
    if stored.state == State.PUBLISHED:
        raise Stale(stored)
    if stored.state == State.DISCARDED:
        _check_room(db, kind, editor, State.KEPT)
        _set_state(db, kind, draft_id, State.KEPT)
    return get(db, kind, draft_id, editor)


def seq_of(db: Database, kind: Kind[D], draft_id: str, editor: Editor) -> int:
    """The number of the draft's latest state; 0 for a draft that was not saved yet."""
    asked = f"SELECT seq FROM {kind.table} WHERE id = ? AND editor_id = ?"
    row = db.execute(asked, [draft_id, editor.id]).fetchone()
    return int(row["seq"]) if row else 0


def _set_state(db: Database, kind: Kind[D], draft_id: str, state: State) -> None:
    db.table(kind.table).update(draft_id, {"state": state, "saved_at": times.now()})


def _forget_old(db: Database, kind: Kind[D]) -> None:
    asked = f"DELETE FROM {kind.table} WHERE state <> ? AND saved_at < ?"
    db.execute(asked, [State.KEPT, times.after(-DISCARDED_SECONDS)])


def _forget_most(db: Database, kind: Kind[D], draft_id: str, editor: Editor) -> None:
    """Deletes the oldest discarded drafts of an editor who has too many, but not that one, whatever the clock says."""
    db.execute(
        f"DELETE FROM {kind.table} WHERE id IN (SELECT id FROM {kind.table} WHERE editor_id = ? AND state = ? "
        "ORDER BY id = ? DESC, saved_at DESC LIMIT -1 OFFSET ?)",
        [editor.id, State.DISCARDED, draft_id, MOST_DISCARDED],
    )


def _check_room(db: Database, kind: Kind[D], editor: Editor, state: State) -> None:
    if state != State.KEPT:
        return
    kept = db.execute(f"SELECT count(*) FROM {kind.table} WHERE editor_id = ? AND state = ?", [editor.id, State.KEPT])
    if kept.fetchone()[0] >= MOST_KEPT:
        raise Invalid(Reason("id", Message("You have {count} drafts. Discard some first.", count=MOST_KEPT)))
