"""Helpers that wait for a visible state, never for a length of time."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

# To look costs a core too, most of all where it asks a server: the longer the wait, the longer the pauses.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.25  # seconds
PART_OF_THE_WAIT = 0.1


def pause_after(waited: float) -> float:
    """How long to wait before the next look, in seconds, after so many seconds of waiting."""
    return min(max(SHORTEST_PAUSE, waited * PART_OF_THE_WAIT), LONGEST_PAUSE)


def eventually(look: Callable[[], T], within: float = 30.0) -> T:
    """Calls `look` until its result is true, and returns it; raises its last error if it never is."""
    begun = monotonic()
    while True:
        try:
            if seen := look():
                return seen
            refusal: Exception | None = None
        except (AssertionError, OSError) as error:
            refusal = error
        if (waited := monotonic() - begun) > within:
            raise AssertionError(f"not within {within} s: {refusal or 'it stayed false'}")
        threading.Event().wait(pause_after(waited))
