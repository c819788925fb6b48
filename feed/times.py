"""Moments are ISO 8601 text in UTC with milliseconds ("2026-07-26T14:05:00.000Z"): they sort as they compare."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def now() -> str:
    """This moment."""
    return to_text(datetime.now(UTC))


def after(seconds: float) -> str:
    """The moment that many seconds from now; negative is the past."""
    return to_text(datetime.now(UTC) + timedelta(seconds=seconds))


def to_text(moment: datetime) -> str:
    """An aware datetime as stored text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(moment: str, zone: ZoneInfo) -> str:
    """Time of day in the site's zone: "14:05"."""
    return f"{_local(moment, zone):%H:%M}"


def day(moment: str, zone: ZoneInfo) -> str:
    """Date in the site's zone: "26 July 2026"."""
    local = _local(moment, zone)
    return f"{local.day} {local:%B %Y}"


def full(moment: str, zone: ZoneInfo) -> str:
    """Date, time and zone, for a title or a permalink: "26 July 2026, 14:05 CEST"."""
    return f"{day(moment, zone)}, {_local(moment, zone):%H:%M %Z}"


def _local(moment: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(moment).astimezone(zone)
