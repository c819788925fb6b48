"""What every open page of the desk is told as it happens: of submissions, and that something of what is scheduled has
changed. It is numbers; a page that shows more fetches itself again (live.review)."""

from typing import NamedTuple

from sqlite_utils import Database

from feed.store import permissions, scheduled, submissions
from feed.store.editors import Editor
from feed.store.submissions import GOES_ON, State
from feed.store.verbs import Verb


class Tidings(NamedTuple):
    """How many texts wait for review (None for whom that does not concern), how many of this editor's own were
    returned, the number of the last change of all this, which falls when the last are forgotten; and a mark of what is
    scheduled, as far as it is this editor's or in a list of theirs, which is another after each change."""

    waiting: int | None
    returned: int
    changed: int
    scheduled: str


def of(db: Database, editor: Editor) -> Tidings:
    """What a page of this editor says now."""
    asked = f"SELECT count(*) FROM submissions WHERE editor_id = ? AND state = ? AND {GOES_ON}"
    returned = db.execute(asked, [editor.id, State.RETURNED]).fetchone()[0]
    mark = scheduled.mark(db, None if permissions.may(editor.role, Verb.SCHEDULE) else editor)
    if permissions.may(editor.role, Verb.PUBLISH_SUBMISSION):
        queue = db.execute("SELECT count(*) FROM submissions WHERE state = ?", [State.SUBMITTED]).fetchone()[0]
        return Tidings(queue, returned, submissions.last_change(db), mark)
    changed = db.execute("SELECT coalesce(max(changed), 0) FROM submissions WHERE editor_id = ?", [editor.id])
    return Tidings(None, returned, changed.fetchone()[0], mark)


def last_changes(db: Database) -> tuple[int, int, str]:
    """Something else after each change that any page is told of. A text that was returned is no news any more once its
    draft is discarded."""
    returned = db.execute(f"SELECT count(*) FROM submissions WHERE state = ? AND {GOES_ON}", [State.RETURNED])
    return submissions.last_change(db), returned.fetchone()[0], scheduled.mark(db)
