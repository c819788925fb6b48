"""Publish: from the request to the answer, and from the commit to the first byte that a reader gets.

    python bench/publish.py [--readers 0 2000] [--pace 50] [--rounds 200] [--quick]
    python bench/publish.py --paired ../before [--pairs 6] [--readers 0] [--rounds 40]

Updates are published over one kept connection, with a pause of `--pace` ms after each: a short one, and one with links,
quotes and a picture. The first reader is this script's own; the others are the load generator's. A commit is seen where
others see it, too: SQLite counts it in the memory that the connections of a database share, and this script looks there
all the time from the request to the commit. An update that another commit overtakes, such as that of a receipt, is left
out of the second figure. CPU is that of the server for one update, with all that follows it.
"""

import json
import mmap
import socket
import struct
from argparse import Namespace
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from functools import partial
from http.client import HTTPConnection
from io import BytesIO
from math import nan
from selectors import EVENT_READ, DefaultSelector
from time import perf_counter, sleep

from harness import Bench, Server, arguments
from paired import COLUMNS, Figures, compare, trees
from PIL import Image
from servers import FILLED, LIVELINE, SOCKET_IO, STOCK, Post

FORMATS = {
    "answer: p50 ms": ".2f", "answer: p99 ms": ".2f", "commit to first byte: p50 ms": ".2f",
    "commit to first byte: p99 ms": ".2f", "CPU ms/update": ".2f",
}  # fmt: skip
SHORT, RICH = "short", "links and picture"
WARM_ROUNDS = 5  # not counted
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


class Side:
    """A server and its readers, the first of whom is this script's; a context manager."""

    def __init__(self, bench: Bench, server: Server, readers: int) -> None:
        self._stack = ExitStack()
        self._server = server
        self._reader = Reader(server.port)
        self._stack.enter_context(closing(self._reader.socket))
        self._stack.enter_context(bench.load(server, readers))
        shared = self._stack.enter_context((server.folder / "feed.db-shm").open("rb"))
        self._memory = mmap.mmap(shared.fileno(), COUNTER.size, access=mmap.ACCESS_READ)
        self._posts = texts(server)

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def turn(self, name: str, rounds: int, pause: float) -> Figures:
        """Publishes the update of that name so many times, with that many seconds after each."""
        request = str(self._posts[name]).encode()
        with socket.create_connection(("127.0.0.1", self._server.port)) as client, DefaultSelector() as ready:
            for each in (client, self._reader.socket):
                ready.register(each, EVENT_READ)
            for _ in range(WARM_ROUNDS):
                self._publish(client, ready, request, Seen())
                sleep(pause)
            seen, before = Seen(), self._server.cpu()
            for _ in range(rounds):
                self._publish(client, ready, request, seen)
                sleep(pause)
            cpu = self._server.cpu() - before
        middle, last = percentiles(seen.answers)
        middle_push, last_push = percentiles(seen.pushes)
        return dict(zip(FORMATS, (middle, last, middle_push, last_push, cpu / rounds * 1e3), strict=True))

    def _publish(self, client: socket.socket, ready: DefaultSelector, request: bytes, seen: Seen) -> None:
        while ready.select(0):
            self._reader.take()  # a ping, or the number of readers
        before = self._commits()
        began = perf_counter()
        client.sendall(request)
        while self._commits() == before:
            pass
        committed = perf_counter()
        answer, answered, pushed = b"", False, False
        while not (answered and pushed):
            for key, _ in ready.select():
                now = perf_counter()
                if key.fileobj is client:
                    answer += client.recv(1 << 20)
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
    short = server.call.update(FILLED)
    fields = {"headline": "The bridge is open", "body": TEXT.format(picture=upload(server, short))}
    return {SHORT: short, RICH: Post(short.path, json.dumps(fields), short.headers)}


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


def percentiles(seen: list[float]) -> tuple[float, float]:
    """p50 and p99; no number where nothing was seen."""
    ordered = sorted(seen) or [nan]
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]


def peers(asked: Namespace) -> None:
    """The table of Liveline and the stock driver."""
    bench = Bench(
        f"Publish: {asked.pace} ms between an answer and the next update.",
        " | ".join(["server", "readers", "update", *FORMATS]), "load",
    )  # fmt: skip
    for readers in asked.readers:
        for peer in bench.present([LIVELINE, STOCK]):
            with bench.server(peer) as server, Side(bench, server, readers) as side:
                for name in (SHORT, RICH):
                    figures = side.turn(name, asked.rounds, asked.pace / 1e3)
                    bench.row(
                        peer.name, f"{readers:,}", name, *(f"{figures[each]:{FORMATS[each]}}" for each in FORMATS)
                    )


def pair(asked: Namespace) -> None:
    """The table of before and after."""
    bench = Bench(f"Publish, before and after: {asked.pairs} pairs, {asked.pace} ms of pause.", COLUMNS, "load")
    for readers in asked.readers:
        with ExitStack() as stack:
            servers = [stack.enter_context(bench.server(peer)) for peer in trees(asked.paired)]
            sides = [stack.enter_context(Side(bench, server, readers)) for server in servers]
            for name in (SHORT, RICH):
                turns = [partial(side.turn, name, asked.rounds, asked.pace / 1e3) for side in sides]
                compare(bench, f"{name}, {readers:,} readers", FORMATS, asked.pairs, turns)


def main() -> None:
    """Measures and prints."""
    asked = arguments(
        __doc__,
        readers=([0, 2_000], [0, 200]), rounds=(200, 40), pace=(50, 50), paired=("", ""), pairs=(6, 2),
    )  # fmt: skip
    (pair if asked.paired else peers)(asked)


if __name__ == "__main__":
    main()
