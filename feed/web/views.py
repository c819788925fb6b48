"""How a reader wants to see a feed: which of its updates, in which order, from where. All of it is in the address, so
that every view works without JavaScript, can be linked to, and is the same for everybody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.exceptions import BadRequest

from feed import times
from feed.errors import Message
from feed.store.search import LONGEST, Holding
from feed.store.updates import Place, Which
from feed.web.cursors import place_in

# As a browser's field of date and time writes it; seconds, thousandths and an offset may follow. A plus sign that was
# not escaped arrives as a space.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(\.\d{3})?)?(Z|[ +-]\d\d:?\d\d)?", re.ASCII)


@dataclass(frozen=True)
class View:
    """`words` are searched for; then neither `key` nor `oldest` counts. `at` is a moment to begin with, `before` and
    `after` are cursors: at most one of the three is there."""

    key: bool = False
    oldest: bool = False
    words: str = ""
    at: "Moment | None" = None
    before: str | None = None
    after: str | None = None

    @property
    def which(self) -> Which | Holding:
        """Which updates of the feed it shows."""
        return Holding(self.words) if self.words else Which.KEY if self.key else Which.SHOWN

    @property
    def chosen(self) -> bool:
        """Whether it differs from the default, apart from paging."""
        return self.key or self.oldest or self.at is not None or bool(self.words)

    @property
    def plain(self) -> bool:
        """Whether it is the default view from its beginning on, which is the only one for search engines."""
        return self == View()

    def start(self, slug: str) -> tuple[Place | None, bool]:
        """The place in that feed to read from, and whether to read towards newer updates. Raises BadRequest."""
        if self.after is not None and (place := place_in(slug, self.after)):
            return place, True
        if self.at is not None:
            return (self.at.begins if self.oldest else self.at.is_over), self.oldest
        place = place_in(slug, self.before)
        return place, self.oldest and place is None

    def link(self, **change: object) -> str:
        """The query of the same view from its beginning on, with these changes."""
        other = replace(self, **{"at": None, "before": None, "after": None, **change})  # type: ignore[arg-type]
        asked = {
            "key": "1" if other.key else None,
            "order": "oldest" if other.oldest else None,
            "q": other.words or None,
        }
        asked |= {"before": other.before, "after": other.after}
        return "?" + urlencode({name: value for name, value in asked.items() if value is not None})


@dataclass(frozen=True)
class Moment:
    """A minute, or a second or a millisecond when that was given. `begins` and `is_over` are cursor positions that
    match no update: its first and its last boundary. `local` is the minute in the site's zone."""

    local: str
    begins: Place
    is_over: Place


def view_of(asked: Mapping[str, str], zone: ZoneInfo) -> View:
    """The view that a query asks for. Empty parameters, as forms send them, count as left out. Raises BadRequest."""
    words = " ".join(asked.get("q", "")[:LONGEST].split())
    moment = asked.get("at", "").strip()
    if sum(bool(each) for each in (moment, "before" in asked, "after" in asked)) > 1:
        raise BadRequest(Message("Write one of at, before and after."))
    return View(
        key=_choice(asked, "key", "0", "1") and not words,
        oldest=_choice(asked, "order", "newest", "oldest") and not words,
        words=words,
        at=_moment(moment, zone) if moment and not words else None,
        before=asked.get("before"),
        after=asked.get("after"),
    )


def paging(asked: Mapping[str, str]) -> View:
    """The view of a feed that is shown beside something else, and can only be paged through."""
    return View(before=asked.get("before"), after=asked.get("after"))


def _choice(asked: Mapping[str, str], name: str, usual: str, other: str) -> bool:
    """Whether the parameter has the other of these two values. Raises BadRequest for a third."""
    value = asked.get(name) or usual
    if value not in (usual, other):
        raise BadRequest(Message("Write {name}={other}, or leave it out.", name=name, other=other))
    return value == other


def _moment(text: str, zone: ZoneInfo) -> Moment:
    """That time, in the site's zone unless it has an offset. Of an hour that occurs twice, when clocks are set back,
    both are meant. Raises BadRequest."""
    found = _MOMENT.fullmatch(text)
    try:
        if not found:
            raise ValueError(text)
        day, minute, seconds, thousandths, offset = found.groups()
        given = datetime.fromisoformat(f"{day}T{minute}{seconds or ''}{(offset or '').replace(' ', '+')}")
        first, last = (given, given) if offset else (given.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        lasts = timedelta(milliseconds=1) if thousandths else timedelta(seconds=1 if seconds else 60)
        is_over = times.to_text(last.astimezone(UTC) + lasts)
        local = f"{first.astimezone(zone):%Y-%m-%dT%H:%M}"
        return Moment(local, Place(times.to_text(first), 0), Place(is_over, 0))
    except (ValueError, OverflowError):
        raise BadRequest(
            Message("Write the time like at=2026-07-26T14:00, with an offset like +02:00 if you like.")
        ) from None
