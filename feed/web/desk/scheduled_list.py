"""What the desk lists as scheduled: to those who may schedule there."""

from flask import g

from feed.store import actions, scheduled
from feed.store.actions import Verb
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.scheduled import Scheduled


def listed(db: Database, feed: Feed | None = None) -> list[Scheduled]:
    """All that is scheduled, or what is for that feed: what failed first, then in the order in which it comes out."""
    found = scheduled.of_feed(db, feed) if feed else scheduled.everything(db)
    return [each for each in found if actions.may(g.editor.role, Verb.SCHEDULE, draft=each.in_draft)]
