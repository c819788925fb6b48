"""Reports what this worker has handed to its sockets, so that the desk can say how far a change has got."""

import threading
from contextlib import suppress
from typing import Any

from feed import times
from feed.followers.bus import NOT_NOW, Bus
from feed.live.direct.fanout import Sent
from feed.store.receipts import Handed

PAUSE_SECONDS = 0.25  # between two reports: a burst of changes is one write, and editors do not see the difference


class Receipts:
    """Collects what was sent, which costs the sender nothing, and reports it in the background."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._noted: list[Handed] = []
        self._some = threading.Event()
        self._stopped = threading.Event()
        self._reporting: threading.Thread | None = None

    def note(self, envelope: dict[str, Any], sent: Sent) -> None:
        """Remembers that an envelope was sent just now. One that only says that something was missed has nothing to
        report."""
        if sent.members and envelope["after"] < envelope["version"]:
            position = envelope["epoch"], envelope["after"], envelope["version"]
            self._noted.append(Handed(*position, sent.taken, sent.members, times.now()))
            self._some.set()

    def start(self) -> None:
        """Starts reporting, unless it has been started."""
        if self._reporting is None:
            self._reporting = threading.Thread(target=self._report, name="receipts", daemon=True)
            self._reporting.start()

    def stop(self) -> None:
        """Stops reporting."""
        self._stopped.set()
        self._some.set()
        if self._reporting is not None:
            self._reporting.join()

    def _report(self) -> None:
        while True:
            self._some.wait()
            if self._stopped.is_set():
                return
            self._some.clear()
            noted, self._noted = self._noted, []
            with suppress(*NOT_NOW):  # the disk is locked or full: these stay incomplete; the tail says why
                self._bus.handed(noted)
            self._stopped.wait(PAUSE_SECONDS)
