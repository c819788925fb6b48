"""The log: every change, with who, when, from where, and what was before and after; in the transaction of the change.

Each entry's digest is made of the entry, of the digest of its texts, and of the digest of the entry before. So nobody
can change, remove, add or move one without all later digests becoming others, and whoever has noted a digest elsewhere
can tell. The texts are in a table of their own, and their digest is made with a random salt that is kept with them:
when a text is erased, the chain is whole as before, and nothing tells what it was, not even to somebody who guesses.

A worker of the release before writes rows of `actions` alone. Whoever writes the next entry takes them in first.
"""

import hashlib
import json
import os
import pwd
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed.store.database import PAUSE_SECONDS, Store, insert

NETWORK_LONGEST = 64  # characters; an IPv6 network has 43, and a proxy that is set up wrongly may send anything
CAUGHT_UP = 1_000  # entries in a transaction: 50 ms, after which others can write
SALT_BYTES = 16  # as nobody can try them all

# Which entries an erasure takes the texts of; not that of its own reason.
ERASED = """verb <> 'erase' AND (
    EXISTS (SELECT 1 FROM erasures WHERE erasures.update_id = log.update_id OR draft_id = log.subject)
    OR subject IN (SELECT draft_id FROM erased_drafts)
)"""

# What the digest of an entry is made of, in this order. It never changes; a later column joins only if it is set.
_DIGESTED = (
    "id", "at", "who", "account", "door", "network", "token", "verb", "subject", "feed", "article", "update_id",
    "version", "texts",
)  # fmt: skip
_TRIGGERS = {
    *(f"{table}_is_never_{done}" for table in ("log", "log_texts") for done in ("changed", "replaced")),
    "log_is_never_shortened", "log_texts_go_by_erasure",
}  # fmt: skip

# What the release before has written, by the names that things have now.
_NOT_TAKEN_IN = """
    SELECT actions.id AS action, actions.at, coalesce(editors.name, by_name) AS who, verb, subject, feeds.slug AS feed,
        articles.slug AS article, update_id, actions.version, detail
    FROM actions LEFT JOIN editors ON editors.id = actions.editor_id LEFT JOIN feeds ON feeds.id = actions.feed_id
    LEFT JOIN articles ON articles.id = actions.article_id WHERE actions.id > ? ORDER BY actions.id LIMIT ?
"""


Kept = tuple[dict[str, Any], dict[str, Any] | None]
"""An entry, and the row of its texts: None where it has none, or they were erased."""


class Head(NamedTuple):
    """Where the chain ends: how many entries it has, the digest of the last, and the last row of `actions` in it."""

    entries: int
    digest: str
    action: int

    def __str__(self) -> str:
        return f"{self.entries}:{self.digest}"


def head(db: Database) -> Head:
    """Where the chain ends now."""
    return Head(*db.execute("SELECT entries, digest, action FROM log_head").fetchone())


def append(db: Database, entry: Mapping[str, Any], texts: Mapping[str, Any], action: int) -> None:
    """Adds an entry, in the transaction of the change that it tells of. `entry` has columns of the table; `texts` is
    what an erasure may take away, {} for none; `action` is the row of `actions` of the same change."""
    end = take_in(db, before=action)
    _link(db, end, entry, texts, action)


def take_in(db: Database, *, before: int | None = None, most: int = -1) -> Head:
    """Adds entries for what the release before has written in `actions`, up to `most` of them or all, and returns the
    head then. `before` is a row that has its own entry."""
    end = head(db)
    if before is None or before > end.action + 1:
        for row in db.execute(_NOT_TAKEN_IN, [end.action, most]).fetchall():
            found = dict(row)
            action, detail = found.pop("action"), found.pop("detail")
            if before is None or action < before:
                end = _link(db, end, found, {"after": {"detail": detail}} if detail else {}, action)
    return end


def catch_up(store: Store) -> None:
    """Does the same at an upgrade, when it may be many, with pauses in which others write. When it is interrupted, the
    next one goes on there."""
    while store.write(_take_in_some):
        time.sleep(PAUSE_SECONDS)


def _take_in_some(db: Database) -> bool:
    """Returns whether there may be more."""
    before = head(db).entries
    return take_in(db, most=CAUGHT_UP).entries - before == CAUGHT_UP


def entries_after(db: Database, number: int) -> list[Kept]:
    """The entries after that one."""
    texts = {row["entry"]: dict(row) for row in db.execute("SELECT * FROM log_texts WHERE entry > ?", [number])}
    rows = db.execute("SELECT * FROM log WHERE id > ? ORDER BY id", [number]).fetchall()
    return [(dict(row), texts.get(row["id"])) for row in rows]


def common(one: Database, other: Database) -> int:
    """The number of the last entry that both logs have. Up to there they are the same, because each digest is made of
    all before."""
    low, high = 0, min(head(one).entries, head(other).entries)
    while low < high:
        middle = (low + high + 1) // 2
        if _digest_at(one, middle) == _digest_at(other, middle):
            low = middle
        else:
            high = middle - 1
    return low


