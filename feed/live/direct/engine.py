"""Takes a WebSocket over from gunicorn at the upgrade, and gives it to the transport.

It knows attributes of gunicorn, gevent and python-engineio that are not promised to stay, so it serves with the exact
versions of libraries.py alone. Under TLS inside gunicorn the stock driver serves.
"""

import base64
import hashlib
import os
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

from engineio import packet as engine_packet
from gevent.socket import socket as GeventSocket

from feed.live.admission import UNREAD
from feed.live.direct import frames
from feed.live.direct.transport import Connection, PingWheel
from feed.live.gate import Gate
from feed.live.packets import MESSAGE_BYTES, from_reader

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
# What handlers may want to know of a reader. The rest of a request is 4 kB that every reader would keep.
_KEPT = (
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "REMOTE_ADDR", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_COOKIE", "wsgi.url_scheme", "wsgi.input", "wsgi.errors",
    "flask.app",
)  # fmt: skip
KERNEL_BYTES = 128 * 1024  # of the kernel per reader; left alone it keeps megabytes for one who does not read
LET_GO = 20  # readers at a time when a worker drains


class Engine(Gate):
    """A Gate that serves readers without a greenlet for each."""

    def __init__(self, *positional: Any, **options: Any) -> None:
        super().__init__(*positional, **options)
        self._pings = PingWheel(int(self.ping_interval), int(self.ping_timeout), self._received, self._left)

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any], key: bytes, network: str) -> Any:
        """Takes the socket over, or leaves it to the stock driver, which returns when the reader has left."""
        client = environ.get("gunicorn.socket")
        # A TLS socket of gunicorn's is of another class: its bytes cannot be written past it.
        if type(client) is not GeventSocket:
            return super().serve(environ, start_response, key, network)
        try:
            descriptor = _take(client, environ.get(UNREAD, 0))
        except BaseException:
            self.admission.leave(network)
            raise
        self._open(descriptor, key, environ, network)
        raise StopIteration  # gunicorn's way to end a request without a response: its slot is free again

    def connections(self) -> list[Connection]:
        """The readers that the transport has taken over."""
        return self._pings.connections()

    def drain(self, seconds: float) -> None:
        """As the Gate's, spread over that time."""
        self.draining = True
        began = monotonic()
        readers = self.connections()
        for number, connection in enumerate(readers):
            if number % LET_GO == 0:
                self.sleep(max(0.0, began + seconds * number / len(readers) - monotonic()))
            connection.say_goodbye(frames.RESTART, "server shutdown")
        super().drain(seconds)  # those whom the stock driver serves

    def hang_up(self, sid: str | None) -> None:
        """As the Gate's, after a close frame."""
        left = self.sockets.get(sid)
        if isinstance(left, Connection):
            left.say_goodbye(frames.POLICY, "server disconnect")
        else:
            super().hang_up(sid)

    def _open(self, descriptor: int, key: bytes, environ: dict[str, Any], network: str) -> None:
        """Begins a reader's connection, which leaves the admission by itself when it ends."""
        sid = self.generate_id()
        connection = Connection(self._pings, sid, descriptor, network)
        self.sockets[sid] = connection
        opened = {
            "sid": sid,
            "upgrades": [],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": MESSAGE_BYTES,
        }
        kept = {name: environ[name] for name in _KEPT if name in environ}
        self._trigger_event("connect", sid, kept, run_async=False)
        self._pings.add(connection)
        connection.listen()
        packet = engine_packet.Packet(engine_packet.OPEN, opened).encode()
        # Write last: it may drop the connection, and libev aborts on a closed descriptor.
        connection.write(_switching(key) + frames.frame(frames.TEXT, packet.encode()))  # one segment for both

    def _received(self, connection: Connection, text: str) -> None:
        """A message of a reader, on a greenlet of its own."""
        if connection.closed or connection.closing:
            return
        if not from_reader(text):
            connection.say_goodbye(frames.PROTOCOL_ERROR, "transport error")
        elif text[0] == "1":
            connection.say_goodbye(frames.GOING_AWAY, "client disconnect")
        elif text[0] == "4":
            self._trigger_event("message", connection.sid, text[1:], run_async=False)
            joined = self._sio.manager.sid_from_eio_sid(connection.sid, "/") is not None
            if connection.joined and not joined:  # refused, or left by itself: the socket is of no use any more
                connection.say_goodbye(frames.NORMAL, "client disconnect")
            connection.joined = joined

    def _left(self, connection: Connection, reason: str) -> None:
        if self.sockets.pop(connection.sid, None) is not None:
            self.admission.leave(connection.address)
            self._trigger_event("disconnect", connection.sid, reason, run_async=False)


def _take(client: Any, unread: int) -> int:
    """A descriptor of that socket that survives gunicorn's closing its own, past the request that was only peeked at.
    gunicorn has set TCP_NODELAY on the listener already, and a Unix socket knows no such thing. Raises OSError."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    descriptor = os.dup(client.fileno())  # first: where no file is left, gunicorn still finds the request to answer
    try:
        if unread:
            client.recv(unread)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _switching(key: bytes) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SALT, usedforsecurity=False).digest())
    # No Sec-WebSocket-Extensions: without compression the bytes are the same for every reader.
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
