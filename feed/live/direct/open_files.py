"""How the open files that a worker may have are shared out: readers, connections whose request is under way, and the
worker's own. Each of the first two leaves the next its share, so that a crowd of readers never costs anybody a page,
and connections that keep us waiting never cost the database a file.

It is read by gunicorn.conf.py before gevent has patched anything, so it imports nothing of ours.
"""

import resource
import sys

MOST_READERS = 12_000  # the default of FEED_MAX_READERS
FOR_PAGES = 500  # that readers leave to connections and to the worker, where there are enough; else half
OWN = 100  # that connections leave to the database, the log and what is just coming in, where there are; else a quarter
STARTING = 30  # connections that nobody has looked at yet, where `OWN` allows it; else a third of that
FEWEST = 200  # a worker has 40 files open by itself when it is busy, and one picture under way takes six


def raise_limit(most_readers: str) -> None:
    """Raises this process's limit for that setting of FEED_MAX_READERS, as far as the system allows; ends the process
    when that is too little. A setting that is no number is refused by the application, with advice."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    readers = int(most_readers) if most_readers.isdecimal() else MOST_READERS
    most = wanted(readers, soft, None if hard == resource.RLIM_INFINITY else hard)
    if most < FEWEST:
        sys.exit(f"A worker may open {most} files here, and needs {FEWEST}. Write: ulimit -n {FEWEST}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def wanted(readers: int, soft: int, hard: int | None) -> int:
    """How many open files to ask for, so that so many readers may come in; `hard` is the most that we can get, None
    for any number."""
    files = max(soft, readers + FOR_PAGES)
    return files if hard is None else min(files, hard)


def readers(of: int) -> int:
    """How many readers may be inside, of that many files."""
    return of - min(FOR_PAGES, of // 2)


def connections(of: int) -> int:
    """How many readers and other connections together."""
    return of - own(of)


def own(of: int) -> int:
    """What connections leave to the worker."""
    return min(OWN, of // 4)


def starting(of: int) -> int:
    """How many connections at once may be there that nobody has looked at yet. The others wait in the kernel's queue,
    where they cost no file."""
    return min(STARTING, own(of) // 3)
