"""Reading the log: the latest entries first, filtered, and searched by the rules of all searches here.

There is no index of words. It would cost every change its time, and be one more place where an erased text is. A search
looks through the texts instead, on a native thread, a batch at a time.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed.store import permissions, search
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.feeds import Row
from feed.store.verbs import WORDS, Verb

BATCH = 200  # entries read at a time
MOST_LOOKED = 10  # batches that a search looks through for one page: 0.1 s; the next page goes on there

_SOUGHT = """
    SELECT log.*, coalesce(display_name, who) AS by, text FROM log
    LEFT JOIN log_texts ON entry = log.id LEFT JOIN editors ON editors.name = who
    WHERE {} ORDER BY log.id DESC LIMIT :limit
"""
_CONDITIONS = {
    "who": "who = :who",
    "verb": "verb IN (SELECT value FROM json_each(:verbs))",
    "feed": "(feed = :feed OR article = :feed)",
    "door": "door = :door",
    "since": "at >= :since",
    "until": "at < :until",
    "before": "log.id < :before",
}


@dataclass(frozen=True)
class Sought:
    """Which entries are sought: of that editor (the name to sign in), that verb (and those that the log calls the
    same), that feed or article, that door, from `since` until before `until`, with those words. What is None or ""
    filters nothing."""

    who: str | None = None
    verb: str | None = None
    feed: str | None = None
    door: str | None = None
    since: str | None = None
    until: str | None = None
    words: str = ""


@dataclass(frozen=True)
class Entry:
    """An entry. `who` is the name to sign in with and `by` the present display name, both None for who is no editor.
    `before` and `after` are what it changed; `erased` says that they were taken away."""

    id: int
    at: str
    who: str | None
    by: str | None
    account: str | None
    door: str | None
    network: str | None
    token: str | None
    verb: str
    subject: str | None
    feed: str | None
    article: str | None
    update_id: int | None
    version: int | None
    digest: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    erased: bool

    @property
    def did(self) -> str:
        """What was done, as words to translate."""
        return WORDS.get(self.verb, self.verb)


class Page(NamedTuple):
    """Some entries, and the number of an entry before which older ones are; None when there are none."""

    entries: list[Entry]
    older: int | None


def page(store: Store, actor: Actor, sought: Sought, before: int | None, limit: int) -> Page:
    """Up to `limit` of those entries that are older than `before`, the latest first. A search may find fewer, and have
    more to look through. Raises NotAllowed."""
    found: list[Entry] = []
    for number, (entries, last) in enumerate(batches(store, actor, sought, before), 1):
        found += entries
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].id)
        if number == MOST_LOOKED:
            return Page(found, last)
    return Page(found, None)


def batches(
    store: Store, actor: Actor | None, sought: Sought, before: int | None = None
) -> Iterator[tuple[list[Entry], int | None]]:
    """All of those entries, the latest first, in batches, each with the number of the last entry that was looked at;
    None at the end. Raises NotAllowed."""
    while True:
        with store.read() as db:
            permissions.permit(db, actor, Verb.READ_LOG)
            entries = _read(db, sought, before)
        if not entries:
            return
        before = entries[-1].id if len(entries) == BATCH else None
        yield (store.offload(_holding, entries, sought.words) if sought.words else entries), before
        if before is None:
            return


def _read(db: Database, sought: Sought, before: int | None) -> list[Entry]:
    same = [verb for verb, words in WORDS.items() if words == WORDS.get(sought.verb or "")]
    given = {**vars(sought), "before": before, "verbs": json.dumps(same or [sought.verb])}
    conditions = [condition for name, condition in _CONDITIONS.items() if given[name]]
    rows = db.execute(_SOUGHT.format(" AND ".join(conditions) or "1"), given | {"limit": BATCH})
    return [_entry(row) for row in rows]


def _entry(row: Row) -> Entry:
    given = dict(row)
    said = json.loads(given.pop("text") or "{}")
    erased = bool(given.pop("texts")) and not said
    return Entry(**given, before=said.get("before", {}), after=said.get("after", {}), erased=erased)


def _holding(entries: list[Entry], words: str) -> list[Entry]:
    held = set(search.holding({str(each.id): _text_of(each) for each in entries}, words))
    return [each for each in entries if str(each.id) in held]


def _text_of(entry: Entry) -> str:
    """What a search looks at."""
    about = (entry.by, entry.who, entry.account, entry.subject, entry.feed, entry.article, entry.network, entry.token)
    said = (*entry.before.values(), *entry.after.values())
    return "\n".join(str(each) for each in (*about, *said) if each)
