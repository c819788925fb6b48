"""Submissions: texts that wait for an editor, who publishes them or returns them with a note.

A submission is a snapshot. Its author may go on with the draft that it was made of, and what is in the queue stays as
it was submitted until the author submits again: then it is the same submission with another revision, and whoever has
read the one before is told so. The draft's id is its key, as it is that of publishing, so a draft is published once.

Submissions are a table of their own, which no public query reads (invariant 6). How they change is in reviewing.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from feed import times
from feed.errors import Message, Missing
from feed.store import actions, scheduled
from feed.store.actors import Actor
from feed.store.database import insert
from feed.store.draft_states import DISCARDED_SECONDS
from feed.store.feeds import Row
from feed.store.revisions import WORDS
from feed.store.updates import HIGHEST_ID, Update
from feed.store.verbs import Verb

LISTED = 200  # texts in the queue: more than a newsroom reads in a day
DECIDED_LISTED = 10  # of those of an author that were published or replaced lately
KEPT_SECONDS = DISCARDED_SECONDS  # after which what was published or taken back is forgotten, as its draft is

_OWN = (
    "id", "draft_id", "update_id", "article_id", "of_revision", "fields", "seq", "revision", "submitted_at",
    "decided_by", "decided_at", "note", "changed",
)  # fmt: skip
# What is scheduled waits under the id of its draft, and is stored here as what it will be.
_SCHEDULED = "(submissions.state = 'published' AND scheduled.id IS NOT NULL)"
_STATE = f"""
    CASE WHEN {_SCHEDULED} THEN scheduled.state
    WHEN submissions.state = 'published' AND replaced THEN 'replaced' ELSE submissions.state END
"""
_COLUMNS = f"""
    {", ".join(f"submissions.{name}" for name in _OWN)},
    {_STATE} AS state, scheduled.publish_at, scheduled.reason,
    author.id AS author_id, author.display_name AS author, decider.display_name AS by,
    feeds.slug AS feed, articles.slug AS article
    FROM submissions JOIN editors AS author ON author.id = submissions.editor_id
    LEFT JOIN scheduled ON scheduled.id = submissions.draft_id
    LEFT JOIN editors AS decider ON decider.id = submissions.decided_by
    LEFT JOIN feeds ON feeds.id = submissions.feed_id LEFT JOIN articles ON articles.id = submissions.article_id
"""
# Of one that was returned, the draft is there for its author to go on with.
GOES_ON = """
    (EXISTS (SELECT 1 FROM drafts WHERE id = submissions.draft_id AND drafts.state = 'kept')
    OR EXISTS (SELECT 1 FROM article_drafts WHERE id = submissions.draft_id AND article_drafts.state = 'kept'))
"""


class State(StrEnum):
    """What became of a submission. One that is `TAKEN_BACK` is its author's draft again, as is a `RETURNED` one. One
    that is `SCHEDULED` is accepted, and comes out by itself; a `FAILED` one did not, and waits for an editor. In the
    place of a `REPLACED` one, a later text of its article was scheduled."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    SCHEDULED = "scheduled"
    FAILED = "failed"
    REPLACED = "replaced"
    PUBLISHED = "published"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True)
class Submission:
    """A submission. Of an update, `feed` is the slug of its feed; of an article that is None. `fields` are those of
    fields.EDIT or fields.ARTICLE that the author gave, as they are published, and `seq` is the state of the draft. For
    an edit `of_revision` is the revision that the author began with. `update_id`, or `article_id` and the slug
    `article`, name what is edited or was published. `by` decided on it at `decided_at`, and it comes out at
    `publish_at` if it is scheduled; `reason` says why it did not. `changed` orders all changes of submissions."""

    id: int
    draft_id: str
    author_id: int
    author: str
    feed: str | None
    update_id: int | None
    article_id: int | None
    article: str | None
    of_revision: int | None
    fields: Mapping[str, Any]
    seq: int
    revision: int
    state: State
    publish_at: str | None
    reason: Message | None
    submitted_at: str
    decided_by: int | None
    by: str | None
    decided_at: str | None
    note: str | None
    changed: int

    @property
    def subject(self) -> str:
        """What the log calls it."""
        return f"submission {self.id} of {self.author}"

    @property
    def edits(self) -> bool:
        """Whether it is an edit of something that is there already."""
        return self.of_revision is not None


