"""Shares a pool of threads fairly between editors: each has at most one thread at a time, so that an editor who sends
much works through it alone and delays nobody else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from feed.errors import Crowded
from feed.threads import Pool

MOST_ORDERED = (
    8  # texts of one editor, in work and waiting: enough for a whole desk; the slowest articles take half a minute
)
RETRY_SECONDS = 5  # how long the slowest two articles take

P = ParamSpec("P")
T = TypeVar("T")

orderer: ContextVar[int | None] = ContextVar("orderer", default=None)
"""The id of the editor whose request is being served; None for readers, commands and background work."""


@dataclass
class _Line:
    ordered: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)


class Turns:
    """A pool of threads, each of which works for a different editor."""

    def __init__(self, threads: int) -> None:
        self._pool = Pool(threads)
        self._lines: dict[int, _Line] = {}
        self._lock = threading.Lock()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the work on a thread of the pool when the editor's earlier work is done, and returns its result. Raises
        Crowded when MOST_ORDERED texts of that editor are in work or waiting already."""
        who = orderer.get()
        if who is None:
            return self._pool.run(work, *args, **kwargs)
        with self._turn_of(who):
            return self._pool.run(work, *args, **kwargs)

    def close(self) -> None:
        """Ends the threads; new ones are started when needed."""
        self._pool.close()

    @contextmanager
    def _turn_of(self, who: int) -> Iterator[None]:
        with self._lock:
            line = self._lines.setdefault(who, _Line())
            if line.ordered >= MOST_ORDERED:
                raise Crowded(MOST_ORDERED, RETRY_SECONDS)
            line.ordered += 1
        try:
            with line.turn:
                yield
        finally:
            with self._lock:
                line.ordered -= 1
                if not line.ordered:
                    del self._lines[who]
