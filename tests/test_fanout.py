"""Broadcasts through io_uring and one by one: the same bytes for every reader, and a system that refuses io_uring."""

import ctypes
import errno
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.live.direct import fanout, frames
from feed.live.direct.fanout import Fanout
from feed.live.direct.ring import AT_ONCE, Ring
from feed.live.direct.transport import OUTBOX_BYTES, Connection, PingWheel
from tests import metrics
from tests.reader import Reader
from tests.server import BIN, ROOT, Server
from tests.waiting import eventually

SMALL = 4096  # bytes of a socket's buffer, about


SETUP, ENTER = 425, 426  # the system calls of io_uring
SINCE = (6, 1)  # the first kernel without a fault that would have a ring refused


def has_uring() -> bool:
    """Whether this system lets us use io_uring, and a ring must come to be."""
    parameters = ctypes.create_string_buffer(120)
    file = ctypes.CDLL(None).syscall(SETUP, 1, parameters)
    if file >= 0:
        os.close(file)
    return file >= 0 and tuple(map(int, re.findall(r"\d+", platform.release())[:2])) >= SINCE


@pytest.fixture(scope="module", params=["uring", "loop"])
def sending(request: pytest.FixtureRequest) -> Fanout:
    """A fan-out of each kind."""
    if request.param == "uring" and not has_uring():
        pytest.skip("this system has no io_uring")
    made = Fanout(uring=request.param == "uring")
    assert made.way == request.param
    return made


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A ring of its own."""
    if not has_uring():
        pytest.skip("this system has no io_uring")
    made = Ring()
    yield made
    made.close()


class Pair:
    """A connection of ours and its reader's end, with small buffers. `expected` is what was sent so far."""

    def __init__(self, sending: Fanout) -> None:
        ours, self._theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        ours.setblocking(False)
        self._theirs.setblocking(False)
        wheel = PingWheel(25, 20, lambda *message: None, lambda *reason: None, sending.broadcast)
        self.connection = Connection(wheel, "sid", ours, "192.0.2.1")
        self.connection.listen()
        self.expected = self.arrived = b""
        self.left = self.may_end = False

    def read(self, most: int) -> bool:
        """Reads so many bytes at most; whether there were any."""
        try:
            data = b"" if self.left else self._theirs.recv(most)
        except BlockingIOError:
            return False
        self.arrived += data
        return bool(data)

    def leave(self) -> None:
        """Closes the reader's end."""
        self._theirs.close()
        self.left = self.may_end = True

    def drop(self) -> None:
        """Closes our end."""
        self.connection.drop("test")
        self.may_end = True

    def ends_well(self) -> bool:
        """Reads all; whether the reader has what was sent, or the beginning of it if the connection had to end."""
        while self.read(1 << 20) or (self.connection.queued and not self.connection.closed):
            gevent.sleep(0)
        if self.left or self.connection.closed:
            too_slow = len(self.expected) - len(self.arrived) > OUTBOX_BYTES
            return (self.may_end or too_slow) and self.expected.startswith(self.arrived)
        return self.expected == self.arrived and self.connection.clear != self.connection.closing

    def close(self) -> None:
        """Closes both ends."""
        self.connection.drop("over")
        self._theirs.close()


STEPS = st.one_of(
    st.tuples(st.just("broadcast"), st.sampled_from([0, 1, 125, 126, 900, 5_000, 70_000])),
    st.tuples(st.just("write"), st.integers(1, 3_000)),
    st.tuples(st.just("read"), st.integers(1, 20_000)),
    st.tuples(st.sampled_from(["come", "leave", "drop", "goodbye", "others run"]), st.just(0)),
)


