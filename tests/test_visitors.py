"""Connections that keep the worker waiting are closed, and never keep other clients from their page."""

import fcntl
import re
import resource
import socket
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import gevent
import pytest
import requests
from gevent import socket as gevent_socket

from feed.live.direct import open_files, visitors
from feed.live.direct.visitors import HungUp, Visitors
from tests.crowd import UPGRADE
from tests.server import BIN, Server, serving
from tests.waiting import eventually

BODY_THAT_NEVER_COMES = b"POST /desk/sign-in HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n" + (
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname=b"
)
CHUNK_THAT_NEVER_COMES = BODY_THAT_NEVER_COMES.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked").replace(
    b"name=b", b"ff\r\nname"
)
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: "
NEVER_READ = b"GET /feeds/news HTTP/1.1\r\nHost: x\r\n\r\n" * 200
SOCKET_HALF = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
KINDS = {
    "silence": b"",
    "half a head": HALF_A_HEAD,
    "half an upgrade": SOCKET_HALF,
    "no body": BODY_THAT_NEVER_COMES,
    "no chunk": CHUNK_THAT_NEVER_COMES,
    "no reading": NEVER_READ,
}


@contextmanager
def holding(server: Server, count: int, said: bytes) -> Iterator[Callable[[], None]]:
    """That many connections which say that and then nothing, and read nothing; gives what opens as many once more."""
    held: list[socket.socket] = []

    def more() -> None:
        for _ in range(count):
            each = socket.socket()
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.settimeout(20)
            each.connect(("127.0.0.1", server.port))
            held.append(each)
            with suppress(OSError):  # it has given way already
                each.sendall(said)

    more()
    try:
        yield more
    finally:
        for each in held:
            each.close()


@pytest.fixture(scope="module")
def stingy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a proxy, which may open 600 files; with a page of 40 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_000, hard), hard))  # for the clients
    server = Server(tmp_path_factory.mktemp("stingy"), FEED_PROXIES="1", FEED_MAX_READERS_PER_ADDRESS="900")
    server.prepare()
    server.start("sh", "-c", f"ulimit -n 600; exec {BIN / 'gunicorn'}")
    for number in range(15):
        server.publish(f"Number {number} " + "and so on " * 200)
    yield server
    server.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("kind", KINDS)
def test_more_connections_than_files_do_not_stop_the_site(stingy: Server, kind: str) -> None:
    before = len(stingy.log.read_text())
    with holding(stingy, 700, KINDS[kind]) as more:
        for path in ("/readyz", "/healthz", "/", "/feeds/news"):
            assert requests.get(stingy.url + path, timeout=20).ok, path
        more()
        update = stingy.publish(f"While {kind} holds them")
        assert update["html"] in requests.get(f"{stingy.url}/feeds/news", timeout=20).text
    written = stingy.log.read_text()[before:]
    assert "Traceback" not in written
    assert "Too many open files" not in written


def test_a_crowd_of_readers_and_one_of_the_silent_together_leave_room_for_pages(stingy: Server) -> None:
    with holding(stingy, 350, UPGRADE + b"\r\n"):
        eventually(lambda: counted(stingy, "full") >= 350 - open_files.readers(600), within=30)
        with holding(stingy, 350, HALF_A_HEAD):
            for path in ("/readyz", "/", "/feeds/news"):
                assert requests.get(stingy.url + path, timeout=20).ok, path
            stingy.publish("While nobody else can come in")
    assert "Too many open files" not in stingy.log.read_text()


def test_what_never_comes_and_what_nobody_takes_is_not_waited_for(stingy: Server) -> None:
    before = counted(stingy, "slow")
    said = [each for kind, each in KINDS.items() if kind != "no reading"]
    with ExitStack() as kept:
        kept.enter_context(holding(stingy, 1, NEVER_READ))
        clients = [kept.enter_context(socket.create_connection(("127.0.0.1", stingy.port), timeout=60)) for _ in said]
        for client, each in zip(clients, said, strict=True):
            client.sendall(each)
        for client in clients:
            answer = b"".join(iter(lambda: client.recv(4096), b""))  # noqa: B023 - used at once
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
        eventually(lambda: counted(stingy, "slow") >= before + 3, within=60)


ANSWER_BYTES = 300  # of /healthz, at least


