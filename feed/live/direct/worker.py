"""gunicorn's gevent worker, with a faster path for WebSocket upgrades, which come in crowds.

After a deploy or a network failure all readers reconnect in the same seconds, and gunicorn's parsing was a third of the
cost of each. So this worker first peeks at a new connection without taking a byte. A plain upgrade goes to the
application directly, without a greenlet if it has arrived; gunicorn reads and answers everything else, refused upgrades
included. Upgrades on the fast path do not count for `max_requests`: otherwise the crowd would recycle the worker that
it reconnects to. However many come, they are examined for half a millisecond at a time.

Every connection is a visitor (visitors.py) until it ends or becomes a reader's, so that none keeps its file for ever. A
client that sends further requests before it has the first answer takes turns with all others.
"""

import gc
import io
import re
import resource
import signal
import ssl
import sys
from _socket import socket as NativeSocket
from collections.abc import Callable
from contextlib import suppress
from socket import MSG_PEEK
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import gevent
from gevent.lock import Semaphore
from gevent.server import StreamServer
from gevent.socket import socket as GeventSocket
from gunicorn.http.errors import ParseException
from gunicorn.sock import is_http2_negotiated
from gunicorn.workers import ggevent
from gunicorn.workers.ggevent import GeventWorker

# Nothing of the application is imported here: gevent has to patch the standard library first.
from feed.live.admission import BARE_HEADERS, READY, RETRY_SECONDS, SOCKET_PATH, UNREAD
from feed.live.direct import open_files, pages
from feed.live.direct.visitors import STUCK_SECONDS, HungUp, Visitor, Visitors

DRAIN_LOOK_SECONDS = 0.1  # between two checks whether the worker is to end
ACCEPT_SECONDS = 0.0005  # of accepting in one turn of the loop; publishing takes several turns, and waits for each
PEEKED_BYTES = 4096  # browsers' upgrades have 500 to 1,500; gunicorn reads longer ones

