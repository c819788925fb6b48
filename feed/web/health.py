"""Endpoints for operators: whether the process is alive, whether it can write, and metrics for Prometheus."""

from collections.abc import Iterator

from flask import Blueprint
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from feed import repeats
from feed.store import feeds, presence, websub
from feed.store.database import OperationalError
from feed.web.reading import midnight
from feed.web.services import Services, services
from feed.web.shown_metrics import answer

health = Blueprint("health", __name__)

PLAIN = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@health.get("/healthz")
def alive() -> tuple[str, int, dict[str, str]]:
    """Answers whenever the process runs."""
    return "alive\n", 200, PLAIN


@health.get("/readyz")
def ready() -> tuple[str, int, dict[str, str]]:
    """Answers 200 when this process has written within the last second, else 503 with the reason: it is draining, the
    database cannot be written, or a request has met damage in it."""
    if services().channel.draining:
        return "draining\n", 503, PLAIN
    if trouble := services().readiness.trouble():
        return f"cannot be used: {trouble}\n", 503, PLAIN
    return "ready\n", 200, PLAIN


@health.get("/metrics")
def metrics() -> tuple[bytes, int, dict[str, str]]:
    """Metrics for Prometheus, of all workers of this machine; only `process_…` are those of the worker that answers.
    While the database cannot be read, the answer lacks the numbers that are in it."""
    return answer(services().channel, _InDatabase(services()))


class _InDatabase(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        try:
            yield from self._read()
        except OperationalError as error:
            repeats.say(f"metrics lack what is in the database, which cannot be read: {error}")

    def _read(self) -> Iterator[Metric]:
        with self._services.store.read() as db:
            known = [feed for feed in feeds.all_feeds(db) if feed.open and not feed.draft]
            readers, peaks = presence.readers(db), presence.peaks(db, midnight())
            hub = websub.state(db, self._services.settings.hub)
            untold = [feed for feed in feeds.changed_since(db, hub.told) if not feed.draft] if hub else []
        changes = CounterMetricFamily("liveline_feed_changes", "Version of an open feed.", labels=["feed"])
        following = GaugeMetricFamily("liveline_readers", "Readers of an open feed.", labels=["feed"])
        peak = GaugeMetricFamily("liveline_readers_peak", "Most readers of an open feed today.", labels=["feed"])
        for feed in known:
            changes.add_metric([feed.slug], feed.version)
            following.add_metric([feed.slug], readers.get(feed.slug, 0))
            peak.add_metric([feed.slug], peaks.get(feed.slug, 0))
        yield from (changes, following, peak)
        if hub:
            yield GaugeMetricFamily("liveline_hub_untold", "Feeds whose change the hub waits for.", value=len(untold))
            yield GaugeMetricFamily("liveline_hub_failures", "Tries since the hub could be told.", value=hub.failures)
