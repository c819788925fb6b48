"""Schedule, change and cancel what is to come out at a moment. It comes out in coming_out.py.

The byline of an update is that of its author, who scheduled it first, or submitted it for review. Whoever schedules it
last answers for it: that role is looked up again when it comes out. What came from the queue of submissions waits there
again once it is cancelled.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, KeyUsed, Message, Missing, Reason, Stale
from feed.store import (
    actions,
    article_drafts,
    articles,
    draft_states,
    drafts,
    editors,
    feeds,
    lineage,
    publishing,
    scheduled,
    submissions,
    waiting,
)  # fmt: skip
from feed.store.articles import Article
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.scheduled import Scheduled, State
from feed.store.verbs import Verb

MOST = 1_000  # more than a newsroom plans; the desk lists all of them
LONGEST_SECONDS = 2 * 366 * 24 * 3600  # ahead: a moment after that is a mistyped year


class Timing(NamedTuple):
    """When an article is to come out, None for never: as the editor's form had it, and as it is to be."""

    read: str | None
    wanted: str | None


class Cancelled(NamedTuple):
    """What became of what was scheduled: the draft of an update, whose it is, and its feed. An article stays the draft
    that it is. What `waits` is in the queue of submissions again."""

    draft_id: str | None = None
    editor_id: int | None = None
    feed: str | None = None
    waits: bool = False


def schedule(
    store: Store, slug: str, editor: Editor, given: Mapping[str, object], publish_at: str, draft_id: str
) -> Scheduled:
    """Schedules an update of that feed; its draft is no draft any more. Repeating it with the same draft changes
    nothing. Raises Missing, NotAllowed; Invalid, also for a moment that is not ahead and where coverage is closed;
    KeyUsed where something else was published from that draft, or is scheduled."""
    draft_states.check_id(draft_id, "draft_id")
    new = publishing.new_fields(store, slug, given, editor)
    return store.write(_schedule, slug, editor, new, publish_at, draft_id)


def change(
    store: Store, scheduled_id: str, editor: Editor, given: Mapping[str, object], publish_at: str, revision: int
) -> Scheduled:
    """Gives a scheduled update these fields and that moment, also one that failed. `revision` is the one that the
    editor read. Raises Missing, Invalid, NotAllowed, or Stale with what is scheduled now."""
    with store.read() as db:
        current = scheduled.get(db, scheduled_id)
        author = editors.by_id(db, current.author_id)
    new = _written(publishing.new_fields(store, current.feed or "", given, author, editor))
    return store.write(_change, scheduled_id, editor, new, publish_at, revision)


def cancel(store: Store, scheduled_id: str, editor: Editor, revision: int) -> Cancelled:
    """Cancels it: what was submitted waits for review again, as it is now. Else an update is a draft again, of its
    author or, if that one is disabled, of this editor. Repeating it changes nothing more. Raises Missing, NotAllowed,
    or Stale."""
    draft_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scheduled_id} {revision}"))  # the same for a repeat
    return store.write(_cancel, scheduled_id, editor, draft_id, revision)


def set_article(db: Database, article: Article, editor: Editor, timing: Timing) -> None:
    """Schedules a draft article, or cancels that, in a transaction of the caller's. Nothing changes where the editor
    has left the moment as it was. Raises Invalid, also where somebody else has changed it meanwhile; NotAllowed."""
    current, wanted = scheduled.of_article(db, article.id), timing.wanted
    now = current and current.publish_at
    if wanted == timing.read:
        return
    if wanted and not article.draft:
        raise Invalid(Reason("publish_at", Message("Only a draft can be scheduled. Tick “Draft”, or clear the date.")))
    if wanted == now:
        return
    if now != timing.read:
        told = Message("Somebody else has scheduled or cancelled this meanwhile. Reload the page to see it.")
        raise Invalid(Reason("publish_at", told))
    if wanted is None and current:
        scheduled.forget_article(db, article.id)
        _wait_again(db, current, article)
        _record(db, editor, Verb.CANCEL, current, None, article_id=article.id)
    elif wanted:
        author = editors.by_id(db, current.author_id) if current else editor
        put_article(db, article, author, wanted, current.id if current else str(uuid.uuid4()), actor=editor)


