"""Keeps writers out during a restore, so that no write that was answered with 200 is lost (invariant 1).

While a restore is under way, the number `user_version` in the file's header says so: it needs no schema, is committed
like any row, and is replaced with the rest of the file. A process that dies in a restore leaves the number behind.
Others can tell that it died by the lock on the file `….lock` beside the database, which the system releases then.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from feed import private

UNDER_WAY = 0x72657374  # "rest"; a database of ours has 0 otherwise


@contextmanager
def locked(database: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds the lock beside the database, so that one process at a time migrates or restores it. Without `wait`, raises
    BlockingIOError when another process holds it."""
    private.make_folder(database.parent)
    with open(database.with_name(f"{database.name}.lock"), "w", opener=private.opener) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def begin(db: Database) -> None:
    """From the commit on, other writers are refused. The caller holds the lock."""
    db.execute(f"PRAGMA user_version = {UNDER_WAY}")


def end(db: Database) -> None:
    """From the commit on, others may write again."""
    db.execute("PRAGMA user_version = 0")


def is_under_way(db: Database, database: Path) -> bool:
    """Whether a restore is under way. Call it in a writing transaction: it clears the number that a process left behind
    which died in a restore."""
    if db.execute("PRAGMA user_version").fetchone()[0] != UNDER_WAY:
        return False
    try:
        with locked(database, wait=False):
            end(db)
            return False
    except BlockingIOError:
        return True
