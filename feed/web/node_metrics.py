"""The metrics of a reader node, for Prometheus: of the worker that answers. The writer's are of the whole site."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from feed.followers.broker import sources
from feed.followers.broker.node import NodeBus
from feed.live.channel import Channel


class NodeMetrics(Collector):
    """What this worker counts, and what it is told."""

    def __init__(self, bus: NodeBus, channel: Channel) -> None:
        self._bus = bus
        self._channel = channel

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        yield GaugeMetricFamily("liveline_worker_sockets", "Open sockets of this worker.", value=len(self._channel))
        refused = CounterMetricFamily("liveline_worker_refusals", "What strangers were refused.", labels=["why"])
        for why, number in self._channel.refusals.total.copy().items():
            refused.add_metric([why], number)
        yield refused
        readers = GaugeMetricFamily("liveline_worker_readers", "Readers of a feed at this worker.", labels=["feed"])
        for slug, number in self._channel.presence.here().items():
            readers.add_metric([slug], number)
        yield readers
        followed = len(self._bus.feeds.all())
        yield GaugeMetricFamily("liveline_node_feeds", "Feeds whose streams this worker reads.", value=followed)
        forged = "What was found in the broker and no process of ours has written."
        yield CounterMetricFamily("liveline_node_forged", forged, value=self._bus.forged)
        used = GaugeMetricFamily(
            "liveline_node_source", "From where the news come: 1 for one of them.", labels=["source"]
        )
        for source in (sources.BROKER, sources.WRITER, sources.NONE):
            used.add_metric([source], float(self._bus.sources.used == source))
        yield used
