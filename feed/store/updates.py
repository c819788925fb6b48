"""Updates: publish, edit, retract, and reading them by place, by id and by version.

Every text an update ever had stays in `revisions`. A retracted update stays too, and is shown nowhere; what may stand
in its place is a notice that it was retracted.

What was written or taken back while an article was a draft is the desk's alone: readers are told of the texts that
stood when it came out, and of what happened to them since. The table `drafted` says which those are.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from sqlite_utils import Database

from feed import fields, repeats, text, times
from feed.errors import Gone, Invalid, KeyUsed, Message, Missing, Reason, Stale
from feed.store import actions, feeds, moments, pictures, search
from feed.store.actions import Actor, Verb
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.search import Holding

KEY_REMEMBERED_SECONDS = 24 * 3600  # an Idempotency-Key: long enough for a client that was offline overnight
KEY_LONGEST = 200  # a UUID has 36 characters
HIGHEST_ID = 2**63 - 1  # SQLite's; an address may hold any number, and a higher one names nothing

_PARTS = {"pinned": "pinned", "key": "key-events"}  # the part of the feed that shows the updates of each mark

# Whether any reader could have seen the update, in any of its texts.
_EVER_SEEN = """EXISTS (
    SELECT 1 FROM revisions WHERE update_id = updates.id AND NOT EXISTS (
        SELECT 1 FROM drafted
        WHERE drafted.update_id = updates.id AND drafted.revision = revisions.revision AND seen_at IS NULL
    )
)"""
# A note explains a change, so it is for those who saw what stood before.
_SEEN_REVISIONS = """
    SELECT revisions.revision, headline, html, byline, coalesce(drafted.seen_at, revisions.at) AS at,
        CASE WHEN before.update_id IS NULL OR before.seen_at IS NOT NULL THEN note END AS note
    FROM revisions
    LEFT JOIN drafted ON drafted.update_id = revisions.update_id AND drafted.revision = revisions.revision
    LEFT JOIN drafted AS before
        ON before.update_id = revisions.update_id AND before.revision = revisions.revision - 1
    WHERE revisions.update_id = ? AND revisions.revision < ?
        AND (drafted.update_id IS NULL OR drafted.seen_at IS NOT NULL)
    ORDER BY revisions.revision DESC LIMIT ?
"""

_COLUMNS = """
    updates.id, feeds.slug AS feed, updates.version, updates.revision, updates.headline, updates.body,
    updates.html, updates.key, updates.pinned, updates.byline, updates.published_at, updates.edited_at,
    updates.retracted_at, updates.reason, updates.notice, updates.language,
    (SELECT articles.language FROM articles WHERE articles.id = feeds.article_id) AS feed_language
    FROM updates JOIN feeds ON feeds.id = updates.feed_id
"""


@dataclass(frozen=True)
class Update:
    """An update as it stands. `body` is the editor's Markdown, `html` what was made of it when it was written.
    `language` is that of its words, None for the feed's; `feed_language` is None for the site's."""

    id: int
    feed: str
    version: int
    revision: int
    headline: str | None
    body: str
    html: str
    key: bool
    pinned: bool
    byline: str
    published_at: str
    edited_at: str | None
    retracted_at: str | None
    reason: str | None
    notice: bool
    language: str | None
    feed_language: str | None

    @property
    def tongue(self) -> str | None:
        """The language of its words; None for the site's."""
        return self.language or self.feed_language

    @property
    def gone(self) -> bool:
        """Whether it was retracted and left nothing in its place."""
        return self.retracted_at is not None and not self.notice

    @property
    def place(self) -> "Place":
        """Where it stands in its feed."""
        return Place(self.published_at, self.id)


@dataclass(frozen=True)
class Revision:
    """A text that readers saw, from `at` until the next. `first` is the one they saw first; `note` is what its editor
    told them."""

    revision: int
    headline: str | None
    html: str
    byline: str
    at: str
    note: str | None
    first: bool = False


class Which(StrEnum):
    """Which updates of a feed, as a condition that has an index of its own: reading a few takes as long at any size."""

    SHOWN = "(retracted_at IS NULL OR notice)"
    STANDING = "retracted_at IS NULL"
    KEY = "key AND retracted_at IS NULL"


class Place(NamedTuple):
    """A position in a feed: newest first by `published_at`, then by id. It stays when others come and go."""

    published_at: str
    id: int