def put(
    db: Database,
    slug: str,
    author: Editor,
    new: dict[str, Any],
    publish_at: str,
    draft_id: str,
    *,
    actor: Editor,
    revision: int = 1,
) -> Scheduled:
    """Schedules an update with these fields of `publishing.new_fields`, in a transaction of the caller's. `author`
    wrote and signs the text, and `actor` schedules it. `revision` is its first; what was scheduled under this id before
    had lower ones. Raises what `schedule` does."""
    new, feed = _written(new), feeds.get(db, slug, drafts=True)
    if one := known(db, draft_id, author, new, publish_at):
        return one
    if publishing.published_from(db, draft_id, feed, author, new):
        raise KeyUsed(Reason("draft_id", Message("This draft was published already.")))
    if not feed.open:
        raise Invalid(Reason("publish_at", Message("Coverage is closed. Open it again first.")))
    _check_moment(publish_at)
    waiting.give(db, new["body"], actor.id, author.id)
    row = {"id": draft_id, "feed_id": feed.id, "author_id": author.id, "fields": json.dumps(new, ensure_ascii=False)}
    _insert(db, row, actor, publish_at, revision)
    after = {**new, "publish_at": publish_at}
    _record(db, actor, Verb.SCHEDULE, None, after, feed_id=feed.id, draft_id=draft_id, draft=feed.draft)
    return scheduled.get(db, draft_id)


def put_article(
    db: Database,
    article: Article,
    author: Editor,
    publish_at: str,
    scheduled_id: str,
    *,
    actor: Editor,
    revision: int = 1,
) -> Scheduled:
    """Schedules a draft article under that id, or gives it another moment, in a transaction of the caller's. What was
    submitted of it and scheduled before, under another id, is replaced. `revision` is as in `put`. Raises Invalid,
    NotAllowed."""
    _check_moment(publish_at)
    current = scheduled.of_article(db, article.id)
    scheduled.forget_article(db, article.id)
    if current and current.id != scheduled_id:
        submissions.set_replaced(db, current.id, actor)
    row = {"id": scheduled_id, "article_id": article.id, "author_id": author.id}
    _insert(db, row, actor, publish_at, max(revision, current.revision + 1 if current else 1))
    _record(db, actor, Verb.SCHEDULE, current, {"publish_at": publish_at}, article_id=article.id)
    return scheduled.get(db, scheduled_id)


def _written(new: Mapping[str, Any]) -> dict[str, Any]:
    """What of these fields waits: the HTML is made anew when they come out."""
    return {name: value for name, value in new.items() if name != "html"}


def _schedule(
    db: Database, slug: str, editor: Editor, new: dict[str, Any], publish_at: str, draft_id: str
) -> Scheduled:
    made = put(db, slug, editor, new, publish_at, draft_id, actor=editor)
    if db.execute("DELETE FROM drafts WHERE id = ? AND editor_id = ?", [draft_id, editor.id]).rowcount:
        submissions.set_taken_back(db, draft_id, editor)
    return made


def known(db: Database, draft_id: str, author: Editor, new: dict[str, Any], publish_at: str) -> Scheduled | None:
    """What is scheduled from that draft, None for nothing. Raises KeyUsed unless it has these fields and that
    moment."""
    try:
        one = scheduled.get(db, draft_id)
    except Missing:
        return None
    same = all(getattr(one, name) == value for name, value in new.items())
    if not same or (one.author_id, one.publish_at) != (author.id, publish_at):
        told = Message("This text is scheduled already. Open it among what is scheduled to change it.")
        raise KeyUsed(Reason("draft_id", told))
    return one


def _change(
    db: Database, scheduled_id: str, editor: Editor, new: dict[str, Any], publish_at: str, revision: int
) -> Scheduled:
    current = get_unchanged(db, scheduled_id, revision)
    feed = feeds.get(db, current.feed or "", drafts=True)
    if publish_at != current.publish_at or current.state == State.FAILED:
        _check_moment(publish_at)
    waiting.give(db, new["body"], editor.id, current.author_id)
    row = {"fields": json.dumps(new, ensure_ascii=False), "publish_at": publish_at, "editor_id": editor.id}
    row |= {"revision": revision + 1, "saved_at": times.now(), "state": State.SCHEDULED, "reason": None}
    db.table("scheduled").update(current.number, row)
    after = {**new, "publish_at": publish_at}
    _record(db, editor, Verb.SCHEDULE, current, after, feed_id=feed.id, draft_id=scheduled_id, draft=feed.draft)
    return scheduled.get(db, scheduled_id)


