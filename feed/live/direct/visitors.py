"""Connections that gunicorn reads and answers: how long each may keep us waiting, and who gives way when it is full.

Each is an open file until its other side has sent a whole request and taken the answer. So a body that does not come
and an answer that nobody takes have a deadline; and where files run short, or one address has too many connections, the
one that has waited longest for its other side ends for the one that comes. Who sends a request at once, as browsers
do, is answered however many others hold connections open.
"""

import errno
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from gevent import GreenletExit

from feed.networks import network_of

STUCK_SECONDS = 10  # without a byte that came or was taken: gone, frozen, or on purpose
SLOWEST = 4_096  # bytes a second that a body or an answer has to move at, after the first 10 s: a poor phone's line


class HungUp(ConnectionResetError):
    """We have ended the connection. gunicorn takes it as the other side's doing, and writes nothing down."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "kept us waiting for too long")


class Visitor:
    """A client's socket with its deadlines, as gunicorn uses it. What is not here is the socket's own."""

    __slots__ = ("_end", "_visitors", "ended", "network", "sock", "waited", "waiting")

    def __init__(self, visitors: "Visitors", sock: Any, network: str) -> None:
        self._visitors = visitors
        self._end: float | None = None
        self.sock = sock
        self.network = network
        self.waiting = self.waited = self.ended = False
        """Whether it may be hung up on, as its other side keeps us waiting or it waits for its turn; whether a byte had
        to be waited for since the last request; whether we have hung up."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def begin(self) -> None:
        """A request has come: from here on its body and the answer have their deadline."""
        self._end = monotonic() + STUCK_SECONDS
        self._visitors.move_to_end(self)

    def rest(self) -> None:
        """The answer is sent. gunicorn itself waits for the next request, and not for long."""
        self._end = None
        self.waited = False

    def recv(self, *asked: int) -> bytes:
        """As a socket's. Raises HungUp when the deadline is over."""
        if self.ended:
            raise HungUp
        self.sock.settimeout(0.0)
        try:
            data: bytes = self.sock.recv(*asked)
        except (BlockingIOError, ssl.SSLWantReadError):  # under TLS another class says the same
            self.waited = True
            data = self._wait(self.sock.recv, *asked)
        self._moved(len(data))
        return data

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """As a socket's. Raises HungUp when the deadline is over."""
        rest = memoryview(data)
        while rest:
            sent = self._wait(self.sock.send, rest)
            self._moved(sent)
            rest = rest[sent:]

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """While it waits for its turn, and may be hung up on. Raises HungUp when it was."""
        self.waiting = True
        yield
        self.waiting = False
        if self.ended:
            raise HungUp

    def to_reader(self) -> Any:
        """The socket itself: it is a reader's from now on, counted by the admission and no longer here."""
        self._visitors.leave(self)
        self.sock.settimeout(None)
        return self.sock

    def hang_up(self) -> None:
        """Ends the connection and gives its file back; whatever waits for it is woken."""
        self.ended = True
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
            if self.ended and self._end is not None:  # in the middle of a request that nobody needs to answer any more
                raise GreenletExit from None
            late = isinstance(error, TimeoutError)  # gevent's TLS sockets raise it, too
            if late:
                self._visitors.counted("slow")
            if self.ended or late:
                raise HungUp from None
            raise
        finally:
            self.waiting = False


class Visitors:
    """Those of one worker, in the order of their last request: at most `most` together with the readers that `readers`
    counts, and at most `most_each` of one network; None where all come from a proxy. `counted` is told why one ended.
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
        """The visitor of a new connection from that address; None where there is no room, nor anybody who waits."""
        name = address[0] if isinstance(address, tuple) and self._most_each is not None else ""
        network = network_of(name) if ":" in name else name
        same = self._of.get(network, {})
        if network and self._most_each is not None and len(same) >= self._most_each and not self._one_gives_way(same):
            return None
        if len(self._all) + self._readers() >= self._most and not self._one_gives_way(self._all):
            return None
        visitor = Visitor(self, sock, network)
        self._all[visitor] = None
        self._of.setdefault(network, {})[visitor] = None
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """The connection ends here, or is a reader's. Again makes no difference."""
        self._all.pop(visitor, None)
        same = self._of.get(visitor.network)
        if same is not None:
            same.pop(visitor, None)
            if not same:
                del self._of[visitor.network]

    def move_to_end(self, visitor: Visitor) -> None:
        """It has just sent a request."""
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
