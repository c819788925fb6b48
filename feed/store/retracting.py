"""Retract and restore: take an update off every page, and put it back at its old place.

A retracted update stays in its table with all that it was, so that restoring is another change of the feed like any
other: a new version, which reaches pages, catch-ups, searches and feed readers as the retraction did.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Gone, Invalid, Message, Reason
from feed.store import actions, feeds, flags, permissions, revisions, search, updates
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.feeds import Feed
from feed.store.updates import Update
from feed.store.verbs import Verb


class Retracted(NamedTuple):
    """A retracted update, and who retracted it: a display name, or None for the command line."""

    update: Update
    by: str | None


def retract(store: Store, update_id: int, given: Mapping[str, object], actor: Actor | None) -> Update:
    """Takes the update off every page. `given` may hold a reason, and whether a notice tells readers of it.

    Raises Missing, Gone when the update is retracted already, Invalid.
    """
    cleaned = fields.clean(fields.RETRACTION, given)
    return store.write(_retract, update_id, cleaned["reason"], cleaned["notice"], actor)


def restore(store: Store, update_id: int, actor: Actor | None) -> Update:
    """Puts a retracted update back at its old place, as it was. If another one was pinned since, this one comes back
    unpinned. Nothing happens to an update that is not retracted. Raises Missing, NotAllowed, and Gone for an erased
    one."""
    return store.write(put_back, update_id, actor)


def listed(db: Database, feed: Feed, limit: int) -> list[Retracted]:
    """Up to `limit` retracted updates of the feed, the last retracted first, also those that readers never saw. For the
    desk only."""
    return [
        Retracted(update, retracted_by(db, update)) for update in updates.retracted_last(db, feed, limit, unseen=True)
    ]


def retract_again(db: Database, retractions: Iterable[Update]) -> None:
    """Retracts those of these updates that are not retracted in this older copy, or were retracted at another time, in
    a transaction of the caller's.

    Ids are used again after a restore, so `published_at` must be the same too, unless the article was a draft when the
    copy was made and was published since. The feed may have another slug.
    """
    same = (
        "updates.published_at = :published_at OR (updates.published_at < :published_at AND updates.byline = :byline "
        "AND EXISTS (SELECT 1 FROM feeds JOIN articles ON articles.id = feeds.article_id "
        "WHERE feeds.id = updates.feed_id AND articles.draft))"
    )
    for retracted in retractions:
        found = db.execute(
            f"SELECT id FROM updates WHERE id = :id AND retracted_at IS NOT :retracted_at AND ({same})",
            {
                "id": retracted.id,
                "retracted_at": retracted.retracted_at,
                "published_at": retracted.published_at,
                "byline": retracted.byline,
            },
        ).fetchone()
        if found:
            set_retracted(
                db, updates.get_any(db, found["id"]), retracted.retracted_at, retracted.reason, notice=retracted.notice
            )


def set_retracted(db: Database, update: Update, moment: str | None, reason: str | None, *, notice: bool) -> Feed:
    """Stores the retraction, in a transaction of the caller's; returns the update's feed."""
    feed = feeds.get(db, update.feed, drafts=True)
    version = feeds.bump(db, feed.id)
    flags.stamp(db, feed.id, version, flags.of(update))
    retraction = {"retracted_at": moment, "reason": reason, "notice": notice}
    db.table("updates").update(update.id, {"version": version, **retraction})
    search.put(db, update.id)
    return feed


def put_back(db: Database, update_id: int, actor: Actor | None) -> Update:
    """The same as `restore`, in a transaction of the caller's."""
    update = updates.get_any(db, update_id)
    feed = feeds.get(db, update.feed, drafts=True)
    if update.erased and db.execute("SELECT 1 FROM erasures WHERE update_id = ?", [update_id]).fetchone():
        raise Gone(update_id)
    if not update.retracted_at:
        permissions.permit(db, actor, Verb.RESTORE_UPDATE, draft=feed.draft, feed_id=feed.id)
        return update
    if not update.html:
        raise Invalid(Reason("body", Message("Its text was not imported, so there is nothing to restore.")))
    version = feeds.bump(db, feed.id)
    moment = max(times.now(), update.retracted_at)
    pinned = update.pinned and not updates.pinned(db, feed)
    restored = {"retracted_at": None, "reason": None, "notice": False, "restored_at": moment, "pinned": pinned}
    if not feed.draft and revisions.is_unseen(db, update):
        # Its text was written and retracted while the article was a draft. Now readers see it (invariant 6).
        restored["edited_at"] = moment if update.edited_at and updates.ever_seen(db, update_id) else None
        revisions.set_seen(db, update, moment)
    db.table("updates").update(update_id, {**restored, "version": version})
    back = updates.get_any(db, update_id)
    flags.stamp(db, feed.id, version, flags.of(back))
    search.put(db, update_id)
    actions.record(
        db, actor, Verb.RESTORE_UPDATE, feed_id=feed.id, update_id=update_id, version=version, draft=feed.draft
    )
    return back


def _retract(db: Database, update_id: int, reason: str | None, notice: bool, actor: Actor | None) -> Update:
    update = updates.get(db, update_id, drafts=True)
    feed = set_retracted(db, update, max(times.now(), update.published_at), reason, notice=notice)
    gone = updates.get_any(db, update_id)
    actions.record(
        db, actor, Verb.RETRACT,
        feed_id=feed.id, update_id=update_id, version=gone.version, detail=reason, draft=feed.draft,
        after={"reason": reason, "notice": notice},
    )  # fmt: skip
    return gone


def retracted_by(db: Database, update: Update) -> str | None:
    """Who retracted that update last; None for the command line. For the desk only."""
    row = db.execute(
        "SELECT coalesce(display_name, by_name) FROM actions LEFT JOIN editors ON editors.id = editor_id "
        "WHERE update_id = ? AND verb IN (?, ?) ORDER BY actions.id DESC LIMIT 1",
        [update.id, Verb.RETRACT.value, Verb.UNDO.value],
    ).fetchone()
    return row[0] if row else None
