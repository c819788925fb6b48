"""How many read each feed: counted here for this worker, summed up over all by the bus."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

from feed.followers.bus import Bus
from feed.store.database import OperationalError

READERS_SECONDS = 5  # between two counts of readers; more often is noise to readers, and work
REPORT_EVERY = 3  # counts between two reports of an unchanged number, so that this worker counts as alive


class Presence:
    """The followers of this worker. `tell(slug, readers)` sends a new total to all followers of a feed.

    Those who are signed in at the desk are told how many read, and are not among them.
    """

    def __init__(self, bus: Bus, tell: Callable[[str, int], None]) -> None:
        self._bus = bus
        self._tell = tell
        self._readers: Counter[str] = Counter()
        self._at_desk: Counter[str] = Counter()
        self._total: Mapping[str, int] = {}
        self._counting: threading.Thread | None = None
        self._stopped = threading.Event()

    def enter(self, slug: str, *, at_desk: bool) -> None:
        """One more follows that feed."""
        (self._at_desk if at_desk else self._readers)[slug] += 1

    def leave(self, slug: str, *, at_desk: bool) -> None:
        """One follows it no longer."""
        (self._at_desk if at_desk else self._readers)[slug] -= 1

    def forget(self, slug: str) -> None:
        """Nobody follows it."""
        del self._readers[slug], self._at_desk[slug]

    def readers(self, slug: str) -> int:
        """How many read it, as far as is known here."""
        return max(self._total.get(slug, 0), self._readers[slug])

    def start(self) -> None:
        """Starts counting, once."""
        if self._counting is None:
            self._counting = threading.Thread(target=self._count, name="readers", daemon=True)
            self._counting.start()

    def stop(self) -> None:
        """Ends counting."""
        self._stopped.set()
        if self._counting is not None:
            self._counting.join()

    def _count(self) -> None:
        reported: Counter[str] | None = None
        quiet = 0
        while not self._stopped.wait(READERS_SECONDS):
            quiet += 1
            try:
                mine = +self._readers  # those above zero
                if mine != reported or quiet >= REPORT_EVERY:
                    self._bus.report(mine)
                    reported, quiet = mine, 0
                total = self._bus.readers()
            except OperationalError:
                continue  # a locked or full disk: the number of readers can wait, and the tail reports the trouble
            for slug in {**mine, **+self._at_desk}:
                if total.get(slug) != self._total.get(slug):
                    self._tell(slug, total.get(slug, 0))
            self._total = total
