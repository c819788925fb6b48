"""A writer and two reader nodes as in production, each with gunicorn, and one Redis between them."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from feed.store import backup, feeds, receipts
from feed.store.feeds import NEWS
from tests.broker import SECRET, Broker, brokering
from tests.reader import OpenPage, Reader
from tests.server import BIN, ROOT, Server, serving
from tests.waiting import eventually


@dataclass
class Machines:
    """All that runs."""

    broker: Broker
    writer: Server
    nodes: list[Server]

    def reader(self, node: int, feed: str = NEWS) -> Reader:
        """A reader whose page is from the writer, and whose socket is at that node."""
        made = Reader(self.nodes[node].url, feed, pages=self.writer.url)
        eventually(lambda: made.following)
        return made

    def is_current(self, reader: Reader) -> bool:
        """Whether that page is as one that is loaded now."""
        feed = reader.page.feed
        html = requests.get(f"{self.writer.url}/feeds/{feed}", timeout=10).text
        fresh = OpenPage(feed, html, lambda path: (path, None))
        page = reader.page
        return (page.epoch, page.version, page.shown) == (fresh.epoch, fresh.version, fresh.shown)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("machines")
    with brokering(folder) as broker:
        shared = {"FEED_BROKER": broker.url, "FEED_SECRET_KEY": SECRET}
        with serving(folder, **shared) as writer:
            own = {**shared, "FEED_ROLE": "reader", "FEED_PUBLIC_URL": writer.url}
            nodes = [Server(folder / name, **own) for name in ("a", "b")]
            try:
                for each in nodes:
                    Path(each.log).parent.mkdir()
                    each.environ["FEED_ORIGINS"] = each.url  # the official client says that it is from there
                    each.launch()
                for each in nodes:
                    eventually(lambda url=each.url: requests.get(f"{url}/readyz", timeout=2).ok, within=30)
                yield Machines(broker, writer, nodes)
            finally:
                for each in nodes:
                    each.kill()


def test_readers_at_every_node_get_each_change_once_and_are_counted(machines: Machines) -> None:
    readers = [machines.reader(node) for node in (0, 0, 1)]
    first = machines.writer.publish("One")
    wrong = machines.writer.publish("Wrong")
    machines.writer.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "One, and more", "revision": 1})
    machines.writer.api("DELETE", f"/api/v1/updates/{wrong['id']}")
    for each in readers:
        eventually(lambda each=each: machines.is_current(each))
        assert each.page.reloads == 0
        covered = [(push["after"], push["version"]) for push in each.envelopes]
        assert [after for after, _ in covered[1:]] == [version for _, version in covered[:-1]], "twice, or left out"
    shown = requests.get(f"{machines.writer.url}/metrics", timeout=10)
    eventually(lambda: 'liveline_readers{feed="news"} 3.0' in requests.get(shown.url, timeout=10).text)
    eventually(lambda: 3 in readers[2].readers)
    told = machines.writer.publish("Counted")
    with machines.writer.store() as store:

        def sockets() -> int:
            with store.read() as db:
                receipt = receipts.of(db, feeds.get(db, NEWS), told["version"])
            return receipt.sockets if receipt else 0

        eventually(lambda: sockets() == 3)
    for each in readers:
        each.close()


def test_an_article_that_moves_or_is_a_draft_again_takes_its_readers_along(machines: Machines) -> None:
    api = machines.writer.api
    api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "Harbour", "live": True})
    machines.writer.publish("One", "harbour")
    with closing(machines.reader(0, "harbour")) as reader:
        api("PATCH", "/api/v1/articles/harbour", {"slug": "quay"})
        eventually(lambda: reader.page.reloads > 0)
    with closing(machines.reader(1, "quay")) as reader:
        machines.writer.publish("Two", "quay")
        eventually(lambda: machines.is_current(reader))
        api("PATCH", "/api/v1/articles/quay", {"draft": True})
        eventually(lambda: reader.page.reloads > 0)
    for node in machines.nodes:
        address = f"{node.url}/feeds/quay/changes?after=0"
        eventually(lambda address=address: requests.get(address, timeout=5).status_code == 404)


def test_readers_of_a_node_that_is_killed_go_to_the_other_one(machines: Machines) -> None:
    readers = [machines.reader(0) for _ in range(3)]
    for each in readers:
        each.client.reconnection = False  # to the same node, by itself
    (worker,) = machines.nodes[0].workers()
    os.kill(worker, signal.SIGKILL)
    machines.writer.publish("While it is gone")
    for each in readers:
        each.go_to(machines.nodes[1].url)
        eventually(lambda each=each: machines.is_current(each))
        assert each.page.reloads == 0
        each.close()
    eventually(lambda: requests.get(f"{machines.nodes[0].url}/readyz", timeout=2).ok, within=30)


def test_a_node_that_stood_still_while_its_stream_was_trimmed(machines: Machines) -> None:
    with closing(machines.reader(0)) as reader:
        key = f"liveline:feed:news:{reader.page.epoch}"
        (worker,) = machines.nodes[0].workers()
        os.kill(worker, signal.SIGSTOP)
        try:
            for number in range(4):
                last = machines.writer.publish(f"Trimmed {number}")
            eventually(lambda: machines.broker.client.xrevrange(key, count=1)[0][0] == b"%d-0" % last["version"])
            machines.broker.client.xtrim(key, maxlen=1, approximate=False)
        finally:
            os.kill(worker, signal.SIGCONT)
        eventually(lambda: reader.page.reloads > 0 or machines.is_current(reader))
    with closing(machines.reader(0)) as reader:
        machines.writer.publish("After")
        eventually(lambda: machines.is_current(reader))


def test_sockets_stay_open_while_redis_and_the_writer_fail(machines: Machines) -> None:
    readers = [machines.reader(node) for node in (0, 1)]
    closed = []
    for each in readers:
        each.client.on("disconnect", closed.append)
    machines.broker.stop()
    machines.writer.publish("Without Redis")
    for each in readers:
        eventually(lambda each=each: each.sees("Without Redis"), within=30)
    machines.broker.start()  # empty
    for node in machines.nodes:
        eventually(lambda node=node: "broker" in requests.get(f"{node.url}/readyz", timeout=5).text, within=30)
    machines.writer.publish("Redis is back")
    for each in readers:
        eventually(lambda each=each: each.sees("Redis is back", "Without Redis"))
    (worker,) = machines.writer.workers()
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: requests.get(f"{machines.writer.url}/readyz", timeout=2).ok, within=30)
    machines.writer.publish("The writer is back")
    for each in readers:
        eventually(lambda each=each: machines.is_current(each))
        assert each.page.reloads == 0
    assert closed == []
    for each in readers:
        each.close()


def test_a_node_that_is_cut_off_lets_its_readers_go_until_it_is_not(machines: Machines, tmp_path: Path) -> None:
    own = {**machines.nodes[0].environ, "FEED_WRITER_URL": "http://127.0.0.1:9"}
    node = Server(tmp_path, **{name: own[name] for name in own if name.startswith("FEED_")})
    node.environ["FEED_ORIGINS"] = node.url
    impatient = tmp_path / "impatient.conf.py"
    impatient.write_text(
        f"exec(open({str(ROOT / 'gunicorn.conf.py')!r}).read())\n"
        "def post_worker_init(worker):\n"
        "    from feed.followers.broker import sources\n"
        "    sources.CUT_OFF_SECONDS = 1.0\n"
    )
    try:
        node.launch(BIN / "gunicorn", "-c", impatient)
        eventually(lambda: requests.get(f"{node.url}/readyz", timeout=2).ok, within=30)
        machines.nodes.append(node)
        with closing(machines.reader(-1)) as reader:
            machines.broker.freeze()
            eventually(lambda: not reader.client.connected)
            handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
            address = f"{node.url}/socket.io/?EIO=4&transport=websocket"
            refused = requests.get(address, headers=handshake, timeout=5)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
            machines.writer.publish("Meanwhile")
            machines.broker.thaw()
            eventually(lambda: machines.is_current(reader), within=30)
            assert reader.page.reloads == 0
    finally:
        machines.broker.thaw()
        machines.nodes.remove(node)
        node.kill()


def test_after_a_restore_readers_of_nodes_reload(machines: Machines, tmp_path: Path) -> None:
    machines.writer.publish("Before")
    with machines.writer.store() as store:
        backup.backup(store, tmp_path / "media", tmp_path / "copy.db")
    with closing(machines.reader(0)) as first, closing(machines.reader(1)) as second:
        machines.writer.publish("Lost by the restore")
        eventually(lambda: first.sees("Lost") and second.sees("Lost"))
        with machines.writer.store() as store:
            backup.restore(store, tmp_path / "media", tmp_path / "copy.db")
        eventually(lambda: first.page.reloads > 0 and second.page.reloads > 0)
    with closing(machines.reader(1)) as reader:
        machines.writer.publish("After")
        eventually(lambda: machines.is_current(reader))
        assert reader.page.reloads == 0
