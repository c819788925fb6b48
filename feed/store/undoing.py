"""Undo: for some seconds after publishing, an editor takes the update off again, and its text becomes a draft.

It is a retraction without a notice and without a reason. Publishing never waits for it, so readers may have seen the
update. It works for the newest update that this editor has published in the feed, as long as nobody else has changed
it: what others did must not be undone by somebody who has not seen it. A text that was submitted is in the queue again.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed import times
from feed.errors import Gone, Message
from feed.store import actions, draft_states, drafts, editors, feeds, flags, lineage, retracting, submissions, updates
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.feeds import Feed
from feed.store.updates import Update
from feed.store.verbs import Verb

LATE_SECONDS = 5  # after the end of the time: the page shows the button until then, and the request has to arrive


class NotUndone(RuntimeError):
    """The update stays. `reason` is a sentence to show."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class _Publication(NamedTuple):
    """The action with which an update was published."""

    id: int
    at: str
    editor_id: int | None
    version: int | None


def undo(store: Store, update_id: int, editor: Editor, draft_id: str, seconds: int) -> Update:
    """Takes the update off every page, and keeps its text in a new draft of this editor with that id. `seconds` is how
    long after publishing that is possible; 0 never.

    Repeated with the same draft, it changes nothing more. Raises NotUndone, Missing, Gone when the update is retracted
    already, Invalid for the id.
    """
    draft_states.check_id(draft_id, "draft_id")
    return store.write(_undo, update_id, editor, draft_id, seconds)


def seconds_left(db: Database, update: Update, editor: Editor, seconds: int) -> float:
    """For how long this editor can still undo the publication of that update; 0 if that is not possible."""
    feed = feeds.get(db, update.feed, drafts=True)
    published = _publication(db, update.id)
    if update.retracted_at or not published or _reason_against(db, feed, update, published, editor):
        return 0
    return max(0.0, seconds - _seconds_since(published))


def _undo(db: Database, update_id: int, editor: Editor, draft_id: str, seconds: int) -> Update:
    update = updates.get_any(db, update_id)
    if update.retracted_at and drafts.is_used(db, draft_id):
        return update
    if update.retracted_at:
        raise Gone(update_id)
    feed, published = feeds.get(db, update.feed, drafts=True), _publication(db, update_id)
    if not published or _seconds_since(published) > (seconds + LATE_SECONDS if seconds else 0):
        raise NotUndone(Message("It is too late to undo this: it was published more than {seconds} seconds ago.",
                                seconds=seconds))  # fmt: skip
    if reason := _reason_against(db, feed, update, published, editor):
        raise NotUndone(reason)
    retracting.set_retracted(db, update, max(times.now(), update.published_at), None, notice=False)
    gone = updates.get_any(db, update_id)
    if update.pinned and update.version == published.version:
        flags.pin_again(db, feed.id, update, gone.version)
    author_id = submissions.reopen(db, update, draft_id)
    whose = editors.by_id(db, author_id) if author_id else editor
    drafts.put_back(db, draft_id, whose, update, lineage.of_update(db, update_id))
    actions.record(db, editor, Verb.UNDO, feed_id=feed.id, update_id=update_id, version=gone.version, draft=feed.draft)
    return gone


def _publication(db: Database, update_id: int) -> _Publication | None:
    row = db.execute(
        "SELECT id, at, editor_id, version FROM actions WHERE update_id = ? AND verb = ? ORDER BY id LIMIT 1",
        [update_id, Verb.PUBLISH.value],
    ).fetchone()
    return _Publication(**dict(row)) if row else None


def _seconds_since(published: _Publication) -> float:
    """By the clock at publication, which the update's own time may be ahead of. A clock that was set back counts as
    not having moved."""
    passed = datetime.fromisoformat(times.now()) - datetime.fromisoformat(published.at)
    return max(0.0, passed.total_seconds())


def _reason_against(
    db: Database, feed: Feed, update: Update, published: _Publication, editor: Editor
) -> Message | None:
    """Why this editor may not undo the publication, however early; None if it is possible."""
    if published.editor_id != editor.id:
        return Message("Somebody else published this. You can retract it.")
    after: dict[str, Any] = {
        "feed": feed.id,
        "update": update.id,
        "id": published.id,
        "editor": editor.id,
        "publish": Verb.PUBLISH.value,
    }
    others = db.execute(
        "SELECT coalesce(display_name, by_name) AS name FROM actions LEFT JOIN editors ON editors.id = editor_id "
        "WHERE update_id = :update AND actions.id > :id AND editor_id IS NOT :editor ORDER BY actions.id DESC LIMIT 1",
        after,
    ).fetchone()
    if others and others["name"]:
        return Message("{name} has changed this since, so it stays. You can retract it.", name=others["name"])
    if others:
        return Message("This was changed at the command line since, so it stays. You can retract it.")
    newer = "feed_id = :feed AND id > :id AND editor_id = :editor AND verb = :publish"
    if db.execute(f"SELECT 1 FROM actions WHERE {newer}", after).fetchone():
        return Message("You have published another update since. You can retract this one.")
    return None
