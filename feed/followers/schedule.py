"""The schedule: one thread per worker that publishes what is due.

It sleeps until the next moment in the database, and looks there again whenever any process has committed. So it is
woken by nobody, and needs no list of its own. Each time it asks the clock anew: where that is set forward, what is due
by it comes out; where it is set back, what came out is in the table no more. At the start everything is due whose
moment passed while no server ran, and comes out in its order.
"""

import logging
import threading
from datetime import datetime

from feed import repeats, times
from feed.store import coming_out, scheduled
from feed.store.database import OperationalError, Store

POLL_SECONDS = 0.25  # four polls of 3 µs a second; what another process schedules is known before its first second
SHORTEST_SECONDS = 0.001  # between two looks: the clock tells milliseconds
RETRY_SECONDS = 1.0  # after an error, such as a full disk: no storm of logs, and no loss, only delay

log = logging.getLogger(__name__)


class Schedule:
    """Publishes what is due in this database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._next: str | None = None
        """When the next one is due."""

    def start(self) -> None:
        """Starts following, in the background. A server calls it."""
        self._thread = threading.Thread(target=self._follow, name="schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends following, and waits for what is being published."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> None:
        """Publishes all that is due, one after the other."""
        while not self._stopped.is_set() and coming_out.publish_due(self._store):
            pass

    def _follow(self) -> None:
        seen = None
        while not self._stopped.is_set():
            try:
                # The number is read before the moment: a commit in between makes one look too many, never too few.
                now = self._store.data_version()
                if now != seen:
                    self._look()
                    seen = now
                if self._next and self._next <= times.now():
                    seen = None
                    self.step()
            except OperationalError as error:
                repeats.say(f"what is scheduled cannot be published: {error}")
                self._stopped.wait(RETRY_SECONDS)
                seen = None
            except Exception:
                log.exception("what is scheduled could not be published; trying again in %s s", RETRY_SECONDS)
                self._stopped.wait(RETRY_SECONDS)
                seen = None
            self._stopped.wait(self._seconds())

    def _look(self) -> None:
        with self._store.read() as db:
            self._next = scheduled.next_moment(db)

    def _seconds(self) -> float:
        """How long to sleep: until the next moment, but no longer than until the next poll."""
        if self._next is None:
            return POLL_SECONDS
        left = datetime.fromisoformat(self._next) - datetime.fromisoformat(times.now())
        return min(max(SHORTEST_SECONDS, left.total_seconds()), POLL_SECONDS)