def publish(
    store: Store,
    slug: str,
    editor: Editor,
    given: Mapping[str, object],
    key: str | None = None,
    *,
    moment: str | None = None,
) -> Update:
    """Publishes an update in that feed, under the editor's name, now or (an import) as of a moment in the past: that of
    the field `published_at`, or `moment`.

    The same `key` of the same editor gives the same update again for 24 hours. Raises Missing for the feed, Invalid
    for the fields, KeyUsed for a key that was used for something else, Gone when a key's update has been retracted.
    """
    cleaned = fields.clean(fields.PUBLICATION, given)
    # What was not given is left out: keys of a release before, which did not know of it, hold on.
    cleaned = {name: value for name, value in cleaned.items() if name not in ("language", "published_at") or value}
    with store.read() as db:
        feed = feeds.get(db, slug, drafts=True)
    # Of the slug that the feed began with: a repeat that comes after its address was changed is the same still.
    digest = hashlib.sha256(json.dumps([feed.first_slug, cleaned], sort_keys=True).encode()).hexdigest()
    cleaned["html"] = html_of(store, cleaned["body"], cleaned.get("language") or feed.language)
    update = store.write(_publish, slug, editor, cleaned, (key, digest) if key is not None else None, moment)
    if moments.seconds_ahead(update.published_at):
        repeats.say(
            f"this machine's clock is behind the newest update of {slug}: it was set back, or was ahead before. New "
            "updates are dated just after that one; set the clock right"
        )
    return update


def edit(store: Store, update_id: int, editor: Editor, given: Mapping[str, object], revision: int | None) -> Update:
    """Changes what was given; `revision` is the one the editor read (None overrules whoever came between).

    A `note` tells readers what was changed and why, so it needs a change of the text. Raises Missing, Gone, Invalid, or
    Stale with the update as it stands. An edit that changes nothing is no edit.
    """
    cleaned = fields.clean(fields.EDIT, given, partial=True)
    note = cleaned.pop("note", None)
    if "body" in cleaned:
        with store.read() as db:
            standing = get(db, update_id, drafts=True)
        language = cleaned.get("language", standing.language) or standing.feed_language
        cleaned["html"] = html_of(store, cleaned["body"], language)
    return store.write(_edit, update_id, editor, cleaned, revision, note)


def retract(store: Store, update_id: int, given: Mapping[str, object], actor: Actor | None) -> Update:
    """Takes the update off every page; `given` may hold a reason, and whether a notice tells readers of it.

    Raises Missing, Gone when it is already, Invalid.
    """
    cleaned = fields.clean(fields.RETRACTION, given)
    return store.write(_retract, update_id, cleaned["reason"], cleaned["notice"], actor)


def get(db: Database, update_id: int, *, drafts: bool = False) -> Update:
    """The update as it stands. Raises Missing, Gone when retracted. With `drafts`, those of a draft article too, and
    Gone also for what was taken back before any reader could see it."""
    update = get_any(db, update_id)
    feeds.get(db, update.feed, drafts=drafts)
    if update.retracted_at:
        raise Gone(update_id) if drafts or _ever_seen(db, update_id) else Missing(update_id)
    return update


def get_any(db: Database, update_id: int) -> Update:
    """The update whatever its state. Raises Missing."""
    if update_id > HIGHEST_ID:
        raise Missing(update_id)
    row = db.execute(f"SELECT {_COLUMNS} WHERE updates.id = ?", [update_id]).fetchone()
    if row is None:
        raise Missing(update_id)
    return _update(row)


def newest_first(
    db: Database, feed: feeds.Feed, before: Place | None, limit: int, which: Which | Holding = Which.SHOWN
) -> list[Update]:
    """Up to `limit` of those updates of the feed below that place, or from the newest on."""
    return _listed(db, feed, which, before, "<", "DESC", limit)


def oldest_first(
    db: Database, feed: feeds.Feed, after: Place | None, limit: int, which: Which | Holding = Which.SHOWN
) -> list[Update]:
    """Up to `limit` of those updates of the feed above that place, or from the oldest on."""
    return _listed(db, feed, which, after, ">", "ASC", limit)


def count(db: Database, feed: feeds.Feed, holding: Holding, most: int) -> int:
    """How many standing updates of the feed hold those words; counts no further than that."""
    return len(search.ids(db, feed.id, holding, None, "DESC", most))


def changed_after(db: Database, feed: feeds.Feed, version: int, limit: int) -> list[Update]:
    """Up to `limit` updates that changed after that version, in the order of change. Retracted ones are among them, if
    any reader could have seen them."""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE feed_id = ? AND updates.version > ? AND (retracted_at IS NULL OR {_EVER_SEEN}) "
        "ORDER BY updates.version LIMIT ?",
        [feed.id, version, limit],
    )
    return [_update(row) for row in rows]