# Strict on purpose, so that gunicorn would read the same: a request line without fragment, fields without folding.
_UPGRADE = re.compile(
    rb"GET %s\?([!$-~]+) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~\x80-\xff]*\r\n)+)\r\n" % re.escape(SOCKET_PATH).encode()
)
# The status of requests that gunicorn cannot read, by the name of its exception; else 400.
STATUSES = {
    "UnsupportedTransferCoding": 501,
    "LimitRequestLine": 414,
    "LimitRequestHeaders": 431,
    "ExpectationFailed": 417,
    "ForbiddenProxyRequest": 403,
    "ConfigurationProblem": 500,
}
WORDS = {
    400: "Bad Request",
    403: "Forbidden",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
REFUSAL_HEADERS = "".join(f"{name}: {value}\r\n" for name, value in BARE_HEADERS.items())
_NOT_PLAIN = ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")


class Server(StreamServer):  # type: ignore[misc]
    """gevent's server with three corrections: it accepts a limited number of connections before the first is examined,
    and for a limited time before everything else has its turn; a connection that `takes(client, address)` gets no
    greenlet; and no stack trace is printed for a client that breaks off during the TLS handshake."""

    starting = 0
    """Connections that are accepted and not examined yet."""
    most_starting = open_files.STARTING
    """The most of these; the worker sets it by the number of open files when it starts."""
    takes: Callable[[NativeSocket, Any], bool]
    """The worker sets it."""

    def _do_read(self) -> None:
        self._until = perf_counter() + ACCEPT_SECONDS
        super()._do_read()

    def do_read(self) -> Any:
        """Accepts the next connection; None for none."""
        if Server.starting >= Server.most_starting or perf_counter() > self._until:
            return None
        try:
            descriptor, address = self.socket._accept()
        except BlockingIOError:
            return None
        client = NativeSocket(self.socket.family, self.socket.type, self.socket.proto, descriptor)
        client.setblocking(False)
        return client, address

    def do_handle(self, client: NativeSocket, address: Any) -> None:
        """Starts a greenlet for a connection that is not taken."""
        if self.ssl_args or not Server.takes(client, address):
            Server.starting += 1
            super().do_handle(GeventSocket(client.family, client.type, client.proto, client.detach()), address)

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Handles a new connection with TLS."""
        Server.starting -= 1
        client = None
        with suppress(OSError), gevent.Timeout(STUCK_SECONDS, False):  # an SSLError is an OSError
            client = self.wrap_socket(client_socket, **self.ssl_args)
        if client is None:
            client_socket.close()
            return
        Server.starting += 1
        self.handle(client, address)


class Worker(GeventWorker):  # type: ignore[misc]
    """gunicorn's gevent worker, with the fast path for upgrades, deadlines, and an orderly end."""

    def load_wsgi(self) -> None:
        """Loads the application and prepares the process for many readers and for its end."""
        gc.disable()  # until all is imported: none of it is garbage, and to look for some is a seventh of the start
        super().load_wsgi()
        from feed import logs, metrics

        self._application = self.wsgi.extensions["liveline"]
        # A full garbage collection with 10,000 readers stops everything for 60 to 150 ms, and while they connected
        # there was one every other second. Readers are in no reference cycles; objects that are die young, and the
        # first two generations find them.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 200)
        gc.enable()
        # Ctrl+C reaches the workers too, and gunicorn's quick exit raises SystemExit where gevent prints a stack trace
        # for it. So only the master reacts to it, and a quick exit is an orderly one too, which takes a second.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, self.handle_exit)
        if self.cfg.is_ssl:
            self.log.warning("TLS inside gunicorn: the stock driver serves, slower. TLS belongs in a proxy in front.")
        self._leave_files_to_pages()
        self._draining = gevent.spawn(self._drain)
        if getattr(self.log, "writes_json", False):
            logs.write_json()  # again, since the master's formatter knows nothing of requests
        logs.log_uncaught()
        metrics.count_errors()
        self._end_request = logs.end_request
        self._application.begin(self.wsgi.jinja_env)

    def run(self) -> None:
        """Serves until the worker is told to end, then waits until all readers' sockets are closed."""
        channel, settings = self._application.channel, self._application.settings
        self._names = {listener: listener.getsockname() for listener in self.sockets}
        self._turns = Semaphore(1)
        self._refusals = channel.refusals
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        Server.most_starting = open_files.starting(files)
        most = open_files.connections(files)
        most_each = None if settings.proxies else settings.max_connections_per_address  # all addresses are the proxy's
        self._visitors = Visitors(most, most_each, lambda: channel.admission.inside, self._refusals.count)
        self.worker_connections = (
            files  # so high that it never applies: at this limit gevent would accept no more connections
        )
        self._pages = pages.of_worker(self, self.wsgi.extensions.get(READY))
        ggevent.StreamServer, Server.takes = Server, self._takes
        try:
            super().run()
        finally:
            self.alive = False
            self._draining.join(self.cfg.graceful_timeout)

    def _leave_files_to_pages(self) -> None:
        """Lowers the number of readers if there are too few open files to answer pages as well."""
        admission = self._application.channel.admission
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = open_files.readers(files)
        if admission.most > most:
            self.log.warning(
                "A worker may open %s files here (ulimit -n): %s readers may come in, not the %s of FEED_MAX_READERS",
                files, most, admission.most,
            )  # fmt: skip
            admission.most = most

    def _drain(self) -> None:
        """Closes readers' sockets when the worker is told to end, so that they reconnect to the next one."""
        while self.alive:
            gevent.sleep(DRAIN_LOOK_SECONDS)
        self._application.drain()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Handles a new connection, on a greenlet of its own."""
        Server.starting -= 1
        visitor = self._visitors.enter(client, addr)
        if visitor is None:
            self._refuse(client, 503, "Too many connections.", f"Retry-After: {RETRY_SECONDS}\r\n")
            self._refusals.count("connections")
            client.close()
            return
        try:
            if self._upgraded(visitor, addr):
                return
            if self._pages is not None and not self._pages.serve(visitor):
                visitor.close()
            else:
                # gunicorn asks the listener for its name at the start of each connection. A worker that ends may have
                # closed it meanwhile; that would raise, and the client would get no answer.
                named = SimpleNamespace(getsockname=lambda: self._names[listener])
                super().handle(named, client if is_http2_negotiated(client) else visitor, addr)
        finally:
            self._visitors.leave(visitor)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Handles a request whose head has arrived."""
        if _sent_more(req):
            with sock.giving_way(), self._turns:  # one such request at a time, after all other clients' requests
                gevent.sleep(0)
        elif req.req_number > 1 and not sock.waited:
            gevent.sleep(0)
        sock.begin()
        try:
            super().handle_request(listener_name, req, sock, addr)
        finally:
            sock.rest()
            self._end_request()
        if self._pages is not None and _is_read(req) and not self._pages.serve(sock):
            raise StopIteration  # the connection has ended

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answers and counts a request that cannot be read; logs any other error, which is ours."""
        broken = isinstance(exc, (ParseException, ssl.SSLError))
        if broken:
            self._refusals.count("broken request")
        else:
            path = str(getattr(req, "uri", "")).partition("?")[0]  # a query may be what a reader searches for
            self.log.error("Error handling request %s", path, exc_info=exc)
        status = STATUSES.get(type(exc).__name__, 400 if broken else 500)
        self._refuse(client, status, WORDS[status])

    def _refuse(self, client: Any, status: int, words: str, more: str = "") -> None:
        """Sends an answer that does not come from the application, without waiting."""
        answer = (
            f"HTTP/1.1 {status} {WORDS[status]}\r\nConnection: close\r\n{more}"
            f"{REFUSAL_HEADERS}Content-Length: {len(words) + 1}\r\n\r\n{words}\n"
        )
        with suppress(OSError):
            client.setblocking(0)
            client.send(answer.encode())

    def _takes(self, client: NativeSocket, addr: Any) -> bool:
        """Takes a new connection if its request has arrived and is an upgrade on the fast path. It never waits, and so
        is no visitor."""
        if not isinstance(addr, tuple) or not self._visitors.have_room:
            return False
        try:
            return self._served(client, client.recv(PEEKED_BYTES, MSG_PEEK), addr)
        except OSError:  # nothing has arrived yet, or no file is left
            return False

    def _upgraded(self, visitor: Visitor, addr: Any) -> bool:
        if self.cfg.is_ssl or not isinstance(addr, tuple):
            return False
        head = b""
        try:
            with self.timeout_ctx():
                head = visitor.recv(PEEKED_BYTES, MSG_PEEK)
            if not head or self._served(visitor, head, addr):
                visitor.close()  # the client has closed the connection, or sent nothing for too long; or it is taken
                return True
        except HungUp:
            visitor.close()
            return True
        except OSError:
            return False
        return False

    def _served(self, client: Any, head: bytes, addr: Any) -> bool:
        """Whether these first bytes are a plain upgrade, which the transport has taken. Raises OSError."""
        environ = upgrade_in(head)
        if environ is None:
            return False
        environ |= {"REMOTE_ADDR": addr[0], "REMOTE_PORT": str(addr[1])}
        environ |= {"gunicorn.socket": client, UNREAD: len(head)}
        try:
            self.wsgi(environ, lambda status, headers: None)
        except StopIteration:
            return True
        return False


def _sent_more(request: Any) -> bool:
    """Whether the client has sent more than this request without waiting for the answer."""
    length = getattr(request.body.reader, "length", None)
    return length is not None and request.unreader.buf.getbuffer().nbytes > length


def _is_read(request: Any) -> bool:
    """Whether everything that was received has been read, so that the next byte begins another request."""
    return getattr(request.body.reader, "length", None) == 0 and not request.unreader.buf.getbuffer().nbytes


def upgrade_in(head: bytes) -> dict[str, Any] | None:
    """Returns the WSGI environment if these bytes are exactly one plain upgrade, else None."""
    found = _UPGRADE.fullmatch(head)
    if found is None:
        return None
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": SOCKET_PATH,
        "QUERY_STRING": found[1].decode(),
        "SERVER_NAME": "",  # in HTTP_HOST
        "SERVER_PORT": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    for line in found[2].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        key = f"HTTP_{name.upper().replace('-', '_')}"
        if key in environ or key in _NOT_PLAIN:  # a repeated header: gunicorn knows how to read it
            return None
        environ[key] = value.strip()
    return environ if "HTTP_HOST" in environ else None
