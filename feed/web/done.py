"""What the desk says once a form was taken. It stands in the address of the page that follows, as `did` and the number
of the update, so that an editor without JavaScript is told too; the page's script shows the same words."""

from collections.abc import Mapping
from dataclasses import dataclass

from feed.errors import Missing, Sentence
from feed.store import updates
from feed.store.database import Database
from feed.store.updates import Update

DEEDS: Mapping[str, Sentence] = {
    "published": Sentence("Published."),
    "edited": Sentence("Your edit is saved."),
    "retracted": Sentence("Retracted. Readers no longer see it."),
    "keyed": Sentence("It is a key event now."),
    "unkeyed": Sentence("It is no key event any more."),
    "pinned": Sentence("It is pinned on top now."),
    "unpinned": Sentence("It is not pinned any more."),
    "opened": Sentence("Coverage is open again."),
    "closed": Sentence("Coverage is closed."),
    "created": Sentence("The article is created."),
    "saved": Sentence("Saved."),
    "uploaded": Sentence("Uploaded."),
    "stilled": Sentence("Uploaded. It was an animation, and only its first picture is kept."),
}


@dataclass(frozen=True)
class Done:
    """One of DEEDS, and the update it was done to, if it was one."""

    deed: str
    update: Update | None

    @property
    def words(self) -> Sentence:
        """What was done, as a sentence to translate."""
        return DEEDS[self.deed]


def done_in(db: Database, asked: Mapping[str, str]) -> Done | None:
    """What the query says was done; None when it says nothing, or what cannot be."""
    deed, number = asked.get("did", ""), asked.get("update", "")
    if deed not in DEEDS:
        return None
    try:
        found = updates.find(db, int(number)) if number.isdecimal() and len(number) < 10 else None
    except Missing:
        return None
    return Done(deed, found)
