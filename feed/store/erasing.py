"""Erasing an update: its text is gone from the database, and stays gone. The law may ask for that, and a retraction
keeps the text for the desk.

The row and its place stay, and so does what was done to it and when. The words go: from the update, all its revisions,
the searches, drafts, the log, and what a repeated request is known by. A retracted update without HTML is an erased
one, because nobody can publish such a thing.

What SQLite deletes it leaves in the file; `scrubbing` takes it out of there.
"""

import json
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Reason
from feed.store import actions, feeds, flags, lineage, log, permissions, retracting, search, submissions, updates
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.submissions import State
from feed.store.updates import Update
from feed.store.verbs import Verb

_NO_WORDS = {
    "updates": "headline = NULL, body = '', html = '', reason = NULL, source = NULL",
    "revisions": "headline = NULL, body = '', html = '', note = NULL, source = NULL",
    "actions": "detail = NULL",
}
_ERASURES = "erasures (update_id, published_at, draft_id, at)"
# Drafts of it that no lineage tells: edits, and copies. In a conflict the desk gives a text a new draft, so what one of
# its writers has in the same words for the same feed is taken for one: too much rather than too little. What others
# wrote in these words stays.
_WRITTEN = """EXISTS (
    SELECT 1 FROM revisions JOIN updates ON updates.id = update_id WHERE updates.id = :id AND revisions.body <> ''
    AND feed_id = {0}.feed_id AND revisions.editor_id = {0}.{1} AND revisions.body = {2}
)"""
_OTHER_DRAFTS = f"""
    SELECT id FROM drafts WHERE update_id = :id OR {_WRITTEN.format("drafts", "editor_id", "drafts.body")}
    UNION SELECT draft_id FROM submissions
    WHERE update_id = :id OR {_WRITTEN.format("submissions", "editor_id", "json_extract(fields, '$.body')")}
    UNION SELECT id FROM scheduled
    WHERE {_WRITTEN.format("scheduled", "author_id", "json_extract(fields, '$.body')")}
"""
_OF_ERASED = "IN (SELECT draft_id FROM erased_drafts)"


class Erasure(NamedTuple):
    """That an update was erased, for a restore of an older copy to do it again. `retracted_at` tells whether the update
    of that id in the copy is the same."""

    update_id: int
    published_at: str
    draft_id: str | None
    at: str
    retracted_at: str | None


def erase(store: Store, update_id: int, reason: str | None, actor: Actor | None) -> Update:
    """Erases the update for good, and retracts it if it is not retracted. The reason is kept in the log, so it must not
    quote what is erased. Repeating it changes nothing more. Raises Missing, NotAllowed, and Invalid without a reason.
    Call `scrubbing.scrub` afterwards."""
    reason = fields.clean(fields.RETRACTION, {"reason": reason})["reason"]
    if not reason:
        raise Invalid(Reason("reason", Message("This is empty. Write something first.")))
    return store.write(_erase, update_id, reason, actor)


class Erased(NamedTuple):
    """All erasures, and the ids of all drafts that were erased with them."""

    updates: list[Erasure]
    drafts: list[str]


def erased(db: Database) -> Erased:
    """What was erased, for a restore."""
    rows = db.execute(
        "SELECT update_id, erasures.published_at, erasures.draft_id, at, retracted_at "
        "FROM erasures LEFT JOIN updates ON updates.id = update_id AND updates.html = ''"
    )
    updates = [Erasure(*row) for row in rows.fetchall()]
    return Erased(updates, [row["draft_id"] for row in db.execute("SELECT draft_id FROM erased_drafts")])


def erase_again(db: Database, gone: Erased) -> None:
    """Erases again, in an older copy, in which they are retracted again already; in a transaction of the caller's. The
    texts in the log go by the number of the update alone: too much rather than too little."""
    _note_drafts(db, gone.drafts)
    for each in gone.updates:
        db.execute(f"INSERT OR REPLACE INTO {_ERASURES} VALUES (?, ?, ?, ?)", each[:4])
        same = "SELECT 1 FROM updates WHERE id = ? AND retracted_at = ?"
        if db.execute(same, [each.update_id, each.retracted_at]).fetchone():
            _take_words(db, each.update_id)
    _take_drafts(db)  # also those that were not published yet when the copy was made
    _take_texts_of_log(db)


