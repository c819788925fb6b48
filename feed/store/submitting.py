"""Submit, and take back: what the author of a text does. What editors do with it is in reviewing.py."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, KeyUsed, Message, Missing, Reason, Stale
from feed.store import (
    article_drafts,
    articles,
    draft_states,
    drafts,
    feeds,
    permissions,
    pictures,
    publishing,
    submissions,
    updates,
    waiting,
    writing,
)  # fmt: skip
from feed.store.articles import Article
from feed.store.database import Store
from feed.store.draft_states import Kind
from feed.store.editors import Editor
from feed.store.submissions import State, Submission
from feed.store.verbs import Verb

MOST_SUBMITTED = 100  # that wait, of one person: more than an editor reads in a day

PUBLISHED = Message("Your text was published already; submitting this makes a second one.")
# Of what was decided on, whose draft is used up.
_USED = {
    State.PUBLISHED: PUBLISHED,
    State.SCHEDULED: Message("Your text is scheduled already; submitting this makes a second one."),
    State.FAILED: Message(
        "Your text was scheduled, and has not come out. Submitting this makes a second one; or ask an editor to cancel "
        "the first."
    ),
    State.REPLACED: Message("A later text was scheduled in the place of yours; submitting this makes another one."),
}
_UNCHANGED = Message("Nothing has changed yet.")
_FULL = Message("{count} of your texts wait for review. Take some back, or wait.", count=MOST_SUBMITTED)


class _Text(NamedTuple):
    """What is submitted: the kind of its draft and the columns of that; the columns of the submission that say what it
    is about; its fields, their HTML, and the field where a refusal is shown."""

    kind: Kind[Any]
    draft: Mapping[str, object]
    about: Mapping[str, object]
    fields: Mapping[str, Any]
    html: str
    shown_at: str


def submit_update(
    store: Store, draft_id: str, author: Editor, typed: Mapping[str, object], given: Mapping[str, object]
) -> Submission:
    """Submits an update, or an edit of one. `typed` is the state of the draft that it is made of, with the fields of
    fields.DRAFT_OF_UPDATE but `seq`; it is kept as that. `given` are the fields that are to be published.

    Submitting the same again changes nothing; another text of the same draft takes the place of the one before. Raises
    Missing; Invalid, also for a picture that is not described; KeyUsed for a draft that was published; Gone, or Stale
    with the update, for an edit of a revision that is not the current one.
    """
    draft_states.check_id(draft_id, "draft_id")
    state = fields.clean(fields.DRAFT_OF_UPDATE, {**typed, "seq": 0})
    with store.read() as db:
        current = updates.get(db, state["update"], drafts=True) if state["update"] is not None else None
    if current is None:
        cleaned = publishing.new_fields(store, state["feed"], given, author)
    else:
        cleaned = publishing.edited_fields(store, current, given, author)
    html = cleaned.pop("html", "")
    return store.write(_submit_update, draft_id, author, state, cleaned, html)


def submit_article(
    store: Store, draft_id: str, author: Editor, typed: Mapping[str, object], given: Mapping[str, object]
) -> Submission:
    """Submits an article, or an edit of one, which is not a draft any more when it is published. `typed` has the fields
    of fields.DRAFT_OF_ARTICLE but `seq`; all else is as in `submit_update`."""
    draft_states.check_id(draft_id, "draft_id")
    state = fields.clean(fields.DRAFT_OF_ARTICLE, {**typed, "seq": 0})
    given = {**given, "draft": False}
    with store.read() as db:
        current = _article(db, state["article"]) if state["article"] is not None else None
    if current is None:
        cleaned = writing.new_fields(store, author, given)
    else:
        cleaned = writing.edited_fields(store, author, given, current)
    return store.write(_submit_article, draft_id, author, state, given, cleaned)


def take_back(store: Store, submission_id: int, author: Editor) -> Submission:
    """Takes back what this author submitted; its draft is there as before. Nothing happens to one that was taken back
    already. Raises Missing, also for somebody else's, and Stale for one that was accepted."""
    return store.write(_take_back, submission_id, author)


