"""Publish: from the request to the answer, and from the commit to the first byte that a reader gets.

    python bench/publish.py [--readers 0 2000] [--pace 50] [--quick]

Updates are published over one kept connection, with a pause of `--pace` ms after each: one of about 600 bytes,
and one with links, quotes and a picture. The first reader is this script's own; the others are the load generator's. A
commit is seen where others see it, too: SQLite counts it in the memory that the connections of a database share, and
this script looks there all the time from the request to the commit. An update that another commit overtakes, such as
that of a receipt, is left out of the second figure. CPU is that of the server for one update, with all that follows it.
"""

import json
import mmap
import selectors
import socket
import struct
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from http.client import HTTPConnection
from io import BytesIO
from time import perf_counter, sleep

from harness import Bench, Server, arguments
from PIL import Image
from servers import FRAME, LIVELINE, SOCKET_IO, STOCK, Post

WARM_ROUNDS = 10  # not counted
COUNTER = struct.Struct("=8xI")  # where the shared memory begins: the number of the last commit
TEXT = (
    'The harbour authority said "no ship will be turned away", and its [plan](https://example.org/plan) is public.\n\n'
    "> We have waited for this bridge for nine years.\n\n"
    "- The ferry runs until **midnight**\n- Buses follow at 5:30, see https://example.org/buses\n\n"
    "![The bridge at dawn](/pictures/{picture})"
)


