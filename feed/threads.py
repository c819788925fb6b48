"""Native threads for what must not run on the socket loop: SQLite writes, password hashing, pictures, Markdown.

SQLite's busy wait sleeps in C and argon2 holds a core for 25 ms; on a gevent loop either would freeze every reader.
Under gevent a pool of real threads is gevent's own, whose futures wait without blocking the loop; elsewhere
(`flask run`, the command line, tests) it is the standard library's.
"""

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import cast


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
