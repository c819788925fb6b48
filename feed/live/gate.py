"""The gate decides, before the upgrade, which requests may open the socket. Flask-SocketIO's stock driver then serves.

`Gate` is Engine.IO's server with admission and a check of the origin. `SiteSocketIO` is Flask-SocketIO with that
server. Both are subclasses that override what the libraries intend to be overridden.
"""

import base64
import binascii
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import engineio
import socketio
from flask import Flask
from flask_socketio import SocketIO

from feed import settings
from feed.live.admission import BARE_HEADERS, RETRY_SECONDS, SOCKET_PATH, UNREAD, Admission
from feed.live.measuring import Outbox
from feed.live.packets import from_reader
from feed.networks import network_of
from feed.repeats import Repeats

NEXT_WORKER_SECONDS = 1  # Retry-After for a client that comes to a draining worker
AWAY_SECONDS = 10  # Retry-After for a client of a node that is cut off: others may not be
NOBODY_IN = 20  # refused origins before anybody was admitted: then the site's own pages have another origin
VERSION_HEADER = "HTTP_SEC_WEBSOCKET_VERSION"
BUSY = "503 Service Unavailable"

log = logging.getLogger(__name__)


class Gate(engineio.Server):  # type: ignore[misc]
    """Engine.IO over WebSocket alone, for requests that are admitted."""

    def __init__(
        self,
        sio: socketio.Server,
        admission: Admission,
        origins: tuple[str, ...],
        refusals: Repeats | None = None,
        **options: Any,
    ) -> None:
        # An empty list of origins would switch off the library's check.
        super().__init__(cors_allowed_origins=list(origins), transports=["websocket"], **options)
        driver: dict[str, Any] = self._async
        self._async: dict[str, Any] = {**driver, "websocket": _checked(driver["websocket"])}
        self._sio = sio
        self.refusals = refusals or Repeats()
        self.admission = admission
        self._origins = frozenset(origins)
        self._public_url = origins[0] if origins else "not set"
        self._anybody = self._warned = False
        self._refused_before_any = 0
        self.draining = False
        self.away = False
        """Whether nobody is admitted until this ends, because this process has no news for readers."""

    def handle_request(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Refuses requests that may not open the socket, and serves the others."""
        if self._foreign(environ):
            self._count_foreign(environ)
            return _refuse(start_response, "403 Forbidden", "This page may not open the socket.")
        if self.draining:
            return _refuse(start_response, BUSY, "This worker ends; the next one is on its way.", NEXT_WORKER_SECONDS)
        if self.away:
            self._count(environ, "cut off")
            return _refuse(start_response, BUSY, "This node has no news for readers just now.", AWAY_SECONDS)
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and environ.get(VERSION_HEADER) != "13":
            self._count(environ, "other version")
            other = (
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
            )  # RFC 6455, 4.4
            return _refuse(start_response, "426 Upgrade Required", "Here is WebSocket version 13.", more=other)
        if (key := _key(environ)) is None:  # on which the stock driver would raise
            self._count(environ, "no handshake")
            return _refuse(start_response, "400 Bad Request", "Here is a WebSocket: Engine.IO 4, version 13.")
        network = network_of(environ.get("REMOTE_ADDR") or "")
        if not self.admission.enter(network):
            self._count(environ, "full")
            return _refuse(start_response, BUSY, "Full. Poll, and try again later.", RETRY_SECONDS)
        self._anybody = True
        if to_reader := getattr(environ.get("gunicorn.socket"), "to_reader", None):
            environ["gunicorn.socket"] = to_reader()  # from here on without the deadlines of a Visitor
        return self.serve(environ, start_response, key, network)

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any], key: bytes, network: str) -> Any:
        """Serves an admitted reader until it leaves. If the request was only peeked at, leaves it to gunicorn."""
        try:
            return [] if UNREAD in environ else super().handle_request(environ, start_response)
        finally:
            self.admission.leave(network)

    def drain(self, seconds: float) -> None:
        """Admits no more sockets, and closes all within that time. Official clients reconnect after a closed transport;
        a disconnect or close packet would tell them not to."""
        self.draining = True
        self.let_go(seconds, lambda: True)

    def let_go(self, seconds: float, still: Callable[[], bool]) -> None:
        """Closes all sockets within that time, as long as `still` is true."""
        for sid in list(self.sockets):
            self.hang_up(sid)

    def fanout(self) -> str:
        """How broadcasts are sent: `uring`, `loop` or `stock`."""
        return "stock"

    def outbox(self) -> Outbox:
        """What waits for slow sockets. Nobody knows what waits in the stock driver's queues."""
        return Outbox(0, 0)

    def hang_up(self, sid: str | None) -> None:
        """Closes one socket, by its sid of Engine.IO. An official client reconnects."""
        if (left := self.sockets.get(sid)) is not None:
            left.close(wait=False, abort=True)

    def _foreign(self, environ: dict[str, Any]) -> bool:
        """Whether the page is of another site. A browser always sends an origin, so a cookie without one is foreign
        too."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return "HTTP_COOKIE" in environ
        if origin not in self._origins:
            with suppress(ValueError):
                origin = environ["HTTP_ORIGIN"] = settings.origin(settings.as_page(origin))
        return origin not in self._origins

    def _count_foreign(self, environ: dict[str, Any]) -> None:
        """Counts a refused origin, once. A page that was loaded from the host that it connects to is the site's own:
        then FEED_PUBLIC_URL is wrong and no reader is live, so one warning is logged."""
        if UNREAD in environ:
            return
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
        """Counts a refusal. A request that was only peeked at is not counted, since it comes again through gunicorn."""
        if UNREAD not in environ:
            self.refusals.count(why)


class SiteSocketIO(SocketIO):  # type: ignore[misc]
    """Flask-SocketIO with a Gate in its server. `gate` makes the Gate; `options` are those of Flask-SocketIO
    and of the Gate, such as `admission` and `origins`."""

    def __init__(self, gate: Callable[..., Gate], **options: Any) -> None:
        self._gate = gate
        super().__init__(manage_session=False, http_compression=False, cookie=None, **options)

    def init_app(self, app: Flask) -> None:
        """Puts the socket in front of the application, at /socket.io/.

        The library's own middleware copies the environment of each request, even of pages, and makes a class for it.
        """
        app.extensions["socketio"] = self
        self.manage_session = self.server_options.pop("manage_session")
        self.server = _Server(self._gate, **self.server_options)
        self.async_mode = self.server.async_mode
        for event, handler, namespace in self.handlers:
            self.server.on(event, handler, namespace=namespace)
        pages = app.wsgi_app

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            if not environ["PATH_INFO"].startswith(SOCKET_PATH):
                return pages(environ, start_response)
            environ["flask.app"] = app
            return self.server.handle_request(environ, start_response)

        app.wsgi_app = application  # type: ignore[method-assign]


class _Server(socketio.Server):  # type: ignore[misc]
    def __init__(self, gate: Callable[..., Gate], **options: Any) -> None:
        self._gate = gate
        super().__init__(**options)

    def _engineio_server_class(self) -> Callable[..., Gate]:
        return partial(self._gate, self)


def _checked(driver: Any) -> Any:
    """Returns the stock driver's WebSocket class with a check that closes on anything but a client's Engine.IO
    packet."""

    def wait(self: Any) -> str | None:
        message: str | None = driver.wait(self)
        hung_up = self.app.__self__.closed  # we closed it while the message was on its way
        return message if from_reader(message) and not hung_up else None

    return type("CheckedWebSocket", (driver,), {"wait": wait})


def _key(environ: dict[str, Any]) -> bytes | None:
    """Returns the key of a correct WebSocket handshake (version 13, Engine.IO 4, new session), else None."""
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
