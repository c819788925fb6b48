"""Refusals before the application: each gives the reason, has the security headers, and is not logged one by one."""

import http.client
import json
import re
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests
from gevent import socket as gevent_socket
from websocket import create_connection

from feed import settings
from feed.live.admission import BARE_HEADERS
from feed.live.direct.worker import WORDS, Worker
from feed.repeats import Repeats
from feed.store import editors, publishing
from feed.store.database import Store
from tests.conftest import FROM_HERE, Site
from tests.crowd import UPGRADE
from tests.server import Server, serving
from tests.waiting import eventually

HALF = "\ud800"
HALF_IN_AN_ADDRESS = "%ED%A0%80"


@pytest.fixture(scope="module", params=["direct", "stock"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server a driver for this file."""
    with serving(tmp_path_factory.mktemp("refusals"), FEED_TRANSPORT=str(request.param)) as running:
        yield running
        assert "Traceback" not in running.log.read_text()


def say(server: Server, said: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """The answer to these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(said)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, answer.headers, answer.read()


def refused(server: Server) -> dict[str, float]:
    """How often strangers were refused, by reason."""
    told = requests.get(f"{server.url}/metrics", timeout=20).text
    return {why: float(n) for why, n in re.findall(r'liveline_worker_refusals_total\{why="([^"]+)"\} (\S+)', told)}


UNREADABLE = [
    (b"GET / HTTP/1.1\r\nHost: x\r\nBroken\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    (b"GET /<script>alert(1)</script>\x80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n", 501),
    (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n", 417),
]
NOT_LET_IN = [
    (UPGRADE + b"Origin: http://evil.example\r\n\r\n", 403),
    (UPGRADE + b"Origin: null\r\n\r\n", 403),
    (UPGRADE + b"Cookie: liveline=x\r\n\r\n", 403),
    (UPGRADE.replace(b"Key: AAAA", b"Key: A") + b"\r\n", 400),
    (UPGRADE.replace(b"EIO=4", b"EIO=3") + b"\r\n", 400),
    (b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", 400),
]


@pytest.mark.parametrize(("said", "status"), UNREADABLE + NOT_LET_IN)
def test_every_refusal_carries_the_guards_and_says_nothing_back(shared: Server, said: bytes, status: int) -> None:
    found, headers, body = say(shared, said)
    assert found == status
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers.get_all("Cross-Origin-Resource-Policy") == ["same-origin"]
    assert b"script" not in body
    assert b"evil" not in body


def test_strangers_requests_write_nothing_and_are_counted(shared: Server) -> None:
    before, written = refused(shared), len(shared.log.read_text())
    for said, _ in [*UNREADABLE, *NOT_LET_IN]:
        say(shared, said)
    after = refused(shared)
    assert len(shared.log.read_text()) == written
    assert after["broken request"] - before.get("broken request", 0) == len(UNREADABLE)
    assert after["foreign origin"] - before.get("foreign origin", 0) == 3
    assert after["no handshake"] - before.get("no handshake", 0) == 3


@pytest.mark.parametrize("version", [b"", b"8", b"12", b"14", b"13, 8", b"x"])
def test_another_websocket_version_is_told_which_is_here(shared: Server, version: bytes) -> None:
    line = b"Sec-WebSocket-Version: 13\r\n"
    said = UPGRADE.replace(line, b"Sec-WebSocket-Version: " + version + b"\r\n" if version else b"") + b"\r\n"
    status, headers, _ = say(shared, said)
    assert (status, headers["Sec-WebSocket-Version"], headers["Upgrade"]) == (426, "13", "websocket")
    assert headers.get_all("Cross-Origin-Resource-Policy") == ["same-origin"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_origin_of_a_socket_counts_as_that_of_its_page(shared: Server) -> None:
    for origin in ("ws://127.0.0.1:PORT", "WS://LOCALHOST:PORT", "http://127.0.0.1:PORT", "ws://[::1]:PORT"):
        with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as client:
            client.sendall(UPGRADE + f"Origin: {origin.replace('PORT', str(shared.port))}\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 101", origin
    for origin in ("ws://evil.example", "wss://127.0.0.1:PORT", "ws://127.0.0.1:1", "ws:", "ws://", "ws://[", "\xff"):
        foreign = f"Origin: {origin.replace('PORT', str(shared.port))}\r\n\r\n".encode("latin-1")
        assert say(shared, UPGRADE + foreign)[0] == 403, origin


def test_origins_may_be_written_as_those_of_sockets(tmp_path: Path) -> None:
    made = settings.load(
        {"FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_ORIGINS": "wss://a.example ws://b.example:80"}
    )
    assert made.origins[-2:] == ("https://a.example", "http://b.example")


def follow(server: Server, payload: str) -> str:
    """The answer to a follow with that JSON."""
    client = create_connection(f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket", timeout=20)
    client.recv()
    client.send("40")
    client.recv()
    client.send('420["follow",' + payload + "]")
    answer = str(client.recv())
    client.close()
    return answer


@pytest.mark.parametrize(
    "payload",
    ['{"feed":"\\ud800"}', '{"feed":"\\udfff\\ud800"}', '{"feed":"news\\udc00"}', '{"feed":"news","epoch":"\\ud800"}'],
)
def test_half_a_character_in_a_follow_is_answered(shared: Server, payload: str) -> None:
    [answer] = json.loads(follow(shared, payload).removeprefix("430"))
    assert "error" in answer or "epoch" in payload


def test_half_a_character_anywhere_is_a_clear_refusal(site: Site) -> None:
    update, bob = site.publish("One"), site.at_desk()
    site.write_article("harbour", live=True)
    calls = [
        *(("POST", "/api/v1/articles", {"slug": "abc", "headline": "x", field: HALF}) for field in ARTICLE),
        *(("PATCH", "/api/v1/articles/harbour", {field: HALF}) for field in ARTICLE),
        *(("POST", "/api/v1/feeds/news/updates", {"body": "x", field: HALF}) for field in UPDATE),
        *(("PATCH", f"/api/v1/updates/{update.id}", {"revision": 1, field: HALF}) for field in UPDATE),
        *(("DELETE", f"/api/v1/updates/{update.id}", {field: HALF}) for field in ("reason", "notice", HALF)),
        ("POST", "/api/v1/feeds/news/updates", {"body": [{HALF: HALF}]}),
    ]
    for method, path, body in calls:
        assert site.api(method, path, body).status_code in (400, 422), (method, path, body)
    for asked in READ:
        for half in (HALF_IN_AN_ADDRESS, f"news{HALF_IN_AN_ADDRESS.lower()}"):
            assert bob.get(asked + half).status_code == 400, asked + half
    for path in ("/feeds/", "/articles/", "/embed/feeds/", "/desk/feeds/", "/desk/articles/", "/pictures/", "/"):
        assert bob.get(path + HALF_IN_AN_ADDRESS).status_code == 404, path
    forms = ("/desk/sign-in", "/desk/feeds/news/updates", "/desk/articles", "/desk/profile", "/desk/first/x")
    for path in forms:
        for field in ("name", "body", "slug", "display_name", "idempotency_key"):
            form = {"data": f"{field}={HALF_IN_AN_ADDRESS}", "content_type": "application/x-www-form-urlencoded"}
            assert bob.post(path, headers=FROM_HERE, **form).status_code in (400, 422), (path, field)  # type: ignore[arg-type]
    assert site.versions()["news"] == 1


READ = (
    "/feeds/news?q=",
    "/feeds/news?key=1&q=",
    "/?before=",
    "/feeds/news/changes?after=0&epoch=",
    "/oembed?url=",
    "/desk/?x=",
    "/desk/sign-in?next=/desk/",
    "/api/v1/feeds/news/updates?before=",
    "/nothing?x=",
)
ARTICLE = ("slug", "headline", "standfirst", "body", "byline", "kicker", "picture", "language", "draft", "live", HALF)
UPDATE = ("body", "headline", "key", "pinned", HALF)


def test_a_wrong_public_address_is_one_clear_warning(tmp_path: Path) -> None:
    with serving(tmp_path, FEED_PUBLIC_URL="https://news.example.org") as server:
        page = f"127.0.0.1:{server.port}"
        for _ in range(5):
            assert say(server, UPGRADE + b"Origin: http://evil.example\r\n\r\n")[0] == 403
        assert "FEED_PUBLIC_URL" not in server.log.read_text(), "other sites' pages are no sign of it"
        for _ in range(5):
            own = UPGRADE.replace(b"Host: x", f"Host: {page}".encode()) + f"Origin: http://{page}\r\n\r\n".encode()
            assert say(server, own)[0] == 403
        [line] = [each for each in server.log.read_text().splitlines() if "FEED_PUBLIC_URL" in each]
        assert f"http://{page}" in line
        assert "https://news.example.org" in line
        assert refused(server)["own origin"] == 5


def test_who_finds_no_room_is_refused_with_the_guards_too(tmp_path: Path) -> None:
    with (
        serving(tmp_path, FEED_MAX_READERS="1") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as reader,
    ):
        reader.sendall(UPGRADE + b"\r\n")
        assert reader.recv(12) == b"HTTP/1.1 101"
        status, headers, _ = say(server, UPGRADE + b"\r\n")
        assert (status, headers["Retry-After"]) == (503, "30")
        assert headers.get_all("Cross-Origin-Resource-Policy") == ["same-origin"]


@pytest.mark.parametrize("status", WORDS)
def test_whatever_the_worker_answers_by_itself_carries_the_guards(status: int) -> None:
    ours, theirs = gevent_socket.socketpair()
    with ours, theirs:
        Worker.__new__(Worker)._refuse(ours, status, "No.", "Retry-After: 30\r\n")
        ours.shutdown(socket.SHUT_WR)
        head, _, body = b"".join(iter(lambda: theirs.recv(4096), b"")).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"HTTP/1.1 {status} {WORDS[status]}"
    assert {f"{name}: {value}" for name, value in BARE_HEADERS.items()} <= set(lines)
    assert "Cross-Origin-Resource-Policy: same-origin" in lines
    assert body == b"No.\n"


def test_one_line_says_what_was_refused_in_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Repeats()
    for _ in range(1_000):
        refusals.count("throttled")
    refusals.count("broken request")
    refusals.sum_up()
    refusals.sum_up()
    refusals.count("throttled")
    refusals.sum_up()
    refusals.close()
    assert caplog.messages == [
        "Refused in the last minute: 1 × broken request, 1000 × throttled",
        "Refused in the last minute: 1 × throttled",
    ]


@pytest.fixture(scope="module")
def safe_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with TLS inside gunicorn, and a page of 40 kB."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = Server(folder, GUNICORN_CMD_ARGS=f"--keyfile {key} --certfile {certificate}")
    server.prepare()
    store = Store(folder / "feed.db")
    with store.read() as db:
        bob = editors.by_name(db, "bob")
    for number in range(15):
        publishing.publish(store, "news", bob, {"body": f"Number {number} " + "and so on " * 200})
    store.close()
    server.launch()
    eventually(lambda: safely(server, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), within=30)
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@contextmanager
def over_tls(server: Server) -> Iterator[ssl.SSLSocket]:
    """A connection whose window is small."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect(("127.0.0.1", server.port))
        with context.wrap_socket(client) as safe:
            yield safe


def safely(server: Server, said: bytes) -> bytes:
    """All that comes over TLS after those bytes, up to the end of the connection."""
    with over_tls(server) as safe:
        safe.sendall(said)
        return b"".join(iter(lambda: safe.recv(65_536), b""))


def _counted_slow(server: Server) -> float:
    told = safely(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").decode()
    found = re.search(r'liveline_worker_refusals_total\{why="slow"\} (\S+)', told)
    return float(found[1]) if found else 0.0


HEAD = b"POST /desk/sign-in HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


NEVER_COMES = [
    b"",
    HEAD,
    HEAD + FORM + b"Content-Length: 1000\r\n\r\nname=b",
    HEAD + FORM + b"Transfer-Encoding: chunked\r\n\r\nff\r\nname",
]
NEVER_TAKEN = b"GET /feeds/news HTTP/1.1\r\nHost: x\r\n\r\n" * 200


def test_under_tls_what_never_comes_and_what_nobody_takes_is_not_waited_for(safe_server: Server) -> None:
    """All at once, because each takes the whole of its patience."""
    before = _counted_slow(safe_server)
    with ExitStack() as kept:
        unread = kept.enter_context(over_tls(safe_server))
        unread.sendall(NEVER_TAKEN)
        waiting = [kept.enter_context(over_tls(safe_server)) for _ in NEVER_COMES]
        for client, said in zip(waiting, NEVER_COMES, strict=True):
            client.sendall(said)
        for client in waiting:
            answer = b"".join(iter(lambda: client.recv(65_536), b""))  # noqa: B023 - used at once
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
        eventually(lambda: _counted_slow(safe_server) == before + 3, within=60)
        with suppress(OSError):  # broken off in the middle of what was on its way
            while unread.recv(65_536):
                pass


def test_clients_that_break_off_while_tls_begins_leave_no_trace(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = Server(tmp_path, GUNICORN_CMD_ARGS=f"--keyfile {key} --certfile {certificate}")
    server.prepare()
    server.launch()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def healthy() -> bool:
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=20) as client,
            context.wrap_socket(client) as safe,
        ):
            safe.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return safe.recv(15) == b"HTTP/1.1 200 OK"

    eventually(healthy, within=30)
    for said in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"):
        for reset in (False, True):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
                client.sendall(said)
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        context.wrap_socket(client).detach()
    assert healthy()
    server.stop()
    assert "Traceback" not in server.log.read_text()