def pinned(db: Database, feed: feeds.Feed) -> Update | None:
    """The update that is pinned on top of the feed, if any."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE feed_id = ? AND pinned AND retracted_at IS NULL", [feed.id]).fetchone()
    return _update(row) if row else None


def revisions(db: Database, update: Update, before: int, limit: int) -> list[Revision]:
    """Up to `limit` revisions of the update that readers could see, the newest first, from below that one. The first is
    under the name that the update was published under, whoever worked on it before."""
    found = [Revision(**dict(row)) for row in db.execute(_SEEN_REVISIONS, [update.id, before, limit])]
    if found and len(found) < limit:
        found[-1] = replace(found[-1], first=True, byline=update.byline)
    return found


def retracted(db: Database) -> list[Update]:
    """Every retracted update of every feed."""
    return [_update(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE retracted_at IS NOT NULL")]


def retracted_last(db: Database, feed: feeds.Feed, limit: int) -> list[Update]:
    """Up to `limit` retracted updates of the feed, the latest first. What was taken back before its article came out
    was never there."""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE feed_id = ? AND retracted_at IS NOT NULL AND {_EVER_SEEN} "
        "ORDER BY updates.version DESC LIMIT ?",
        [feed.id, limit],
    )
    return [_update(row) for row in rows]


def published_with(db: Database, editor: Editor, key: str) -> Update | None:
    """The update that this editor published with that idempotency key, retracted or not; None when there is none, or
    the key is older than it is remembered."""
    row = db.execute("SELECT update_id FROM idempotency WHERE editor_id = ? AND key = ?", [editor.id, key]).fetchone()
    return get_any(db, row["update_id"]) if row else None


def retract_again(db: Database, retractions: list[Update]) -> None:
    """Takes off those of these updates that stand here (an older copy), within a transaction of the caller's. Ids
    come again after a restore, so the moment of publication must be the same too, unless the article was a draft when
    the copy was made and has come out since; the feed may have another slug."""
    same = (
        "updates.published_at = :moment OR (updates.published_at < :moment AND updates.byline = :byline AND EXISTS "
        "(SELECT 1 FROM articles WHERE articles.id = feeds.article_id AND articles.draft))"
    )
    for gone in retractions:
        row = db.execute(
            f"SELECT {_COLUMNS} WHERE updates.id = :id AND retracted_at IS NULL AND ({same})",
            {"id": gone.id, "moment": gone.published_at, "byline": gone.byline},
        ).fetchone()
        if row:
            _take_off(db, _update(row), gone.retracted_at, gone.reason, gone.notice)


def _listed(
    db: Database, feed: feeds.Feed, which: Which | Holding, start: Place | None, beyond: str, order: str, limit: int
) -> list[Update]:
    if isinstance(which, Holding):
        found = search.ids(db, feed.id, which, (beyond, start.id) if start else None, order, limit)
        return [get_any(db, update_id) for update_id in found]
    further, place = (f"AND (published_at, updates.id) {beyond} (?, ?)", start) if start else ("", ())
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE feed_id = ? AND {which} {further} "
        f"ORDER BY published_at {order}, updates.id {order} LIMIT ?",
        [feed.id, *place, limit],
    )
    return [_update(row) for row in rows]


def html_of(store: Store, body: str, language: str | None) -> str:
    """The HTML of the text of an update in that language; None is the site's. Raises Invalid."""
    html = store.texts.run(text.to_html, body, fields.BODY, language or store.language, pictures.named_in(store, body))
    if not store.texts.run(text.shows_something, html):
        raise Invalid(Reason("body", Message("Nothing of this would be visible. Write something first.")))
    return html


def _publish(
    db: Database,
    slug: str,
    editor: Editor,
    new: dict[str, Any],
    key: tuple[str, str] | None,
    moment: str | None = None,
) -> Update:
    feed = feeds.get(db, slug, drafts=True)
    if key and (earlier := _remembered(db, editor, *key)):
        return get(db, earlier, drafts=True)
    version = feeds.bump(db, feed.id)
    given = moment or new.pop("published_at", None)
    moment = given or moments.now(db, feed)
    if new["pinned"]:
        _unpin(db, feed.id, version)
    _stamp_parts(db, feed.id, version, {mark for mark in _PARTS if new[mark]})
    row = {
        **new,
        "feed_id": feed.id,
        "version": version,
        "revision": 1,
        "byline": editor.display_name,
        "editor_id": editor.id,
        "published_at": moment,
        "imported": given is not None,
    }
    update_id = insert(db, "updates", row)
    _keep_revision(db, update_id, editor, moment)
    search.put(db, update_id)
    actions.record(db, editor, Verb.PUBLISH, feed_id=feed.id, update_id=update_id, draft=feed.draft)
    if key:
        db.execute(
            "INSERT INTO idempotency (editor_id, key, digest, update_id, at) VALUES (?, ?, ?, ?, ?)",
            [editor.id, *key, update_id, times.now()],
        )
    return get_any(db, update_id)


