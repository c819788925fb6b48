"""Connections: one writer thread per process, a few readers, and the SQLite settings that make a 200 true.

Writes run on one native thread with its own connection, in BEGIN IMMEDIATE. sqlite-utils' own `atomic()` begins
deferred, and a transaction that reads before it writes then fails under load with "database is locked".

Each read takes a connection that nobody else is using, in a read transaction: everything it sees is of one moment.
Nothing in a transaction waits, so no other greenlet can run in between.
"""

import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Concatenate, ParamSpec, TypeVar

# Modules above the store import this name, and only as a type; they do not know sqlite3.
from sqlite_utils import Database as Database

# The one SQLite of this process: pysqlite3 where it is installed, never two libraries on one file.
from sqlite_utils.utils import sqlite3 as sqlite3  # type: ignore[attr-defined]

from feed import private
from feed.languages import ENGLISH
from feed.store import restoring
from feed.threads import NotYet, Pool
from feed.turns import Turns

WRITE_SECONDS = 3.0  # from the call to the lock, waiting for other writes included; far above any that was seen
READ_WAIT_MS = 100  # writers do not block readers; this is for the moment after a crash, and it blocks the loop
PAUSE_SECONDS = 0.12  # between transactions of a command: SQLite lets who waits for the lock try every 0.1 s
LOCK_WAIT_MS = 5_000  # of commands, for which nobody else waits
READERS_KEPT = 8  # idle read connections; more are opened in a rush and closed after it
SLOW_THREADS = 2  # for each kind of slow work, so that one slow job does not hold up the next
EXPORT_THREADS = 1  # an export may take ten seconds, and the next one waits
PASSWORD_THREADS = 1  # 40 passwords a second; strangers queue here, and no editor's text queues behind them
SAFE_SQLITE = (3, 51, 3)  # 3.7.0 to 3.51.2 can corrupt a WAL database that several connections use

P = ParamSpec("P")
T = TypeVar("T")

DatabaseError = sqlite3.DatabaseError
IntegrityError = sqlite3.IntegrityError
OperationalError = sqlite3.OperationalError


class Damaged(OperationalError):
    """The file is no longer a database of ours, or some of its pages are broken."""


class Locked(OperationalError):
    """Others were writing for too long. Nothing was stored."""


class Restoring(OperationalError):
    """A backup is replacing this database, so a write would be lost. Nothing was stored."""


