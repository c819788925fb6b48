"""Native threads for what must not run on the socket loop: SQLite writes, password hashing, pictures, Markdown.

SQLite's busy wait sleeps in C and argon2 holds a core for 25 ms; on a gevent loop either would freeze every reader.
Under gevent a pool of real threads is gevent's own, whose futures wait without blocking the loop; elsewhere
(`flask run`, the command line, tests) it is the standard library's.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, Generic, ParamSpec, TypeVar, cast

NotYet = TimeoutError  # what a future raises that is waited for too long
P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """That many native threads, started lazily, exactly once."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._executor: Executor | None = None
        self._making = threading.Lock()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the work on a thread of the pool and waits for it, without blocking the loop."""
        return self.begin(work, *args, **kwargs).outcome()

    def run_by(self, deadline: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, if it begins before that moment of the monotonic clock; else it is never done, and NotYet is raised
        then. What has begun is waited for, because only its end tells whether it was done."""
        tickets = [work]  # who takes the only one, thread or caller, decides; a list gives each of its items once

        def with_ticket() -> T:
            return tickets.pop()(*args, **kwargs)

        begun = self.begin(with_ticket)
        try:
            return begun.outcome(max(0.0, deadline - monotonic()))
        except NotYet:
            try:
                tickets.pop()
            except IndexError:
                return begun.outcome()
            raise

    def begin(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Begun[T]":
        """Hands the work to the pool, to be waited for later."""
        with self._making:
            executor = self._executor = self._executor or native_pool(self._threads)
        return Begun(executor.submit(_outcome, lambda: work(*args, **kwargs)))

    def close(self) -> None:
        """Ends the threads; the next work begins others."""
        with self._making:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)


class Begun(Generic[T]):
    """Work that a pool was given."""

    def __init__(self, future: "Future[tuple[T | None, Exception | None]]") -> None:
        self._future = future

    def outcome(self, seconds: float | None = None) -> T:
        """What the work returned; raises what it raised, or NotYet when it takes longer than that."""
        value, error = self._future.result(seconds)
        if error is not None:
            raise error
        return cast(T, value)


def _outcome(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """What the work returned, or what it raised: gevent's pool writes a stack trace to the log for each exception that
    leaves one of its threads, and a refusal that somebody answers is no accident."""
    try:
        return work(), None
    except Exception as error:
        return None, error


def under_gevent() -> bool:
    """True when the process runs on gevent's loop, that is, when the standard library has been patched."""
    try:
        from gevent import monkey
    except ImportError:
        return False
    return bool(monkey.is_module_patched("threading"))


def native(name: str) -> Any:
    """That function of `os` as the system has it. gevent puts others in the place of those that begin or wait for
    processes, and they work on its loop alone."""
    if not under_gevent():
        return getattr(os, name)
    from gevent import monkey

    return monkey.get_original("os", name)


def native_pool(threads: int) -> Executor:
    """An executor of that many native threads; waiting for its futures never blocks the loop."""
    if not under_gevent():
        return ThreadPoolExecutor(threads)
    from gevent.threadpool import ThreadPoolExecutor as GeventThreadPoolExecutor

    return cast(Executor, GeventThreadPoolExecutor(threads))
