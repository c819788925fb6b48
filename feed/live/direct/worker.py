"""gunicorn's gevent worker, with a short way in for the one request that comes in crowds: the upgrade.

After a deploy or a lost network all readers come back in the same seconds, and gunicorn's parsing of their requests
was a third of what each cost. Here a new connection is looked at first, without taking a byte: an upgrade in its plain
form goes straight to the application, and whatever else it is, or was refused, gunicorn reads and answers as always.
What goes straight in does not count for `max_requests`: the crowd would recycle the worker that it comes back to.

Every connection is a visitor (visitors.py) until it ends or is a reader's, so that none holds its file for ever. And a
client that sends its next requests before it has the answer to the first takes turns with all others.
"""

import gc
import io
import re
import resource
import signal
import ssl
import sys
from contextlib import suppress
from socket import MSG_PEEK
from types import SimpleNamespace
from typing import Any

import gevent
from gevent.lock import Semaphore
from gevent.server import StreamServer
from gunicorn.http.errors import ParseException
from gunicorn.sock import is_http2_negotiated
from gunicorn.workers import ggevent
from gunicorn.workers.ggevent import GeventWorker

# Nothing of the application: it comes in after gevent has patched what it stands on.
from feed.live.admission import BARE_HEADERS, RETRY_SECONDS, SOCKET_PATH, UNREAD
from feed.live.direct import open_files
from feed.live.direct.visitors import STUCK_SECONDS, HungUp, Visitor, Visitors

DRAIN_LOOK_SECONDS = 0.1  # between two looks whether the worker is to end
PEEKED_BYTES = 4096  # browsers' upgrades have 500 to 1,500; a longer one is gunicorn's

