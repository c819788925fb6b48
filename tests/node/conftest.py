"""A broker, a writer that relays to it, and a node, all in this process but for the broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker import SECRET, Broker, brokering
from tests.conftest import Site, site_in
from tests.node.local import LocalNode, Served, local_node
from tests.waiting import eventually


@pytest.fixture(scope="module")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with brokering(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    shared_broker.client.flushall()
    return shared_broker


@pytest.fixture
def site(tmp_path: Path, broker: Broker) -> Iterator[Site]:
    """The writer, whose relay runs."""
    with site_in(tmp_path, FEED_BROKER=broker.url, FEED_SECRET_KEY=SECRET) as site:
        site.services.channel.begin()
        yield site


@pytest.fixture
def served(site: Site) -> Iterator[Served]:
    served = Served(site.app)
    yield served
    served.stop()


@pytest.fixture
def local(site: Site, broker: Broker, served: Served) -> Iterator[LocalNode]:
    with local_node(site, broker, served.url) as running:
        eventually(lambda: running.bus.sources.ready)
        yield running
