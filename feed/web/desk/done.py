"""What the desk says once a form was stored. The address of the page that follows has it as `did` and the number of
the update, so that an editor without JavaScript is told too; the page's script shows the same message."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import g

from feed.errors import Message, Missing
from feed.store import all_drafts, feeds, receipts, undoing, updates
from feed.store.database import Database
from feed.store.draft_states import State
from feed.store.receipts import Receipt
from feed.store.updates import Update
from feed.web.desk.forms import new_id
from feed.web.services import services

DEEDS: Mapping[str, Message] = {
    "published": Message("Published."),
    "edited": Message("Your edit is saved."),
    "retracted": Message("Retracted. Readers no longer see it."),
    "erased": Message("Erased for good. Backups made before still hold it."),
    "erased-not-wholly": Message("Erased. Have an admin run “flask db vacuum”: the file may still hold copies of it."),
    "restored": Message("Restored. Readers see it again, at its old place."),
    "undone": Message("Taken back. Readers may have seen it."),
    "keyed": Message("It is a key event now."),
    "unkeyed": Message("It is no key event any more."),
    "pinned": Message("It is pinned on top now."),
    "unpinned": Message("It is not pinned any more."),
    "pointed": Message("What we know is changed."),
    "unpointed": Message("The point is taken out."),
    "stands": Message("The point stands."),
    "opened": Message("Coverage is open again."),
    "closed": Message("Coverage is closed."),
    "scheduled": Message("Scheduled. Nobody but editors sees it until then."),
    "cancelled": Message("Cancelled. It is a draft again."),
    "returned": Message("Cancelled. It is among its author’s drafts again."),
    "waits": Message("Cancelled. It waits for review again."),
    "created": Message("The article is created."),
    "saved": Message("Saved."),
    "submitted": Message("Submitted. An editor reads it before it is published."),
    "taken-back": Message("Taken back. It is your draft again."),
    "sent-back": Message("Returned to its author, with your note."),
    "discarded": Message("Discarded."),
    "kept": Message("It is among your drafts again."),
    "revoked": Message("Revoked."),
    "disabled": Message("Disabled. Sessions and tokens have ended."),
    "enabled": Message("Enabled. Tokens have to be made anew."),
    "elsewhere": Message("Every other browser is signed out."),
    "app": Message("The app is set up."),
    "passkey": Message("The passkey is added."),
    "removed": Message("Removed."),
    "uploaded": Message("Uploaded."),
    "stilled": Message("Uploaded. It was an animation, and only its first picture is kept."),
}


@dataclass(frozen=True)
class Done:
    """One of DEEDS, and the update that it was done to, if any. `undo` is the id of the draft that was discarded and
    can be had back. `receipt` says how far the change has got. For `undo_seconds` more the editor can undo the
    publication, and then the text becomes the draft `draft_id`."""

    deed: str
    update: Update | None
    undo: str | None = None
    receipt: Receipt | None = None
    undo_seconds: float = 0
    draft_id: str = field(default_factory=new_id)

    @property
    def message(self) -> Message:
        """What was done, as a message to translate."""
        return DEEDS[self.deed]


def done_in(db: Database, asked: Mapping[str, str]) -> Done | None:
    """What was done according to the query; None where it says nothing valid."""
    deed, number = asked.get("did", ""), asked.get("update", "")
    if deed not in DEEDS:
        return None
    try:
        found = updates.get_any(db, int(number)) if number.isdecimal() and len(number) < 10 else None
    except Missing:
        return None
    discarded = _discarded(db, asked.get("draft", "")) if deed == "discarded" else None
    if found is None:
        return Done(deed, found, discarded)
    left = undoing.seconds_left(db, found, g.editor, services().settings.undo_seconds) if deed == "published" else 0
    return Done(deed, found, discarded, _receipt(db, found), left)


def _receipt(db: Database, update: Update) -> Receipt | None:
    version = receipts.last_version(db, update, g.editor.id)
    return receipts.of(db, feeds.get(db, update.feed, drafts=True), version) if version else None


def _discarded(db: Database, draft_id: str) -> str | None:
    try:
        return draft_id if all_drafts.get(db, draft_id, g.editor).state == State.DISCARDED else None
    except Missing:
        return None
