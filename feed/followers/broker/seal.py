"""Seals what goes through the broker, so that a stranger who can write there cannot put anything into a page.

A seal is an HMAC-SHA256 over the content and the place where it belongs, with a key made of FEED_SECRET_KEY, which only
our own processes have. So nothing sealed is accepted in another place either. It does not hide the content: an envelope
holds what is public.
"""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from feed import repeats

MOST_BYTES = 16_000_000  # of one content: 300 of the longest updates are smaller
_MARK = 64  # characters of an HMAC-SHA256 in hexadecimal


class Seal:
    """Seals and opens with one key. `forged` is how much was refused so far."""

    def __init__(self, secret_key: bytes) -> None:
        self._key = hmac.digest(secret_key, b"liveline broker", "sha256")
        self.forged = 0

    def close(self, place: str, content: Mapping[str, Any]) -> bytes:
        """The content as JSON with the mark in front. `place` is where it will be, in words of the caller's."""
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
        return self._mark(place, text) + text

    def open(self, place: str, sealed: bytes | None) -> dict[str, Any] | None:
        """The content of what was found at that place. None where there is nothing, or what is there is not ours: that
        is counted, and logged once a minute at most."""
        if sealed is None:
            return None
        mark, text = sealed[:_MARK], sealed[_MARK:]
        if len(text) <= MOST_BYTES and hmac.compare_digest(mark, self._mark(place, text)):
            content: dict[str, Any] = json.loads(text)
            return content
        self.forged += 1
        repeats.say("The broker holds something that no process with this FEED_SECRET_KEY has written; it is ignored")
        return None

    def _mark(self, place: str, text: bytes) -> bytes:
        return hmac.digest(self._key, place.encode() + b"\0" + text, "sha256").hex().encode()
