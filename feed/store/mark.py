"""The mark of a restore: while it is in the database, nobody else writes, so that nothing answered with 200 is lost.

It is a number in the file's header, `user_version`, because that needs no schema, is committed like any row, and is
replaced together with all else. A process that dies leaves it behind; whether it lives is said by its lock on the file
`….lock` beside the database, which the system takes back from the dead.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from feed import private

RESTORING = 0x72657374  # "rest"; a database of ours has 0 otherwise


@contextmanager
def locked(database: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds the lock beside the database, which migrations and restores share. Without `wait`, raises BlockingIOError
    when somebody else has it."""
    private.make_folder(database.parent)
    with open(database.with_name(f"{database.name}.lock"), "w", opener=private.opener) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def put(db: Database) -> None:
    """From the commit on, other writers are refused. The caller holds the lock."""
    db.execute(f"PRAGMA user_version = {RESTORING}")


def take_off(db: Database) -> None:
    """Others may write again."""
    db.execute("PRAGMA user_version = 0")


def holds(db: Database, database: Path) -> bool:
    """Whether a restore is under way, asked in a transaction that writes. The mark of a dead one is taken off."""
    if db.execute("PRAGMA user_version").fetchone()[0] != RESTORING:
        return False
    try:
        with locked(database, wait=False):
            take_off(db)
            return False
    except BlockingIOError:
        return True
