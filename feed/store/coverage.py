"""Coverage: opened again, and closed with a closing message and a summary.

What a coverage was closed with belongs to that closing: it is shown while the coverage is closed by it. After the
coverage was opened again the words are kept, so that the next closing can begin with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sqlite_utils import Database

from feed import fields, text, times
from feed.errors import Invalid, Reason, Stale
from feed.store import feeds, permissions
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.feeds import Feed

HOUR = timedelta(hours=1)
NO_WORDS: Mapping[str, object] = MappingProxyType({})

_LATEST = """
    SELECT slug, (
        SELECT published_at FROM updates WHERE feed_id = feeds.id AND retracted_at IS NULL
        ORDER BY published_at DESC LIMIT 1
    ) FROM feeds WHERE article_id IS NOT NULL AND closed_at IS NULL
"""


@dataclass(frozen=True)
class Closing:
    """What a coverage was closed with: a message, and a summary in Markdown and as HTML ("" without a summary).
    `revision` counts what was stored for the coverage so far."""

    message: str | None = None
    summary: str | None = None
    html: str = ""
    revision: int = 0

    @property
    def words(self) -> dict[str, str | None]:
        """What its editor wrote."""
        return {"message": self.message, "summary": self.summary}


def reopen(store: Store, slug: str, actor: Actor | None) -> Feed:
    """Opens coverage again. Raises Missing, NotAllowed."""
    return store.write(_reopen, slug, actor)


def close(
    store: Store, slug: str, actor: Actor | None, given: Mapping[str, object] = NO_WORDS, revision: int | None = None
) -> Feed:
    """Closes coverage with what `given` has of the fields of `fields.CLOSING`. Where coverage is closed already, what
    it was closed with becomes this. `revision` is the one of the words that the editor read; None overwrites what
    others wrote since. Raises Missing, Invalid, NotAllowed, and Stale with the current Closing."""
    cleaned = fields.clean(fields.CLOSING, given)
    with store.read() as db:
        language = feeds.get(db, slug, drafts=True).language
    html = html_of(store, cleaned["summary"], language) if cleaned["summary"] else ""
    return store.write(_close, slug, actor, Closing(**cleaned, html=html), revision)


def closing(db: Database, feed: Feed) -> Closing:
    """What that coverage is closed with; no words where it is open or was closed without any."""
    return Closing() if feed.open else _stored(db, "feed_id = ? AND closed_at = ?", feed.id, feed.closed_at)


def last_closing(db: Database, feed: Feed) -> Closing:
    """What that coverage was closed with last, also if it was opened again since. For the desk only."""
    return _stored(db, "feed_id = ?", feed.id)


def latest_updates(db: Database) -> dict[str, str | None]:
    """By slug, when the latest update of each open coverage was published; None where there is none yet."""
    return {row[0]: row[1] for row in db.execute(_LATEST).fetchall()}


def silent(feed: Feed, latest: str | None, hours: int) -> int | None:
    """For how many hours that open coverage got no update after its latest, of that moment. None if that is less than
    `hours`, where 0 is for never, and for the News Feed, which is open all the time."""
    if not hours or not feed.open or feed.draft or feed.headline is None:
        return None
    passed = datetime.now(UTC) - datetime.fromisoformat(max(feed.opened_at, latest or ""))
    return passed // HOUR if passed >= hours * HOUR else None


def html_of(store: Store, summary: str, language: str | None) -> str:
    """The HTML of a summary in that language; None is the site's. It follows the rules of an update's text, and shows
    no pictures. Raises Invalid."""
    try:
        return store.texts.run(text.to_html, summary, fields.SUMMARY, language or store.language)
    except Invalid as error:
        raise Invalid(*(Reason("summary", reason.message) for reason in error.reasons)) from None


def keep(db: Database, feed_id: int, closed_at: str, words: Closing) -> None:
    """Stores what that coverage was closed with at that moment, in a transaction of the caller's."""
    db.execute(
        "INSERT OR REPLACE INTO closings (feed_id, closed_at, message, summary, html, revision) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [feed_id, closed_at, words.message, words.summary, words.html, words.revision],
    )


def _reopen(db: Database, slug: str, actor: Actor | None) -> Feed:
    feed = feeds.get(db, slug, drafts=True)
    if not feed.open:
        feeds.set_closed(db, feed, None, actor)
    return feeds.get(db, slug, drafts=True)


def _close(db: Database, slug: str, actor: Actor | None, words: Closing, revision: int | None) -> Feed:
    feed = feeds.get(db, slug, drafts=True)
    permissions.permit(db, actor, feeds.covering(feed, closes=True), draft=feed.draft, feed_id=feed.id)
    stored, shown = last_closing(db, feed), closing(db, feed)
    if revision is not None and revision != stored.revision:
        if not feed.open and words.words == shown.words:  # the same form, sent twice
            return feed
        raise Stale(stored)
    if feed.open or words.words != shown.words:
        closed_at = feed.closed_at or times.now()
        keep(db, feed.id, closed_at, replace(words, revision=stored.revision + 1))
        feeds.set_closed(db, feed, closed_at, actor, before=shown.words, after=words.words)
    return feeds.get(db, slug, drafts=True)


def _stored(db: Database, condition: str, *values: object) -> Closing:
    row = db.execute(f"SELECT message, summary, html, revision FROM closings WHERE {condition}", values).fetchone()
    return Closing(**dict(row)) if row else Closing()
