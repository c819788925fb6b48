"""What the desk lists as scheduled: to those who may schedule there."""

from flask import g

from feed.store import permissions, scheduled
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.scheduled import Scheduled
from feed.store.verbs import Verb


def listed(db: Database, feed: Feed | None = None) -> list[Scheduled]:
    """All that is scheduled, or what is for that feed: what failed first, then in the order in which it comes out."""
    found = scheduled.of_feed(db, feed) if feed else scheduled.everything(db)
    return [each for each in found if permissions.may(g.editor.role, Verb.SCHEDULE, draft=each.in_draft)]
