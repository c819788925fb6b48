"""The metrics of a worker's sockets. Pushes are counted once for each broadcast, not for each reader. Gauges are set
every second, so that nothing has to keep them in step meanwhile."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from feed import metrics
from feed.followers.bus import Bus

LOOK_SECONDS = 1.0  # no server is asked more often, and a look takes less than a millisecond
MOST_NAMED = 200  # feeds that have a number of their own, so that the files cannot grow
OTHERS = "(others)"  # no slug

DELIVERIES = metrics.counter("liveline_deliveries", "Envelopes that were handed to sockets: one for each socket.")
BROADCAST = metrics.histogram("liveline_broadcast_seconds", "How long it took to hand an envelope to all its sockets.")
HOLES = metrics.counter("liveline_holes", "Envelopes without changes, which make readers fetch what they lack.")
DROPS = metrics.counter("liveline_drops", "Sockets that have ended.", ["reason"])
WORKERS = metrics.total("liveline_workers", "Running workers.")
SOCKETS = metrics.total("liveline_worker_sockets", "Open sockets of all workers.")
READERS = metrics.total("liveline_worker_readers", "Readers of a feed on this machine.", ["feed"])
FANOUT = metrics.total("liveline_fanout", "Running workers that send broadcasts so.", ["way"])
OUTBOX_BYTES = metrics.total("liveline_outbox_bytes", "Bytes that wait until slow sockets take them.")
OUTBOX_SOCKETS = metrics.total("liveline_outbox_sockets", "Sockets for which some wait.")
MEMORY = metrics.total("liveline_memory_bytes", "Resident memory of all workers.")
CPU = metrics.counter("liveline_cpu_seconds", "Time of processors that workers used.")


class Outbox(NamedTuple):
    """What waits for slow sockets."""

    bytes: int
    sockets: int


def count_push(envelope: Mapping[str, Any], sockets: int, began: float) -> None:
    """Counts an envelope that was handed to so many sockets since that moment of perf_counter."""
    if sockets:
        DELIVERIES.inc(sockets)
        BROADCAST.observe(perf_counter() - began)
        if envelope["after"] >= envelope["version"]:
            HOLES.inc()


class Measuring:
    """Looks at one worker. `readers` gives their number by feed."""

    def __init__(
        self,
        bus: Bus,
        sockets: Callable[[], int],
        readers: Callable[[], Mapping[str, int]],
        outbox: Callable[[], Outbox],
        fanout: Callable[[], str],
    ) -> None:
        self._bus = bus
        self._sockets, self._readers, self._outbox, self._fanout = sockets, readers, outbox, fanout
        self._named: set[str] = set()
        self._cpu = 0.0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Looks every second from now on."""
        self._thread = threading.Thread(target=self._run, name="measuring", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends that."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Sets the gauges."""
        with self._lock:
            WORKERS.set(1)
            FANOUT.labels(self._fanout()).set(1)
            SOCKETS.set(self._sockets())
            waiting = self._outbox()
            OUTBOX_BYTES.set(waiting.bytes)
            OUTBOX_SOCKETS.set(waiting.sockets)
            for slug, number in self._by_name().items():
                READERS.labels(slug).set(number)
            with suppress(OSError):  # no /proc
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                MEMORY.set(pages * os.sysconf("SC_PAGE_SIZE"))
            used = process_time()
            CPU.inc(max(0.0, used - self._cpu))
            self._cpu = used
            self._bus.measure()

    def _by_name(self) -> dict[str, int]:
        """The readers of each feed that has or had some; those of all others together."""
        found = dict.fromkeys(self._named, 0)
        for slug, number in self._readers().items():
            name = slug if slug in found or len(self._named) < MOST_NAMED else OTHERS
            if name not in found:
                self._named.add(name)
            found[name] = found.get(name, 0) + number
        return found

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self.look()
