"""What a domain verb may refuse, in the words of the domain. feed/web/problems.py translates these into pages
and problems."""

from dataclasses import dataclass
from typing import Any


class Message(str):
    """A sentence of ours to show: English as it is, and what pages translate. `message` is as the catalogues have it,
    with {gaps} for the values; a whole number is written with its thousands apart."""

    message: str
    values: dict[str, str | int]

    def __new__(cls, message: str, **values: str | int) -> "Message":
        written = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        made = super().__new__(cls, message.format(**written))
        made.message, made.values = message, values
        return made


@dataclass(frozen=True)
class Reason:
    """Why one field was refused. `field` is the name the editor sent, `message` a sentence to show."""

    field: str
    message: str


class Invalid(ValueError):
    """What was sent cannot be stored. Nothing was written; `reasons` says what to change, field by field."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("; ".join(f"{r.field}: {r.message}" for r in reasons))
        self.reasons = reasons


def by_field(error: Invalid | None) -> dict[str, str]:
    """What each field of a form was refused for; nothing without an error."""
    return {reason.field: reason.message for reason in error.reasons} if error else {}


class KeyUsed(Invalid):
    """The key of this write has published another text already."""


class Missing(LookupError):
    """There is no such thing, or it is not public: outside the two must look the same."""


class Gone(LookupError):
    """It was there and has been retracted."""


class NotAllowed(PermissionError):
    """The role of whoever asked does not allow that. `reason` is a sentence to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stale(RuntimeError):
    """Somebody else changed it since the editor read it. `current` is what stands now."""

    def __init__(self, current: Any) -> None:
        super().__init__("changed by somebody else in the meantime")
        self.current = current


class Throttled(RuntimeError):
    """Too many tries. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} seconds")
        self.retry_after = retry_after


class Crowded(RuntimeError):
    """So much of this editor's is in work that no more is taken. `retry_after` is in seconds."""

    def __init__(self, most: int, retry_after: int) -> None:
        super().__init__(f"{most} of one editor are in work")
        self.most, self.retry_after = most, retry_after


class Unsaved(RuntimeError):
    """The disk did not take a file, which is full or broken. Nothing was stored."""
