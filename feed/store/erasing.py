"""Erasing an update: its text is gone from the database, and stays gone. The law may ask for that, and a retraction
keeps the text for the desk.

The row and its place stay, and so does what was done to it and when. The words go: from the update, all its revisions,
the searches, drafts, the log, and what a repeated request is known by. A retracted update without HTML is an erased
one, because nobody can publish such a thing.

What SQLite deletes it leaves in the file, until it writes something else there. So after an erasure the file is written
anew (`scrub`).
"""

import json
import secrets
from typing import NamedTuple

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Reason
from feed.store import actions, feeds, flags, log, restoring, retracting, search, submissions, updates
from feed.store.actions import Actor, Verb
from feed.store.database import Store
from feed.store.submissions import State
from feed.store.updates import Update

MERGED_PAGES = 1_000  # of a search's table, in one transaction: some 50 ms, after which others can write

_NO_WORDS = {
    "updates": "headline = NULL, body = '', html = '', reason = NULL, source = NULL",
    "revisions": "headline = NULL, body = '', html = '', note = NULL, source = NULL",
    "actions": "detail = NULL",
}
_ERASURES = "erasures (update_id, published_at, draft_id, at)"
# What was submitted of it: that it became the update, or was to be an edit of it.
_SUBMITTED = """
    SELECT id, fields FROM submissions WHERE update_id = :id OR draft_id = (SELECT draft_id FROM updates WHERE id = :id)
    OR (feed_id IS NOT NULL AND json_extract(fields, '$.body') IN (
        SELECT body FROM revisions WHERE update_id = :id AND body <> ''
    ))
"""
# Drafts of it: edits, what it was published from, and what was made of it by Undo, which no column tells.
_DRAFTS = """
    DELETE FROM drafts WHERE update_id = :id OR id = (SELECT draft_id FROM updates WHERE id = :id)
    OR (body <> '' AND body IN (SELECT body FROM revisions WHERE update_id = :id))
"""


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
    Call `scrub` afterwards."""
    reason = fields.clean(fields.RETRACTION, {"reason": reason})["reason"]
    if not reason:
        raise Invalid(Reason("reason", Message("This is empty. Write something first.")))
    return store.write(_erase, update_id, reason, actor)


def erased(db: Database) -> list[Erasure]:
    """All erasures."""
    rows = db.execute(
        "SELECT update_id, erasures.published_at, erasures.draft_id, at, retracted_at "
        "FROM erasures LEFT JOIN updates ON updates.id = update_id AND updates.html = ''"
    )
    return [Erasure(*row) for row in rows.fetchall()]


def erase_again(db: Database, erasures: list[Erasure]) -> None:
    """Erases again, in an older copy, in which they are retracted again already; in a transaction of the caller's. The
    texts in the log go by the number of the update alone: too much rather than too little."""
    for each in erasures:
        db.execute(f"INSERT OR REPLACE INTO {_ERASURES} VALUES (?, ?, ?, ?)", each[:4])
        same = "SELECT 1 FROM updates WHERE id = ? AND retracted_at = ?"
        if db.execute(same, [each.update_id, each.retracted_at]).fetchone():
            _take_words(db, each.update_id)
        for table in ("drafts", "scheduled"):  # what was not published yet when the copy was made
            db.execute(f"DELETE FROM {table} WHERE id = ?", [each.draft_id])
        _take_submissions(db, "SELECT id, fields FROM submissions WHERE draft_id = :id", each.draft_id)
        _take_texts_of_log(db, each.update_id)


def scrub(store: Store) -> bool:
    """Writes the file anew, so that nothing is left in it of what was deleted; other writers wait meanwhile, about a
    second for 100 MB. It needs as much room again. Returns False when a reader kept the write-ahead log from being
    emptied, and the next scrub will. Raises OperationalError."""
    with restoring.locked(store.path):
        db = store.connect()
        try:
            for table in (*search.INDEXES, search.RETRACTED):
                _merge(db, table)
            db.execute("VACUUM")
            busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            db.close()


def _erase(db: Database, update_id: int, reason: str, actor: Actor | None) -> Update:
    update = updates.get_any(db, update_id)
    actions.permit(db, actor, Verb.ERASE)
    if update.erased:
        return update
    if update.retracted_at:
        _show_anew(db, update)
    else:
        retracting.set_retracted(db, update, max(times.now(), update.published_at), None, notice=False)
    db.execute(
        f"INSERT OR REPLACE INTO {_ERASURES} SELECT id, published_at, draft_id, ? FROM updates WHERE id = ?",
        [times.now(), update_id],
    )
    log.take_in(db)  # what the release before has written, before its texts go
    _take_words(db, update_id)
    _take_texts_of_log(db, update_id)
    gone, feed = updates.get_any(db, update_id), feeds.get(db, update.feed, drafts=True)
    actions.record(
        db, actor, Verb.ERASE,
        feed_id=feed.id, update_id=update_id, version=gone.version, after={"reason": reason},
    )  # fmt: skip
    return gone


def _show_anew(db: Database, update: Update) -> None:
    """A notice in its place may have told the reason, which goes too."""
    feed = feeds.get(db, update.feed, drafts=True)
    version = feeds.bump(db, feed.id)
    flags.stamp(db, feed.id, version, flags.of(update))
    db.execute("UPDATE updates SET version = ? WHERE id = ?", [version, update.id])


def _take_words(db: Database, update_id: int) -> None:
    _take_submissions(db, _SUBMITTED, update_id)
    db.execute(_DRAFTS, {"id": update_id})
    for table, nothing in _NO_WORDS.items():
        key = "id" if table == "updates" else "update_id"
        db.execute(f"UPDATE {table} SET {nothing} WHERE {key} = ?", [update_id])
    # The digest is of the text alone, so whoever guesses that can tell. A request that is repeated is refused now.
    for table in ("idempotency", "imported_updates"):
        db.execute(f"UPDATE {table} SET digest = ? WHERE update_id = ?", [secrets.token_hex(32), update_id])
    search.put(db, update_id)


def _take_submissions(db: Database, which: str, of: int | str | None) -> None:
    """They stay as taken back and empty, because their number says to open pages that something has changed."""
    for row in db.execute(which, {"id": of}).fetchall():
        emptied = {
            name: False if isinstance(value, bool) else "" if name == "body" else None
            for name, value in json.loads(row["fields"]).items()
        }
        end = {"state": State.TAKEN_BACK, "decided_at": times.now(), "changed": submissions.last_change(db) + 1}
        db.table("submissions").update(row["id"], {**end, "fields": json.dumps(emptied), "note": None})


def _take_texts_of_log(db: Database, update_id: int) -> None:
    which = "SELECT draft_id FROM erasures WHERE update_id = :id"
    db.execute(
        f"DELETE FROM log_texts WHERE entry IN (SELECT id FROM log WHERE {log.ERASED} "
        f"AND (update_id = :id OR subject = ({which})))",
        {"id": update_id},
    )


def _merge(db: Database, table: str) -> None:
    """Merges what the table has written piece by piece, of which parts are deleted words. The first step has a negative
    number, which lets it merge everything (sqlite.org/fts5.html, 6.8)."""
    pages = -MERGED_PAGES
    while True:
        before = db.conn.total_changes
        db.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", [pages])
        if db.conn.total_changes - before < 2:
            return
        pages = MERGED_PAGES
