"""The people of soak.py: readers with pages that they keep by the reader's rule, and an editor."""

import json
import random
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from time import monotonic, sleep
from typing import Any

import websocket  # of the tests, like the next one
from harness import Server
from servers import SOCKET_IO, Update

from tests.reader import OpenPage

FEED = "news"
SMALL_BUFFER = 4096  # bytes that the kernel keeps for a reader who is slow: then the server's outbox is used
PATIENCE_SECONDS = 30  # for an answer
RETRY_SECONDS = 0.2
SETTLE_SECONDS = 20  # for one page to come to the last version
VISIT_SECONDS = (30, 180)  # from loading the page to leaving it
EDIT_SECONDS = (0.1, 0.9)  # between two things that the editor does
RECENT = 60  # updates that are edited and retracted: those on the first pages
LOST = (OSError, HTTPException, websocket.WebSocketException)


class Reader(threading.Thread):
    """One browser after the other. Each loads the page, has sockets one after the other, and leaves."""

    def __init__(self, port: int, ending: threading.Event, counts: Counter[str]) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._ending = ending
        self._counts = counts
        self.page: OpenPage | None = None
        self._asked = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """The thread's work."""
        try:
            while not self._ending.is_set():
                self._visit()
        except BaseException as failure:
            self.failure = failure
            raise

    def _visit(self) -> None:
        self.page = load(self._port)
        self._counts["pages"] += 1
        leaves = monotonic() + random.uniform(*VISIT_SECONDS)
        while monotonic() < leaves and not self._ending.is_set() and not self.page.reloads:
            what = random.choice(
                [self._stay, self._lose_the_network, self._stand_still, self._read_slowly, self._break_off]
            )
            self._counts[what.__name__.strip("_").replace("_", " ")] += 1
            with suppress(*LOST):
                what()
            self._ending.wait(random.uniform(0, 2 * RETRY_SECONDS))
        self._counts["reloads"] += self.page.reloads

    def settle(self, version: int) -> None:
        """Has a last socket if need be, until the page has that version or SETTLE_SECONDS are over."""
        self._ending = threading.Event()
        until = monotonic() + SETTLE_SECONDS
        while (page := self.page) and page.version < version and not page.reloads and monotonic() < until:
            with suppress(*LOST):
                self._read(self._open(), 1)

    def _stay(self) -> None:
        self._read(client := self._open(), random.uniform(5, 60))
        client.close(timeout=1)

    def _lose_the_network(self) -> None:
        """Nothing goes through, in neither direction, until the server has given up; then the phone is elsewhere."""
        self._read(client := self._open(), random.uniform(2, 10))
        self._ending.wait(random.uniform(20, 70))
        reset(client)

    def _stand_still(self) -> None:
        """The tab sleeps, and goes on with the same socket if it is still there."""
        self._read(client := self._open(small=True), random.uniform(2, 10))
        self._ending.wait(random.uniform(5, 40))
        self._read(client, random.uniform(2, 10))
        client.close(timeout=1)

    def _read_slowly(self) -> None:
        client = self._open(small=True)
        for _ in range(random.randint(5, 40)):
            if not self._ending.is_set():
                self._take(client.recv(), client)
                self._ending.wait(random.uniform(0, 1))
        client.close(timeout=1)

    def _break_off(self) -> None:
        """In the middle of the handshake, at each place of it."""
        with socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS) as raw:
            raw.sendall(f"GET {SOCKET_IO} HTTP/1.1\r\nHost: x".encode())
        websocket.create_connection(self._address, timeout=PATIENCE_SECONDS).shutdown()
        reset(self._open())

    @property
    def _address(self) -> str:
        return f"ws://127.0.0.1:{self._port}{SOCKET_IO}"

    def _open(self, *, small: bool = False) -> websocket.WebSocket:
        """Opens a socket and follows. Raises one of LOST."""
        assert self.page
        options = ((socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER),) if small else ()
        client = websocket.create_connection(self._address, timeout=PATIENCE_SECONDS, sockopt=options)
        client.send("40")
        self._asked = self.page.version
        asks = {"feed": FEED, "epoch": self.page.epoch, "version": self._asked}
        client.send(f"420{json.dumps(['follow', asks])}")
        return client

    def _read(self, client: websocket.WebSocket, seconds: float) -> None:
        """Takes what comes for that long, or until the end."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not self._ending.is_set():
            client.settimeout(min(left, 1))
            with suppress(websocket.WebSocketTimeoutException):
                self._take(client.recv(), client)
        client.settimeout(PATIENCE_SECONDS)

    def _take(self, packet: str | bytes, client: websocket.WebSocket) -> None:
        assert self.page
        packet = str(packet)
        if packet == "2":
            client.send("3")
        elif packet.startswith("42"):
            event, payload = json.loads(packet[2:])
            if event == "updated":
                self.page.receive(payload)
        elif packet.startswith("430"):
            (answer,) = json.loads(packet[3:])
            if "error" in answer:
                raise SystemExit(f"follow: {answer}")
            self.page.followed(answer, self._asked)
        elif packet == "":
            raise websocket.WebSocketConnectionClosedException


class Editor(threading.Thread):
    """Publishes, edits and retracts through the API, and repeats what was not answered."""

    def __init__(self, server: Server, ending: threading.Event, counts: Counter[str]) -> None:
        super().__init__(daemon=True)
        self._port = server.port
        self._ending = ending
        self._counts = counts
        self._headers = dict(server.call.update(Update("", {}, "")).headers)
        self._recent: list[tuple[int, int]] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        """The thread's work."""
        number = 0
        try:
            while not self._ending.wait(random.uniform(*EDIT_SECONDS)):
                number += 1
                what = random.random() if self._recent else 0
                (self._publish if what < 0.7 else self._edit if what < 0.9 else self._retract)(number)
                self._recent = self._recent[-RECENT:]
        except BaseException as failure:
            self.failure = failure
            raise

    def _publish(self, number: int) -> None:
        fields = {"headline": f"Number {number}", "body": f"What **happened** at {number}. " * random.randint(1, 12)}
        status, made = self._ask("POST", "/api/v1/feeds/news/updates", fields, {"Idempotency-Key": f"soak {number}"})
        if status not in (200, 201):
            raise SystemExit(f"publish: {status} {made}")
        self._recent.append((made["id"], made["revision"]))
        self._counts["published"] += 1

    def _edit(self, number: int) -> None:
        update, revision = self._recent.pop(random.randrange(len(self._recent)))
        status, made = self._ask("PATCH", f"/api/v1/updates/{update}", {"body": f"No: {number}.", "revision": revision})
        if status == 200:  # 409 when the answer to the first request was lost
            self._recent.append((made["id"], made["revision"]))
            self._counts["edited"] += 1

    def _retract(self, number: int) -> None:
        update, _ = self._recent.pop(random.randrange(len(self._recent)))
        status, _ = self._ask("DELETE", f"/api/v1/updates/{update}", {"reason": f"It was wrong at {number}."})
        self._counts["retracted"] += status == 200

    def _ask(self, method: str, path: str, fields: dict[str, Any], more: dict[str, str] | None = None) -> Any:
        while True:
            client = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
            with suppress(*LOST):
                client.request(method, path, json.dumps(fields), {**self._headers, **(more or {})})
                answer = client.getresponse()
                text = answer.read()
                if answer.status != 503:
                    client.close()
                    return answer.status, json.loads(text or b"{}")
            client.close()
            self._counts["repeated"] += 1
            sleep(RETRY_SECONDS)


def reset(client: websocket.WebSocket) -> None:
    """Ends the connection as a network does that is gone: nothing is said."""
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.shutdown()


def load(port: int) -> OpenPage:
    """Loads the page of the feed."""
    return OpenPage(FEED, get(port, f"/feeds/{FEED}")[0], lambda path: get(port, path))


def get(port: int, path: str) -> tuple[str, str | None]:
    """Returns the answer's text and its Link header; asks again while a worker ends."""
    while True:
        client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        with suppress(*LOST):
            client.request("GET", path)
            answer = client.getresponse()
            text = answer.read().decode()
            if answer.status == 200:
                client.close()
                return text, answer.getheader("Link")
        client.close()
        sleep(RETRY_SECONDS)
