"""The fast path for upgrades reads requests as gunicorn does, and all other requests work as before."""

import json
import socket
from pathlib import Path

import pytest
import requests
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feed.live.direct.worker import PEEKED_BYTES, upgrade_in
from tests.server import Server
from tests.test_transport import Slow, sockets
from tests.waiting import eventually

PLAIN = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: news.example:8000\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Origin: http://news.example:8000\r\nUser-Agent: A browser; \xe9\r\nAccept-Language: uk,en;q=0.5\r\n\r\n"
)


def gunicorns(head: bytes) -> dict[str, object]:
    """What gunicorn makes of the same bytes."""
    request = next(RequestParser(Config(), iter([head]), ("192.0.2.7", 4242)))
    _, environ = create(request, socket.socket(), ("192.0.2.7", 4242), ("127.0.0.1", 8000), Config())
    return dict(environ)


def test_an_upgrade_is_read_as_gunicorn_reads_it() -> None:
    environ = upgrade_in(PLAIN)
    assert environ
    theirs = gunicorns(PLAIN)
    assert {name: theirs[name] for name in environ if name not in OWN} == {
        name: value for name, value in environ.items() if name not in OWN
    }
    assert environ["HTTP_HOST"] == "news.example:8000"


OWN = ("wsgi.input", "wsgi.errors", "SERVER_NAME", "SERVER_PORT")
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Cookie", b"X-Forwarded-For", b"Origin", b"Connection", b"X_Under", b"X-\xff", b"Expect", b"A"]
        ),
        st.text(alphabet=st.characters(max_codepoint=255), max_size=12).map(lambda text: text.encode("latin-1")),
        st.sampled_from([b": ", b":", b" : ", b":\t"]),
        st.sampled_from([b"\r\n", b"\n", b"\r\n "]),
    ),
    max_size=4,
)


@given(fields=FIELDS, query=st.binary(max_size=10))
@example(fields=[], query=b"a=1#b")
@settings(deadline=None)
def test_whatever_is_taken_gunicorn_would_have_read_alike(
    fields: list[tuple[bytes, bytes, bytes, bytes]], query: bytes
) -> None:
    """Two readings of one request is how requests are smuggled: what could be read otherwise is not taken."""
    lines = b"".join(name + colon + value + end for name, value, colon, end in fields)
    head = b"GET /socket.io/?" + query + b" HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n"
    environ = upgrade_in(head)
    if environ is not None:
        theirs = gunicorns(head)
        assert {name: environ[name] for name in environ if name not in OWN} == {
            name: theirs.get(name) for name in environ if name not in OWN
        }
        assert {name for name in theirs if name.startswith("HTTP_")} == {n for n in environ if n.startswith("HTTP_")}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        PLAIN[:-2],  # not all of it yet
        PLAIN + b"\x81\x80\0\0\0\0",  # something after it
        PLAIN.replace(b"GET ", b"POST "),
        PLAIN.replace(b"/socket.io/?", b"/socket.io/../?"),
        PLAIN.replace(b"/socket.io/", b"http://evil.example/socket.io/"),
        PLAIN.replace(b"Host: news.example:8000\r\n", b""),
        PLAIN.replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nUpgrade: h2c\r\n"),
        PLAIN.replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nContent-Length: 5\r\n"),
        PLAIN.replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n"),
        PLAIN.replace(b"Upgrade: websocket\r\n", b"Upgrade:\r\n websocket\r\n"),
        PLAIN.replace(b"\r\nUpgrade", b"\nUpgrade"),
        PLAIN.replace(b"Origin:", b"X_Origin:"),
    ],
)
def test_what_is_not_plain_is_left_to_gunicorn(head: bytes) -> None:
    assert upgrade_in(head) is None


def test_an_upgrade_in_two_pieces_or_with_a_long_cookie_comes_in_too(server: Server) -> None:
    long = Slow(server, headers=f"Origin: {server.url}\r\nCookie: x={'y' * PEEKED_BYTES}\r\n")
    halves = Slow(server, halves=True)
    assert sockets(server) == 2
    update = server.publish("To both")
    for each in (long, halves):
        while not each.updates():
            each.read(4096)
        assert each.updates() == [update["html"]]
        each.close()
    eventually(lambda: sockets(server) == 0)
    assert "Warning" not in server.log.read_text(), "imported before gevent could patch it"
    assert requests.get(f"{server.url}/healthz", timeout=5).ok


def test_readers_come_in_through_a_unix_socket_and_are_told_apart_by_the_proxys_word(tmp_path: Path) -> None:
    server = Server(
        tmp_path,
        FEED_PROXIES="1",
        FEED_MAX_READERS_PER_ADDRESS="1",
        GUNICORN_CMD_ARGS=f"--bind unix:{tmp_path}/socket --bind 127.0.0.1:0",
    )
    server.prepare()
    server.launch()
    address = f"{tmp_path}/socket"
    eventually(lambda: Path(address).exists())
    heads = [upgrade_through(address, who) for who in ("192.0.2.1", "192.0.2.2", "192.0.2.2")]
    assert [head.split(b" ")[1] for _, head in heads] == [b"101", b"101", b"503"]
    for each, _ in heads:
        each.close()
    server.stop()


def upgrade_through(address: str, forwarded_for: str) -> tuple[socket.socket, bytes]:
    """An upgrade as a reverse proxy passes it on, and the head of the answer."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(15)

    def connect() -> bool:
        client.connect(address)
        return True

    eventually(connect)
    client.sendall(
        PLAIN.replace(b"Origin: http://news.example:8000\r\n", f"X-Forwarded-For: {forwarded_for}\r\n".encode())
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(1)
    if head.startswith(b"HTTP/1.1 101"):
        opened = client.recv(4096)
        assert "sid" in json.loads(opened[opened.index(b"{") :])
    return client, head
