"""What the desk says once a form was taken. It stands in the address of the page that follows, as `did` and the number
of the update, so that an editor without JavaScript is told too; the page's script shows the same words."""

from collections.abc import Mapping
from dataclasses import dataclass

from feed.errors import Missing
from feed.store import updates
from feed.store.database import Database
from feed.store.updates import Update

DEEDS = (
    "published", "edited", "retracted", "keyed", "unkeyed", "pinned", "unpinned",
    "opened", "closed", "created", "saved",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """One of DEEDS, and the update it was done to, if it was one."""

    deed: str
    update: Update | None


def done_in(db: Database, asked: Mapping[str, str]) -> Done | None:
    """What the query says was done; None when it says nothing, or what cannot be."""
    deed, number = asked.get("did"), asked.get("update", "")
    if deed not in DEEDS:
        return None
    try:
        found = updates.find(db, int(number)) if number.isdecimal() and len(number) < 10 else None
    except Missing:
        return None
    return Done(deed, found)
