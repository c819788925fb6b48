"""Import: entries of other sites become updates, with their own times, bylines and histories, and by nobody who signs
in here.

Importing the same again changes nothing. An entry that changed at its source since becomes an edit, unless it was
edited here too; one that was retracted there is retracted here; and what was retracted here stays so (invariant 4).

An import is stored in transactions of AT_ONCE updates, with pauses in which others write. An article that is made for
it is a draft until the last of them, so that no reader sees a part; when the command is killed, running it again goes
on. Of many changes to a public feed, open pages are told by a new epoch, that is, to reload.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed import times
from feed.store import (
    actions,
    addresses,
    articles,
    coverage,
    feeds,
    permissions,
    pictures,
    pointing,
    points,
    revisions,
    updates,
    writing,
)
from feed.store.actors import Actor
from feed.store.coverage import Closing
from feed.store.database import Store, insert
from feed.store.feeds import Feed
from feed.store.updates import Update
from feed.store.verbs import Verb

AT_ONCE = 500  # updates in a transaction: 0.1 s, for which other writers wait
TOLD = 50  # changes that an open page is sent; for more, it loads the page anew

_TEXT = ("headline", "body", "html", "language", "status", "source")


class Outcome(StrEnum):
    """What becomes of an entry."""

    NEW = "imported"
    EDITED = "edited, as at the source"
    RETRACTED = "retracted, as at the source"
    SAME = "as before"
    KEPT = "changed here too, and left as they are here"
    GONE = "retracted here, and left so"
    NOTHING = "deleted at the source before they were imported"


@dataclass(frozen=True)
class Past:
    """A text that an update had before, in words. A `minor` one did not mark the update."""

    at: str
    byline: str
    headline: str | None
    text: str
    note: str | None
    status: str | None = None
    source: str | None = None
    minor: bool = False


@dataclass(frozen=True)
class Retraction:
    """That an entry was retracted at its source. A notice tells readers."""

    at: str
    reason: str | None
    notice: bool


@dataclass(frozen=True)
class Imported:
    """An entry to import, checked and rendered. Of a retracted one, only its notice is known. `past` has its earlier
    texts and the present one, the oldest first; it is empty if it was never edited."""

    entry: str
    digest: str
    published_at: str
    byline: str = ""
    headline: str | None = None
    body: str = ""
    html: str = ""
    language: str | None = None
    status: str | None = None
    source: str | None = None
    key: bool = False
    pinned: bool = False
    edited_at: str | None = None
    restored_at: str | None = None
    past: tuple[Past, ...] = ()
    retraction: Retraction | None = None


@dataclass(frozen=True)
class Known:
    """An entry that was imported before: its update as it is now, the revision that the import left, and what the
    entry said then."""

    update: Update
    revision: int
    digest: str


class ImportedPoint(NamedTuple):
    """What is known, as a point, and the entries on which it rests."""

    text: str
    checking: bool
    entries: tuple[str, ...]


@dataclass(frozen=True)
class New:
    """An article to make, with coverage, for a source that is imported for the first time."""

    fields: Mapping[str, Any]
    published_at: str
    edited_at: str | None
    opened_at: str
    closed_at: str | None
    closing: Closing
    points: tuple[ImportedPoint, ...] = ()


def feed_of(db: Database, source: str) -> tuple[Feed, bool] | None:
    """The feed that was made for that source, and whether all of it has come; None if none was."""
    row = db.execute(
        "SELECT slug, complete FROM import_sources JOIN feeds ON feeds.id = feed_id WHERE source = ?", [source]
    ).fetchone()
    return (feeds.get(db, row["slug"], drafts=True), bool(row["complete"])) if row else None


def known(db: Database, feed: Feed, source: str) -> dict[str, tuple[int, str]]:
    """By entry, the update and what the entry said when it was imported into that feed."""
    rows = db.execute(
        "SELECT entry, update_id, digest FROM imported_updates WHERE feed_id = ? AND source = ?", [feed.id, source]
    )
    return {row["entry"]: (row["update_id"], row["digest"]) for row in rows}


def begin(store: Store, source: str, new: New, actor: Actor | None) -> str:
    """Makes the article as a draft, and returns its slug. Raises Invalid, NotAllowed."""
    return store.write(_begin, source, new, actor)


def put(store: Store, slug: str, source: str, entries: Sequence[Imported], actor: Actor | None) -> Counter[Outcome]:
    """Imports up to AT_ONCE entries into that feed, in one transaction. Raises Missing, NotAllowed."""
    return store.write(_put, slug, source, entries, actor)


def finish(store: Store, slug: str, source: str, new: New, actor: Actor | None) -> bool:
    """Publishes the article that was made for that source. Returns whether it is public: one in which somebody wrote
    meanwhile stays a draft, until an editor publishes it. An article that was published once is left as it is."""
    return store.write(_finish, slug, source, new, actor)


def put_points(store: Store, slug: str, source: str, given: Sequence[ImportedPoint], actor: Actor | None) -> int:
    """Adds what is known to a coverage that never had a point, after its updates, and returns how many points. One that
    has points, or whose points were taken out, is left as it is. Raises Missing, NotAllowed."""
    return store.write(_put_points, slug, source, given, actor)


def planned(db: Database, feed: Feed | None, source: str, entry: Imported) -> Outcome:
    """What would become of an entry."""
    return _outcome(_known(db, feed.id, source, entry.entry) if feed else None, entry)


def _begin(db: Database, source: str, new: New, actor: Actor | None) -> str:
    slug = addresses.free(db, new.fields["slug"])
    addresses.take(db, slug)
    pictures.check(db, new.fields["picture_id"])
    row = {**new.fields, "slug": slug, "draft": True, "revision": 1, "created_at": times.now()}
    article_id = insert(db, "articles", row)
    feeds.add(db, slug, article_id)
    feed = feeds.get(db, slug, drafts=True)
    insert(db, "import_sources", {"source": source, "feed_id": feed.id, "complete": False})
    writing.keep_revision(db, article_id, None, times.now())
    actions.record(db, actor, Verb.IMPORT, feed_id=feed.id, article_id=article_id, detail=source)
    return slug


def _finish(db: Database, slug: str, source: str, new: New, actor: Actor | None) -> bool:
    article = articles.get(db, slug, drafts=True)
    begun = db.execute("SELECT feed_id FROM import_sources WHERE source = ? AND NOT complete", [source]).fetchone()
    if begun is None or not article.draft:
        return not article.draft
    feed_id = begun["feed_id"]
    others = "SELECT 1 FROM updates WHERE feed_id = ? AND id NOT IN (SELECT update_id FROM imported_updates)"
    if article.revision > 1 or db.execute(others, [feed_id]).fetchone():
        return False
    # What was imported was public where it came from, and its history with it.
    db.execute(
        "DELETE FROM drafted WHERE update_id IN (SELECT update_id FROM imported_updates WHERE feed_id = ?)", [feed_id]
    )
    db.execute(
        "UPDATE articles SET draft = 0, revision = 2, published_at = ?, edited_at = ? WHERE id = ?",
        [new.published_at, new.edited_at, article.id],
    )
    writing.keep_revision(db, article.id, None, times.now())
    db.execute("UPDATE feeds SET opened_at = ?, closed_at = ? WHERE id = ?", [new.opened_at, new.closed_at, feed_id])
    if new.closed_at and (new.closing.message or new.closing.summary):
        coverage.keep(db, feed_id, new.closed_at, new.closing)
    feed = feeds.get(db, slug, drafts=True)
    _bring_points(db, feed, source, new.points)
    db.execute("UPDATE import_sources SET complete = 1 WHERE source = ?", [source])
    feeds.begin_epoch(db, feed_id)
    writing.tell_followers_of_cards(db, article)
    actions.record(db, actor, Verb.IMPORT, feed_id=feed_id, article_id=article.id, detail=source)
    return True


def _put_points(db: Database, slug: str, source: str, given: Sequence[ImportedPoint], actor: Actor | None) -> int:
    feed = feeds.get(db, slug, drafts=True)
    if points.had_any(db, feed):
        return 0
    version = feeds.bump(db, feed.id)
    count = _bring_points(db, replace(feed, version=version), source, given)
    actions.record(db, actor, Verb.IMPORT, feed_id=feed.id, detail=f"{source}: {count} points", version=version)
    return count


def _bring_points(db: Database, feed: Feed, source: str, given: Sequence[ImportedPoint]) -> int:
    """Adds them, resting on updates that were imported. What no reader could look up is to be checked."""
    here = known(db, feed, source)
    brought = given[: points.MOST]
    for point in brought:
        grounds = [here[entry][0] for entry in dict.fromkeys(point.entries) if entry in here]
        seen = [number for number in grounds if not updates.get_any(db, number).retracted_at]
        checking = point.checking or not seen or len(seen) < len(grounds)
        pointing.bring(db, feed, point.text, grounds, checking=checking)
    return len(brought)


def _put(db: Database, slug: str, source: str, entries: Sequence[Imported], actor: Actor | None) -> Counter[Outcome]:
    feed = feeds.get(db, slug, drafts=True)
    planned = [(entry, _known(db, feed.id, source, entry.entry)) for entry in entries]
    outcomes = Counter(_outcome(before, entry) for entry, before in planned)
    changed = sum(outcomes[each] for each in _WRITE)
    version = _tell_followers(db, feed, changed) if changed else feed.version
    for entry, before in planned:
        outcome = _outcome(before, entry)
        if write := _WRITE.get(outcome):
            update_id, revision = write(db, feed, version, entry, before)
            db.execute("INSERT OR IGNORE INTO search_due (update_id) VALUES (?)", [update_id])
            row = {"feed_id": feed.id, "source": source, "entry": entry.entry}
            _remember(db, {**row, "update_id": update_id, "revision": revision, "digest": entry.digest})
        elif before and outcome is Outcome.SAME:
            row = {"feed_id": feed.id, "source": source, "entry": entry.entry, "update_id": before.update.id}
            _remember(db, {**row, "revision": before.revision, "digest": entry.digest})
    detail = f"{source}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(outcomes.items()))}"
    if changed:
        actions.record(db, actor, Verb.IMPORT, feed_id=feed.id, detail=detail, version=version)
    else:
        permissions.permit(db, actor, Verb.IMPORT)
    return outcomes


def _outcome(before: Known | None, entry: Imported) -> Outcome:
    retracted = entry.retraction is not None
    if before is None:
        return Outcome.NEW if entry.retraction is None or entry.retraction.notice else Outcome.NOTHING
    if before.update.retracted_at:
        return Outcome.SAME if retracted else Outcome.GONE
    if retracted:
        return Outcome.RETRACTED
    said = ("headline", "body", "status", "source", "language", "key")
    if before.digest == entry.digest or all(getattr(before.update, name) == getattr(entry, name) for name in said):
        return Outcome.SAME
    return Outcome.EDITED if before.update.revision == before.revision else Outcome.KEPT


def _known(db: Database, feed_id: int, source: str, entry: str) -> Known | None:
    row = db.execute(
        "SELECT update_id, revision, digest FROM imported_updates WHERE feed_id = ? AND source = ? AND entry = ?",
        [feed_id, source, entry],
    ).fetchone()
    return Known(updates.get_any(db, row["update_id"]), row["revision"], row["digest"]) if row else None


def _remember(db: Database, row: Mapping[str, object]) -> None:
    values = ", ".join("?" * len(row))
    db.execute(f"INSERT OR REPLACE INTO imported_updates ({', '.join(row)}) VALUES ({values})", [*row.values()])


def _tell_followers(db: Database, feed: Feed, changed: int) -> int:
    """Returns the version of the changes."""
    if changed > TOLD:
        feeds.begin_epoch(db, feed.id)
        return feeds.get(db, feed.slug, drafts=True).version
    version = feeds.bump(db, feed.id)
    for part in ("key-events", "pinned"):
        feeds.stamp(db, feed.id, part, version)
    return version


def _add(db: Database, feed: Feed, version: int, entry: Imported, _: Known | None) -> tuple[int, int]:
    said = ("byline", *_TEXT, "key", "published_at", "edited_at", "restored_at")
    gone = entry.retraction
    row = {name: getattr(entry, name) for name in said} | {
        "feed_id": feed.id,
        "version": version,
        "revision": max(1, len(entry.past)),
        "pinned": entry.pinned and updates.pinned(db, feed) is None,
        "imported": True,
        "retracted_at": gone and gone.at,
        "reason": gone and gone.reason,
        "notice": gone is not None and gone.notice,
    }
    update_id = insert(db, "updates", row)
    for number, past in enumerate(entry.past[:-1], 1):
        _keep(db, update_id, number, past, f"<p>{escape(past.text)}</p>", past.text)
    last = entry.past[-1] if entry.past else Past(entry.published_at, entry.byline, None, "", None)
    last = replace(last, headline=entry.headline, status=entry.status, source=entry.source)
    _keep(db, update_id, max(1, len(entry.past)), last, entry.html, entry.body)
    return update_id, max(1, len(entry.past))


def _edit(db: Database, _: Feed, version: int, entry: Imported, before: Known | None) -> tuple[int, int]:
    assert before is not None  # noqa: S101 - for the types
    update = before.update
    changed = {name: getattr(entry, name) for name in (*_TEXT, "key")}
    revision, said = update.revision, entry.past[-1] if entry.past else None
    # What was edited in both ways since comes as one edit, which marks the update.
    minor = said is not None and said.minor and entry.edited_at == update.edited_at
    moment = max(entry.edited_at or times.now(), update.edited_at or update.published_at)
    if any(getattr(update, name) != getattr(entry, name) for name in revisions.WORDS):
        revision += 1
        changed |= {"revision": revision, "edited_at": update.edited_at if minor else moment}
    db.table("updates").update(update.id, {**changed, "version": version})
    if revision > update.revision:
        at, note = (said.at if minor else moment, said.note) if said else (moment, None)
        past = Past(at, entry.byline, entry.headline, "", note, entry.status, entry.source, minor)
        _keep(db, update.id, revision, past, entry.html, entry.body)
    return update.id, revision


def _retract(db: Database, _: Feed, version: int, entry: Imported, before: Known | None) -> tuple[int, int]:
    assert before is not None  # noqa: S101 - for the types
    assert entry.retraction is not None  # noqa: S101 - for the types
    gone = entry.retraction
    moment = max(gone.at, before.update.published_at)
    row = {"retracted_at": moment, "reason": gone.reason, "notice": gone.notice, "version": version}
    db.table("updates").update(before.update.id, row)
    return before.update.id, before.revision


_WRITE: Mapping[Outcome, Callable[[Database, Feed, int, Imported, Known | None], tuple[int, int]]] = {
    Outcome.NEW: _add,
    Outcome.EDITED: _edit,
    Outcome.RETRACTED: _retract,
}


def _keep(db: Database, update_id: int, revision: int, past: Past, html: str, body: str) -> None:
    row = {"update_id": update_id, "revision": revision, "body": body, "html": html, "editor_id": None}
    said = {name: getattr(past, name) for name in ("at", "byline", "headline", "note", "minor")}
    insert(db, "revisions", {**row, **said})
    # A trigger has put the update's present status there.
    db.execute(
        "UPDATE revisions SET status = ?, source = ? WHERE update_id = ? AND revision = ?",
        [past.status, past.source, update_id, revision],
    )
