"""Changes → the envelope, for the push and the catch-up alike.

An envelope covers the versions after+1 … version of one epoch, whole. What cannot be covered whole is refused with
"reload" (invariant 7).
"""

from typing import Any, TypedDict

from feed.render.updates import Renderer
from feed.store import feeds, updates
from feed.store.database import Database
from feed.store.feeds import Feed

MOST_CHANGES = 300  # in one catch-up; beyond that a fresh page is smaller, and quicker to apply

PARTS = ("headline", "coverage", "key-events", "pinned")  # of a feed; an article's are stories.PARTS


class Change(TypedDict):
    """What an open page must put, or with `html` None remove, under that DOM id."""

    id: str
    version: int
    html: str | None


class Envelope(TypedDict):
    """Everything that changed in a feed after version `after`, up to and including `version`."""

    feed: str
    epoch: str
    after: int
    version: int
    changes: list[Change]


def envelope(db: Database, render: Renderer, feed: Feed, after: int) -> Envelope | None:
    """What changed after that version, or None when that is more than fits in one piece."""
    changed = updates.changed_after(db, feed, after, MOST_CHANGES + 1)
    parts = feeds.stamped_after(db, feed, after)
    if len(changed) + len(parts) > MOST_CHANGES:
        return None
    changes: list[Change] = [
        {"id": f"update-{u.id}", "version": u.version, "html": None if u.gone else str(render.update(u))}
        for u in changed
    ]
    changes += [
        {"id": f"{name}-{feed.story or feed.slug}", "version": version, "html": str(render.part(db, feed, name))}
        for name, version in parts
    ]
    changes.sort(key=lambda change: change["version"])
    return {
        "feed": feed.slug,
        "epoch": feed.epoch,
        "after": after,
        "version": feed.version,
        "changes": changes,
    }


def catch_up(db: Database, render: Renderer, feed: Feed, after: int, epoch: str) -> dict[str, Any]:
    """The envelope for a reader at version `after` of that epoch, or the order to reload the page."""
    if epoch == feed.epoch and after <= feed.version:
        covered = envelope(db, render, feed, after)
        if covered is not None:
            return {**covered}
    return reload(feed)


def reload(feed: Feed) -> dict[str, Any]:
    """What a reader gets who cannot be caught up: a fresh page holds it all."""
    return {"feed": feed.slug, "epoch": feed.epoch, "version": feed.version, "reload": True}
