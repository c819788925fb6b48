"""Divides the open files that a worker may have between readers, other connections, and the worker itself. Readers
leave some to connections, and connections leave some to the worker, so that a crowd of readers does not keep anybody
from a page, and slow connections do not keep the worker from the database.

gunicorn.conf.py imports this before gevent has patched anything, so it imports nothing of ours.
"""

import resource
import sys

MOST_READERS = 12_000  # the default of FEED_MAX_READERS
FOR_PAGES = 500  # files that readers leave to connections and the worker; at most half of all
OWN = 100  # files that connections leave to the database, the log and new connections; at most a quarter
STARTING = 30  # connections that are accepted and not examined yet; at most a third of the worker's own files
FEWEST = 200  # a busy worker needs 40 files for itself, and each picture that is uploaded six


def raise_limit(most_readers: str) -> None:
    """Raises this process's limit to what that FEED_MAX_READERS needs, as far as the system allows. Ends the process if
    the limit is too low. If the setting is no number, the application refuses it later."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    readers = int(most_readers) if most_readers.isdecimal() else MOST_READERS
    most = wanted(readers, soft, None if hard == resource.RLIM_INFINITY else hard)
    if most < FEWEST:
        sys.exit(f"A worker may open {most} files here, and needs {FEWEST}. Write: ulimit -n {FEWEST}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def wanted(readers: int, soft: int, hard: int | None) -> int:
    """Returns how many open files so many readers need, at least `soft`. `hard` is the most that we can get, None for
    any number."""
    files = max(soft, readers + FOR_PAGES)
    return files if hard is None else min(files, hard)


def readers(of: int) -> int:
    """Returns how many of that many files readers may use."""
    return of - min(FOR_PAGES, of // 2)


def connections(of: int) -> int:
    """Returns how many readers and other connections may use together."""
    return of - own(of)


def own(of: int) -> int:
    """Returns how many connections leave to the worker."""
    return min(OWN, of // 4)


def starting(of: int) -> int:
    """Returns how many connections may be accepted and not examined yet. More wait in the kernel's queue, where they
    take no file."""
    return min(STARTING, own(of) // 3)
