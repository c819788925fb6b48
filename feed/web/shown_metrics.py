"""The answer to Prometheus: what all workers of this machine count, and what only the view that answers knows."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

from feed.live.channel import Channel
from feed.metrics import OfAllWorkers


def answer(channel: Channel, *more: Collector) -> tuple[bytes, int, dict[str, str]]:
    """The metrics of all workers, those of this process (`process_…`), and those of further collectors."""
    channel.measuring.look()
    registry = CollectorRegistry()
    for each in (OfAllWorkers(), *more):
        registry.register(each)
    ProcessCollector(registry=registry)
    return generate_latest(registry), 200, {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
