"""How many are reading a feed: what the desk and the metrics say."""

from dataclasses import dataclass
from datetime import datetime

from feed import times
from feed.store import coverage, presence, updates
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.updates import Update, Which
from feed.web.services import services


@dataclass(frozen=True)
class Reading:
    """How many read a feed now, how many did at most today, and its newest update, if it has one. `silent` is for how
    many hours open coverage got no update; None where nobody has to be reminded of it."""

    now: int
    peak: int
    newest: Update | None
    silent: int | None


def reading_of(db: Database, feed: Feed) -> Reading:
    """What the desk says about the readers of that feed."""
    now, peak = presence.readers(db).get(feed.slug, 0), presence.peaks(db, midnight()).get(feed.slug, 0)
    newest = next(iter(updates.newest_first(db, feed, None, 1, Which.NOT_RETRACTED)), None)
    silent = coverage.silent(feed, newest.published_at if newest else None, services().settings.remind_hours)
    return Reading(now, max(now, peak), newest, silent)


def midnight() -> str:
    """When today began, in the site's zone."""
    now = datetime.now(services().settings.timezone)
    return times.to_text(now.replace(hour=0, minute=0, second=0, microsecond=0))
