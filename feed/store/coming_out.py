"""What is scheduled comes out, at its moment or by hand.

It is published by the verbs that publish anything else, in one transaction with its claim: the row is deleted there.
So of all workers one publishes it, and after a crash it is either out or still due. Always the first that is due is
taken, so the order holds however many workers there are.

It is dated by the clock at that time, not by the moment it was scheduled for (see moments.py). On time both are the
same second. Late, because the server was down, readers are told when they could first see it, and it stands above
what they have read.
"""

import logging
from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Gone, Invalid, Message, Missing, NotAllowed
from feed.store import (
    editors,
    feeds,
    publishing,
    scheduled,
    scheduling,
    submissions,
    submitted_drafts,
    updates,
    writing,
)  # fmt: skip
from feed.store.actors import Door, Origin
from feed.store.articles import Article
from feed.store.database import OperationalError, Store
from feed.store.editors import Editor
from feed.store.scheduled import Scheduled, State
from feed.store.updates import Update

CLOSED = Message("Coverage was closed at that time.")
NO_RIGHT = Message("{name} may not publish here any more.", name="")
RETRACTED = Message("It was published before, and retracted.")
BROKEN = Message("The site could not publish it. Whoever runs it finds the error in the log.")

log = logging.getLogger(__name__)


class _Closed(RuntimeError):
    """The feed takes no scheduled update, because its coverage is closed."""


def publish_due(store: Store) -> bool:
    """Publishes the first of what is due, or lists it as failed. Whether there was any; another worker may have been
    faster. Raises OperationalError, and then it is still due."""
    with store.read() as db:
        first = scheduled.due(db)
        if first is None:
            return False
        editor = replace(editors.by_id(db, first.editor_id), origin=Origin(Door.SCHEDULE))
    try:
        store.write(_publish_due, first, editor, _html_of(store, first))
    except OperationalError:
        raise  # of the disk or a lock, not of the text
    except Exception as error:
        reason = _reason_of(error, first)
        if reason is BROKEN:
            log.exception("what was scheduled for %s could not be published", first.publish_at)
        else:
            log.warning("what was scheduled for %s was not published: %s", first.publish_at, reason)
        store.write(scheduled.fail, first.id, first.revision, reason, Origin(Door.SCHEDULE))
    return True


def publish_now(store: Store, scheduled_id: str, editor: Editor, revision: int) -> Update | Article:
    """Publishes it at once, whatever it waits for. `revision` is the one that the editor read. Raises Missing, also
    when it is out; Invalid, NotAllowed, or Stale with what is scheduled now."""
    with store.read() as db:
        shown = scheduling.get_unchanged(db, scheduled_id, revision)
    return store.write(_publish_now, shown, editor, _html_of(store, shown))


def what_came_out(db: Database, scheduled_id: str) -> Update:
    """The update that was scheduled under that id, in any state. Raises Missing where none came out."""
    found = db.execute("SELECT id FROM updates WHERE draft_id = ?", [scheduled_id]).fetchone()
    if found is None:
        raise Missing(scheduled_id)
    return updates.get_any(db, found["id"])


def _publish_due(db: Database, first: Scheduled, editor: Editor, html: str | None) -> Update | Article | None:
    claimed = db.execute(
        "DELETE FROM scheduled WHERE id = ? AND revision = ? AND state = ? AND publish_at <= ? RETURNING id",
        [first.id, first.revision, State.SCHEDULED, times.now()],
    ).fetchall()
    if not claimed:
        return None
    if first.feed and not feeds.get(db, first.feed, drafts=True).open:
        raise _Closed
    return _come_out(db, first, editor, html)


def _publish_now(db: Database, shown: Scheduled, editor: Editor, html: str | None) -> Update | Article:
    current = scheduling.get_unchanged(db, shown.id, shown.revision)
    db.execute("DELETE FROM scheduled WHERE id = ?", [current.id])
    return _come_out(db, current, editor, html)


def _come_out(db: Database, one: Scheduled, editor: Editor, html: str | None) -> Update | Article:
    if one.feed is None:
        article = writing.put_edit(db, one.article or "", editor, {"draft": False}, None, actor=editor)
        submissions.set_published(db, one.id, editor, article_id=article.id)
        return article
    new: dict[str, Any] = {name: getattr(one, name) for name in fields.UPDATE}
    author = editors.by_id(db, one.author_id)
    submitted = submissions.of_draft(db, one.id, author)
    goes_on = submitted and submitted_drafts.went_on(db, submitted)
    update = publishing.put(db, one.feed, author, {**new, "html": html}, draft_id=one.id, actor=editor)
    if submitted and goes_on:
        submitted_drafts.keep_later_words(db, submitted, update)
    return update


def _html_of(store: Store, one: Scheduled) -> str | None:
    """The HTML of an update, as it is to be now; None for an article. Raises Invalid for a text that is refused by
    now."""
    if one.feed is None:
        return None
    with store.read() as db:
        feed, author = feeds.get(db, one.feed, drafts=True), editors.by_id(db, one.author_id)
    return publishing.html_of(store, one.body, one.language or feed.language, author)


def _reason_of(error: Exception, one: Scheduled) -> Message:
    """Why it did not come out, for editors."""
    if isinstance(error, _Closed):
        return CLOSED
    if isinstance(error, NotAllowed):
        return Message(NO_RIGHT.message, name=one.editor)
    if isinstance(error, Gone):
        return RETRACTED
    if isinstance(error, Invalid) and isinstance(error.reasons[0].message, Message):
        return error.reasons[0].message
    return BROKEN
