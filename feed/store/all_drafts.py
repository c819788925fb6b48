"""The drafts of an editor, of updates and of articles alike."""

from collections.abc import Mapping

from sqlite_utils import Database

from feed.errors import Missing
from feed.store import article_drafts, draft_states, drafts
from feed.store.article_drafts import ArticleDraft
from feed.store.database import Store
from feed.store.draft_states import Kind, State
from feed.store.drafts import Draft
from feed.store.editors import Editor

AnyDraft = Draft | ArticleDraft

_KINDS: tuple[Kind[AnyDraft], ...] = (drafts.KIND, article_drafts.KIND)


def save(store: Store, draft_id: str, editor: Editor, given: Mapping[str, object]) -> AnyDraft:
    """Stores a state of a draft: of an article, if `given` has a field `article`, else of an update. Raises what
    drafts.save does."""
    if "article" in given:
        return article_drafts.save(store, draft_id, editor, given)
    return drafts.save(store, draft_id, editor, given)


def get(db: Database, draft_id: str, editor: Editor) -> AnyDraft:
    """The draft in any state. Raises Missing, also for another editor's."""
    return draft_states.get(db, _kind_of(db, draft_id, editor), draft_id, editor)


def of_editor(db: Database, editor: Editor, state: State = State.KEPT) -> list[AnyDraft]:
    """The drafts of the editor that are in that state, the latest first. A discarded one is among them as long as it
    can be had back."""
    found = [draft for kind in _KINDS for draft in draft_states.of_editor(db, kind, editor, state)]
    return sorted(found, key=lambda draft: (draft.saved_at, draft.id), reverse=True)


def kept_and_discarded(db: Database, editor: Editor) -> tuple[list[AnyDraft], list[AnyDraft]]:
    """The drafts that the editor has not published: those that are kept, and those that can be had back."""
    return of_editor(db, editor), of_editor(db, editor, State.DISCARDED)


def seq_of(db: Database, draft_id: str, editor: Editor) -> int:
    """The number of the draft's latest state; 0 for a draft that was not saved yet."""
    return max(draft_states.seq_of(db, kind, draft_id, editor) for kind in _KINDS)


def discard(store: Store, draft_id: str, editor: Editor) -> None:
    """Discards the draft. Nothing happens to one that is discarded already. Raises Missing, and Stale for one that was
    published."""
    store.write(_discard, draft_id, editor)


def keep(store: Store, draft_id: str, editor: Editor) -> AnyDraft:
    """Keeps a discarded draft again. Nothing happens to one that is kept already. Raises Missing, also when its time is
    over; Stale for one that was published; Invalid when the editor has no room for it."""
    return store.write(_keep, draft_id, editor)


def _discard(db: Database, draft_id: str, editor: Editor) -> None:
    draft_states.discard(db, _kind_of(db, draft_id, editor), draft_id, editor)


def _keep(db: Database, draft_id: str, editor: Editor) -> AnyDraft:
    return draft_states.keep(db, _kind_of(db, draft_id, editor), draft_id, editor)


def _kind_of(db: Database, draft_id: str, editor: Editor) -> Kind[AnyDraft]:
    for kind in _KINDS:
        if db.execute(f"SELECT 1 FROM {kind.table} WHERE id = ? AND editor_id = ?", [draft_id, editor.id]).fetchone():
            return kind
    raise Missing(draft_id)