# Strict on purpose, so that nothing is read in two ways: one request line without a fragment, fields without folding.
_UPGRADE = re.compile(
    rb"GET %s\?([!$-~]+) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~\x80-\xff]*\r\n)+)\r\n" % re.escape(SOCKET_PATH).encode()
)
# What is answered before the application is asked: by the name of gunicorn's exception, else 400.
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
    """gevent's own, which takes as many connections as come before it looks at the first, and prints a stack trace for
    each client that breaks off while TLS begins."""

    starting = 0
    """Connections that nobody has looked at yet."""
    most_starting = open_files.STARTING
    """How many of these there may be; what the files allow, once the worker runs."""

    def do_read(self) -> Any:
        """The next connection; None for none."""
        return super().do_read() if Server.starting < Server.most_starting else None

    def do_handle(self, *args: Any) -> None:
        """Has a greenlet look at a connection."""
        Server.starting += 1
        super().do_handle(*args)

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """A new connection under TLS."""
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
    """gunicorn's own, with a first look at each connection, deadlines, and an orderly end."""

    def load_wsgi(self) -> None:
        """Loads the application, and prepares the process to live with many readers, and to end."""
        super().load_wsgi()
        self._application = self.wsgi.extensions["liveline"]
        # A full pass of the garbage collector over 10,000 readers stops everything for 60 to 150 ms, and their coming
        # set one off every other second. Readers hold no cycles; what does is young, and found by the first two
        # generations.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 200)
        # Ctrl+C reaches the workers too, and gunicorn's quick end raises SystemExit where gevent prints a stack trace
        # for it. The master alone decides, and both ways to end are the orderly one: it takes a second.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, self.handle_exit)
        if self.cfg.is_ssl:
            self.log.warning("TLS inside gunicorn: the stock driver serves, slower. TLS belongs in a proxy in front.")
        self._leave_files_to_pages()
        self._draining = gevent.spawn(self._drain)
        self._application.begin(self.wsgi.jinja_env)

    def run(self) -> None:
        """Serves until it is told to end, and stays until its readers have been let go."""
        channel, settings = self._application.channel, self._application.settings
        self._names = {listener: listener.getsockname() for listener in self.sockets}
        self._turns = Semaphore(1)
        self._refusals = channel.refusals
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        Server.most_starting = open_files.starting(files)
        most = open_files.connections(files)
        most_each = None if settings.proxies else settings.max_connections_per_address  # all come from the proxy
        self._visitors = Visitors(most, most_each, lambda: channel.admission.inside, self._refusals.count)
        self.worker_connections = files  # never the limit: where it holds, gevent accepts nobody any more
        ggevent.StreamServer = Server
        try:
            super().run()
        finally:
            self.alive = False
            self._draining.join(self.cfg.graceful_timeout)

    def _leave_files_to_pages(self) -> None:
        """A reader is an open file, and without one to spare nobody is answered, not even with a refusal."""
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
        """Lets readers go as soon as the worker is told to end, so that they move on to the next one."""
        while self.alive:
            gevent.sleep(DRAIN_LOOK_SECONDS)
        self._application.drain()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """A new connection, on a greenlet of its own."""
        Server.starting -= 1
        visitor = self._visitors.enter(client, addr)
        if visitor is None:
            self._refuse(client, 503, "Too many connections.", f"Retry-After: {RETRY_SECONDS}\r\n")
            self._refusals.count("connections")
            client.close()
            return
        try:
            if not self._upgraded(visitor, addr):
                # gunicorn asks the listener for its name at the start of each connection. A worker that ends has closed
                # it since this one came in: that would raise, and hang up on the client without an answer.
                named = SimpleNamespace(getsockname=lambda: self._names[listener])
                super().handle(named, client if is_http2_negotiated(client) else visitor, addr)
        finally:
            self._visitors.leave(visitor)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """A request whose head has come."""
        if _sent_more(req):
            with sock.giving_way(), self._turns:  # one of these at a time, behind everybody who asked once
                gevent.sleep(0)
        elif req.req_number > 1 and not sock.waited:
            gevent.sleep(0)
        sock.begin()
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            sock.rest()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """What cannot be read is refused, and counted instead of written down; the rest is a mistake of ours."""
        broken = isinstance(exc, (ParseException, ssl.SSLError))
        if broken:
            self._refusals.count("broken request")
        else:
            self.log.error("Error handling request %s", getattr(req, "uri", ""), exc_info=exc)
        status = STATUSES.get(type(exc).__name__, 400 if broken else 500)
        self._refuse(client, status, WORDS[status])

    def _refuse(self, client: Any, status: int, words: str, more: str = "") -> None:
        """Answers what the application is never asked, and what nobody need wait for."""
        answer = (
            f"HTTP/1.1 {status} {WORDS[status]}\r\nConnection: close\r\n{more}"
            f"{REFUSAL_HEADERS}Content-Length: {len(words) + 1}\r\n\r\n{words}\n"
        )
        with suppress(OSError):
            client.setblocking(0)
            client.send(answer.encode())

    def _upgraded(self, visitor: Visitor, addr: Any) -> bool:
        if self.cfg.is_ssl or not isinstance(addr, tuple):
            return False
        head = b""
        try:
            with self.timeout_ctx():
                head = visitor.recv(PEEKED_BYTES, MSG_PEEK)
            if not head:  # nothing was asked, and it has gone or said nothing for too long
                visitor.close()
                return True
            if environ := upgrade_in(head):
                environ |= {"REMOTE_ADDR": addr[0], "REMOTE_PORT": str(addr[1])}
                environ |= {"gunicorn.socket": visitor, UNREAD: len(head)}
                self.wsgi(environ, lambda status, headers: None)
        except HungUp:
            visitor.close()
            return True
        except OSError:
            return False
        except StopIteration:  # taken over
            visitor.close()
            return True
        return False


def _sent_more(request: Any) -> bool:
    """Whether the client has sent more than this request already, without waiting for its answer."""
    length = getattr(request.body.reader, "length", None)
    return length is not None and request.unreader.buf.getbuffer().nbytes > length


def upgrade_in(head: bytes) -> dict[str, Any] | None:
    """The WSGI environment of these bytes, when they are exactly one upgrade in its plain form; else None."""
    found = _UPGRADE.fullmatch(head)
    if found is None:
        return None
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": SOCKET_PATH,
        "QUERY_STRING": found[1].decode(),
        "SERVER_NAME": "",  # HTTP_HOST has it
        "SERVER_PORT": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    for line in found[2].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        key = f"HTTP_{name.upper().replace('-', '_')}"
        if key in environ or key in _NOT_PLAIN:  # said twice: gunicorn knows what that means
            return None
        environ[key] = value.strip()
    return environ if "HTTP_HOST" in environ else None
