"""Connections: one writer thread per process, a few readers, and the settings of SQLite that make a 200 true.

Writes run on one native thread with its own connection, in BEGIN IMMEDIATE: sqlite-utils' own `atomic()` begins
deferred, and a transaction that reads before it writes then fails under load with "database is locked". Reads take
a connection nobody else is using, in a read transaction: all they see is of one moment, and nothing in a transaction
waits for anything, so no other greenlet can come between.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

# Above the store, this is the only name of the two that is known, and only as a type.
from sqlite_utils import Database as Database

# The one SQLite of this process: pysqlite3 where it is installed, never two libraries on one file.
from sqlite_utils.utils import sqlite3 as sqlite3  # type: ignore[attr-defined]

from feed import times
from feed.languages import ENGLISH
from feed.threads import Pool

LOCK_WAIT_MS = 5_000  # another process's write or a checkpoint; far above any that was seen
READERS_KEPT = 8  # idle read connections; more are opened in a rush and closed after it
SLOW_THREADS = 2  # Markdown, pictures: enough to keep one slow job from holding the next
PASSWORD_THREADS = 1  # 40 passwords a second; strangers queue here, where no editor's text waits behind them
PROBE_SECONDS = 1  # for which /readyz says the same: each probe waits for the disk, and anybody may ask
SAFE_SQLITE = (3, 51, 3)  # 3.7.0 to 3.51.2 can corrupt a WAL database that several connections use

P = ParamSpec("P")
T = TypeVar("T")

DatabaseError = sqlite3.DatabaseError
IntegrityError = sqlite3.IntegrityError
OperationalError = sqlite3.OperationalError


class Store:
    """The database of one process. Opening it is free: files and threads come with the first use. `language` is the
    site's, of all that says none."""

    def __init__(self, path: Path, language: str = ENGLISH) -> None:
        self.path = path
        self.language = language
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit of this process, on the caller's side; the tail sets it to wake at once."""
        self.passwords = Pool(PASSWORD_THREADS)
        self._idle: list[Database] = []
        self._writer = Pool(1)
        self._slow = Pool(SLOW_THREADS)
        self._write_connection: Database | None = None
        self._looker: Database | None = None
        self._looking = threading.Lock()
        self._probing = threading.Lock()
        self._probed: tuple[float, str | None] = (float("-inf"), None)

    @contextmanager
    def read(self) -> Iterator[Database]:
        """A connection inside a read transaction. Never yield to another greenlet inside."""
        try:
            db = self._idle.pop()
        except IndexError:  # asked first, the last one could go to another thread in between
            db = self.connect()
        try:
            db.execute("BEGIN")
            yield db
        finally:
            db.rollback()
            if len(self._idle) < READERS_KEPT:
                self._idle.append(db)
            else:
                db.close()

    def moment(self) -> int:
        """A number that differs once anybody, of whatever process, has committed. Costs 3 µs: SQLite's data_version,
        on a connection that never writes."""
        with self._looking:
            if self._looker is None:
                self._looker = self.connect()
            return int(self._looker.conn.execute("PRAGMA data_version").fetchone()[0])

    def write(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `verb(db, …)` on the writer thread in one transaction, and returns what it returns once that is on
        disk. An exception of the verb rolls everything back and is raised here."""
        result = self._writer.run(self._transact, lambda db: verb(db, *args, **kwargs))
        self.on_commit()
        return result

    def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs slow work that needs no database on a native thread, and waits for it without blocking the loop."""
        return self._slow.run(work, *args, **kwargs)

    def trouble(self) -> str | None:
        """Why nothing can be written, or None: as of a probe within the last second."""
        with self._probing:  # who comes during a probe waits for its answer
            at, found = self._probed
            if time.monotonic() - at >= PROBE_SECONDS:
                try:
                    found = self.write(_probe)
                except (OperationalError, OSError) as error:
                    found = str(error)
                self._probed = (time.monotonic(), found)
            return found

    def connect(self) -> Database:
        """A new connection, set up. The caller closes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Autocommit, because transactions are begun by hand. Connections wander between threads of a pool, one at
        # a time, which SQLite allows.
        connection = sqlite3.connect(str(self.path), isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in (
            f"busy_timeout = {LOCK_WAIT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",  # NORMAL may lose the last commits at a power cut: invariant 1
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return Database(connection)

    def close(self) -> None:
        """Ends the threads and closes what is open. A read still under way closes its own connection."""
        for pool in (self._writer, self._slow, self.passwords):
            pool.close()
        for db in (*self._idle, self._write_connection, self._looker):
            if db is not None:
                db.close()
        self._idle, self._write_connection, self._looker = [], None, None

    def _transact(self, work: Callable[[Database], T]) -> T:
        if self._write_connection is None:
            self._write_connection = self.connect()
        db = self._write_connection
        db.execute("BEGIN IMMEDIATE")
        try:
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise
        return result


def insert(db: Database, table: str, row: dict[str, object]) -> int:
    """Inserts the row and returns the id it got."""
    db.table(table).insert(row)
    return int(db.execute("SELECT last_insert_rowid()").fetchone()[0])


def _probe(db: Database) -> None:
    """A write that changes nothing anybody sees: whether the disk takes it."""
    db.execute("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", [times.now()])


def unsafe_sqlite() -> str | None:
    """A warning when the SQLite library in use can corrupt a database that several processes write; else None."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return None
    return (
        f"SQLite {sqlite3.sqlite_version} can corrupt a database with several connections "
        f"(fixed in {'.'.join(map(str, SAFE_SQLITE))}); no newer build of pysqlite3 fits {sys.platform} here. "
        "Keep backups, and WEB_CONCURRENCY=1."
    )
