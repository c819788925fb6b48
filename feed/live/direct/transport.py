"""The transport writes frames to sockets, without a queue, a wake-up or a greenlet per reader.

The stock driver sends each packet through a queue to a greenlet per reader, and loses bytes when the kernel's buffer is
full. Here a broadcast is one frame, made once, and sent to all in one loop (fanout.py). Bytes that the kernel does not
take wait in an outbox, and are sent in order when the socket is writable again. An outbox that grows too long or makes
no progress ends the connection; no update is ever left out, since the reader reconnects and catches up.

A reader at rest is one object and one watcher of gevent's loop. One timer wheel sends all pings.
"""

import logging
import os
from _socket import socket as NativeSocket
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import gevent
from gevent import get_hub

from feed.live.direct import frames
from feed.live.direct.frames import Broken, Parser
from feed.live.direct.inbox import Inbox

OUTBOX_BYTES = 1024 * 1024  # about a thousand updates; catching up is quicker than these
STUCK_SECONDS = 10  # without a byte taken: the client is frozen, gone, or does not read on purpose
JOIN_SECONDS = 10  # from the upgrade to joining the namespace; our page takes one round trip
GOODBYE_SECONDS = 3  # for the client to answer a close frame
BURST, BURST_SECONDS = 40, 10  # frames of a reader in so many seconds; a page sends three and answers pings
RECEIVE_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class Connection:
    """One reader's WebSocket. It has the interface of a socket of python-engineio."""

    __slots__ = (
        "_burst", "_burst_began", "_outbox", "_parser", "_pings", "_queued", "_readable", "_sock", "_writable",
        "address", "clear", "closed", "closing", "compressed", "descriptor", "heard", "joined", "progressed", "session",
        "sid",
    )  # fmt: skip

    connected = upgraded = True

    def __init__(
        self, pings: "PingWheel", sid: str, sock: NativeSocket, address: str, *, compressed: bool = False
    ) -> None:
        self._pings = pings
        self._sock = sock  # which does not block
        self.descriptor = sock.fileno()
        self._outbox: deque[memoryview] | None = None
        self._queued = 0
        self._parser: Parser | None = Parser(compressed=compressed)
        self._burst, self._burst_began = 0, 0.0
        self.sid = sid
        self.address = address
        self.compressed = compressed
        """Whether the client has agreed to compression (see deflate.py)."""
        self.session: dict[str, Any] = {}
        self.closed = self.closing = self.joined = False
        self.clear = True
        """Whether a frame may be written to the descriptor directly: the connection is open and the outbox is empty."""
        self.heard = self.progressed = monotonic()
        loop = get_hub().loop
        self._readable = loop.io(self.descriptor, 1)
        self._writable: Any = None

    def listen(self) -> None:
        """Begins to receive."""
        self._readable.start(self._read)

    def send(self, packet: Any) -> None:
        """Sends an Engine.IO packet, as a text frame, or as a binary one if it encodes to bytes."""
        encoded = packet.encode()
        if isinstance(encoded, str):
            self.write(frames.frame(frames.TEXT, encoded.encode()))
        else:
            self.write(frames.frame(frames.BINARY, encoded))

    def write(self, frame: bytes) -> None:
        """Sends one whole frame, after those in the outbox. Never waits and never raises."""
        if not self.clear:
            if not self.closed and not self.closing:
                self.keep(frame, 0)
            return
        try:
            sent = os.write(self.descriptor, frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop("transport error")
            return
        if sent < len(frame):
            self.keep(frame, sent)

    def keep(self, frame: bytes, sent: int) -> None:
        """Puts the rest of a frame into the outbox; `sent` bytes of it have been sent."""
        rest = memoryview(frame)[sent:]
        if self._outbox is None:
            self._outbox = deque()
        if not self._outbox:
            self.clear = False
            self.progressed = monotonic()
            self._pings.behind.add(self)
            if self._writable is None:
                self._writable = get_hub().loop.io(self.descriptor, 2)
            self._writable.start(self._write_on)
        self._outbox.append(rest)
        self._queued += len(rest)
        if self._queued > OUTBOX_BYTES:
            self.drop("too slow")

    @property
    def queued(self) -> int:
        """How many bytes are in the outbox."""
        return self._queued

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Ends the connection as python-engineio asks for it: at once (`abort`), or with a close frame."""
        if abort:
            self.drop(reason or "server disconnect")
        else:
            self.say_goodbye(frames.GOING_AWAY, reason or "server disconnect")

    def say_goodbye(self, code: int, reason: str) -> None:
        """Sends a close frame after the outbox, and closes when it is answered or after GOODBYE_SECONDS."""
        if self.closed or self.closing:
            return
        self.write(frames.close_frame(code))
        if not self.closed:
            self.closing, self.clear = True, False
            self._pings.goodbyes[self] = monotonic() + GOODBYE_SECONDS
            self._pings.left(self, reason)

    def drop(self, reason: str) -> None:
        """Ends the connection now. The outbox is lost, and the reader catches up when it returns."""
        if self.closed:
            return
        self.closed, self.clear = True, False
        self._readable.close()
        if self._writable is not None:
            self._writable.close()
        self._outbox = None
        self._sock.close()
        if not self.closing:
            self._pings.left(self, reason)
        self._pings.forget(self)

    def _read(self) -> None:
        try:
            data = self._sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop("transport close")
            return
        self.heard = monotonic()
        if self._parser is None:
            return  # bytes after a broken frame mean nothing, and to keep them would cost memory
        try:
            for incoming in self._parser.feed(data):
                self._take(incoming)
        except Broken as broken:
            self._parser = None
            self.say_goodbye(broken.code, "transport error")

    def _take(self, incoming: frames.Incoming) -> None:
        self._count()
        if incoming.kind == frames.CLOSE:
            if not self.closing:
                self.write(frames.close_frame(frames.NORMAL))
            self.drop("transport close")
        elif self.closing:
            return
        elif incoming.kind == frames.PING:
            self.write(frames.frame(frames.PONG, incoming.data))
        elif incoming.kind == frames.TEXT and incoming.text != "3":
            self._pings.receive(self, incoming.text)

    def _count(self) -> None:
        """Counts a frame. Raises Broken when a reader sends too many."""
        if self.heard - self._burst_began > BURST_SECONDS:
            self._burst, self._burst_began = 0, self.heard
        self._burst += 1
        if self._burst > BURST:
            raise Broken(frames.POLICY)

    def _write_on(self) -> None:
        outbox = self._outbox or deque()
        try:
            while outbox:
                rest = outbox[0]
                sent = os.write(self.descriptor, rest)
                self._queued -= sent
                self.progressed = monotonic()
                if sent < len(rest):
                    outbox[0] = rest[sent:]
                    return
                outbox.popleft()
        except BlockingIOError:
            return
        except OSError:
            self.drop("transport error")
            return
        self.clear = not self.closing
        self._writable.stop()
        self._pings.behind.discard(self)


class PingWheel:
    """What the connections of a worker share: the pings, the deadlines, and the functions that handle events."""

    def __init__(
        self,
        interval: int,
        timeout: int,
        receive: Callable[[Connection, str], None],
        left: Callable[[Connection, str], None],
        broadcast: Callable[[Sequence[Connection], bytes], int],
    ) -> None:
        self._timeout = interval + timeout
        self._slots: list[set[Connection]] = [set() for _ in range(interval)]
        self._where: dict[Connection, int] = {}
        self._receive = receive
        self._left = left
        self._broadcast = broadcast
        self._inbox = Inbox()
        self._tick = 0
        self._turning: Any = None
        self.behind: set[Connection] = set()
        self.goodbyes: dict[Connection, float] = {}
        self.joining: deque[tuple[float, Connection]] = deque()

    def add(self, connection: Connection) -> None:
        """Begins to ping a new connection and to check its deadlines."""
        slot = self._tick % len(self._slots)
        self._slots[slot].add(connection)
        self._where[connection] = slot
        self.joining.append((monotonic() + JOIN_SECONDS, connection))
        if self._turning is None:
            self._turning = gevent.spawn(self._turn)

    def receive(self, connection: Connection, text: str) -> None:
        """Passes a message on, later, on a greenlet where handlers may wait."""
        self._inbox.put(self._receive, connection, text)

    def left(self, connection: Connection, reason: str) -> None:
        """Reports that a reader left, later, so never in the middle of a broadcast."""
        self._inbox.put(self._left, connection, reason)

    def forget(self, connection: Connection) -> None:
        """Stops watching a closed connection."""
        slot = self._where.pop(connection, None)
        if slot is not None:
            self._slots[slot].discard(connection)
        self.behind.discard(connection)
        self.goodbyes.pop(connection, None)

    def connections(self) -> list[Connection]:
        """Returns all open connections."""
        return list(self._where)

    def _turn(self) -> None:
        ping = frames.frame(frames.TEXT, b"2")
        began = monotonic()
        while True:
            self._tick += 1
            gevent.sleep(max(0.0, began + self._tick - monotonic()))
            try:
                now = monotonic()
                for connection in [c for c in self.behind if now - c.progressed > STUCK_SECONDS]:
                    connection.drop("too slow")
                for connection in [c for c, end in self.goodbyes.items() if now > end]:
                    connection.drop("server disconnect")
                while self.joining and now > self.joining[0][0]:
                    _, late = self.joining.popleft()
                    if not late.joined:
                        late.say_goodbye(frames.POLICY, "transport error")
                due = self._slots[self._tick % len(self._slots)]
                silent = [c for c in due if now - c.heard > self._timeout]
                for connection in silent:
                    connection.drop("ping timeout")
                self._broadcast(list(due), ping)
            except Exception:
                log.exception("the wheel stumbled, and turns on")
