"""The private places of Flask-SocketIO's libraries that the transport is attached to, all of them here.

python-socketio keeps its model: handlers, rooms, acks, connect and disconnect with reasons. Below it, two things are
replaced: `Engine` takes a WebSocket over from gunicorn at the upgrade, and `Rooms` encodes a broadcast once. Both know
attributes that are not promised to stay, so they are used with the exact versions below alone. With others, with TLS
inside gunicorn, and outside of gunicorn (`flask run`), the stock driver serves, behind the same admission.
"""

import base64
import binascii
import hashlib
import logging
import os
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from time import monotonic
from typing import Any

import engineio
from engineio import packet as engine_packet
from flask import Flask
from gevent.lock import RLock
from gevent.socket import socket as GeventSocket
from socketio import Manager, Server
from socketio.packet import EVENT

from feed import settings
from feed.live import frames
from feed.live.admission import BARE_HEADERS, RETRY_SECONDS, SOCKET_PATH, UNREAD, Admission, network_of
from feed.live.frames import MESSAGE_BYTES
from feed.live.packets import from_reader
from feed.live.transport import Connection, Wheel, broadcast
from feed.repeats import Repeats
from feed.threads import under_gevent

FITS = {
    "Flask-SocketIO": "5.7.0",
    "python-socketio": "5.18.1",
    "python-engineio": "4.15.1",
    "gunicorn": "27.0.1",
    "gevent": "26.9.0",
}

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
# What handlers may want to know of a reader. The rest of a request is 4 kB that every reader would keep.
_KEPT = (
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "REMOTE_ADDR", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_COOKIE", "wsgi.url_scheme", "wsgi.input", "wsgi.errors",
    "flask.app",
)  # fmt: skip
KERNEL_BYTES = 128 * 1024  # of the kernel per reader; left alone it keeps megabytes for one who does not read
BACKGROUND_PAUSE = 0.02  # seconds after every 2 ms of sending: a tenth of the core, however many there are to tell
LET_GO = 20  # readers at a time when a worker drains
NEXT_WORKER_SECONDS = 1  # what a client is told to wait that came to a worker which drains
NOBODY_IN = 20  # refused for their origin before anybody came in: then it is ours, under another name in the proxy
VERSION_HEADER = "HTTP_SEC_WEBSOCKET_VERSION"
BUSY = "503 Service Unavailable"

Way = Connection | str  # to a reader: the connection, or the sid at the stock driver

log = logging.getLogger(__name__)


def attach(
    app: Flask,
    server: Server,
    admission: Admission,
    origins: tuple[str, ...],
    *,
    direct: bool,
    refusals: Repeats | None = None,
) -> "Engine":
    """Puts admission in front of the server's Engine.IO, and the transport under it where it is wanted and fits."""
    _check_frames(server)
    _shorten(app, server)
    engine: Engine = server.eio
    engine.__class__ = Engine
    takes_over = direct and under_gevent() and _versions_fit()
    engine.prepare(server, admission, origins, refusals or Repeats(), takes_over=takes_over)
    return engine


def _check_frames(server: Server) -> None:
    """Makes the stock driver hang up on what is no Engine.IO packet of a reader."""
    driver = server.eio._async["websocket"]

    def wait(self: Any) -> str | None:
        message: str | None = driver.wait(self)
        hung_up = self.app.__self__.closed  # by us, while the message was on its way: nobody is there to take it
        return message if from_reader(message) and not hung_up else None

    server.eio._async = {**server.eio._async, "websocket": type("CheckedWebSocket", (driver,), {"wait": wait})}


