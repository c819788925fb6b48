"""What every form of import is read into."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

READ_BYTES = 64 * 1024**2  # of a document: a coverage of 30,000 updates
PICTURES = 5_000  # of a document: one in every sixth of those; each takes a second to decode


class Unreadable(ValueError):
    """The file is not what it should be; the message says what is wrong, in a sentence without a full stop."""


@dataclass(frozen=True)
class Past:
    """A text that an entry had, in words, and what readers were told of the change that made it."""

    at: object
    byline: object
    headline: object
    text: object
    note: object
    status: object = None
    source: object = None
    minor: object = False


@dataclass(frozen=True)
class Retraction:
    """That an entry was retracted at its source. `notice` says that readers there are told, with that reason."""

    at: object = None
    reason: object = None
    notice: bool = False


@dataclass(frozen=True)
class Entry:
    """An entry as it was read; nothing of it is checked yet. The text is `body` (Markdown) or else `html`."""

    id: str
    published_at: object
    body: object = None
    html: str | None = None
    headline: object = None
    byline: object = None
    language: object = None
    status: object = None
    source: object = None
    key: object = False
    pinned: object = False
    edited_at: object = None
    restored_at: object = None
    past: Sequence[Past] = ()
    retraction: Retraction | None = None

    @property
    def digest(self) -> str:
        """Changes when the entry changes at its source."""
        retracted = self.retraction and [self.retraction.notice, self.retraction.reason]
        status = [self.status, self.source]
        said = [self.headline, self.body, self.html, self.language, self.key, retracted, status]
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Point:
    """What is known, and the ids of the entries on which it rests."""

    text: object
    checking: bool
    entries: Sequence[str]


@dataclass(frozen=True)
class Source:
    """What was read. `id` names the source for ever. `article` has the fields of an article to make, with `html` for a
    `body` that is not Markdown; `closed` says that nothing is added there any more. `pictures` are described by id, and
    `file` reads one of their files."""

    id: str
    title: str
    article: Mapping[str, Any]
    entries: Sequence[Entry]
    language: object = None
    opened_at: object = None
    closed_at: object = None
    closed: bool = True
    closing: Mapping[str, Any] = field(default_factory=dict)
    points: Sequence[Point] = ()
    author: Mapping[str, Any] | None = None
    pictures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file: Callable[[str], bytes] | None = None


def latest(entries: Sequence[Entry], moment: Callable[[Entry], object]) -> list[Entry]:
    """One entry of each id, the last in time of those that have it, in the order of their publication."""
    found: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda each: str(moment(each) or "")):
        found[entry.id] = entry
    return sorted(found.values(), key=lambda each: str(each.published_at or ""))