class Store:
    """The database of one process. Opening it costs nothing: files and threads are made at first use. `language` is the
    site's, for everything that has no language of its own."""

    def __init__(self, path: Path, language: str = ENGLISH) -> None:
        self.path = path
        self.language = language
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit of this process, in the thread of the caller. The tail sets it, to wake at once."""
        self.committing: set[object] = set()
        """Writes whose commit has begun and whose caller does not know yet how it ended. Meanwhile no other process can
        commit anything."""
        self.before_commit: Callable[[object], None] = lambda result: None
        """Called before each commit with what the verb returned, in the writer's thread, and may not wait."""
        self.damage: str | None = None
        """SQLite's message when it last met damage; None if it met none. `Readiness` clears it."""
        self.damage_at = float("-inf")
        self.passwords = Pool(PASSWORD_THREADS)
        self._idle: list[Database] = []
        self._writer = Pool(1)
        self.texts = Turns(SLOW_THREADS)
        """Renders updates. Nothing slower runs here."""
        self.stories = Turns(SLOW_THREADS)
        """Renders articles and decodes pictures, each of which may take seconds."""
        self.exports = Turns(EXPORT_THREADS)
        """Makes exports, which read the database."""
        self._slow = Pool(SLOW_THREADS)
        self._write_connection: Database | None = None
        self._wait_ms = 0
        self._looker: Database | None = None
        self._looking = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Database]:
        """A connection inside a read transaction. Never switch to another greenlet inside."""
        with self.noticing_damage():
            try:
                db = self._idle.pop()
            except IndexError:  # no check before: another thread could take the last one in between
                db = self.connect(READ_WAIT_MS)
            try:
                db.execute("BEGIN")
                yield db
            except DatabaseError:
                db.close()  # its cache may hold damaged pages
                raise
            except BaseException:
                self._put_back(db)
                raise
            else:
                self._put_back(db)

    def data_version(self) -> int:
        """A number that changes when any process commits. It is SQLite's `PRAGMA data_version`, read on a connection
        that never writes, and takes 3 µs."""
        with self._looking, self.noticing_damage():
            if self._looker is None:
                self._looker = self.connect(READ_WAIT_MS)
            return int(self._looker.conn.execute("PRAGMA data_version").fetchone()[0])

    def write(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `verb(db, …)` on the writer thread in one transaction, and returns its result once that is on disk
        (invariant 1). An exception of the verb rolls everything back and is raised here.

        Raises Locked after WRITE_SECONDS, however many wait; Restoring; Damaged; OperationalError when the disk fails.
        """
        deadline = monotonic() + WRITE_SECONDS

        def work(db: Database) -> T:
            return verb(db, *args, **kwargs)

        try:
            result = self._writer.run_by(deadline, self._transact, deadline, work)
        except NotYet:
            raise Locked("database is locked, and others wait for it too") from None
        finally:
            self.committing.discard(work)
        self.on_commit()
        return result

    def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs slow work for readers on a native thread, and waits for it without blocking the loop. The work must not
        use the database. Slow work for editors goes to `texts` and `stories`."""
        return self._slow.run(work, *args, **kwargs)

    def connect(self, lock_wait_ms: int = LOCK_WAIT_MS) -> Database:
        """A new connection with our settings. The caller closes it."""
        private.make_folder(self.path.parent)
        private.touch(self.path)
        # Autocommit, because we begin transactions ourselves. Threads of a pool use a connection one after the other,
        # which SQLite allows.
        connection = sqlite3.connect(str(self.path), isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in (
            f"busy_timeout = {lock_wait_ms}",
            "journal_mode = WAL",
            "synchronous = FULL",  # NORMAL may lose the last commits at a power cut: invariant 1
            "foreign_keys = ON",
            "secure_delete = ON",  # what is deleted is overwritten with zeros: see store.scrubbing
        ):
            try:
                connection.execute(f"PRAGMA {pragma}")
            except DatabaseError:
                connection.close()
                raise
        return Database(connection)

    def close(self) -> None:
        """Ends the threads and closes the connections. A read that is still running closes its own."""
        for pool in (self._writer, self._slow, self.texts, self.stories, self.exports, self.passwords):
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
                self._write_connection, self._wait_ms = self.connect(READ_WAIT_MS), READ_WAIT_MS
            db = self._write_connection
            try:
                self._wait_until(db, deadline)
                db.execute("BEGIN IMMEDIATE")
                if restoring.is_under_way(db, self.path):
                    raise Restoring("the site is being restored from a backup")
                result = work(db)
                self.before_commit(result)
                self.committing.add(work)
                db.execute("COMMIT")
            except BaseException as error:
                db.rollback()
                if isinstance(error, DatabaseError) and _damage_in(error):  # its cache may hold damaged pages
                    self._write_connection = None
                    db.close()
                raise
            return result

    def _wait_until(self, db: Database, deadline: float) -> None:
        """Sets for how long the writer waits for other processes, in tenths of a second: most writes wait as long as
        the one before, and then there is nothing to set."""
        wait_ms = max(0, math.ceil((deadline - monotonic()) * 10)) * 100
        if wait_ms != self._wait_ms:
            db.execute(f"PRAGMA busy_timeout = {wait_ms}")
            self._wait_ms = wait_ms

    @contextmanager
    def noticing_damage(self) -> Iterator[None]:
        """Turns what SQLite and its driver raise for a broken file into Damaged, and stores the message in `damage`."""
        try:
            yield
        except (DatabaseError, UnicodeDecodeError) as error:
            if not (message := _damage_in(error)):
                raise
            self.damage, self.damage_at = message, monotonic()
            raise Damaged(message) from error


def _damage_in(error: Exception) -> str:
    """What is broken in the file; "" for any other error.

    Python's driver has no class for damage: it raises DatabaseError itself, not a subclass. Text that is not UTF-8 is
    damage too, because we never store such text. The driver reports it in two forms, which both quote the text, and it
    must not get into a log.
    """
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
    """A warning if the SQLite library in use can corrupt a database that several processes write; otherwise None."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return None
    return (
        f"SQLite {sqlite3.sqlite_version} can corrupt a database with several connections "
        f"(fixed in {'.'.join(map(str, SAFE_SQLITE))}); no newer build of pysqlite3 fits {sys.platform} here. "
        "Keep backups, and WEB_CONCURRENCY=1."
    )
