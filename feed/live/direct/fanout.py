"""A fan-out sends one frame, made once, to many connections: through io_uring where the system has it, else with one
system call for each. Either way a connection gets its frames whole and in order, and those that do not take all of a
frame at once keep the rest in their outbox.
"""

import errno
import os
from collections.abc import Sequence
from functools import cached_property
from time import perf_counter
from typing import NamedTuple

import gevent

from feed.live.direct.inbox import A_TURN
from feed.live.direct.ring import AT_ONCE, Ring
from feed.live.direct.transport import Connection

TURN_SECONDS = 0.002  # of a broadcast before pages, pings and publishing may run
FULL = (-errno.EAGAIN, -errno.EINTR)  # what a ring reports of a socket that has taken nothing and may do so later


class Sent(NamedTuple):
    """The result of a broadcast: the kernel has taken the whole frame for `taken` of `members` sockets."""

    taken: int
    members: int


class Fanout:
    """The broadcasts of a worker, through io_uring if `uring` says so and the system allows it."""

    def __init__(self, *, uring: bool) -> None:
        self._wanted = uring

    @property
    def way(self) -> str:
        """How frames are sent: `uring` or `loop`."""
        return "uring" if self._ring else "loop"

    def broadcast(self, connections: Sequence[Connection], frame: bytes, pause: float = 0.0) -> int:
        """Sends one frame to all connections. After each TURN_SECONDS the loop has a whole turn, and at least `pause`
        seconds. A second call may overtake this one; callers that need an order use a lock (see rooms.Rooms).

        Returns how many sockets have taken the whole frame. For others it waits in the outbox, or they have closed.
        """
        until = perf_counter() + TURN_SECONDS
        missed = 0  # counted instead of those that took it, because most do
        for start in range(0, len(connections), AT_ONCE):
            some = connections[start : start + AT_ONCE]
            missed += _send_together(self._ring, some, frame) if self._ring else _send_one_by_one(some, frame)
            if perf_counter() > until:
                gevent.sleep(max(pause, A_TURN))
                until = perf_counter() + TURN_SECONDS
        return len(connections) - missed

    @cached_property
    def _ring(self) -> Ring | None:
        """Made when it is first used, so by the process that uses it."""
        try:
            return Ring() if self._wanted else None
        except OSError:
            return None


def _send_together(ring: Ring, connections: Sequence[Connection], frame: bytes) -> int:
    """Sends the frame to up to AT_ONCE connections, and returns how many have not taken all of it.

    A connection is looked at in the moment in which it is sent to. So there is no list of sockets to keep up with who
    comes, goes, or is slow, and the descriptor is still that of the connection.
    """
    clear = connections
    sockets = [connection.descriptor for connection in connections if connection.clear]
    if len(sockets) < len(connections):
        clear = [connection for connection in connections if connection.clear]
        for connection in connections:
            if not connection.clear:
                connection.write(frame)
    failures = ring.send(sockets, frame)
    for place, sent in failures:
        if sent >= 0 or sent in FULL:
            clear[place].keep(frame, max(sent, 0))
        else:
            clear[place].drop("transport error")
    return len(connections) - len(sockets) + len(failures)


def _send_one_by_one(connections: Sequence[Connection], frame: bytes) -> int:
    """Does the same without a ring. The loop runs 10,000 times for each update, so it has one check of the connection
    and one system call. The descriptor belongs to the connection as long as it is `clear`, and nothing can close it
    between the two."""
    size, send = len(frame), os.write
    missed = 0
    for connection in connections:
        if not connection.clear:
            connection.write(frame)
            missed += 1
            continue
        try:
            sent = send(connection.descriptor, frame)
        except BlockingIOError:
            connection.keep(frame, 0)
            missed += 1
        except OSError:
            connection.drop("transport error")
            missed += 1
        else:
            if sent != size:
                connection.keep(frame, sent)
                missed += 1
    return missed
