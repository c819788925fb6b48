"""Whether this process can write and read, for /readyz. The probe has a thread and a connection of its own, so it does
not queue behind the writes of editors."""

import threading
from time import monotonic

from feed import times
from feed.store import restoring
from feed.store.database import Database, DatabaseError, Store
from feed.threads import Begun, NotYet, Pool

PROBE_SECONDS = 1  # how long an answer is reused: each probe waits for the disk, and anybody may ask
LOCK_WAIT_MS = 1_000  # the writes of others take milliseconds
ANSWER_SECONDS = 2.0  # a disk that does not answer by then is reported
CHECK_AGAIN_SECONDS = 10  # the check of a damaged file reads all of it


class Readiness:
    """Probes one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = Pool(1)
        self._asking = threading.Lock()
        self._answered: tuple[float, str | None] = (float("-inf"), None)
        self._probe: Begun[str | None] | None = None
        self._checked: tuple[float, str] = (float("-inf"), "")

    def trouble(self) -> str | None:
        """Why the store cannot be used, or None; PROBE_SECONDS old at most."""
        with self._asking:  # whoever asks during a probe waits for its answer, ANSWER_SECONDS at most
            at, found = self._answered
            if monotonic() - at >= PROBE_SECONDS:
                found = self._answer()
                self._answered = (monotonic(), found)
            return found

    def close(self) -> None:
        """Ends the thread."""
        self._pool.close()

    def _answer(self) -> str | None:
        """Runs one probe at a time. While one hangs, this waits for that one again and begins no second."""
        self._probe = self._probe or self._pool.begin(self._look)
        try:
            found = self._probe.outcome(ANSWER_SECONDS)
        except NotYet:
            return "the disk does not answer"
        self._probe = None
        return found

    def _look(self) -> str | None:
        try:
            with self._store.noticing_damage():
                db = self._store.connect(LOCK_WAIT_MS)
                try:
                    return self._damage(db) or self._write(db)
                finally:
                    db.close()
        except (DatabaseError, OSError) as error:
            return str(error)

    def _damage(self, db: Database) -> str | None:
        """The damage that requests met, until they have met none for a while and a check of the whole file finds
        none."""
        if self._store.damage is None:
            return None
        at, told = self._checked
        if monotonic() - at >= CHECK_AGAIN_SECONDS or self._store.damage not in told:
            before = self._store.damage
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            if found == "ok" and monotonic() - self._store.damage_at >= CHECK_AGAIN_SECONDS:
                self._store.damage = None
                return None
            told = f"the database is damaged: {before}; flask db check says more"
            self._checked = (monotonic(), told)
        return told

    def _write(self, db: Database) -> str | None:
        """Writes a row that nobody reads, to find out whether the disk takes it."""
        db.execute("BEGIN IMMEDIATE")
        if restoring.is_under_way(db, self._store.path):
            db.rollback()
            return "the site is being restored from a backup"
        db.execute("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", [times.now()])
        db.execute("COMMIT")
        return None
