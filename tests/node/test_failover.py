"""Redis with Sentinel: when another server becomes the master, readers of nodes notice nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from feed.followers.broker import sources
from tests import processes
from tests.broker import SECRET, Broker, brokering
from tests.conftest import site_in
from tests.node.local import Served, local_node
from tests.server import free_port
from tests.waiting import eventually


@contextmanager
def watching(folder: Path, master: Broker) -> Iterator[str]:
    """A sentinel that watches this master; yields the broker's address."""
    port = free_port()
    (folder / "sentinel.conf").write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor site 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds site 300\nsentinel failover-timeout site 2000\n"
    )
    with open(folder / "sentinel.log", "ab") as log:
        running = processes.start("redis-server", folder / "sentinel.conf", "--sentinel", stdout=log, stderr=log)
    try:
        with Redis(port=port) as asked:
            eventually(lambda: asked.sentinel_slaves("site"))
        yield f"redis+sentinel://127.0.0.1:{port}/site/0"
    finally:
        running.kill()
        running.wait()


def test_readers_stay_current_when_the_broker_fails_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feed.followers.broker.streams.LEASE_MILLISECONDS", 1_000)
    monkeypatch.setattr(sources, "AWAY_SECONDS", 1.0)
    with (
        brokering(tmp_path / "one") as master,
        brokering(tmp_path / "two", "--replicaof", "127.0.0.1", str(master.port)) as replica,
    ):
        eventually(lambda: replica.client.info("replication")["master_link_status"] == "up")
        with (
            watching(tmp_path, master) as address,
            site_in(tmp_path, FEED_BROKER=address, FEED_SECRET_KEY=SECRET) as site,
        ):
            site.services.channel.begin()
            served, replica.url = Served(site.app), address
            with local_node(site, replica, served.url) as local:
                eventually(lambda: local.bus.sources.used == sources.BROKER and local.bus.sources.ready)
                page = local.open()
                wrong = site.publish("Before")
                local.all_current()
                master.stop()
                site.publish("Meanwhile")
                site.retract(wrong)
                eventually(lambda: replica.client.info("replication")["role"] == "master", within=30)
                local.all_current()
                eventually(lambda: replica.client.exists("liveline:writer"))
                eventually(lambda: local.bus.sources.used == sources.BROKER)
                site.publish("After")
                local.all_current()
                assert page.reloads == 0
            served.stop()
