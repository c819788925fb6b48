"""Moments are ISO 8601 text in UTC with milliseconds ("2026-07-26T14:05:00.000Z"): they sort as they compare."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def now() -> str:
    """This moment."""
    return to_text(datetime.now(UTC))


def after(seconds: float) -> str:
    """The moment that many seconds from now; negative is the past."""
    return to_text(datetime.now(UTC) + timedelta(seconds=seconds))


def next_after(moment: str) -> str:
    """A millisecond later."""
    return to_text(datetime.fromisoformat(moment) + timedelta(milliseconds=1))


def to_text(moment: datetime) -> str:
    """An aware datetime as stored text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def with_offset(moment: str, zone: ZoneInfo) -> str:
    """For machines, in that zone: "2026-07-26T16:05:00+02:00"."""
    return datetime.fromisoformat(moment).astimezone(zone).isoformat(timespec="seconds")