def _erase(db: Database, update_id: int, reason: str, actor: Actor | None) -> Update:
    update = updates.get_any(db, update_id)
    permissions.permit(db, actor, Verb.ERASE)
    actions.require_fresh(db, actor, Verb.ERASE)  # a repetition too, after which the file is scrubbed again
    if update.erased:
        return update
    log.take_in(db)  # what the release before has written, before its texts go
    for each in [update, *goes_with(db, update)]:
        if each.retracted_at:
            _show_anew(db, each)
        else:
            retracting.set_retracted(db, each, max(times.now(), each.published_at), None, notice=False)
        db.execute(
            f"INSERT OR REPLACE INTO {_ERASURES} SELECT id, published_at, draft_id, ? FROM updates WHERE id = ?",
            [times.now(), each.id],
        )
        _take_words(db, each.id)
        gone, feed = updates.get_any(db, each.id), feeds.get(db, each.feed, drafts=True)
        actions.record(
            db, actor, Verb.ERASE,
            feed_id=feed.id, update_id=each.id, version=gone.version, after={"reason": reason},
        )  # fmt: skip
    _take_drafts(db)
    _take_texts_of_log(db)
    return updates.get_any(db, update_id)


def goes_with(db: Database, update: Update) -> list[Update]:
    """What has the same text as that update and is erased with it: whatever it came from and was taken back at once, or
    came of it and was retracted. What readers see is erased by its own number alone."""
    others = lineage.family(db, update.id).updates - {update.id}
    found = [updates.get_any(db, each) for each in sorted(others)]
    return [each for each in found if each.retracted_at and not each.erased]


def _show_anew(db: Database, update: Update) -> None:
    """A notice in its place may have told the reason, which goes too."""
    feed = feeds.get(db, update.feed, drafts=True)
    version = feeds.bump(db, feed.id)
    flags.stamp(db, feed.id, version, flags.of(update))
    db.execute("UPDATE updates SET version = ? WHERE id = ?", [version, update.id])


def _take_words(db: Database, update_id: int) -> None:
    others = {row["id"] for row in db.execute(_OTHER_DRAFTS, {"id": update_id})}
    _note_drafts(db, lineage.family(db, update_id).drafts | others)
    for table, nothing in _NO_WORDS.items():
        key = "id" if table == "updates" else "update_id"
        db.execute(f"UPDATE {table} SET {nothing} WHERE {key} = ?", [update_id])
    # The digest is of the text alone, so whoever guesses that can tell. A request that is repeated is refused now.
    for table in ("idempotency", "imported_updates"):
        db.execute(f"UPDATE {table} SET digest = ? WHERE update_id = ?", [secrets.token_hex(32), update_id])
    search.put(db, update_id)


def _note_drafts(db: Database, draft_ids: Iterable[str]) -> None:
    for draft_id in draft_ids:
        db.execute("INSERT OR IGNORE INTO erased_drafts (draft_id) VALUES (?)", [draft_id])


def _take_drafts(db: Database) -> None:
    """Submissions stay as taken back and empty, because their number says to open pages that something has changed."""
    for table in ("drafts", "scheduled"):
        db.execute(f"DELETE FROM {table} WHERE id {_OF_ERASED}")
    for row in db.execute(f"SELECT id, fields FROM submissions WHERE draft_id {_OF_ERASED}").fetchall():
        emptied = {
            name: False if isinstance(value, bool) else "" if name == "body" else None
            for name, value in json.loads(row["fields"]).items()
        }
        if emptied == json.loads(row["fields"]):
            continue  # by an erasure before
        end = {"state": State.TAKEN_BACK, "decided_at": times.now(), "changed": submissions.last_change(db) + 1}
        db.table("submissions").update(row["id"], {**end, "fields": json.dumps(emptied), "note": None})


def _take_texts_of_log(db: Database) -> None:
    db.execute(f"DELETE FROM log_texts WHERE entry IN (SELECT id FROM log WHERE {log.ERASED})")
