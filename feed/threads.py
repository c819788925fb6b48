"""Native threads for work that must not run on the socket loop: SQLite writes, password hashing, pictures, Markdown.

SQLite's busy wait sleeps in C and argon2 takes a core for 25 ms; on a gevent loop either would stop all readers. Under
gevent the pool is gevent's own pool of native threads, whose futures wait without blocking the loop; elsewhere (`flask
run`, the command line, tests) it is the standard library's.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, Generic, ParamSpec, TypeVar, cast

NotYet = TimeoutError  # what a future raises when its result is not there in time
P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """A pool of native threads, which are started at the first use."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._executor: Executor | None = None
        self._making = threading.Lock()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the work on a thread of the pool and waits for it, without blocking the loop."""
        return self.begin(work, *args, **kwargs).outcome()

    def run_by(self, deadline: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `run`, if the work begins before `deadline`, a time of the monotonic clock. Otherwise the work is never
        done and NotYet is raised. Work that has begun is waited for, because only its end tells whether it
        succeeded."""
        tickets = [work]  # the thread or the caller pops the one ticket, and so decides; pop() is atomic

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
        """Gives the work to the pool and returns at once; wait with `outcome()`."""
        with self._making:
            executor = self._executor = self._executor or native_pool(self._threads)
        return Begun(executor.submit(_outcome, lambda: work(*args, **kwargs)))

    def close(self) -> None:
        """Ends the threads; new ones are started when needed."""
        with self._making:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)


class Begun(Generic[T]):
    """Work that a pool is doing or will do."""

    def __init__(self, future: "Future[tuple[T | None, Exception | None]]") -> None:
        self._future = future

    def outcome(self, seconds: float | None = None) -> T:
        """Waits and returns what the work returned, or raises what it raised; raises NotYet after that many seconds."""
        value, error = self._future.result(seconds)
        if error is not None:
            raise error
        return cast(T, value)


def _outcome(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Returns the result of the work, or its exception: gevent's pool logs a stack trace for each exception that leaves
    one of its threads, and a refusal is not worth one."""
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


def loop_caller() -> Callable[..., None]:
    """Returns a function that any thread can give a function to, with its arguments. gevent's loop of this thread calls
    it soon, between greenlets, so it may not wait. Where there is no such loop, nothing is called."""
    if not under_gevent():
        return lambda *work: None
    from gevent import get_hub

    return cast(Callable[..., None], get_hub().loop.run_callback_threadsafe)


def native(name: str) -> Any:
    """Returns the original function of `os`. gevent replaces those that start processes or wait for them, and its own
    work on its loop only."""
    if not under_gevent():
        return getattr(os, name)
    from gevent import monkey

    return monkey.get_original("os", name)


def native_pool(threads: int) -> Executor:
    """Returns an executor of native threads; waiting for its futures never blocks the loop."""
    if not under_gevent():
        return ThreadPoolExecutor(threads)
    from gevent.threadpool import ThreadPoolExecutor as GeventThreadPoolExecutor

    return cast(Executor, GeventThreadPoolExecutor(threads))
