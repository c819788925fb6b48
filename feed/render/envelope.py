"""Makes the envelope out of changes, for the push and the catch-up alike.

An envelope holds all that changed in the versions after+1 … version of one epoch. A reader for whom that is not
possible has to reload (invariant 7).
"""

from typing import Any, TypedDict

from feed.render.updates import Renderer
from feed.store.changes import Changes
from feed.store.feeds import Feed


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


def envelope(render: Renderer, found: Changes) -> Envelope:
    """The envelope of these changes."""
    feed = found.feed
    changes: list[Change] = [
        {"id": f"update-{u.id}", "version": u.version, "html": None if u.gone else str(render.update(u))}
        for u in found.updates
    ]
    changes += [
        {"id": f"{name}-{feed.story or feed.slug}", "version": version, "html": str(render.part(shown, name))}
        for name, version, shown in found.parts
    ]
    changes.sort(key=lambda change: change["version"])
    return {
        "feed": feed.slug,
        "epoch": feed.epoch,
        "after": found.after,
        "version": feed.version,
        "changes": changes,
    }


def reload(feed: Feed) -> dict[str, Any]:
    """The answer for a reader who has to load the page again, because no envelope can lead on from where they are."""
    return {"feed": feed.slug, "epoch": feed.epoch, "version": feed.version, "reload": True}
