"""Native threads for what must not run on the socket loop: SQLite writes, password hashing, pictures, Markdown.

SQLite's busy wait sleeps in C and argon2 holds a core for 25 ms; on a gevent loop either would freeze every reader.
Under gevent a pool of real threads is gevent's own, whose futures wait without blocking the loop; elsewhere
(`flask run`, the command line, tests) it is the standard library's.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """That many native threads, begun with the first work. Who comes first makes them, and only once."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._executor: Executor | None = None
        self._making = threading.Lock()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the work on a thread of the pool and waits for it, without blocking the loop."""
        with self._making:
            executor = self._executor = self._executor or native_pool(self._threads)
        value, error = executor.submit(_outcome, lambda: work(*args, **kwargs)).result()
        if error is not None:
            raise error
        return cast(T, value)

    def close(self) -> None:
        """Ends the threads; the next work begins others."""
        with self._making:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)


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


def native_pool(threads: int) -> Executor:
    """An executor of that many native threads; waiting for its futures never blocks the loop."""
    if not under_gevent():
        return ThreadPoolExecutor(threads)
    from gevent.threadpool import ThreadPoolExecutor as GeventThreadPoolExecutor

    return cast(Executor, GeventThreadPoolExecutor(threads))