def test_who_asks_many_times_without_reading_gives_way_to_who_asks_once(stingy: Server) -> None:
    asked, clients = 200, 100
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as kept:
        crowd = [
            kept.enter_context(socket.create_connection(("127.0.0.1", stingy.port), timeout=20)) for _ in range(clients)
        ]
        for each in crowd:
            each.sendall(one * asked)
        for number in range(5):
            assert requests.get(f"{stingy.url}/feeds/news?q={number}", timeout=20).ok
        answered = sum(int.from_bytes(fcntl.ioctl(each, termios.FIONREAD, bytes(4)), sys.byteorder) for each in crowd)
        assert answered < ANSWER_BYTES * asked * clients / 2, "they were not all served first"


def counted(server: Server, why: str) -> float:
    """How often the worker says that it hung up for that reason."""
    told = requests.get(f"{server.url}/metrics", timeout=20).text
    found = re.search(rf'liveline_worker_refusals_total\{{why="{why}"\}} (\S+)', told)
    return float(found[1]) if found else 0.0


def test_one_address_does_not_take_all_connections(tmp_path: Path) -> None:
    with serving(tmp_path, FEED_MAX_CONNECTIONS_PER_ADDRESS="5") as server:
        with holding(server, 5, HALF_A_HEAD), socket.create_connection(("127.0.0.1", server.port)) as sixth:
            assert requests.get(f"{server.url}/", timeout=20).ok, "the oldest gives way to it"
            del sixth
        assert counted(server, "gave way") >= 1
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A shorter patience; gives the reasons that are counted."""
    monkeypatch.setattr(visitors, "STUCK_SECONDS", 0.3)
    return []


@pytest.fixture
def pair(quick: list[str]) -> Iterator[tuple[visitors.Visitor, gevent_socket.socket]]:
    """A visitor that has sent a request, and its other side."""
    ours, theirs = gevent_socket.socketpair()
    visitor = Visitors(10, 10, lambda: 0, quick.append).enter(ours, ("192.0.2.1", 1))
    assert visitor
    visitor.begin()
    yield visitor, theirs
    ours.close()
    theirs.close()


def test_a_body_that_comes_steadily_is_taken_whole(
    pair: tuple[visitors.Visitor, gevent_socket.socket], quick: list[str]
) -> None:
    visitor, theirs = pair
    for _ in range(8):
        theirs.sendall(b"x" * 4_096)
        assert len(visitor.recv(8_192)) == 4_096
    assert quick == []
    with pytest.raises(HungUp):
        visitor.recv(1)
    assert quick == ["slow"]


def test_a_body_that_trickles_is_not(pair: tuple[visitors.Visitor, gevent_socket.socket], quick: list[str]) -> None:
    visitor, theirs = pair
    trickle = gevent.spawn(lambda: [(theirs.send(b"x"), gevent.sleep(0.05)) for _ in range(1_000)])
    with pytest.raises(HungUp):
        list(iter(lambda: visitor.recv(1), b""))
    assert quick == ["slow"]
    trickle.kill()


def test_an_answer_that_nobody_takes_ends(
    pair: tuple[visitors.Visitor, gevent_socket.socket], quick: list[str]
) -> None:
    visitor, _ = pair
    with pytest.raises(HungUp):
        visitor.sendall(b"x" * 50_000_000)
    assert quick == ["slow"]


class Nobody:
    """A socket that is only counted."""

    def settimeout(self, seconds: float | None) -> None:
        """Nothing waits."""


def test_networks_are_counted_apart_and_a_reader_is_no_visitor() -> None:
    everybody = Visitors(100, 2, lambda: 0, lambda why: None)
    first, second = (everybody.enter(Nobody(), ("2001:db8:1:2::1", port)) for port in (1, 2))
    assert first
    assert second
    assert everybody.enter(Nobody(), ("2001:db8:1:2::ffff", 1)) is None, "the same /64, and none waits"
    assert everybody.enter(Nobody(), ("2001:db8:1:3::1", 1))
    assert everybody.enter(Nobody(), "")  # a Unix socket
    first.to_reader()
    assert everybody.enter(Nobody(), ("2001:db8:1:2::ffff", 1))


def test_behind_a_proxy_its_address_has_no_limit_but_the_files_do() -> None:
    everybody = Visitors(5, None, lambda: 2, lambda why: None)
    entered = [everybody.enter(Nobody(), ("127.0.0.1", port)) for port in range(4)]
    assert [each is not None for each in entered] == [True, True, True, False]
