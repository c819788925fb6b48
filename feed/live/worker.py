"""gunicorn's gevent worker, with a short way in for the one request that comes in crowds: the upgrade.

After a deploy or a lost network all readers come back in the same seconds, and gunicorn's parsing of their requests
was a third of what each cost. Here a new connection is looked at first, without taking a byte: an upgrade in its plain
form goes straight to the application, and whatever else it is, or was refused, gunicorn reads and answers as always.
What goes straight in does not count for `max_requests`: the crowd would recycle the worker that it comes back to.
"""

import io
import re
import sys
from socket import MSG_PEEK
from types import SimpleNamespace
from typing import Any

from gunicorn.workers.ggevent import GeventWorker

# Nothing of the application: it comes in after gevent has patched what it stands on.
from feed.live.admission import SOCKET_PATH, UNREAD

PEEKED_BYTES = 4096  # browsers' upgrades have 500 to 1,500; a longer one is gunicorn's

# Strict on purpose, so that nothing is read in two ways: one request line without a fragment, fields without folding.
_UPGRADE = re.compile(
    rb"GET %s\?([!$-~]+) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~\x80-\xff]*\r\n)+)\r\n" % re.escape(SOCKET_PATH).encode()
)
_NOT_PLAIN = ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")


class Worker(GeventWorker):  # type: ignore[misc]
    """gunicorn's own in everything but its first look at a connection."""

    def run(self) -> None:
        """Serves until it is told to end."""
        self._names = {listener: listener.getsockname() for listener in self.sockets}
        super().run()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """A new connection, on a greenlet of its own."""
        if not self._upgraded(client, addr):
            # gunicorn asks the listener for its name at the start of each connection. A worker that ends has closed it
            # since this one came in: that would raise, and hang up on the client without an answer.
            super().handle(SimpleNamespace(getsockname=lambda: self._names[listener]), client, addr)

    def _upgraded(self, client: Any, addr: Any) -> bool:
        if self.cfg.is_ssl or not isinstance(addr, tuple):
            return False
        head = b""
        try:
            with self.timeout_ctx():
                head = client.recv(PEEKED_BYTES, MSG_PEEK)
            if not head:  # nothing was asked, and it has gone or said nothing for too long
                client.close()
                return True
            if environ := upgrade_in(head):
                environ |= {"REMOTE_ADDR": addr[0], "REMOTE_PORT": str(addr[1])}
                environ |= {"gunicorn.socket": client, UNREAD: len(head)}
                self.wsgi(environ, lambda status, headers: None)
        except OSError:
            return False
        except StopIteration:  # taken over
            client.close()
            return True
        return False


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
