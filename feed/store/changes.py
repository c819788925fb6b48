"""What changed in a feed after a version: all of it, or nothing (invariant 7). feed.render.envelope makes the envelope
of it that readers get."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlite_utils import Database

from feed.store import articles, feeds, updates
from feed.store.feeds import Feed
from feed.store.parts import FEED_PARTS, STORY_PARTS, FeedParts, Parts, StoryParts
from feed.store.updates import Update

MOST_CHANGES = 300  # in one catch-up; for more, a fresh page is smaller and quicker to apply


class StampedPart(NamedTuple):
    """A part that changed at that version, with what it shows now."""

    name: str
    version: int
    shown: FeedParts | StoryParts


@dataclass(frozen=True)
class Changes:
    """What changed in a feed after version `after`, up to the feed's own version."""

    feed: Feed
    after: int
    updates: list[Update]
    parts: list[StampedPart]


def after(db: Database, parts: Parts, feed: Feed, version: int) -> Changes | None:
    """What changed after that version; None when there are more than MOST_CHANGES."""
    changed = updates.changed_after(db, feed, version, MOST_CHANGES + 1)
    stamped = feeds.stamped_after(db, feed, version)
    if len(changed) + len(stamped) > MOST_CHANGES:
        return None
    return Changes(feed, version, changed, _with_what_they_show(db, parts, feed, stamped))


def missed(db: Database, parts: Parts, feed: Feed, version: int, epoch: str) -> Changes | None:
    """What a reader missed who is at that version of that epoch; None when the reader needs a fresh page."""
    return after(db, parts, feed, version) if epoch == feed.epoch and version <= feed.version else None


def hole(feed: Feed) -> Changes:
    """No changes, after the feed's version: a reader who is behind it, or in another epoch, has to catch up."""
    return Changes(feed, feed.version, [], [])


def _with_what_they_show(db: Database, parts: Parts, feed: Feed, stamped: list[tuple[str, int]]) -> list[StampedPart]:
    names = {name for name, _ in stamped}
    shown: dict[str, FeedParts | StoryParts] = {}
    if of_feed := names.intersection(FEED_PARTS):
        shown |= dict.fromkeys(of_feed, parts.of_feed(db, feed, of_feed))
    if of_story := names.intersection(STORY_PARTS):
        article = articles.get(db, str(feed.story), drafts=True)
        shown |= dict.fromkeys(of_story, parts.of_story(db, article, of_story))
    return [StampedPart(name, version, shown[name]) for name, version in stamped]