def get(db: Database, submission_id: int) -> Submission:
    """The submission in any state, for editors. Raises Missing."""
    return _one(db, "submissions.id = ?", min(submission_id, HIGHEST_ID))


def of_draft(db: Database, draft_id: str, author: Actor) -> Submission | None:
    """What this author submitted of that draft, in any state; None for nothing."""
    found = _find(db, "submissions.draft_id = ? AND submissions.editor_id = ?", [draft_id, author.id])
    return found[0] if found else None


def waiting(db: Database) -> list[Submission]:
    """What waits for review, the longest waiting first. For editors."""
    order = "ORDER BY submitted_at, submissions.id LIMIT ?"
    return _find(db, f"submissions.state = ? {order}", [State.SUBMITTED, LISTED])


def of_author(db: Database, author: Actor) -> list[Submission]:
    """What this author submitted: first what was returned, as long as its draft is there, then what waits, then what
    is scheduled, what failed first, then what was published or replaced lately."""
    own = "submissions.editor_id = ? AND submissions.state = ?"
    returned = _find(db, f"{own} AND {GOES_ON} ORDER BY submissions.changed DESC", [author.id, State.RETURNED])
    submitted = _find(db, f"{own} ORDER BY submissions.changed DESC", [author.id, State.SUBMITTED])
    planned = _find(db, f"submissions.editor_id = ? AND {_SCHEDULED} {scheduled.ORDER}", [author.id])
    lately = f"{own} AND scheduled.id IS NULL AND decided_at >= ? ORDER BY submissions.changed DESC LIMIT ?"
    published = _find(db, lately, [author.id, State.PUBLISHED, times.after(-KEPT_SECONDS), DECIDED_LISTED])
    return [*returned, *submitted, *planned, *published]


def last_change(db: Database) -> int:
    """The number of the last change of any submission; 0 before the first."""
    return int(db.execute("SELECT coalesce(max(changed), 0) FROM submissions").fetchone()[0])


def put(db: Database, draft_id: str, row: Mapping[str, object]) -> Submission:
    """Stores these columns of the submission of that draft, a new one or the one there is, in a transaction of the
    caller's. Each time is a change."""
    changed = last_change(db) + 1  # before old ones are forgotten, so that no number comes twice
    db.execute(
        "DELETE FROM submissions WHERE state IN (?, ?) AND decided_at < ? AND draft_id <> ? "
        "AND draft_id NOT IN (SELECT id FROM scheduled)",
        [State.PUBLISHED, State.TAKEN_BACK, times.after(-KEPT_SECONDS), draft_id],
    )
    values = {**row, "draft_id": draft_id, "changed": changed}
    known = db.execute("SELECT id FROM submissions WHERE draft_id = ?", [draft_id]).fetchone()
    if known:
        db.table("submissions").update(known["id"], values)
    else:
        # An id of its own even when the last ones were forgotten: pages that are open name them
        insert(db, "submissions", {**values, "id": changed})
    return _one(db, "submissions.draft_id = ?", draft_id)


def set_published(
    db: Database, draft_id: str, actor: Actor | None, *, update_id: int | None = None, article_id: int | None = None
) -> None:
    """Notes what was published from that draft, in the transaction that publishes it: the text is not in the queue any
    more, whichever way it went out."""
    if is_known(db, draft_id):
        made = {"update_id": update_id, "article_id": article_id}
        put(db, draft_id, {**made, **decided(actor), "state": State.PUBLISHED, "note": None})


def set_saved(db: Database, draft_id: str, actor: Actor | None, article_id: int, revision: int, *, draft: bool) -> None:
    """Notes that an article was saved from that draft, as `set_published` does. What is a `draft` still goes on
    waiting, as an edit of that revision if it was of a new article."""
    if not draft:
        set_published(db, draft_id, actor, article_id=article_id)
    elif is_known(db, draft_id):
        new = "UPDATE submissions SET article_id = ?, of_revision = ? WHERE draft_id = ? AND of_revision IS NULL"
        db.execute(new, [article_id, revision, draft_id])


def set_scheduled(db: Database, draft_id: str, actor: Actor | None) -> None:
    """Notes that it is accepted, in the transaction that schedules it under the id of its draft."""
    put(db, draft_id, {**decided(actor), "state": State.PUBLISHED, "note": None})


