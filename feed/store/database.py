"""Connections: one writer thread per process, a few readers, and the settings of SQLite that make a 200 true.

Writes run on one native thread with its own connection, in BEGIN IMMEDIATE: sqlite-utils' own `atomic()` begins
deferred, and a transaction that reads before it writes then fails under load with "database is locked". Reads take
a connection nobody else is using, in a read transaction: all they see is of one moment, and nothing in a transaction
waits for anything, so no other greenlet can come between.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Concatenate, ParamSpec, TypeVar

# Above the store, this is the only name of the two that is known, and only as a type.
from sqlite_utils import Database as Database

# The one SQLite of this process: pysqlite3 where it is installed, never two libraries on one file.
from sqlite_utils.utils import sqlite3 as sqlite3  # type: ignore[attr-defined]

from feed import private
from feed.languages import ENGLISH
from feed.store import restoring
from feed.threads import NotYet, Pool
from feed.turns import Turns

WRITE_SECONDS = 3.0  # from the call to the lock, waiting for other writes included; far above any that was seen
READ_WAIT_MS = 100  # no writer holds up a reader; this is for the moment after a crash, and the loop stands still in it
LOCK_WAIT_MS = 5_000  # of commands, which answer nobody else
READERS_KEPT = 8  # idle read connections; more are opened in a rush and closed after it
SLOW_THREADS = 2  # of each kind of slow work: enough to keep one slow job from holding the next
PASSWORD_THREADS = 1  # 40 passwords a second; strangers queue here, where no editor's text waits behind them
SAFE_SQLITE = (3, 51, 3)  # 3.7.0 to 3.51.2 can corrupt a WAL database that several connections use

P = ParamSpec("P")
T = TypeVar("T")

DatabaseError = sqlite3.DatabaseError
IntegrityError = sqlite3.IntegrityError
OperationalError = sqlite3.OperationalError


class Damaged(OperationalError):
    """The file is no database of ours any more, or pages of it are broken."""


class Locked(OperationalError):
    """Others were writing for too long. Nothing was written."""


class Restoring(OperationalError):
    """A backup is being put in the place of this database, and what is written now would be lost. Nothing was."""


class Store:
    """The database of one process. Opening it is free: files and threads come with the first use. `language` is the
    site's, of all that says none."""

    def __init__(self, path: Path, language: str = ENGLISH) -> None:
        self.path = path
        self.language = language
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit of this process, on the caller's side; the tail sets it to wake at once."""
        self.damage: str | None = None
        """What SQLite said when it met damage last; None while it has met none. `Readiness` looks again."""
        self.damage_at = float("-inf")
        self.passwords = Pool(PASSWORD_THREADS)
        self._idle: list[Database] = []
        self._writer = Pool(1)
        self.texts = Turns(SLOW_THREADS)
        """Renders updates; nothing slower is in their way."""
        self.stories = Turns(SLOW_THREADS)
        """Renders articles, and decodes pictures: seconds of work each, at worst."""
        self._slow = Pool(SLOW_THREADS)
        self._write_connection: Database | None = None
        self._looker: Database | None = None
        self._looking = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Database]:
        """A connection inside a read transaction. Never yield to another greenlet inside."""
        with self.noticing_damage():
            try:
                db = self._idle.pop()
            except IndexError:  # asked first, the last one could go to another thread in between
                db = self.connect(READ_WAIT_MS)
            try:
                db.execute("BEGIN")
                yield db
            except DatabaseError:
                db.close()  # it may remember what is damaged
                raise
            except BaseException:
                self._put_back(db)
                raise
            else:
                self._put_back(db)

    def data_version(self) -> int:
        """A number that differs once anybody, of whatever process, has committed. Costs 3 µs: SQLite's data_version,
        on a connection that never writes."""
        with self._looking, self.noticing_damage():
            if self._looker is None:
                self._looker = self.connect(READ_WAIT_MS)
            return int(self._looker.conn.execute("PRAGMA data_version").fetchone()[0])

    def write(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `verb(db, …)` on the writer thread in one transaction, and returns what it returns once that is on
        disk. An exception of the verb rolls everything back and is raised here.

        Raises Locked after WRITE_SECONDS, however many wait; Restoring, Damaged, or OperationalError for the disk."""
        deadline = monotonic() + WRITE_SECONDS
        try:
            result = self._writer.run_by(deadline, self._transact, deadline, lambda db: verb(db, *args, **kwargs))
        except NotYet:
            raise Locked("database is locked, and others wait for it too") from None
        self.on_commit()
        return result

    def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs slow work for readers that needs no database on a native thread, and waits for it without blocking the
        loop. What editors order is shared out by `texts` and `stories`."""
        return self._slow.run(work, *args, **kwargs)

    def connect(self, lock_wait_ms: int = LOCK_WAIT_MS) -> Database:
        """A new connection, set up. The caller closes it."""
        private.make_folder(self.path.parent)
        private.touch(self.path)
        # Autocommit, because transactions are begun by hand. Connections wander between threads of a pool, one at
        # a time, which SQLite allows.
        connection = sqlite3.connect(str(self.path), isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in (
            f"busy_timeout = {lock_wait_ms}",
            "journal_mode = WAL",
            "synchronous = FULL",  # NORMAL may lose the last commits at a power cut: invariant 1
            "foreign_keys = ON",
        ):
            try:
                connection.execute(f"PRAGMA {pragma}")
            except DatabaseError:
                connection.close()
                raise
        return Database(connection)

    def close(self) -> None:
        """Ends the threads and closes what is open. A read still under way closes its own connection."""
        for pool in (self._writer, self._slow, self.texts, self.stories, self.passwords):
            pool.close()
        for db in (*self._idle, self._write_connection, self._looker):
            if db is not None:
                db.close()
        self._idle, self._write_connection, self._looker = [], None, None

    def _put_back(self, db: Database) -> None:
        db.rollback()
        if len(self._idle) < READERS_KEPT:
            self._idle.append(db)
        else:
            db.close()

    def _transact(self, deadline: float, work: Callable[[Database], T]) -> T:
        with self.noticing_damage():
            if self._write_connection is None:
                self._write_connection = self.connect(READ_WAIT_MS)
            db = self._write_connection
            try:
                db.execute(f"PRAGMA busy_timeout = {max(0, int((deadline - monotonic()) * 1000))}")
                db.execute("BEGIN IMMEDIATE")
                if restoring.is_under_way(db, self.path):
                    raise Restoring("the site is being restored from a backup")
                result = work(db)
                db.execute("COMMIT")
            except BaseException as error:
                db.rollback()
                if isinstance(error, DatabaseError) and _damage_in(error):  # it may remember what is damaged
                    self._write_connection = None
                    db.close()
                raise
            return result

    @contextmanager
    def noticing_damage(self) -> Iterator[None]:
        """Turns what SQLite and its driver raise for a broken file into Damaged, and remembers it."""
        try:
            yield
        except (DatabaseError, UnicodeDecodeError) as error:
            if not (said := _damage_in(error)):
                raise
            self.damage, self.damage_at = said, monotonic()
            raise Damaged(said) from error


def _damage_in(error: Exception) -> str:
    """What of the file is broken; "" for any other error. SQLite has no class of its own for damage: it is what is a
    DatabaseError, and nothing more exact. Text that is not UTF-8 was never written: the driver tells it in two ways,
    and quotes it, which is for nobody's log."""
    if isinstance(error, UnicodeDecodeError):
        return "text in it is not UTF-8"
    if str(error).startswith("Could not decode to UTF-8"):
        return str(error).partition(" with text")[0]
    return str(error) if type(error) is DatabaseError else ""


def insert(db: Database, table: str, row: Mapping[str, object]) -> int:
    """Inserts one row and returns its rowid, which means nothing for a table WITHOUT ROWID. Table and column names come
    from our code, never from a request.

    Every plain insert of the store uses this. SQL by hand is for what this cannot say: a conflict that is expected
    (ON CONFLICT, OR IGNORE, OR REPLACE), and values that the database computes (INSERT … SELECT, a subquery).
    sqlite-utils' own `insert` takes four times as long, because it asks for the schema each time.
    """
    values = ", ".join("?" * len(row))
    inserted = db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", [*row.values()])
    return int(inserted.lastrowid or 0)


def unsafe_sqlite() -> str | None:
    """A warning when the SQLite library in use can corrupt a database that several processes write; else None."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return None
    return (
        f"SQLite {sqlite3.sqlite_version} can corrupt a database with several connections "
        f"(fixed in {'.'.join(map(str, SAFE_SQLITE))}); no newer build of pysqlite3 fits {sys.platform} here. "
        "Keep backups, and WEB_CONCURRENCY=1."
    )
