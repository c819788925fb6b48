"""Review: return a submission with a note, or publish it.

Each is one transaction. What is published changes its state together with the feed, so no crash comes between the two;
and of two editors who decide at once, the second is told what the first did.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Stale
from feed.store import actions, articles, editors, feeds, publishing, submissions, updates, writing
from feed.store.actions import Verb
from feed.store.articles import Article
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.revisions import WORDS
from feed.store.submissions import State, Submission
from feed.store.updates import Update


def return_(store: Store, submission_id: int, revision: int, given: Mapping[str, object], actor: Editor) -> Submission:
    """Returns a submission to its author with a note, the one of `fields.RETURN`. Its draft is kept again if it was
    discarded. `revision` is the one that the editor read. Raises Missing, Invalid, and Stale with the submission if it
    is another one by now, or was decided on."""
    cleaned = fields.clean(fields.RETURN, given)
    return store.write(_return, submission_id, revision, cleaned["note"], actor)


def publish(
    store: Store, submission_id: int, revision: int, given: Mapping[str, object], against: int | None, actor: Editor
) -> Update | Article:
    """Publishes a submission with these fields, which the editor may have changed, under its author's name. `revision`
    is the one that the editor read, and `against` that of the update or article which is edited.

    The same editor gets the same answer again. Raises Missing, Invalid, Gone; Stale with the submission if it is
    another one by now or was decided on, or with the update or article if that was edited meanwhile.
    """
    with store.read() as db:
        submission = submissions.get(db, submission_id)
        made = _current(db, submission) if submission.edits else None
    if isinstance(made, Update):
        new = publishing.edited_fields(store, made, given, actor)
    elif made:
        new = writing.edited_fields(store, actor, {**given, "draft": False}, made)
    elif submission.feed:
        new = publishing.new_fields(store, submission.feed, given, actor)
    else:
        new = writing.new_fields(store, actor, {**given, "draft": False})
    return store.write(_publish, submission_id, revision, new, against, actor)


def _return(db: Database, submission_id: int, revision: int, note: str, actor: Editor) -> Submission:
    actions.permit(db, actor, Verb.RETURN)
    found = submissions.get(db, submission_id)
    if found.state == State.RETURNED and (found.decided_by, found.note) == (actor.id, note):
        return found  # the form was sent twice
    _check_current(found, revision)
    given = {**submissions.decided(actor), "state": State.RETURNED, "note": note}
    back = submissions.put(db, found.draft_id, given)
    _open_draft(db, back)
    submissions.record(db, actor, Verb.RETURN, back, after={"note": note})
    return back


def _open_draft(db: Database, back: Submission) -> None:
    """Gives its author the draft again, whatever became of it: as it was left or, if it is gone, as it was
    submitted."""
    table = "drafts" if back.feed else "article_drafts"
    opened = f"UPDATE {table} SET state = 'kept', saved_at = ? WHERE id = ? AND editor_id = ?"
    if db.execute(opened, [times.now(), back.draft_id, back.author_id]).rowcount:
        return
    row = {"id": back.draft_id, "editor_id": back.author_id, "revision": back.of_revision, "seq": 1, "state": "kept"}
    typed = {name: value if isinstance(value, bool) else value or "" for name, value in back.fields.items()}
    if back.feed:
        unset: dict[str, object] = {
            **dict.fromkeys(WORDS, ""),
            "note": "",
            "language": "",
            "key": False,
            "pinned": False,
            "update_id": back.update_id,
        }
        row |= {**unset, **typed, "feed_id": feeds.get(db, back.feed, drafts=True).id}
    else:
        row |= {"article_id": back.article_id, "fields": json.dumps(typed, ensure_ascii=False)}
    insert(db, table, {**row, "saved_at": times.now()})


def _publish(
    db: Database, submission_id: int, revision: int, new: dict[str, Any], against: int | None, actor: Editor
) -> Update | Article:
    actions.permit(db, actor, Verb.PUBLISH_SUBMISSION)
    found = submissions.get(db, submission_id)
    again = found.state == State.PUBLISHED and found.decided_by == actor.id
    if not again:
        _check_current(found, revision)
    author = editors.by_id(db, found.author_id)
    goes_on = _went_on(db, found)
    made = _put(db, found, author, new, against, actor)
    if again:
        return made
    if goes_on:
        _keep_later_words(db, found, made)
    about = {"update_id": made.id} if isinstance(made, Update) else {"article_id": made.id}
    submissions.set_published(db, found.draft_id, actor, **about)
    # Without the feed, whose list has the publication itself
    actions.record(db, actor, Verb.PUBLISH_SUBMISSION, found.subject)
    return made


def _put(
    db: Database, found: Submission, author: Editor, new: dict[str, Any], against: int | None, actor: Editor
) -> Update | Article:
    if found.feed and not found.edits:
        return publishing.put(db, found.feed, author, new, draft_id=found.draft_id, actor=actor)
    if found.feed and found.update_id:
        return publishing.put_edit(db, found.update_id, author, new, against, found.draft_id, actor=actor)
    if found.edits and found.article:
        return writing.put_edit(db, found.article, author, new, against, found.draft_id, actor=actor)
    return writing.put(db, author, new, found.draft_id, actor=actor)


def _went_on(db: Database, found: Submission) -> bool:
    """Whether the author has written more in the draft since it was submitted."""
    table = "drafts" if found.feed else "article_drafts"
    asked = f"SELECT 1 FROM {table} WHERE id = ? AND editor_id = ? AND state = 'kept' AND seq > ?"
    return db.execute(asked, [found.draft_id, found.author_id, found.seq]).fetchone() is not None


def _keep_later_words(db: Database, found: Submission, made: Update | Article) -> None:
    """Keeps what the author wrote since as a draft of an edit: the draft that was submitted is used up."""
    words = f"{', '.join(WORDS)}, language, note, key, pinned" if found.feed else "fields"
    table, of, about = ("drafts", "update_id", "feed_id, ") if found.feed else ("article_drafts", "article_id", "")
    db.execute(
        f"INSERT INTO {table} (id, editor_id, {about}{of}, revision, {words}, seq, state, saved_at) "
        f"SELECT :new, editor_id, {about}:made, :revision, {words}, 1, 'kept', :now FROM {table} WHERE id = :id",
        {
            "new": str(uuid.uuid4()),
            "made": made.id,
            "revision": made.revision,
            "now": times.now(),
            "id": found.draft_id,
        },
    )


def _check_current(found: Submission, revision: int) -> None:
    if found.state != State.SUBMITTED or found.revision != revision:
        raise Stale(found)


def _current(db: Database, submission: Submission) -> Update | Article:
    """What an edit is about, as it is now. Raises Missing, Gone."""
    if submission.update_id is not None:
        return updates.get(db, submission.update_id, drafts=True)
    return articles.get(db, submission.article or "", drafts=True)