@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 7)), min_size=8, max_size=60))
@settings(max_examples=25, deadline=None)
def test_every_reader_gets_each_frame_that_was_for_it_once_whole_and_in_order(
    sending: Fanout, steps: list[tuple[tuple[str, int], int]]
) -> None:
    """Readers who read, or not, who come and go; frames for all and for one of them, of any size."""
    inside = [Pair(sending) for _ in range(3)]
    for number, ((what, size), whose) in enumerate(steps):
        pair = inside[whose % len(inside)]
        frame = frames.frame(frames.TEXT, (f"{number:03}" * (size // 3 + 1)).encode()[:size])
        if what == "come":
            inside.append(Pair(sending))
        elif what == "leave":
            pair.leave()
        elif what == "drop":
            pair.drop()
        elif what == "goodbye":
            pair.expected += b"" if pair.connection.closing else frames.close_frame(frames.RESTART)
            pair.connection.say_goodbye(frames.RESTART, "test")
        elif what == "write":
            pair.expected += b"" if pair.connection.closing else frame
            pair.connection.write(frame)
        elif what == "broadcast":
            open_before = [each for each in inside if not each.connection.closing]
            taken = sending.broadcast([each.connection for each in inside], frame)
            for each in open_before:
                each.expected += frame
            assert taken == sum(each.connection.clear for each in open_before)
        elif what == "read":
            pair.read(size)
        elif what == "others run":
            gevent.sleep(0)
    assert all(each.ends_well() for each in inside)
    for each in inside:
        each.close()


def test_a_broadcast_that_pauses_passes_over_none_and_reaches_no_newcomer(
    sending: Fanout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its slices some leave and others get their descriptors, some become slow, and others are slow no more."""
    changed = Event()
    monkeypatch.setattr(fanout, "TURN_SECONDS", 0)
    monkeypatch.setattr(fanout, "gevent", SimpleNamespace(sleep=lambda pause: changed.wait()))
    pairs = [Pair(sending) for _ in range(3 * AT_ONCE)]
    frame, filling = frames.frame(frames.TEXT, b"x" * 600), frames.frame(frames.TEXT, b"y" * 20_000)
    first, second, third = pairs[0], pairs[AT_ONCE], pairs[2 * AT_ONCE]
    third.connection.write(filling)
    broadcast = gevent.spawn(sending.broadcast, [each.connection for each in pairs], frame)
    gevent.sleep(0)  # the first slice
    descriptor = pairs[-1].connection.descriptor
    pairs[-1].close()
    newcomer = Pair(sending)
    assert newcomer.connection.descriptor == descriptor
    first.connection.write(filling)
    second.connection.write(filling)
    while third.read(SMALL) or not third.connection.clear:
        gevent.sleep(0)
    changed.set()
    assert broadcast.get() == len(pairs) - 2  # the second waits, and the last has left
    for each in pairs[:-1]:
        each.expected = frame
    first.expected, second.expected, third.expected = frame + filling, filling + frame, filling + frame
    assert all(each.ends_well() for each in pairs[:-1])
    assert newcomer.ends_well()
    for each in [*pairs[:-1], newcomer]:
        each.close()


def test_sockets_are_looked_at_in_the_middle_of_a_broadcast(sending: Fanout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a page meanwhile does not wait for the last of ten thousand readers."""
    monkeypatch.setattr(fanout, "TURN_SECONDS", 0)
    pairs, leaver = [Pair(sending) for _ in range(3 * AT_ONCE)], Pair(sending)
    leaver.leave()
    assert sending.broadcast([each.connection for each in pairs], b"x") == len(pairs)
    assert leaver.connection.closed
    leaver.close()
    for each in pairs:
        each.close()


def test_nothing_is_left_to_be_sent_when_a_ring_returns(ring: Ring) -> None:
    """The frame's memory is another one's after that. A full socket is reported, and gets nothing later."""
    ends = [socket.socketpair() for _ in range(AT_ONCE)]
    sockets, gone = [ours.fileno() for ours, _ in ends], 5
    for ours, theirs in ends:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        theirs.setblocking(False)
    ends[gone][1].close()
    arrived = [0] * AT_ONCE
    taken = [0] * AT_ONCE
    for frame in [b"a" * 3000, b"b" * 100_000, b"c"] * 3:
        failures = dict(ring.send(sockets, frame))
        assert failures.pop(gone) == -errno.EPIPE
        for place in range(AT_ONCE):
            taken[place] += len(frame) if place not in failures else max(failures[place], 0)
        assert set(failures.values()) <= {-errno.EAGAIN, *range(1, len(frame))}
        for place in range(0, AT_ONCE, 2):  # every other one reads
            arrived[place] += received(ends[place][1])
    for place, (_, theirs) in enumerate(ends):
        if place != gone:
            arrived[place] += received(theirs)
            assert (arrived[place], received(theirs)) == (taken[place], 0)
    assert ring.send(sockets[:gone], b"d") == []
    for ours, theirs in ends:
        ours.close()
        theirs.close()


def received(reader: socket.socket) -> int:
    """Reads what there is, and returns how many bytes."""
    total = 0
    try:
        while True:
            total += len(reader.recv(1 << 20))
    except BlockingIOError:
        return total


WAY = "from feed.live.direct.fanout import Fanout; print(Fanout(uring=True).way)"


@pytest.mark.parametrize("refused", [SETUP, ENTER])
def test_where_the_system_refuses_io_uring_frames_are_sent_one_by_one(refused: int) -> None:
    command = [sys.executable, "-m", "tests.refusing", str(refused), sys.executable, "-c", WAY]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "loop\n"


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The site, started by that command."""
    running = Server(tmp_path, FEED_TRANSPORT=request.param[0])
    running.prepare()
    running.start(*request.param[1])
    yield running
    running.kill()


REFUSING = (sys.executable, "-m", "tests.refusing", str(SETUP), BIN / "gunicorn")


@pytest.mark.parametrize(
    ("server", "way"),
    [(("direct", REFUSING), "loop"), (("loop", ()), "loop"), (("stock", ()), "stock"), (("direct", ()), None)],
    indirect=["server"],
)
def test_metrics_say_how_broadcasts_are_sent(server: Server, way: str | None) -> None:
    way = way or ("uring" if has_uring() else "loop")
    reader = Reader(server.url)
    eventually(lambda: reader.following)
    server.publish("All the same")
    eventually(lambda: reader.page.version == 1)
    reader.close()
    told = {name: number for name, number in metrics.told(server).items() if name.startswith("liveline_fanout")}
    assert told == {f'liveline_fanout{{way="{way}"}}': 1}
