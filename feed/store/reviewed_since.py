"""What became of submissions since a backup was made: a restore must not put back into the queue what its author took
back, or what an editor returned.

What was published since is undone by the restore, so its text waits again, for an editor to look whether it is to come
out; unless it was retracted, and is its author's draft.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlite_utils import Database

from feed.store import lineage, submissions, submitted_drafts
from feed.store.submissions import State
from feed.store.verbs import Verb

# What was forgotten since (see submissions.KEPT_SECONDS) only the record of actions tells.
_TAKEN_BACK = """
    SELECT subject AS draft_id, NULL AS state, NULL AS note, at AS decided_at, NULL AS by_id, NULL AS by_name
    FROM (SELECT subject, verb, at, max(id) FROM actions WHERE verb IN (:submit, :take_back) GROUP BY subject)
    WHERE verb = :take_back AND subject NOT IN (SELECT draft_id FROM submissions)
"""
_DECIDED = """
    SELECT submissions.draft_id, iif(state = 'published' AND retracted_at IS NOT NULL, NULL, state) AS state, note,
        decided_at, decided_by AS by_id, editors.name AS by_name FROM submissions
    LEFT JOIN editors ON editors.id = decided_by
    LEFT JOIN updates ON updates.id = submissions.update_id
"""


class Reviewed(NamedTuple):
    """What became of the submission of a draft. `state` is None for a text that its author took back, or that was
    published and retracted; `by_id` and `by_name` are the editor who decided."""

    draft_id: str
    state: str | None
    note: str | None
    decided_at: str | None
    by_id: int | None
    by_name: str | None


def read(db: Database) -> dict[str, Reviewed]:
    """What became of all submissions, by the origin of their text: Undo gives a text another draft."""
    verbs = {"submit": Verb.SUBMIT.value, "take_back": Verb.TAKE_BACK.value}
    rows = db.execute(f"{_TAKEN_BACK} UNION ALL {_DECIDED}", verbs).fetchall()
    return {lineage.of_draft(db, row["draft_id"]): Reviewed(**dict(row)) for row in rows}


def keep(db: Database, since: Mapping[str, Reviewed]) -> None:
    """Decides so on what waits in this older copy, in a transaction of the caller's."""
    for (draft_id,) in db.execute("SELECT draft_id FROM submissions WHERE state = ?", [State.SUBMITTED]).fetchall():
        now = since.get(lineage.of_draft(db, draft_id))
        if now is None or now.state in (State.SUBMITTED, State.PUBLISHED):
            continue
        same = "SELECT 1 FROM editors WHERE id = ? AND name = ?"
        by = now.by_id if db.execute(same, [now.by_id, now.by_name]).fetchone() else None
        state = State.RETURNED if now.state == State.RETURNED else State.TAKEN_BACK
        given = {"state": state, "note": now.note, "decided_by": by, "decided_at": now.decided_at}
        back = submissions.put(db, draft_id, given)
        if state == State.RETURNED:
            submitted_drafts.open_again(db, back)