def _submit_update(
    db: Database, draft_id: str, author: Editor, state: dict[str, Any], cleaned: dict[str, Any], html: str
) -> Submission:
    feed, update_id = feeds.get(db, state.pop("feed"), drafts=True), state.pop("update")
    about: dict[str, object] = {"feed_id": feed.id, "update_id": update_id, "article_id": None, "of_revision": None}
    if update_id is not None:
        update = updates.get(db, update_id, drafts=True)
        if update.feed != feed.slug:
            raise Missing(update_id)
        if update.revision != state["revision"]:
            raise Stale(update)
        if all(getattr(update, name) == value for name, value in cleaned.items() if name != "note"):
            raise Invalid(Reason("body", _UNCHANGED))
        about["of_revision"] = update.revision
    draft = {**state, "feed_id": feed.id, "update_id": update_id}
    return _submit(db, draft_id, author, _Text(drafts.KIND, draft, about, cleaned, html, "body"))


def _submit_article(
    db: Database,
    draft_id: str,
    author: Editor,
    state: dict[str, Any],
    given: Mapping[str, Any],
    cleaned: dict[str, Any],
) -> Submission:
    about: dict[str, object] = {"feed_id": None, "update_id": None, "article_id": state["article"], "of_revision": None}
    if state["article"] is not None:
        article = _article(db, state["article"])
        if article.revision != state["revision"]:
            raise Stale(article)
        about["of_revision"] = article.revision
    pictures.check(db, cleaned.get("picture_id"))
    kept = {name: value for name, value in cleaned.items() if name in given}
    kept |= {"picture": cleaned["picture_id"]} if "picture" in given else {}
    draft = article_drafts.row_of(state)
    text = _Text(article_drafts.KIND, draft, about, kept, cleaned.get("html", ""), "headline")
    return _submit(db, draft_id, author, text)


def _submit(db: Database, draft_id: str, author: Editor, text: _Text) -> Submission:
    earlier = submissions.of_draft(db, draft_id, author)
    if earlier and earlier.state in _USED:
        raise KeyUsed(Reason(text.shown_at, _USED[earlier.state]))
    seq = _keep_draft(db, draft_id, author, text)
    waiting.check(db, text.html, author)
    if earlier and earlier.state == State.SUBMITTED and _same(earlier, text):
        return earlier
    others = "SELECT count(*) FROM submissions WHERE editor_id = ? AND state = ? AND draft_id <> ?"
    if db.execute(others, [author.id, State.SUBMITTED, draft_id]).fetchone()[0] >= MOST_SUBMITTED:
        raise Invalid(Reason(text.shown_at, _FULL))
    row = {
        **text.about,
        "editor_id": author.id,
        "seq": seq,
        "fields": json.dumps(dict(text.fields), ensure_ascii=False),
    }
    row |= {"revision": earlier.revision + 1 if earlier else 1, "state": State.SUBMITTED, "submitted_at": times.now()}
    made = submissions.put(db, draft_id, {**row, "decided_by": None, "decided_at": None, "note": None})
    submissions.record(db, author, Verb.SUBMIT, made, after=text.fields)
    return made


def _keep_draft(db: Database, draft_id: str, author: Editor, text: _Text) -> int:
    """Stores the text as the latest state of its draft too, which the author goes on with. Returns its number."""
    seq = draft_states.seq_of(db, text.kind, draft_id, author) + 1
    try:
        draft_states.save(db, text.kind, author, {**text.draft, "id": draft_id, "seq": seq, "discarded": False})
    except Stale:
        raise KeyUsed(Reason(text.shown_at, PUBLISHED)) from None
    except Missing:
        if text.kind.is_known(db, draft_id):
            raise KeyUsed(Reason(text.shown_at, PUBLISHED)) from None
        raise
    return seq


def _same(earlier: Submission, text: _Text) -> bool:
    return dict(earlier.fields) == dict(text.fields) and earlier.of_revision == text.about["of_revision"]


def _take_back(db: Database, submission_id: int, author: Editor) -> Submission:
    permissions.permit(db, author, Verb.TAKE_BACK)
    found = submissions.get(db, submission_id)
    if found.author_id != author.id:
        raise Missing(submission_id)
    if found.state in _USED:
        raise Stale(found)
    if found.state == State.TAKEN_BACK:
        return found
    back = submissions.put(db, found.draft_id, {**submissions.decided(author), "state": State.TAKEN_BACK})
    submissions.record(db, author, Verb.TAKE_BACK, back)
    return back


def _article(db: Database, article_id: int) -> Article:
    row = db.execute("SELECT slug FROM articles WHERE id = ?", [article_id]).fetchone()
    if row is None:
        raise Missing(article_id)
    return articles.get(db, row["slug"], drafts=True)
