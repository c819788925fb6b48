"""Metrics that are right for all workers of a machine, whichever of them Prometheus asks.

Under gunicorn each worker counts in files of its own, which all can read. This is the multiprocess mode of
prometheus_client, with files that are named by a worker's slot instead of its process. A worker takes the slot of one
that has ended and counts on in its files, so counters survive each restart of workers, and there are never more files.
Everywhere else, as in commands and tests, metrics are in memory.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from feed.metrics_files import FOLDER, SLOT, reserve

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

_registry = CollectorRegistry()
_folder = os.environ.get(FOLDER) if SLOT in os.environ else None
disable_created_metrics()  # type: ignore[no-untyped-call]
if _folder and reserve(Path(_folder), os.environ[SLOT]):
    values.ValueClass = values.MultiProcessValue(lambda: os.environ[SLOT])  # type: ignore[no-untyped-call]
else:
    _folder = None
    values.ValueClass = values.MutexValue  # also where the environment asks for files, which would be named otherwise


def counter(name: str, what: str, labels: Sequence[str] = ()) -> Counter:
    """A counter of all workers. `name` is without `_total`."""
    return Counter(name, what, labels, registry=_registry)


def histogram(name: str, what: str) -> Histogram:
    """A histogram of seconds, of all workers."""
    return Histogram(name, what, registry=_registry, buckets=LATENCIES)


def total(name: str, what: str, labels: Sequence[str] = ()) -> Gauge:
    """A gauge that is the sum over the running workers."""
    return Gauge(name, what, labels, registry=_registry, multiprocess_mode="livesum")


def highest(name: str, what: str) -> Gauge:
    """A gauge that is the highest of the running workers."""
    return Gauge(name, what, registry=_registry, multiprocess_mode="livemax")


def lowest(name: str, what: str) -> Gauge:
    """A gauge that is the lowest of the running workers."""
    return Gauge(name, what, registry=_registry, multiprocess_mode="livemin")


class OfAllWorkers(Collector):
    """Gives what was made by the functions above."""

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        found: Iterable[Metric] = _registry.collect()
        if _folder:
            found = MultiProcessCollector.merge([str(path) for path in sorted(Path(_folder).glob("*.db"))])  # type: ignore[no-untyped-call]
        yield from sorted(found, key=lambda metric: metric.name)


ERRORS = counter("liveline_errors", "Errors, also repeated ones, which the log sums up.")


class CountErrors(logging.Handler):
    """Counts errors in the log, without those of feed.repeats, which counts its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        if record.name != "feed.repeats":
            ERRORS.inc()


def count_errors() -> None:
    """Counts what is logged as an error from here on."""
    root = logging.getLogger()
    if not root.handlers and logging.lastResort:
        root.addHandler(logging.lastResort)  # Python writes through it only while there is no other
    for logger in (root, logging.getLogger("gunicorn.error")):
        logger.addHandler(CountErrors())
