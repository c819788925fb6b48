"""Connections that wait for their next request, and the answers that need no greenlet.

gunicorn's parser, WSGI and the switch to a greenlet took nine tenths of the time of a page that the cache holds. So
between two requests a connection waits in the event loop alone. What arrives in one turn of the loop is answered
together from the cache, after one look whether anybody has committed. What heads.py does not read, or the cache does
not hold, is given to gunicorn as it came. What the kernel does not take at once is sent by the connection's greenlet,
with a visitor's deadlines.

These answers count for `max_requests`, as gunicorn's do.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from gevent import GreenletExit
from gevent.hub import Waiter, get_hub
from gunicorn.glogging import Logger

from feed.live.direct import heads
from feed.live.direct.visitors import Visitor

READ = 1  # libev's EV_READ
MOST_AT_ONCE = 50  # requests that are answered in one go, in about 2 ms; broadcasts and other requests wait meanwhile
# gunicorn's settings that decide how it reads a request, or who is told of it.
AS_SHIPPED = (
    "protocol", "proxy_protocol", "http2_cleartext", "limit_request_line", "limit_request_fields",
    "limit_request_field_size", "casefold_http_method", "pre_request", "post_request",
)  # fmt: skip


class Ready(Protocol):
    """Gives answers that need no greenlet; see feed/web/ready.py."""

    def request(self, method: str, path: str, query: str, fields: Mapping[str, str]) -> Any | None:
        """Returns what is asked for, if an answer to it may be cached."""

    def answers(self, requests: Sequence[Any], write: Callable[..., bytes]) -> list[bytes | None]:
        """Returns the answers to requests that have all arrived; None for what the cache does not hold."""


class Pages:
    """The connections of one worker that wait for their next request. `worker` is gunicorn's."""

    def __init__(self, ready: Ready, worker: Any) -> None:
        self._ready = ready
        self._worker = worker
        self._write = partial(heads.write, worker.cfg)
        self._arrived: list[tuple[_Waiting, bytes, Any]] = []
        self.seconds = worker.cfg.keepalive
        self.loop = get_hub().loop

    def serve(self, visitor: Visitor) -> bool:
        """Answers what comes on that connection, as long as the cache can. Returns True when gunicorn is to read what
        came, and False when the connection has ended."""
        if visitor.ended:
            return False
        waiting = _Waiting(self, visitor)
        try:
            while True:
                received, unsent = waiting.wait()
                if not unsent:
                    visitor.unread, visitor.waited = received, True
                    return bool(received)
                visitor.begin()
                visitor.sendall(unsent)
                visitor.rest()
        except OSError:
            return False
        except GreenletExit:
            if not visitor.ended:  # the worker ends
                raise
            return False
        finally:
            waiting.stop()

    def arrived(self, waiting: "_Waiting", received: bytes) -> bool:
        """Notes a request, and says whether it may be answered at the end of this turn of the loop."""
        head = heads.read(received)
        request = head and self._ready.request(*head)
        if request is None:
            return False
        if not self._arrived:
            self.loop.run_callback(self._answer)
        self._arrived.append((waiting, received, request))
        return True

    def _answer(self) -> None:
        arrived, self._arrived = self._arrived[:MOST_AT_ONCE], self._arrived[MOST_AT_ONCE:]
        if self._arrived:
            self.loop.run_callback(self._answer)
        answers: list[bytes | None] = [None] * len(arrived)
        worker = self._worker
        try:
            # A worker that ends says so in its answers, which gunicorn knows how to do.
            if worker.alive and worker.nr + len(arrived) < worker.max_requests:
                answers = self._ready.answers([request for _, _, request in arrived], self._write)
        finally:
            for (waiting, received, _), answer in zip(arrived, answers, strict=True):
                if answer is None:
                    waiting.wake(received)
                else:
                    worker.nr += 1
                    waiting.send(answer)


class _Waiting:
    """A connection that waits for its next request."""

    __slots__ = ("_answering", "_pages", "_since", "_timer", "_visitor", "_waiter", "_watcher")

    def __init__(self, pages: Pages, visitor: Visitor) -> None:
        self._pages = pages
        self._visitor = visitor
        self._waiter = Waiter()
        self._watcher = pages.loop.io(visitor.sock.fileno(), READ)
        self._timer = pages.loop.timer(pages.seconds)
        self._answering = False
        """Whether a request has arrived that is not answered yet."""

    def wait(self) -> tuple[bytes, memoryview | None]:
        """Waits for what needs a greenlet: bytes that gunicorn is to read (none if the connection has ended), or the
        rest of an answer that is to be sent."""
        visitor = self._visitor
        visitor.sock.settimeout(0.0)
        visitor.waiting, visitor.parked = True, self
        self._waiter.clear()
        self._watcher.start(self._readable)
        self._timer.start(self._late, update=True)  # gunicorn's answer may have taken long
        self._since = self._pages.loop.now()
        try:
            woken: tuple[bytes, memoryview | None] = self._waiter.get()
            return woken
        finally:
            self._rest()

    def wake(self, received: bytes, unsent: memoryview | None = None) -> None:
        """Lets `wait` return that, at the end of this turn of the loop."""
        if self._visitor.parked is self:
            self._rest()
            self._pages.loop.run_callback(self._waiter.switch, (received, unsent))

    def send(self, answer: bytes) -> None:
        """Sends an answer, and waits for the next request."""
        visitor = self._visitor
        if visitor.parked is not self:
            return
        try:
            sent = visitor.sock.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.wake(b"")
            return
        self._answering = False
        if sent < len(answer):
            self.wake(b"", memoryview(answer)[sent:])
            return
        visitor.waiting = True
        visitor.answered()
        self._since = self._pages.loop.now()

    def stop(self) -> None:
        """Gives back what the loop has of it."""
        self._rest()
        self._watcher.close()
        self._timer.close()

    def _rest(self) -> None:
        self._watcher.stop()
        self._timer.stop()
        self._visitor.waiting = self._answering = False
        self._visitor.parked = None

    def _readable(self) -> None:
        if self._answering:
            return
        try:
            received: bytes = self._visitor.sock.recv(heads.LONGEST)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        try:
            self._answering = bool(received) and self._pages.arrived(self, received)
        finally:  # also what we cannot answer for a fault of ours is for gunicorn
            if self._answering:
                self._visitor.waiting = False
            else:
                self.wake(received)

    def _late(self) -> None:
        left = self._since + self._pages.seconds - self._pages.loop.now()
        if left <= 0:
            self._readable()  # if the loop stood still, a request may have come in time
        if self._visitor.parked is self and (self._answering or left > 0):  # it has asked since
            self._timer.close()
            self._timer = self._pages.loop.timer(self._pages.seconds if self._answering else left)
            self._timer.start(self._late)
        else:
            self.wake(b"")


def of_worker(worker: Any, ready: Ready | None) -> Pages | None:
    """Returns what answers pages without gunicorn; None where gunicorn is set up so that it reads requests in another
    way than heads.py does, or tells somebody of each."""
    config, log = worker.cfg, worker.log
    as_shipped = all(config.settings[name].get() == config.settings[name].default for name in AS_SHIPPED)
    quiet = type(log).access is Logger.access and not log.access_log_enabled
    if ready is None or config.is_ssl or not config.keepalive or config.secure_scheme_headers or not quiet:
        return None
    return Pages(ready, worker) if as_shipped and not os.environ.get("SCRIPT_NAME") else None
