"""What a node takes for an answer of the writer, while it asks that instead of the broker."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from feed.followers.broker import origin
from feed.followers.broker.origin import Answer, NoAnswer, Origin
from feed.followers.bus import Position

HERE = Position("a", 41)
CHANGE = {"id": "update-1", "version": 42, "html": None}
ENVELOPE = {"feed": "news", "epoch": "a", "after": 41, "version": 42, "changes": [CHANGE]}
RELOAD = {"feed": "news", "epoch": "b", "version": 9, "reload": True}


class Writer(ThreadingHTTPServer):
    """Answers what it is told to."""

    status, headers, body = 200, dict[str, str](), b""
    asked: list[str]
    connections = 0
    endless = False

    def get_request(self) -> Any:
        """Counts the connections."""
        self.connections += 1
        return super().get_request()


class Handler(BaseHTTPRequestHandler):
    """Of one connection."""

    protocol_version = "HTTP/1.1"
    server: Writer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        if not self.server.endless:
            self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        try:
            self.wfile.write(self.server.body)
            while self.server.endless and not self.wfile.closed:
                self.wfile.write(b" " * 65_536)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def writer() -> Iterator[Writer]:
    with Writer(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asking(writer: Writer) -> Iterator[Origin]:
    made = Origin(f"http://127.0.0.1:{writer.server_port}")
    yield made
    made.close()


def test_what_the_writer_says_is_understood(writer: Writer, asking: Origin) -> None:
    writer.body = json.dumps(ENVELOPE).encode()
    assert asking.ask("news", HERE) == Answer("news", Position("a", 42), ENVELOPE)
    writer.body = json.dumps(RELOAD).encode()
    assert asking.ask("news", HERE) == Answer("news", Position("b", 9))
    writer.status, writer.headers = 301, {"Location": "http://else.example/feeds/new%20one/changes?after=41"}
    assert asking.ask("a b/ä", HERE) == Answer("new one", Position("", 0), gone=True)
    writer.status, writer.headers = 404, {"Content-Type": "application/problem+json"}
    assert asking.ask("news", HERE) == Answer("news", Position("", 0), gone=True)
    assert writer.asked[2] == "/feeds/a%20b%2F%C3%A4/changes?after=41&epoch=a"
    assert writer.connections == 1, "the connection is kept"


@pytest.mark.parametrize(
    ("status", "headers", "found"),
    [
        (404, {"Content-Type": "text/html"}, "a page of somebody else"),
        (302, {"Location": "/feeds/other/changes"}, ""),
        (301, {"Location": "/feeds/news/changes"}, ""),
        (301, {"Location": "https://else.example/login"}, ""),
        (301, {}, ""),
        (500, {}, ENVELOPE),
        (503, {}, ENVELOPE),
        (200, {}, "<html>"),
        (200, {}, ""),
        (200, {}, []),
        (200, {}, {**ENVELOPE, "feed": "other"}),
        (200, {}, {**ENVELOPE, "version": "42"}),
        (200, {}, {**ENVELOPE, "changes": None}),
        (200, {}, {**ENVELOPE, "changes": [{**CHANGE, "html": 7}]}),
        (200, {}, {**ENVELOPE, "changes": [{"id": "update-1", "version": 42}]}),
        (200, {}, {**ENVELOPE, "changes": ["<script>"]}),
    ],
)
def test_what_is_no_answer_of_the_writer_is_none(
    writer: Writer, asking: Origin, status: int, headers: dict[str, str], found: Any
) -> None:
    writer.status, writer.headers = status, headers
    writer.body = found.encode() if isinstance(found, str) else json.dumps(found).encode()
    for number in (1, 2):
        with pytest.raises(NoAnswer):
            asking.ask("news", HERE)
        assert len(writer.asked) == number, "it is not asked twice, and nothing is fetched from elsewhere"


def test_an_answer_without_end_is_cut_off(writer: Writer, asking: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "MOST_BYTES", 1_000_000)
    writer.endless = True
    with pytest.raises(NoAnswer, match="too long"):
        asking.ask("news", HERE)


def test_a_kept_connection_that_was_closed_says_nothing_about_the_writer(writer: Writer, asking: Origin) -> None:
    writer.body = json.dumps(ENVELOPE).encode()
    writer.headers = {"Connection": "close"}
    for _ in range(3):
        assert asking.ask("news", HERE).envelope == ENVELOPE
    writer.headers = {}
    asking.ask("news", HERE)
    assert asking._kept
    asking._kept.sock.shutdown(2)  # type: ignore[union-attr]
    assert asking.ask("news", HERE).envelope == ENVELOPE
    assert writer.connections == 5


def test_a_writer_that_is_not_there_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        Origin("http://127.0.0.1:9").ask("news", HERE)