def set_replaced(db: Database, scheduled_id: str, actor: Actor | None) -> None:
    """Notes that another text of its article takes its place among what is scheduled, if it came from the queue, in the
    transaction that schedules that one."""
    if is_known(db, scheduled_id):
        put(db, scheduled_id, {**decided(actor), "replaced": True})


def set_taken_back(db: Database, draft_id: str, actor: Actor) -> None:
    """Takes the text of that draft out of the queue, if it is there, in a transaction of the caller's."""
    if is_known(db, draft_id):
        put(db, draft_id, {**decided(actor), "state": State.TAKEN_BACK})


def wait_again(
    db: Database, scheduled_id: str, revision: int, text: Mapping[str, Any], about: Mapping[str, object]
) -> bool:
    """Puts what was scheduled back into the queue, at its old place, if it came from there: with this text, and these
    other columns. Its revision is above the one that was scheduled, because it begins with that when it is scheduled
    under the same id again. Whether it did. In a transaction of the caller's, which cancels it."""
    asked = "SELECT revision, fields FROM submissions WHERE draft_id = ? AND state = ?"
    row = db.execute(asked, [scheduled_id, State.PUBLISHED]).fetchone()
    if row is None:
        return False
    words = {name: text.get(name, value) for name, value in json.loads(row["fields"]).items()}
    open_again = {"state": State.SUBMITTED, "decided_by": None, "decided_at": None}
    open_again |= {"revision": max(row["revision"], revision) + 1}
    put(db, scheduled_id, {**about, **open_again, "fields": json.dumps(words, ensure_ascii=False)})
    return True


def is_known(db: Database, draft_id: str) -> bool:
    """Whether the text of that draft was submitted, and not taken back."""
    asked = "SELECT 1 FROM submissions WHERE draft_id = ? AND state <> ?"
    return db.execute(asked, [draft_id, State.TAKEN_BACK]).fetchone() is not None


def waits(db: Database, draft_id: str) -> bool:
    """Whether the text of that draft is in the queue."""
    asked = "SELECT 1 FROM submissions WHERE draft_id = ? AND state = ?"
    return db.execute(asked, [draft_id, State.SUBMITTED]).fetchone() is not None


def reopen(db: Database, update: Update, draft_id: str) -> int | None:
    """Puts the text of an update, whose publication was undone, back into the queue, if it came from there: as a
    submission of another draft, because each is published once. Returns the id of its author, else None. In a
    transaction of the caller's."""
    new = "update_id = ? AND of_revision IS NULL AND state = ?"
    row = db.execute(
        f"SELECT draft_id, editor_id, revision FROM submissions WHERE {new}", [update.id, State.PUBLISHED]
    ).fetchone()
    if row is None:
        return None
    names = (*WORDS, "language", "key", "pinned")
    text = json.dumps({name: getattr(update, name) for name in names}, ensure_ascii=False)
    db.execute("UPDATE submissions SET draft_id = ? WHERE draft_id = ?", [draft_id, row["draft_id"]])
    undone = {"state": State.SUBMITTED, "update_id": None, "decided_by": None, "decided_at": None}
    put(db, draft_id, {**undone, "fields": text, "seq": 1, "revision": row["revision"] + 1})
    return int(row["editor_id"])


def record(
    db: Database, actor: Actor, verb: Verb, about: Submission, *, after: Mapping[str, Any] | None = None
) -> None:
    """Logs what was done with a submission, as actions.record does, by the id of its draft. The update is not named as
    changed by it, because it was not; an erasure has to find the texts all the same."""
    feed = db.execute("SELECT id FROM feeds WHERE slug = ?", [about.feed]).fetchone()
    actions.record(
        db, actor, verb, about.draft_id,
        feed_id=feed and feed["id"], article_id=about.article_id, texts_of=about.update_id, after=after,
    )  # fmt: skip


def decided(actor: Actor | None) -> dict[str, object]:
    """The columns that say who decides on a submission now."""
    return {"decided_by": actor and actor.id, "decided_at": times.now()}


def _one(db: Database, condition: str, value: object) -> Submission:
    found = _find(db, condition, [value])
    if not found:
        raise Missing(value)
    return found[0]


def _find(db: Database, condition: str, values: list[Any]) -> list[Submission]:
    return [_submission(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE {condition}", values).fetchall()]


def _submission(row: Row) -> Submission:
    read = {"fields": json.loads(row["fields"]), "state": State(row["state"])}
    return Submission(**{**dict(row), **read, "reason": scheduled.reason_read(row["reason"])})