def carry(db: Database, entries: list[Kept]) -> None:
    """Adds the entries of another log after those of this one, in a transaction of the caller's. Where they follow on
    the last one here they stay as they are; otherwise they get new numbers and digests."""
    end = head(db)
    for entry, texts in entries:
        follows = entry["id"] == end.entries + 1 and entry["digest"] == _digest(end.digest, entry)
        if not follows:
            entry = {**entry, "id": end.entries + 1}
            entry["digest"] = _digest(end.digest, entry)
        insert(db, "log", entry)
        if texts:
            insert(db, "log_texts", {**texts, "entry": entry["id"]})
        end = Head(entry["id"], entry["digest"], end.action)
    _set_head(db, end)


def set_action(db: Database) -> None:
    """Notes that all rows of `actions` are in the log, in a transaction of the caller's that put them there."""
    db.execute("UPDATE log_head SET action = (SELECT coalesce(max(id), 0) FROM actions)")


def check(db: Database) -> list[str]:
    """What is wrong with the log, one sentence each: the first entry that is broken, the end, the triggers. Takes 10 µs
    for each entry."""
    there = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    wrong = [f"the trigger {each}, which protects the log, is missing" for each in sorted(_TRIGGERS - there)]
    return wrong + [each for each in (_broken(db), _stray(db)) if each]


def _broken(db: Database) -> str | None:
    """The first entry that is not what it was, in a sentence."""
    rows = db.execute("SELECT log.*, salt, text FROM log LEFT JOIN log_texts ON entry = log.id ORDER BY log.id")
    number, digest = 0, ""
    for row in rows:
        number += 1
        if row["id"] != number:
            return f"entry {number} of the log is missing"
        if row["digest"] != _digest(digest, dict(row)):
            return f"entry {number} of the log is broken: it, or the one before, is not what was written"
        if row["text"] is not None and row["texts"] != _digest_of_texts(row["salt"], row["text"]):
            return f"entry {number} of the log is broken: its texts are not what was written"
        if row["texts"] and row["text"] is None and not _may_lack_texts(db, number):
            return f"entry {number} of the log is broken: its texts are missing, and were not erased"
        digest = row["digest"]
    end = head(db)
    if (end.entries, end.digest) != (number, digest):
        return f"entry {number + 1} of the log is missing: it ends there, and should have {end.entries} entries"
    return None


def _may_lack_texts(db: Database, number: int) -> bool:
    return db.execute(f"SELECT 1 FROM log WHERE id = ? AND {ERASED}", [number]).fetchone() is not None


def _stray(db: Database) -> str | None:
    found = db.execute("SELECT min(entry) FROM log_texts WHERE entry NOT IN (SELECT id FROM log)").fetchone()[0]
    return f"the log has texts of an entry {found}, which it does not have" if found is not None else None


def has(db: Database, noted: str) -> bool:
    """Whether the log has that entry. `noted` is what was noted of an earlier head: number and digest, with a colon
    between."""
    number, _, digest = noted.partition(":")
    return number.isdecimal() and _digest_at(db, int(number[:18])) == digest


@cache
def account() -> str:
    """The account of the operating system that this process belongs to, and who signed in to it, if that was another:
    "liveline", "alice as liveline"."""
    with suppress(KeyError):
        runs_as = pwd.getpwuid(os.getuid()).pw_name
        with suppress(OSError):
            if (signed_in := os.getlogin()) != runs_as:
                return f"{signed_in} as {runs_as}"
        return runs_as
    return str(os.getuid())


def texts_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """What an entry says of a change: of the fields that both have, those that differ; of others, those that are
    set."""
    if before is not None and after is not None:
        changed = [name for name in after if before.get(name) != after[name]]
        was, became = {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
        return {"before": was, "after": became} if changed else {}
    sides = {"before": _set(before or {}), "after": _set(after or {})}
    return {side: given for side, given in sides.items() if given}


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, "", False)}


def _link(db: Database, end: Head, entry: Mapping[str, Any], texts: Mapping[str, Any], action: int) -> Head:
    row: dict[str, Any] = {**entry, "id": end.entries + 1}
    if texts:
        salt, text = secrets.token_hex(SALT_BYTES), json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        row["texts"] = _digest_of_texts(salt, text)
        insert(db, "log_texts", {"entry": row["id"], "salt": salt, "text": text})
    row["digest"] = _digest(end.digest, row)
    insert(db, "log", row)
    end = Head(row["id"], row["digest"], action)
    _set_head(db, end)
    return end


def _set_head(db: Database, end: Head) -> None:
    db.execute("UPDATE log_head SET entries = ?, digest = ?, action = ?", end)


def _digest_at(db: Database, number: int) -> str | None:
    row = db.execute("SELECT digest FROM log WHERE id = ?", [number]).fetchone()
    return row["digest"] if row else None


def _digest(before: str, entry: Mapping[str, Any]) -> str:
    content = [before, *(entry.get(name) for name in _DIGESTED)]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _digest_of_texts(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()