def _cancel(db: Database, scheduled_id: str, editor: Editor, draft_id: str, revision: int) -> Cancelled:
    if again := _draft(db, draft_id):
        return again
    if submissions.waits(db, scheduled_id):
        return Cancelled(waits=True)
    current = get_unchanged(db, scheduled_id, revision)
    db.execute("DELETE FROM scheduled WHERE id = ?", [current.id])
    if current.feed is None:
        waits = _wait_again(db, current, articles.get(db, current.article or "", drafts=True))
        _record(db, editor, Verb.CANCEL, current, None, article_id=current.article_id)
        return Cancelled(waits=waits)
    feed, author = feeds.get(db, current.feed, drafts=True), editors.by_id(db, current.author_id)
    _record(db, editor, Verb.CANCEL, current, None, feed_id=feed.id, draft_id=scheduled_id, draft=feed.draft)
    text = {name: getattr(current, name) for name in fields.UPDATE}
    if submissions.wait_again(db, current.id, current.revision, text, {}):
        return Cancelled(waits=True)
    whose = editor if author.disabled_at else author
    drafts.put_back(db, draft_id, whose, current, lineage.of_draft(db, current.id))
    waiting.give(db, current.body, author.id, whose.id)
    return Cancelled(draft_id, whose.id, current.feed)


def _wait_again(db: Database, planned: Scheduled, article: Article) -> bool:
    """Puts a submitted article, which is a draft again, into the queue as an edit of itself, and so gives its author
    the draft again. Whether it came from there."""
    text = articles.as_of(db, article, article.revision) | {"live": article.live}
    seq = article_drafts.keep_again(db, planned.id, article.revision, text)
    about = {"article_id": article.id, "of_revision": article.revision, "seq": seq or 0}
    return submissions.wait_again(db, planned.id, planned.revision, {**text, "draft": False}, about)


def _draft(db: Database, draft_id: str) -> Cancelled | None:
    found = "SELECT drafts.id, editor_id, slug FROM drafts JOIN feeds ON feeds.id = feed_id WHERE drafts.id = ?"
    row = db.execute(found, [draft_id]).fetchone()
    return Cancelled(*row) if row else None


def get_unchanged(db: Database, scheduled_id: str, revision: int) -> Scheduled:
    """What is scheduled under that id. Raises Missing, and Stale unless it has that revision."""
    current = scheduled.get(db, scheduled_id)
    if current.revision != revision:
        raise Stale(current)
    return current


def _check_moment(publish_at: str) -> None:
    if publish_at <= times.now():
        raise Invalid(Reason("publish_at", Message("This moment is over. Choose a later one, or publish now.")))
    if publish_at > times.after(LONGEST_SECONDS):
        raise Invalid(Reason("publish_at", Message("This is more than two years ahead. Look at the year.")))


def _insert(db: Database, row: dict[str, Any], editor: Editor, publish_at: str, revision: int) -> None:
    if db.execute("SELECT count(*) FROM scheduled").fetchone()[0] >= MOST:
        told = Message("{count} texts are scheduled. Cancel some first.", count=MOST)
        raise Invalid(Reason("publish_at", told))
    moment = {"publish_at": publish_at, "saved_at": times.now(), "revision": revision, "state": State.SCHEDULED}
    insert(db, "scheduled", {**row, **moment, "editor_id": editor.id})


def _record(
    db: Database,
    editor: Editor,
    verb: Verb,
    before: Scheduled | None,
    after: Mapping[str, Any] | None,
    *,
    feed_id: int | None = None,
    article_id: int | None = None,
    draft_id: str | None = None,
    draft: bool = False,
) -> None:
    if feed_id is None:
        feed = db.execute("SELECT id FROM feeds WHERE article_id = ?", [article_id]).fetchone()
        feed_id = feed and feed["id"]
    actions.record(
        db, editor, verb, draft_id,
        feed_id=feed_id, article_id=article_id, detail=after["publish_at"] if after else None, draft=draft,
        before={name: getattr(before, name) for name in (*fields.UPDATE, "publish_at")} if before else None,
        after=after,
    )  # fmt: skip
