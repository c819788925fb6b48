"""The inbox: what readers have sent, until it is handled, in the order in which it came.

A crowd that comes back sends thousands of messages in a second. A greenlet for each would cost more than most of them,
and they would all run before a publish has its next turn. So one greenlet handles one message after the other, and
after each slice of time the loop has a whole turn, in which everything else goes on. A handler may wait, for a broker
say: then another greenlet goes on with the rest.
"""

import logging
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

import gevent
from gevent import get_hub, spawn_raw

SLICE_SECONDS = 0.0005  # of handling in one turn of the loop; publishing takes several turns, and waits for each
# gevent.sleep(0) does not wait for a turn: the greenlet would run again and again before any socket is looked at.
A_TURN = 1e-9  # seconds

log = logging.getLogger(__name__)


class Inbox:
    """Calls what is put into it, later and never at the same time as the caller runs."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._charge: object = None
        """Of the greenlet that goes on with what waits; None if there is none."""

    def put(self, handle: Callable[..., object], *what: Any) -> None:
        """Has `handle(*what)` called after everything that was put in before."""
        self._waiting.append((handle, what))
        if self._charge is None:
            self._begin()

    def _begin(self) -> None:
        self._charge = self
        spawn_raw(self._run)

    def _run(self) -> None:
        while self._waiting:
            self._charge = charge = object()
            get_hub().loop.run_callback(self._pass_on, charge)
            until = perf_counter() + SLICE_SECONDS
            while self._waiting and perf_counter() < until:
                handle, what = self._waiting.popleft()
                try:
                    handle(*what)
                except Exception:
                    log.exception("a message of a reader could not be handled")
                if self._charge is not charge:
                    return
            self._charge = self
            if self._waiting:
                gevent.sleep(A_TURN)
        self._charge = None

    def _pass_on(self, charge: object) -> None:
        """The loop runs while that greenlet is in charge: so its handler waits."""
        if self._charge is charge:
            self._charge = None
            if self._waiting:
                self._begin()