def _shorten(app: Flask, server: Server) -> None:
    """A shorter way into the application than Flask-SocketIO's, which copies each request's environment and makes a
    class for it, for a server (eventlet's) that never comes here."""
    pages = app.wsgi_app.wsgi_app  # type: ignore[attr-defined]

    def door(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not environ["PATH_INFO"].startswith(SOCKET_PATH):
            return pages(environ, start_response)
        environ["flask.app"] = app
        return server.handle_request(environ, start_response)

    app.wsgi_app = door  # type: ignore[method-assign]


def _versions_fit() -> bool:
    others = {name: version(name) for name, fitting in FITS.items() if version(name) != fitting}
    for name, found in others.items():
        log.warning("%s is %s, the transport was made for %s: the stock driver serves", name, found, FITS[name])
    return not others


class Engine(engineio.Server):  # type: ignore[misc]
    """Engine.IO over WebSocket alone, in front of the stock server."""

    def prepare(
        self, server: Server, admission: Admission, origins: tuple[str, ...], refusals: Repeats, *, takes_over: bool
    ) -> None:
        """What `__init__` would do: the instance was made by Flask-SocketIO."""
        self._sio = server
        self.refusals = refusals
        self.admission = admission
        self._origins = frozenset(origins)
        self._public_url = origins[0] if origins else "not set"
        self._anybody = self._warned = False
        self._refused_before_any = 0
        self._takes_over = takes_over
        self.draining = False
        self._wheel = Wheel(int(self.ping_interval), int(self.ping_timeout), self._received, self._left)

    def handle_request(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Refuses before the upgrade what may not come in; then takes the socket over, or leaves it to the stock
        driver, which returns when the reader has left."""
        if self._foreign(environ):
            self._count_foreign(environ)
            return _refuse(start_response, "403 Forbidden", "This page may not open the socket.")
        network = network_of(environ.get("REMOTE_ADDR") or "")
        if self.draining:
            return _refuse(start_response, BUSY, "This worker ends; the next one is on its way.", NEXT_WORKER_SECONDS)
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and environ.get(VERSION_HEADER) != "13":
            self._count(environ, "other version")
            other = (
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
            )  # RFC 6455, 4.4
            return _refuse(start_response, "426 Upgrade Required", "Here is WebSocket version 13.", more=other)
        if (key := _key(environ)) is None:  # the stock driver would raise
            self._count(environ, "no handshake")
            return _refuse(start_response, "400 Bad Request", "Here is a WebSocket: Engine.IO 4, version 13.")
        if not self.admission.enter(network):
            self._count(environ, "full")
            return _refuse(start_response, BUSY, "Full. Poll, and try again later.", RETRY_SECONDS)
        taken = False
        try:
            client = environ.get("gunicorn.socket")
            if to_reader := getattr(client, "to_reader", None):  # a Visitor; of another class object after a deploy
                environ["gunicorn.socket"] = client = to_reader()
            # A TLS socket of gunicorn's is of another class: its bytes cannot be written past it.
            if self._takes_over and type(client) is GeventSocket:
                descriptor = _take(client, environ.get(UNREAD, 0))
                taken = True
                self._open(descriptor, key, environ, network)
                raise StopIteration  # gunicorn's way to end a request without a response: its slot is free again
            return [] if UNREAD in environ else super().handle_request(environ, start_response)
        finally:
            if not taken:
                self.admission.leave(network)

    def connections(self) -> list[Connection]:
        """The readers that the transport has taken over."""
        return self._wheel.connections()

    def drain(self, seconds: float) -> None:
        """Takes nobody any more, and lets all go within that time. Official clients come back after a closed
        transport; a disconnect or close packet would tell them to stay away."""
        self.draining = True
        began = monotonic()
        readers = self.connections()
        for number, connection in enumerate(readers):
            if number % LET_GO == 0:
                self.sleep(max(0.0, began + seconds * number / len(readers) - monotonic()))
            connection.say_goodbye(frames.RESTART, "server shutdown")
        for left in list(self.sockets.values()):
            if type(left) is not Connection:
                left.close(wait=False, abort=True)

    def hang_up(self, sid: str | None) -> None:
        """Closes one socket, by its sid of Engine.IO. An official client comes back."""
        left = self.sockets.get(sid)
        if isinstance(left, Connection):
            left.say_goodbye(frames.POLICY, "server disconnect")
        elif left is not None:
            left.close(wait=False, abort=True)

    def _foreign(self, environ: dict[str, Any]) -> bool:
        """A browser always says where a page is from. Who sends a cookie without saying so is refused too."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return "HTTP_COOKIE" in environ
        if origin not in self._origins:
            with suppress(ValueError):
                origin = environ["HTTP_ORIGIN"] = settings.origin(settings.as_page(origin))
        return origin not in self._origins

    def _count_foreign(self, environ: dict[str, Any]) -> None:
        """Other sites' pages are only counted. A page that was loaded from the very host that it asks is our own, and
        says that FEED_PUBLIC_URL is wrong: no reader is live, and whoever runs the site has to know."""
        origin, host = environ.get("HTTP_ORIGIN", ""), environ.get("HTTP_HOST")
        self._refused_before_any += not self._anybody
        ours = host is not None and origin.partition("//")[2] == host
        self._count(environ, "own origin" if ours else "foreign origin")
        if not self._warned and (ours or self._refused_before_any >= NOBODY_IN):
            self._warned = True
            log.warning(
                "Readers' pages at %.100r may not open the socket, as FEED_PUBLIC_URL is %s. "
                "Set it to the address that readers use, or add that to FEED_ORIGINS.",
                origin, self._public_url,
            )  # fmt: skip

    def _count(self, environ: dict[str, Any], why: str) -> None:
        """Counts a refusal that is answered. What was only peeked at comes again, by gunicorn."""
        if UNREAD not in environ:
            self.refusals.count(why)

    def _open(self, descriptor: int, key: bytes, environ: dict[str, Any], network: str) -> None:
        """Begins a reader's connection, which leaves the admission by itself when it ends."""
        self._anybody = True
        sid = self.generate_id()
        connection = Connection(self._wheel, sid, descriptor, network)
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
        self._wheel.add(connection)
        connection.listen()
        packet = engine_packet.Packet(engine_packet.OPEN, opened).encode()
        # Last: it closes the connection of who has hung up already, and a watcher of a closed file aborts the process.
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


class Rooms(Manager):  # type: ignore[misc]
    """Who is in which room, and broadcasts that are encoded and framed once. Those of one event are sent in the order
    in which they were emitted; those of `background` events give way to all others.

    The library has a room for each socket, to reach it by its sid, and searches all rooms when one leaves: with
    10,000 readers that is 10,000 rooms at every departure. Here each socket knows its rooms, and its own is implied.
    """

    def __init__(self, background: frozenset[str]) -> None:
        super().__init__()
        self._background = background
        self._turns: defaultdict[str, RLock] = defaultdict(RLock)
        self._members: dict[tuple[str, Any], dict[str, Way]] = {}
        """By namespace and room: how to reach each sid in it."""
        self._entered: dict[tuple[str, str], set[Any]] = {}
        """By namespace and sid: the rooms it is in."""
        self._others: set[str] = set()
        """The sids that the transport does not serve."""

    def emit(
        self, event: str, data: Any, namespace: str, room: Any = None, skip_sid: Any = None,
        callback: Any = None, to: Any = None, **more: Any,
    ) -> None:  # fmt: skip
        """As python-socketio's; what needs an answer or carries bytes takes its way."""
        encoded = None
        if not callback:
            values = list(data) if isinstance(data, tuple) else [] if data is None else [data]
            encoded = self.server.packet_class(EVENT, namespace=namespace, data=[event, *values]).encode()
        if not isinstance(encoded, str):
            super().emit(event, data, namespace, room, skip_sid, callback, to, **more)
            return
        members = self._reached(namespace, to or room)
        if skip_sid:
            skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
            members = {sid: way for sid, way in members.items() if sid not in skipped}
        readers: Any = list(members.values())
        if self._others:
            packet = engine_packet.Packet(engine_packet.MESSAGE, encoded)
            for way in readers:
                if isinstance(way, str):
                    self.server._send_eio_packet(way, packet)
            readers = [way for way in readers if not isinstance(way, str)]
        pause = BACKGROUND_PAUSE if event in self._background else 0.0
        with self._turns[event]:
            broadcast(readers, frames.frame(frames.TEXT, f"4{encoded}".encode()), pause)

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """The sids in a room, each with that of Engine.IO."""
        for sid, way in list(self._reached(namespace, room).items()):
            yield sid, way if isinstance(way, str) else way.sid

    def get_rooms(self, sid: str, namespace: str) -> list[Any]:
        """The rooms that sid is in, its own included."""
        return [sid, *self._entered.get((namespace, sid), ())] if self.is_sid_room(namespace, sid) else []

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Room None is the library's: all that are connected."""
        if room is None:
            super().basic_enter_room(sid, namespace, room, eio_sid)
            if isinstance(self._way(eio_sid), str):
                self._others.add(sid)
        elif room != sid:
            if not self.is_sid_room(namespace, sid):
                raise ValueError("sid is not connected to requested namespace")
            if self.is_sid_room(namespace, room):
                raise ValueError("cannot enter a sid room")
            members = self._members.setdefault((namespace, room), {})
            members[sid] = self._way(self.eio_sid_from_sid(sid, namespace))
            self._entered.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Takes a sid out of a room; out of None, when it leaves the namespace."""
        if room is None:
            super().basic_leave_room(sid, namespace, room)
            self._others.discard(sid)
            return
        members = self._members.get((namespace, room), {})
        if members.pop(sid, None) is not None:
            self._entered[namespace, sid].discard(room)
            if not members:
                del self._members[namespace, room]

    def basic_disconnect(self, sid: str, namespace: str, **more: Any) -> None:
        """Takes a sid out of its rooms, and out of the namespace."""
        for room in list(self._entered.get((namespace, sid), ())):
            self.basic_leave_room(sid, namespace, room)
        self._entered.pop((namespace, sid), None)
        super().basic_disconnect(sid, namespace, **more)

    def _reached(self, namespace: str, room: Any) -> dict[str, Way]:
        """How to reach the sids in a room, in several, or (None) all of a namespace."""
        if isinstance(room, list | tuple | set):
            return {sid: way for each in room for sid, way in self._reached(namespace, each).items()}
        connected = self.rooms.get(namespace, {}).get(None, {})
        if room is not None and room not in connected:
            return self._members.get((namespace, room), {})
        alone = {room: connected[room]} if room is not None else dict(connected)
        return {sid: self._way(eio_sid) for sid, eio_sid in alone.items()}

    def _way(self, eio_sid: Any) -> Way:
        found = self.server.eio.sockets.get(eio_sid)
        return found if isinstance(found, Connection) else str(eio_sid)


def _key(environ: dict[str, Any]) -> bytes | None:
    """The key of a WebSocket handshake that is one: version 13, Engine.IO 4, a new session."""
    query = environ.get("QUERY_STRING", "").split("&")
    asked = (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        and "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        and environ.get(VERSION_HEADER) == "13"
        and "transport=websocket" in query
        and "EIO=4" in query
        and not any(part.startswith("sid=") for part in query)
    )
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").encode("latin-1")
    try:
        return key if asked and len(base64.b64decode(key, validate=True)) == 16 else None
    except binascii.Error:
        return None


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


def _refuse(
    start_response: Callable[..., Any],
    status: str,
    words: str,
    retry_after: int | None = None,
    more: tuple[tuple[str, str], ...] = (),
) -> list[bytes]:
    if retry_after is not None:
        more = (*more, ("Retry-After", str(retry_after)))
    start_response(status, [*BARE_HEADERS.items(), *more])
    return [f"{words}\n".encode()]
