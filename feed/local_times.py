"""Date and time as an editor types them in the site's zone, to the second. When clocks are set forward an hour does not
exist there, and when they are set back one occurs twice; neither is guessed."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from feed import times
from feed.errors import Invalid, Message, Reason

FIELD = "publish_at"  # the field of the refusals
SKIPPED = Message(
    "There is no such time in {zone} on that day, because clocks are set forward over it. Choose an earlier or a later "
    "one.",
    zone="",
)

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?\Z", re.ASCII)


class Local(NamedTuple):
    """A moment as a form has it. `fold` chooses of a time that occurs twice: "0" for the first, "1" for the second."""

    date: str
    time: str
    fold: str = ""


class Twice(Invalid):
    """That time occurs twice, and the editor has to choose. `offsets` are those from UTC of the two, as UTC+3."""

    def __init__(self, offsets: tuple[str, str]) -> None:
        told = Message(
            "Clocks are set back then, and this time occurs twice: first in {first}, then in {second}. Choose one.",
            first=offsets[0], second=offsets[1],
        )  # fmt: skip
        super().__init__(Reason(FIELD, told))
        self.offsets = offsets


def moment_of(given: Local, zone: ZoneInfo) -> str:
    """The moment as stored text. Raises Invalid for what is no time, or none in that zone; Twice."""
    date, time = given.date.strip(), given.time.strip()
    if not date or not time:
        raise Invalid(Reason(FIELD, Message("Choose a date and a time.")))
    if not _DATE.match(date) or not _TIME.match(time):
        raise Invalid(Reason(FIELD, Message("Write the date like 2026-07-26, and the time like 14:05 or 14:05:30.")))
    try:
        first, second = (datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        return times.to_text(_one_of(first, second, given.fold, zone))
    except (ValueError, OverflowError) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid(Reason(FIELD, Message("There is no such day or time."))) from None


def local_of(moment: str, zone: ZoneInfo) -> Local:
    """That moment as a form has it."""
    local = datetime.fromisoformat(moment).astimezone(zone)
    return Local(f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}", str(local.fold) if _twice(local) else "")


def offset_of(moment: datetime) -> str:
    """How far that zone is from UTC at that moment: "UTC+3", "UTC-3:30"; "UTC" where it is not."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def _one_of(first: datetime, second: datetime, fold: str, zone: ZoneInfo) -> datetime:
    if first.utcoffset() == second.utcoffset():
        return first
    if not _exists(first, zone):
        raise Invalid(Reason(FIELD, Message(SKIPPED.message, zone=zone.key)))
    if fold not in ("0", "1"):
        raise Twice((offset_of(first), offset_of(second)))
    return second if fold == "1" else first


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)


def _twice(local: datetime) -> bool:
    other = local.replace(fold=1 - local.fold)
    return other.utcoffset() != local.utcoffset()
