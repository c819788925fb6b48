"""Visitors: the connections that gunicorn reads and answers, their deadlines, and which is closed when there are too
many.

Each takes an open file until the client has sent a whole request and received the answer. So the body of a request and
the answer have a deadline. When files run short, or one network has too many connections, the one that has waited for
its client longest is closed to make room for the new one. A client that sends its request at once, as browsers do, is
answered however many connections others hold open.
"""

import errno
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from gevent import GreenletExit

from feed.networks import network_of

STUCK_SECONDS = 10  # without a byte received or taken: the client is gone, frozen, or slow on purpose
SLOWEST = 4_096  # bytes a second, the least for a body or an answer after the first 10 s: a slow mobile connection


class HungUp(ConnectionResetError):
    """We have closed the connection. gunicorn takes this for a reset by the client and logs nothing."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "kept us waiting for too long")


class Visitor:
    """A client's socket with deadlines, as gunicorn uses it. All other attributes are those of the socket."""

    __slots__ = ("_end", "_visitors", "ended", "network", "parked", "sock", "unread", "waited", "waiting")

    def __init__(self, visitors: "Visitors", sock: Any, network: str) -> None:
        self._visitors = visitors
        self._end: float | None = None
        self.sock = sock
        self.network = network
        self.waiting = self.waited = self.ended = False
        """Whether it may be closed, because it waits for the client or for its turn; whether it has waited for bytes
        since the last request; whether we have closed it."""
        self.unread = b""
        """What was received and has to be read by gunicorn."""
        self.parked: Any = None
        """What waits in the loop for the next request (pages.py); None while a greenlet has the connection."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def begin(self) -> None:
        """Starts the deadline for the body of a request and for the answer."""
        self._end = monotonic() + STUCK_SECONDS
        self._visitors.move_to_end(self)

    def answered(self) -> None:
        """Says that a request has been answered that gunicorn did not see."""
        self._visitors.move_to_end(self)

    def rest(self) -> None:
        """Ends the deadline, when the answer has been sent. gunicorn limits the wait for the next request."""
        self._end = None
        self.waited = False

    def recv(self, *asked: int) -> bytes:
        """As a socket's. Raises HungUp when the deadline is over."""
        if self.ended:
            raise HungUp
        if self.unread:
            unread, self.unread = self.unread[: asked[0]], self.unread[asked[0] :]
            return unread
        self.sock.settimeout(0.0)
        try:
            data: bytes = self.sock.recv(*asked)
        except (BlockingIOError, ssl.SSLWantReadError):  # TLS raises another class
            self.waited = True
            data = self._wait(self.sock.recv, *asked)
        self._moved(len(data))
        return data

    def sendall(self, data: bytes | memoryview, flags: int = 0) -> None:
        """As a socket's. Raises HungUp when the deadline is over."""
        rest = memoryview(data)
        while rest:
            sent = self._wait(self.sock.send, rest)
            self._moved(sent)
            rest = rest[sent:]

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Lets the connection be closed while it waits for its turn. Raises HungUp when it was."""
        self.waiting = True
        yield
        self.waiting = False
        if self.ended:
            raise HungUp

    def to_reader(self) -> Any:
        """Returns the socket itself, which is a reader's from now on and no longer counted here."""
        self._visitors.leave(self)
        self.sock.settimeout(None)
        return self.sock

    def hang_up(self) -> None:
        """Closes the connection and frees its file; the greenlet that waits for it is woken."""
        self.ended = True
        if self.parked:
            self.parked.wake(b"")
        self.sock.close()

    def _moved(self, count: int) -> None:
        if self._end is not None:
            self._end += count / SLOWEST

    def _wait(self, move: Callable[..., Any], *args: Any) -> Any:
        if self.ended:
            raise HungUp
        patience = None if self._end is None else max(0.001, min(STUCK_SECONDS, self._end - monotonic()))
        self.sock.settimeout(patience)
        self.waiting = True
        try:
            return move(*args)
        except OSError as error:
            if self.ended and self._end is not None:  # in the middle of a request, which needs no answer any more
                raise GreenletExit from None
            late = isinstance(error, TimeoutError)  # gevent's TLS sockets raise it too
            if late:
                self._visitors.counted("slow")
            if self.ended or late:
                raise HungUp from None
            raise
        finally:
            self.waiting = False


class Visitors:
    """The visitors of one worker, in the order of their last request. There are at most `most`, together with the
    readers that `readers` counts, and at most `most_each` of one network (None if all come from a proxy). `counted` is
    called with the reason when one is closed.
    """

    def __init__(
        self, most: int, most_each: int | None, readers: Callable[[], int], counted: Callable[[str], None]
    ) -> None:
        self._most = most
        self._most_each = most_each
        self._readers = readers
        self.counted = counted
        self._all: dict[Visitor, None] = {}
        self._of: dict[str, dict[Visitor, None]] = {}

    def enter(self, sock: Any, address: object) -> Visitor | None:
        """Returns the visitor of a new connection; None if there is no room and no waiting connection to close."""
        name = address[0] if isinstance(address, tuple) and self._most_each is not None else ""
        network = network_of(name) if ":" in name else name
        same = self._of.get(network, {})
        if network and self._most_each is not None and len(same) >= self._most_each and not self._one_gives_way(same):
            return None
        if not self.have_room and not self._one_gives_way(self._all):
            return None
        visitor = Visitor(self, sock, network)
        self._all[visitor] = None
        self._of.setdefault(network, {})[visitor] = None
        return visitor

    @property
    def have_room(self) -> bool:
        """Whether there is room for one more connection of a reader."""
        return len(self._all) + self._readers() < self._most

    def leave(self, visitor: Visitor) -> None:
        """Removes a connection that ends or becomes a reader's. A second call does nothing."""
        self._all.pop(visitor, None)
        same = self._of.get(visitor.network)
        if same is not None:
            same.pop(visitor, None)
            if not same:
                del self._of[visitor.network]

    def move_to_end(self, visitor: Visitor) -> None:
        """Marks a connection as the one with the latest request."""
        if visitor in self._all:
            for each in (self._all, self._of[visitor.network]):
                del each[visitor]
                each[visitor] = None

    def _one_gives_way(self, among: dict[Visitor, None]) -> bool:
        longest = next((each for each in among if each.waiting), None)
        if longest is None:
            return False
        longest.hang_up()
        self.leave(longest)
        self.counted("gave way")
        return True
