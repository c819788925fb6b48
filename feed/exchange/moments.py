"""Times as other programs write them, as ISO 8601 in UTC. What is no time stays as it is, to be refused with the entry
that has it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def of_mail(text: str) -> str | None:
    """RSS: "Sat, 15 Jun 2024 12:00:00 +0000"."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return text or None
    return _in_utc(moment)


def of_iso(text: str) -> str | None:
    """Atom: "2024-06-15T14:00:00+02:00"."""
    try:
        return _in_utc(datetime.fromisoformat(text))
    except ValueError:
        return text or None


def of_mysql(text: str) -> str | None:
    """WordPress: "2024-06-15 12:00:00", in UTC; with zeros for no time."""
    return f"{text.replace(' ', 'T')}+00:00" if text and not text.startswith("0000") else None


def of_seconds(value: object) -> str | None:
    """Seconds since 1970, as a number or as digits."""
    try:
        return datetime.fromtimestamp(int(str(value)), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _in_utc(moment: datetime) -> str:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except OverflowError:
        return moment.isoformat()
