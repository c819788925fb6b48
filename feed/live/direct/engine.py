"""Takes WebSockets over from gunicorn at the upgrade, and gives them to the transport.

It uses internals of gunicorn, gevent and python-engineio, so it runs only with the exact versions in libraries.py. With
TLS inside gunicorn the stock driver serves.
"""

import base64
import hashlib
import json
import os
import socket
from _socket import socket as NativeSocket
from collections.abc import Callable
from time import monotonic
from typing import Any

from engineio import packet as engine_packet
from gevent.socket import socket as GeventSocket

from feed.live.admission import UNREAD
from feed.live.direct import frames
from feed.live.direct.deflate import AGREED, agreed
from feed.live.direct.fanout import Fanout
from feed.live.direct.transport import Connection, PingWheel
from feed.live.gate import Gate
from feed.live.measuring import Outbox
from feed.live.packets import MESSAGE_BYTES, from_reader

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
# The parts of the environment that handlers may read. The rest would be 4 kB of memory for each reader.
_KEPT = (
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "REMOTE_ADDR", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_COOKIE", "wsgi.url_scheme", "wsgi.input", "wsgi.errors",
    "flask.app",
)  # fmt: skip
_COMPRESSED = f"\r\nSec-WebSocket-Extensions: {AGREED}".encode()
KERNEL_BYTES = 128 * 1024  # kernel buffer per reader; by default the kernel keeps megabytes for one who does not read
LET_GO = 20  # readers closed at a time when a worker drains


class Engine(Gate):
    """A Gate that serves readers through the transport, without a greenlet for each."""

    def __init__(self, *positional: Any, fanout: Fanout, **options: Any) -> None:
        super().__init__(*positional, **options)
        self._fanout = fanout
        self._pings = PingWheel(
            int(self.ping_interval), int(self.ping_timeout), self._received, self._left, fanout.broadcast
        )
        opened = {
            "upgrades": [],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": MESSAGE_BYTES,
        }
        self._opened = json.dumps(opened, separators=(",", ":"))[1:]

    def generate_id(self) -> str:
        """Returns a new sid of 120 random bits. The library's takes three times as long, and each reader has two."""
        return base64.urlsafe_b64encode(os.urandom(15)).decode()

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any], key: bytes, network: str) -> Any:
        """Takes the socket over and raises StopIteration, or lets the stock driver serve until the reader has left."""
        client = environ.get("gunicorn.socket")
        # With TLS it is of another class, and frames cannot be written to the descriptor directly.
        if type(client) not in (GeventSocket, NativeSocket):
            return super().serve(environ, start_response, key, network)
        try:
            taken = _take(client, environ.get(UNREAD, 0))
        except BaseException:
            self.admission.leave(network)
            raise
        self._open(taken, key, environ, network)
        raise StopIteration  # ends the request without a response and frees gunicorn's slot

    def connections(self) -> list[Connection]:
        """Returns the readers that the transport serves."""
        return self._pings.connections()

    def let_go(self, seconds: float, still: Callable[[], bool]) -> None:
        """Like the Gate's, but spread over that time."""
        began = monotonic()
        readers = self.connections()
        for number, connection in enumerate(readers):
            if number % LET_GO == 0:
                self.sleep(max(0.0, began + seconds * number / len(readers) - monotonic()))
                if not still():
                    return
            connection.say_goodbye(frames.RESTART, "server shutdown")
        super().let_go(seconds, still)  # those that the stock driver serves

    def fanout(self) -> str:
        """See Gate."""
        return self._fanout.way

    def outbox(self) -> Outbox:
        """See Gate."""
        behind = list(self._pings.behind)
        return Outbox(sum(each.queued for each in behind), len(behind))

    def hang_up(self, sid: str | None) -> None:
        """Like the Gate's, but with a close frame."""
        left = self.sockets.get(sid)
        if isinstance(left, Connection):
            left.say_goodbye(frames.POLICY, "server disconnect")
        else:
            super().hang_up(sid)

    def _open(self, taken: NativeSocket, key: bytes, environ: dict[str, Any], network: str) -> None:
        """Opens a reader's connection. When it ends, `_left` takes it out of the admission."""
        sid = self.generate_id()
        compressed = agreed(environ.get("HTTP_SEC_WEBSOCKET_EXTENSIONS", ""))
        connection = Connection(self._pings, sid, taken, network, compressed=compressed)
        self.sockets[sid] = connection
        kept = {name: environ[name] for name in _KEPT if name in environ}
        self._trigger_event("connect", sid, kept, run_async=False)
        self._pings.add(connection)
        connection.listen()
        packet = f'{engine_packet.OPEN}{{"sid":"{sid}",{self._opened}'
        # Write last: it may drop the connection, and libev aborts on a closed descriptor. Both go in one segment.
        connection.write(_switching(key, compressed=compressed) + frames.frame(frames.TEXT, packet.encode()))

    def _received(self, connection: Connection, text: str) -> None:
        """Handles a message of a reader."""
        if connection.closed or connection.closing:
            return
        if not from_reader(text):
            connection.say_goodbye(frames.PROTOCOL_ERROR, "transport error")
        elif text[0] == "1":
            connection.say_goodbye(frames.GOING_AWAY, "client disconnect")
        elif text[0] == "4":
            self._trigger_event("message", connection.sid, text[1:], run_async=False)
            joined = self._sio.manager.sid_from_eio_sid(connection.sid, "/") is not None
            if connection.joined and not joined:  # refused, or it left the namespace: the socket is useless now
                connection.say_goodbye(frames.NORMAL, "client disconnect")
            connection.joined = joined

    def _left(self, connection: Connection, reason: str) -> None:
        if self.sockets.pop(connection.sid, None) is not None:
            self.admission.leave(connection.address)
            self._trigger_event("disconnect", connection.sid, reason, run_async=False)


def _take(client: Any, unread: int) -> NativeSocket:
    """Returns the client's socket, without the `unread` bytes of the request that was only peeked at. Of a socket of
    gevent it is a copy, since gunicorn closes its own. gunicorn has already set TCP_NODELAY on the listener. Raises
    OSError."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    taken: NativeSocket = client
    if type(client) is not NativeSocket:  # first: if no file is left, gunicorn can still read and answer the request
        taken = NativeSocket(client.family, client.type, client.proto, os.dup(client.fileno()))
        taken.setblocking(False)
    try:
        if unread:
            taken.recv(unread)
    except OSError:
        if taken is not client:
            taken.close()
        raise
    return taken


def _switching(key: bytes, *, compressed: bool) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SALT, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + (_COMPRESSED if compressed else b"") + b"\r\n\r\n"
    )
