"""The errors that functions of the store and of fields raise. feed/web/problems.py turns them into pages and problem
documents."""

from dataclasses import dataclass
from typing import Any


class Message(str):
    """A sentence to show, which pages translate; as a string it is the English one. `message` is the key in the
    catalogues, with {names} in place of `values`; whole numbers are written with thousands separators."""

    message: str
    values: dict[str, str | int]

    def __new__(cls, message: str, **values: str | int) -> "Message":
        written = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        made = super().__new__(cls, message.format(**written))
        made.message, made.values = message, values
        return made


@dataclass(frozen=True)
class Reason:
    """Why one field was refused. `field` is the name that was sent, `message` a sentence to show."""

    field: str
    message: str


class Invalid(ValueError):
    """The input cannot be stored. Nothing was written; `reasons` says for each field what to change."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("; ".join(f"{r.field}: {r.message}" for r in reasons))
        self.reasons = reasons


def by_field(error: Invalid | None) -> dict[str, str]:
    """Returns the message for each refused field; none without an error."""
    return {reason.field: reason.message for reason in error.reasons} if error else {}


class KeyUsed(Invalid):
    """The idempotency key of this write was used for something else."""


class Missing(LookupError):
    """It does not exist, or it is not public; the answer must be the same for both."""


class Gone(LookupError):
    """It existed and has been retracted."""


class LinkOver(Gone):
    """A one-time link that was used or revoked, or is too old. `reason` is a sentence to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAllowed(PermissionError):
    """The editor's role does not allow this. `reason` is a sentence to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OtherEditor(NotAllowed):
    """It was written while another editor was signed in with this browser."""

    def __init__(self) -> None:
        super().__init__(
            Message(
                "Another editor wrote this and is not signed in here any more. Nothing was stored. Sign in as that "
                "editor and send it again."
            )
        )


class NotFresh(NotAllowed):
    """This session has to show again that it is its editor: what it asked for needs that (see store.freshness)."""

    def __init__(self) -> None:
        super().__init__(Message("Say once more that it is you. Nothing was changed."))


class Stale(RuntimeError):
    """Somebody else changed it since the editor read it. `current` is the present state."""

    def __init__(self, current: Any) -> None:
        super().__init__("changed by somebody else in the meantime")
        self.current = current


class Throttled(RuntimeError):
    """There were too many attempts. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} seconds")
        self.retry_after = retry_after


class Crowded(RuntimeError):
    """Too many texts of this editor are being worked on. `most` is the limit, `retry_after` is in seconds."""

    def __init__(self, most: int, retry_after: int) -> None:
        super().__init__(f"{most} of one editor are in work")
        self.most, self.retry_after = most, retry_after


class Unsaved(RuntimeError):
    """A file could not be written, because the disk is full or broken. Nothing was stored."""
