"""Times are ISO 8601 text in UTC with milliseconds ("2026-07-26T14:05:00.000Z"), so that text order is time order."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def now() -> str:
    """Returns the present time."""
    return to_text(datetime.now(UTC))


def after(seconds: float) -> str:
    """Returns the time that many seconds from now; a negative number is in the past."""
    return to_text(datetime.now(UTC) + timedelta(seconds=seconds))


def later(moment: str, seconds: float) -> str:
    """Returns the time that many seconds after that one."""
    return to_text(datetime.fromisoformat(moment) + timedelta(seconds=seconds))


def next_after(moment: str) -> str:
    """Returns the time a millisecond later."""
    return later(moment, 0.001)


def to_text(moment: datetime) -> str:
    """Returns an aware datetime as stored text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def with_offset(moment: str, zone: ZoneInfo) -> str:
    """Returns the time in that zone as ISO 8601: "2026-07-26T16:05:00+02:00"."""
    return datetime.fromisoformat(moment).astimezone(zone).isoformat(timespec="seconds")