def _remembered(db: Database, editor: Editor, key: str, digest: str) -> int | None:
    if not 0 < len(key) <= KEY_LONGEST:
        raise Invalid(Reason("Idempotency-Key", f"Use 1 to {KEY_LONGEST} characters."))
    db.execute("DELETE FROM idempotency WHERE at < ?", [times.after(-KEY_REMEMBERED_SECONDS)])
    row = db.execute(
        "SELECT digest, update_id FROM idempotency WHERE editor_id = ? AND key = ?", [editor.id, key]
    ).fetchone()
    if row and row["digest"] != digest:
        raise KeyUsed(Reason("Idempotency-Key", "This key was used for another update; use a new one."))
    return int(row["update_id"]) if row else None


def _edit(
    db: Database, update_id: int, editor: Editor, given: dict[str, Any], revision: int | None, note: str | None
) -> Update:
    update = get(db, update_id, drafts=True)
    if revision is not None and revision != update.revision:
        raise Stale(update)
    changed = {name: value for name, value in given.items() if getattr(update, name) != value}
    rewritten = changed.keys() & {"headline", "body"}
    if note and not rewritten:
        told = Message("A note goes with a change of the words, and they are as they were.")
        raise Invalid(Reason("note", told))
    if not changed:
        return update
    feed = feeds.get(db, update.feed, drafts=True)
    version = feeds.bump(db, feed.id)
    moment = max(times.now(), update.edited_at or update.published_at)  # the clock may have been set back
    if changed.get("pinned"):
        _unpin(db, feed.id, version)
    _stamp_parts(db, feed.id, version, _marks(update) | changed.keys())
    if rewritten:
        changed |= {"revision": update.revision + 1, "edited_at": moment}
    db.table("updates").update(update_id, {**changed, "version": version})
    if rewritten:
        _keep_revision(db, update_id, editor, moment, note)
        search.put(db, update_id)
    verb = Verb.EDIT if rewritten else Verb.MARK
    marks = ", ".join(f"{mark}: {'yes' if changed[mark] else 'no'}" for mark in _PARTS if mark in changed)
    actions.record(db, editor, verb, feed_id=feed.id, update_id=update_id, detail=marks or None, draft=feed.draft)
    return get_any(db, update_id)


def _retract(db: Database, update_id: int, reason: str | None, notice: bool, actor: Actor | None) -> Update:
    update = get(db, update_id, drafts=True)
    feed = _take_off(db, update, max(times.now(), update.published_at), reason, notice)
    actions.record(db, actor, Verb.RETRACT, feed_id=feed.id, update_id=update_id, detail=reason, draft=feed.draft)
    return get_any(db, update_id)


def _ever_seen(db: Database, update_id: int) -> bool:
    return db.execute(f"SELECT 1 FROM updates WHERE id = ? AND {_EVER_SEEN}", [update_id]).fetchone() is not None


def _take_off(db: Database, update: Update, moment: str | None, reason: str | None, notice: bool) -> feeds.Feed:
    """Retracts it; its feed."""
    feed = feeds.get(db, update.feed, drafts=True)
    version = feeds.bump(db, feed.id)
    _stamp_parts(db, feed.id, version, _marks(update))
    retraction = {"retracted_at": moment, "reason": reason, "notice": notice}
    db.table("updates").update(update.id, {"version": version, **retraction})
    search.put(db, update.id)
    return feed


def _unpin(db: Database, feed_id: int, version: int) -> None:
    """A feed has one pinned update at most: the new one takes the place."""
    db.execute(
        "UPDATE updates SET pinned = 0, version = ? WHERE feed_id = ? AND pinned AND retracted_at IS NULL",
        [version, feed_id],
    )


def _marks(update: Update) -> set[str]:
    return {mark for mark in _PARTS if getattr(update, mark)}


def _stamp_parts(db: Database, feed_id: int, version: int, touched: set[str]) -> None:
    """What has or had a mark is shown in that mark's part too, so that changes with it."""
    for mark in _PARTS.keys() & touched:
        feeds.stamp(db, feed_id, _PARTS[mark], version)


def _keep_revision(db: Database, update_id: int, editor: Editor, moment: str, note: str | None = None) -> None:
    db.execute(
        "INSERT INTO revisions (update_id, revision, headline, body, html, editor_id, byline, at, note) "
        "SELECT id, revision, headline, body, html, ?, ?, ?, ? FROM updates WHERE id = ?",
        [editor.id, editor.display_name, moment, note, update_id],
    )


def _update(row: feeds.Row) -> Update:
    return Update(**{**dict(row), **{name: bool(row[name]) for name in ("key", "pinned", "notice")}})