class Reader:
    """The reader who is served first: it follows the News Feed over a WebSocket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._rest = b""
        headers = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        self.socket.sendall(f"GET {SOCKET_IO} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}{key}\r\n".encode())
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.socket.recv(4096)
        self._rest = self._rest.partition(b"\r\n\r\n")[2]
        self._say("40")
        self._until("40")
        self._say('420["follow",{"feed":"news"}]')
        self._until("430")

    def take(self) -> bool:
        """Receives what is there. Whether an update was in it."""
        self._rest += self.socket.recv(1 << 20)
        return any(text.startswith('42["updated"') for text in self._texts())

    def _until(self, beginning: str) -> None:
        while not any(text.startswith(beginning) for text in self._texts()):
            self._rest += self.socket.recv(1 << 20)

    def _texts(self) -> list[str]:
        """The frames that are there whole. Pings of Engine.IO are answered."""
        found = []
        while len(self._rest) >= 2:
            size, begin = self._rest[1], 2
            if size == 126:
                size, begin = int.from_bytes(self._rest[2:4]), 4
            if len(self._rest) < begin + size:
                break
            found.append(self._rest[begin : begin + size].decode())
            self._rest = self._rest[begin + size :]
        for _ in (text for text in found if text == "2"):
            self._say("3")
        return found

    def _say(self, text: str) -> None:
        """Sends a short text, masked with zeros."""
        self.socket.sendall(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text.encode())


@dataclass
class Seen:
    """Milliseconds of each update: from the request to its answer, and from the commit to the first byte."""

    answers: list[float] = field(default_factory=list)
    pushes: list[float] = field(default_factory=list)


class Publisher:
    """A kept connection that publishes, and the reader beside it; a context manager."""

    def __init__(self, server: Server) -> None:
        self._port = server.port
        self._reader = Reader(server.port)
        self._client = socket.socket()
        self._shared = (server.folder / "feed.db-shm").open("rb")
        self._memory = mmap.mmap(self._shared.fileno(), COUNTER.size, access=mmap.ACCESS_READ)
        self._ready = selectors.DefaultSelector()

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._client, self._reader.socket, self._ready, self._memory, self._shared):
            each.close()

    def connect(self) -> None:
        """Opens the connection, which gunicorn would not keep until all readers are there."""
        self._client.connect(("127.0.0.1", self._port))
        for each in (self._client, self._reader.socket):
            self._ready.register(each, selectors.EVENT_READ)

    def turn(self, request: bytes, seen: Seen) -> None:
        """Publishes once."""
        while self._ready.select(0):
            self._reader.take()  # a ping
        before = self._commits()
        began = perf_counter()
        self._client.sendall(request)
        while self._commits() == before:
            pass
        committed = perf_counter()
        answer, answered, pushed = b"", False, False
        while not (answered and pushed):
            for key, _ in self._ready.select():
                now = perf_counter()
                if key.fileobj is self._client:
                    answer += self._client.recv(1 << 20)
                    if answered := is_whole(answer):
                        seen.answers.append((now - began) * 1e3)
                elif self._reader.take():
                    pushed = True
                    if self._commits() == before + 1:
                        seen.pushes.append((now - committed) * 1e3)

    def _commits(self) -> int:
        return int(COUNTER.unpack_from(self._memory)[0])


def is_whole(answer: bytes) -> bool:
    """Whether an answer has come in whole. One that is no 201 ends the run."""
    head, end, body = answer.partition(b"\r\n\r\n")
    status, _, lines = head.partition(b"\r\n")
    if not status.startswith(b"HTTP/1.1 201"[: len(status)]):
        raise SystemExit(answer.decode())
    return bool(end) and len(body) >= int(BytesHeaderParser().parsebytes(lines)["Content-Length"])


def texts(server: Server) -> dict[str, Post]:
    """The requests to publish, by name."""
    plain = server.call.update(FRAME)
    rich = json.dumps({"headline": "The bridge is open", "body": TEXT.format(picture=upload(server, plain))})
    return {f"of {FRAME} bytes": plain, "with links and picture": Post(plain.path, rich, plain.headers)}


def upload(server: Server, update: Post) -> str:
    """Uploads a picture, and returns its id."""
    file = BytesIO()
    Image.new("RGB", (1200, 800), "teal").save(file, "JPEG")
    part = 'Content-Disposition: form-data; name="%s"'
    body = b"".join((
        f"--b\r\n{part % 'alt'}\r\n\r\nThe bridge\r\n--b\r\n{part % 'file'}; filename=a.jpg\r\n\r\n".encode(),
        file.getvalue(),
        b"\r\n--b--\r\n",
    ))  # fmt: skip
    client = HTTPConnection("127.0.0.1", server.port)
    headers = {**update.headers, "Content-Type": "multipart/form-data; boundary=b"}
    client.request("POST", "/api/v1/pictures", body, headers)
    added = json.loads(client.getresponse().read())
    client.close()
    return str(added["id"])


def percentiles(seen: list[float]) -> list[str]:
    """p50 and p99."""
    ordered = sorted(seen)
    return [f"{ordered[len(ordered) * percent // 100]:.2f}" if ordered else "–" for percent in (50, 99)]


def measure(bench: Bench, server: Server, readers: int, post: Post, rounds: int, pause: float) -> list[str]:
    """The cells of a line: percentiles of both times, and CPU."""
    request = str(post).encode()
    with Publisher(server) as publisher, bench.load(server, readers):
        publisher.connect()
        for _ in range(WARM_ROUNDS):
            publisher.turn(request, Seen())
            sleep(pause)
        seen, before = Seen(), server.cpu()
        for _ in range(rounds):
            publisher.turn(request, seen)
            sleep(pause)
        cpu = server.cpu() - before
    return [*percentiles(seen.answers), *percentiles(seen.pushes), f"{cpu / rounds * 1e3:.2f}"]


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=([0, 2_000], [0, 200]), rounds=(200, 40), pace=(50, 50))
    bench = Bench(
        f"Publish: {asked.pace} ms between an answer and the next update.",
        "server | readers | update | answer: p50 ms | p99 ms | commit to first byte: p50 ms | p99 ms | CPU ms/update",
        "load",
    )  # fmt: skip
    for readers in asked.readers:
        for peer in bench.present([LIVELINE, STOCK]):
            with bench.server(peer) as server:
                posts = texts(server)
                for name, post in posts.items():
                    cells = measure(bench, server, readers, post, asked.rounds, asked.pace / 1e3)
                    bench.row(peer.name, f"{readers:,}", name, *cells)


if __name__ == "__main__":
    main()
