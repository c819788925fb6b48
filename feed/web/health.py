"""Endpoints for operators: whether the process is alive, whether it can write, and metrics for Prometheus."""

from collections.abc import Iterator

from flask import Blueprint
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from feed.store import feeds, presence, websub
from feed.web.reading import midnight
from feed.web.services import Services, services

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
    """Metrics for Prometheus. Feeds and readers are those of all workers; `process_…` and `liveline_worker_…` are those
    of the worker that answers."""
    registry = CollectorRegistry()
    registry.register(_Metrics(services()))
    ProcessCollector(registry=registry)
    return generate_latest(registry), 200, {**PLAIN, "Content-Type": CONTENT_TYPE_LATEST}


class _Metrics(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
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
        sockets = len(self._services.channel)
        yield from (changes, following, peak)
        yield GaugeMetricFamily("liveline_worker_sockets", "Open sockets of this worker.", value=sockets)
        refused = CounterMetricFamily("liveline_worker_refusals", "What strangers were refused.", labels=["why"])
        for why, number in self._services.channel.refusals.total.copy().items():
            refused.add_metric([why], number)
        yield refused
        if hub:
            yield GaugeMetricFamily("liveline_hub_untold", "Feeds whose change the hub waits for.", value=len(untold))
            yield GaugeMetricFamily("liveline_hub_failures", "Tries since the hub could be told.", value=hub.failures)
