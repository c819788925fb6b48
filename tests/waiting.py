"""Helpers that wait for a visible state, never for a length of time."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.01


def eventually(look: Callable[[], T], within: float = 15.0) -> T:
    """Calls `look` until its result is true, and returns it; raises its last error if it never is."""
    end = monotonic() + within
    while True:
        try:
            if seen := look():
                return seen
            refusal: Exception | None = None
        except (AssertionError, OSError) as error:
            refusal = error
        if monotonic() > end:
            raise AssertionError(f"not within {within} s: {refusal or 'it stayed false'}")
        threading.Event().wait(LOOK_AGAIN_SECONDS)
