"""The fields of a form that say when something is to come out, in the site's zone."""

from dataclasses import dataclass
from datetime import datetime

from flask import g, request

from feed import local_times, times
from feed.local_times import Local, Twice
from feed.store import permissions, scheduled
from feed.store.articles import Article
from feed.store.database import Database
from feed.store.scheduled import Scheduled
from feed.store.scheduling import Timing
from feed.store.verbs import Verb
from feed.web.services import services


@dataclass(frozen=True)
class Chooser:
    """What the fields show: the moment as it was typed, the zone by name and by its offset from UTC; and the offsets of
    a time that occurs twice, of which the editor chooses one."""

    local: Local
    zone: str
    offset: str
    twice: tuple[str, str] | None = None


@dataclass(frozen=True)
class ShownTiming:
    """When an article is to come out: the fields, the moment that the form was made with, "" for none, and what is
    scheduled now."""

    chooser: Chooser
    read: str
    scheduled: Scheduled | None


def local_read() -> Local:
    """The moment as it was typed."""
    return Local(*(request.form.get(f"publish_{name}", "") for name in ("date", "time", "fold")))


def moment_read() -> str:
    """The same as stored text. Raises Invalid."""
    return local_times.moment_of(local_read(), services().settings.timezone)


def timing_read() -> Timing | None:
    """When the article of this form is to come out; None of a form without these fields. Raises Invalid."""
    if "publish_read" not in request.form:
        return None
    typed = local_read()
    wanted = moment_read() if typed.date.strip() or typed.time.strip() else None
    return Timing(request.form["publish_read"] or None, wanted)


def local_of(moment: str) -> Local:
    """That moment as it would be typed."""
    return local_times.local_of(moment, services().settings.timezone)


def timing_of(db: Database, article: Article | None) -> ShownTiming | None:
    """What the form of an article shows of it; None where it is public, or the editor may not publish."""
    if (article and not article.draft) or not permissions.may(g.editor.role, Verb.SCHEDULE):
        return None
    one = scheduled.of_article(db, article.id) if article else None
    if "publish_read" in request.form:
        return ShownTiming(chooser(local_read()), request.form["publish_read"], one)
    return ShownTiming(chooser(local_of(one.publish_at) if one else Local("", "")), one.publish_at if one else "", one)


def chooser(local: Local | None) -> Chooser:
    """The fields with that moment in them; None for none yet, which leaves the time open."""
    zone = services().settings.timezone
    now = local_times.local_of(times.now(), zone)
    shown, twice, moment = local or Local(now.date, ""), None, times.now()
    try:
        moment = local_times.moment_of(shown._replace(fold=""), zone)
    except Twice as both:
        twice = both.offsets
    except ValueError:
        pass  # not yet a moment
    offset = local_times.offset_of(datetime.fromisoformat(moment).astimezone(zone))
    return Chooser(shown, zone.key, offset, twice)
