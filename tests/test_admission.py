"""Admission counts sockets by network, refuses more before pages suffer, and no counter leaks."""

import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from feed.networks import network_of
from tests.crowd import UPGRADE
from tests.server import BIN, Server, serving
from tests.test_transport import sockets
from tests.waiting import eventually


@pytest.fixture(scope="module", params=["direct", "stock"])
def transport(request: pytest.FixtureRequest) -> str:
    """Admission stands in front of both drivers."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, transport: str) -> Iterator[Server]:
    """One for all tests that need no settings of their own."""
    with serving(tmp_path_factory.mktemp("admission"), FEED_TRANSPORT=transport) as running:
        yield running


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),  # the same client, through a socket that takes both
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_client_is_an_ipv4_address_or_a_64(address: str, network: str) -> None:
    assert network_of(address) == network


class Client:
    """Clients that knock with an upgrade, and stay when they are let in."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._inside: list[socket.socket] = []

    def knock(self, headers: str = "", head: bytes = UPGRADE) -> int:
        """The status of the answer."""
        client = socket.create_connection(("127.0.0.1", self._server.port), timeout=10)
        client.sendall(head + headers.encode() + b"\r\n")
        status = int(client.recv(4096).split()[1])
        if status == 101:
            self._inside.append(client)
        else:
            client.close()
        return status

    def leave(self) -> None:
        """Everybody leaves without a word."""
        while self._inside:
            self._inside.pop().close()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """The way in."""
    clients = Client(server)
    yield clients
    clients.leave()


BROKEN = [
    UPGRADE.replace(b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b""),
    UPGRADE.replace(b"AAAA==", b"AAAA"),
    UPGRADE.replace(b"AAAA==", b"\xff==="),
    UPGRADE.replace(b"Version: 13", b"Version: 8"),
    UPGRADE.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
    UPGRADE.replace(b"Connection: Upgrade", b"Connection: close"),
    UPGRADE.replace(b"EIO=4", b"EIO=3"),
    UPGRADE.replace(b"EIO=4", b"EIO=4&sid=nosuch"),
    UPGRADE.replace(b"transport=websocket", b"transport=polling"),
    UPGRADE.replace(b"?EIO=4&transport=websocket", b""),
    UPGRADE.replace(b"GET ", b"POST "),
]


def test_no_count_and_no_file_is_left_of_who_did_not_get_in(server: Server, client: Client) -> None:
    [worker], logged = server.workers(), len(server.log.read_text())
    assert client.knock() == 101
    client.leave()
    eventually(lambda: sockets(server) == 0)
    before = files(worker)
    for head in BROKEN:
        assert 400 <= client.knock(head=head) < 500, head
    assert client.knock("Origin: http://evil.example\r\n") == 403
    for unfinished in (UPGRADE, UPGRADE + b"\r\n", b"", b"GET"):
        with socket.create_connection(("127.0.0.1", server.port)) as gone:
            gone.sendall(unfinished)
    silent = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    silent.sendall(UPGRADE)
    assert silent.recv(100) == b""  # half a request holds nothing for longer than a few seconds
    silent.close()
    eventually(lambda: sockets(server) == 0 and files(worker) <= before)
    assert "Traceback" not in server.log.read_text()[logged:]


def test_a_worker_out_of_files_loses_no_count_of_them(server: Server, client: Client) -> None:
    [worker] = server.workers()
    server.publish("Before")
    soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (files(worker) + 6, hard))
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for each in crowd:
        each.sendall(UPGRADE + b"\r\n")
    eventually(lambda: "Too many open files" in server.log.read_text())
    for each in crowd:
        each.close()
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (soft, hard))
    eventually(lambda: sockets(server) == 0)
    assert server.workers() == [worker]
    assert client.knock() == 101
    server.publish("After")


def test_a_full_worker_refuses_readers_and_serves_pages(tmp_path: Path, transport: str) -> None:
    server = Server(
        tmp_path, FEED_TRANSPORT=transport, FEED_PROXIES="1", FEED_MAX_READERS="4", FEED_MAX_READERS_PER_ADDRESS="2"
    )
    server.prepare()
    server.start()
    client = Client(server)

    def knock(forwarded_for: str) -> int:
        return client.knock(f"X-Forwarded-For: {forwarded_for}\r\n")

    assert [knock(f"2001:db8:1:1::{host}") for host in (1, 2, 3)] == [101, 101, 503]
    assert knock("2001:db8:1:2::9, 2001:db8:1:1::4") == 503  # the proxy's word counts, not the client's
    assert knock("2001:db8:1:2::1") == 101
    assert knock("192.0.2.1") == 101
    assert knock("192.0.2.2") == 503
    assert requests.get(f"{server.url}/readyz", timeout=5).ok
    assert server.publish("While it is full")["html"] in requests.get(f"{server.url}/feeds/news", timeout=5).text
    client.leave()
    eventually(lambda: sockets(server) == 0)
    assert knock("2001:db8:1:1::5") == 101
    client.leave()
    server.kill()


def test_readers_leave_files_to_pages_where_the_system_is_stingy(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.prepare()
    server.start("sh", "-c", f"ulimit -n 200; exec {BIN / 'gunicorn'}")
    client = Client(server)
    answers = [client.knock() for _ in range(120)]
    assert answers == [101] * 100 + [503] * 20
    assert "100 readers may come in, not the 12000 of FEED_MAX_READERS" in server.log.read_text()
    assert server.publish("While it is full")["html"] in requests.get(f"{server.url}/feeds/news", timeout=5).text
    client.leave()
    server.kill()


def files(process: int) -> int:
    """How many files that process has open."""
    return len(os.listdir(f"/proc/{process}/fd"))
