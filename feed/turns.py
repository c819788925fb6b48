"""Slow work of editors, shared out fairly: nobody has more than one thread of a pool at a time, so that who orders much
waits for himself alone."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from feed.errors import Crowded
from feed.threads import Pool

MOST_ORDERED = 8  # by one editor, in work and waiting: a whole desk's, and of the slowest articles half a minute's
RETRY_SECONDS = 5  # what the slowest two articles take

P = ParamSpec("P")
T = TypeVar("T")

orderer: ContextVar[int | None] = ContextVar("orderer", default=None)
"""The editor whose request this is; None for readers, commands and what the process does by itself."""


@dataclass
class _Line:
    ordered: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)


class Turns:
    """A pool of that many threads, for as many editors at a time."""

    def __init__(self, threads: int) -> None:
        self._pool = Pool(threads)
        self._lines: dict[int, _Line] = {}
        self._lock = threading.Lock()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the work on a thread of the pool once it is its editor's turn. Raises Crowded when too much of that
        editor waits already."""
        who = orderer.get()
        if who is None:
            return self._pool.run(work, *args, **kwargs)
        with self._turn_of(who):
            return self._pool.run(work, *args, **kwargs)

    def close(self) -> None:
        """Ends the threads; the next work begins others."""
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
