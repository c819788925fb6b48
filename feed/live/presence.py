"""Counts the readers of each feed in this worker; the bus adds up those of all workers."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from feed.followers.bus import NOT_NOW, Bus

READERS_SECONDS = 5  # between two counts of readers; more often would distract readers and cost work
REPORT_EVERY = 3  # counts between two reports of an unchanged number, which show that this worker is alive


class Presence:
    """The followers of this worker. `tell(slug, readers)` sends a new total to all followers of a feed.

    Editors at the desk are told the number and are not counted in it.
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
        """Counts one follower of that feed more."""
        (self._at_desk if at_desk else self._readers)[slug] += 1

    def leave(self, slug: str, *, at_desk: bool) -> None:
        """Counts one follower of that feed less."""
        (self._at_desk if at_desk else self._readers)[slug] -= 1

    def forget(self, slug: str) -> None:
        """Removes all followers of that feed."""
        del self._readers[slug], self._at_desk[slug]

    def readers(self, slug: str) -> int:
        """Returns how many read that feed, as far as this worker knows."""
        return max(self._total.get(slug, 0), self._readers[slug])

    def here(self) -> Counter[str]:
        """Returns how many read each feed in this worker, without zeros."""
        return +self._readers

    def start(self) -> None:
        """Starts counting, unless it has been started."""
        if self._counting is None:
            self._counting = threading.Thread(target=self._count, name="readers", daemon=True)
            self._counting.start()

    def end(self) -> None:
        """Reports that nobody reads here any more, and stops counting, in the background. A worker calls it before it
        lets its readers go: they come back to another one, which counts them."""
        self._stopped.set()

    def stop(self) -> None:
        """The same, and waits for it."""
        self._stopped.set()
        if self._counting is not None:
            self._counting.join()

    def _count(self) -> None:
        reported: Counter[str] | None = None
        quiet = 0
        while not self._stopped.wait(READERS_SECONDS):
            quiet += 1
            try:
                mine = self.here()
                if mine != reported or quiet >= REPORT_EVERY:
                    self._bus.report(mine)
                    reported, quiet = mine, 0
                total = self._bus.readers()
            except NOT_NOW:
                continue  # the disk is locked or full: this can wait, and the tail reports the error
            for slug in {**mine, **+self._at_desk}:
                if total.get(slug) != self._total.get(slug):
                    self._tell(slug, total.get(slug, 0))
            self._total = total
        with suppress(*NOT_NOW):  # then others find out that this worker has ended
            self._bus.report({})
