"""Review: return a submission with a note, publish it, or schedule it.

Each is one transaction. What is published changes its state together with the feed, so no crash comes between the two;
and of two editors who decide at once, the second is told what the first did.

What is scheduled is accepted: its author cannot take it back. The draft stays the author's to go on with, and what is
written there becomes an edit once the text is out. Cancelled, it waits for review again (scheduling.py).
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from feed import fields
from feed.errors import Invalid, Message, Reason, Stale
from feed.store import (
    actions,
    articles,
    editors,
    permissions,
    publishing,
    scheduling,
    submissions,
    submitted_drafts,
    updates,
    writing,
)
from feed.store.articles import Article
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.scheduled import Scheduled
from feed.store.submissions import State, Submission
from feed.store.updates import Update
from feed.store.verbs import Verb


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
    new = _cleaned(store, submission_id, given, actor, draft=False)
    return store.write(_publish, submission_id, revision, new, against, actor)


def schedule(
    store: Store,
    submission_id: int,
    revision: int,
    given: Mapping[str, object],
    against: int | None,
    publish_at: str,
    actor: Editor,
) -> Scheduled:
    """Schedules a submission with these fields for that moment, under its author's name; a new article is a draft until
    then. All else is as in `publish`. Raises Invalid also for a moment that is not ahead, where coverage is closed, and
    for an edit of what readers see already; and KeyUsed when the same editor has scheduled another text of it."""
    new = _cleaned(store, submission_id, given, actor, draft=True)
    return store.write(_schedule, submission_id, revision, new, against, publish_at, actor)


def can_wait(submission: Submission, current: Update | Article | None) -> bool:
    """Whether it can be scheduled: a new update, or an article that no reader sees. `current` is what it edits."""
    return not submission.edits or (isinstance(current, Article) and current.draft)


def _cleaned(
    store: Store, submission_id: int, given: Mapping[str, object], actor: Editor, *, draft: bool
) -> dict[str, Any]:
    """The fields as they are to be stored; an article is a `draft` or public."""
    with store.read() as db:
        submission = submissions.get(db, submission_id)
        made = _current(db, submission)
    if isinstance(made, Update):
        return publishing.edited_fields(store, made, given, actor)
    if made:
        return writing.edited_fields(store, actor, {**given, "draft": draft}, made)
    if submission.feed:
        return publishing.new_fields(store, submission.feed, given, actor)
    return writing.new_fields(store, actor, {**given, "draft": draft})


def _return(db: Database, submission_id: int, revision: int, note: str, actor: Editor) -> Submission:
    permissions.permit(db, actor, Verb.RETURN)
    found = submissions.get(db, submission_id)
    if found.state == State.RETURNED and (found.decided_by, found.note) == (actor.id, note):
        return found  # the form was sent twice
    _check_current(found, revision)
    given = {**submissions.decided(actor), "state": State.RETURNED, "note": note}
    back = submissions.put(db, found.draft_id, given)
    submitted_drafts.open_again(db, back)
    submissions.record(db, actor, Verb.RETURN, back, after={"note": note})
    return back


def _publish(
    db: Database, submission_id: int, revision: int, new: dict[str, Any], against: int | None, actor: Editor
) -> Update | Article:
    permissions.permit(db, actor, Verb.PUBLISH_SUBMISSION)
    found = submissions.get(db, submission_id)
    again = found.state == State.PUBLISHED and found.decided_by == actor.id
    if not again:
        _check_current(found, revision)
    author = editors.by_id(db, found.author_id)
    made = _put(db, found, author, new, against, actor)
    if not again:
        # Without the feed, whose list has the publication itself
        actions.record(db, actor, Verb.PUBLISH_SUBMISSION, found.subject)
    return made


def _schedule(
    db: Database,
    submission_id: int,
    revision: int,
    new: dict[str, Any],
    against: int | None,
    publish_at: str,
    actor: Editor,
) -> Scheduled:
    permissions.permit(db, actor, Verb.SCHEDULE_SUBMISSION)
    found = submissions.get(db, submission_id)
    again = found.state == State.SCHEDULED and found.decided_by == actor.id
    if not again:
        _check_current(found, revision)
    if not can_wait(found, _current(db, found)):
        raise Invalid(Reason("publish_at", Message("An edit of what readers see already cannot be scheduled.")))
    author = editors.by_id(db, found.author_id)
    if not found.feed and isinstance(made := _put(db, found, author, new, against, actor), Article):
        one = scheduling.known(db, found.draft_id, author, {}, publish_at) or scheduling.put_article(
            db, made, author, publish_at, found.draft_id, actor=actor, revision=found.revision
        )
    else:
        one = scheduling.put(
            db, found.feed or "", author, new, publish_at, found.draft_id, actor=actor, revision=found.revision
        )
    if not again:
        submissions.set_scheduled(db, found.draft_id, actor)
        actions.record(db, actor, Verb.SCHEDULE_SUBMISSION, found.subject)
    return one


def _put(
    db: Database, found: Submission, author: Editor, new: dict[str, Any], against: int | None, actor: Editor
) -> Update | Article:
    goes_on = submitted_drafts.went_on(db, found)
    made: Update | Article
    if found.feed and not found.edits:
        made = publishing.put(db, found.feed, author, new, draft_id=found.draft_id, actor=actor)
    elif found.feed and found.update_id:
        made = publishing.put_edit(db, found.update_id, author, new, against, found.draft_id, actor=actor)
    elif found.edits and found.article:
        made = writing.put_edit(db, found.article, author, new, against, found.draft_id, actor=actor)
    else:
        made = writing.put(db, author, new, found.draft_id, actor=actor)
    if goes_on:
        submitted_drafts.keep_later_words(db, found, made)
    return made


def _check_current(found: Submission, revision: int) -> None:
    if found.state != State.SUBMITTED or found.revision != revision:
        raise Stale(found)


def _current(db: Database, submission: Submission) -> Update | Article | None:
    """What an edit is about, as it is now; None for something new. Raises Missing, Gone."""
    if not submission.edits:
        return None
    if submission.update_id is not None:
        return updates.get(db, submission.update_id, drafts=True)
    return articles.get(db, submission.article or "", drafts=True)
