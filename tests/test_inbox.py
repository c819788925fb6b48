"""What a crowd sends is handled in order, waits for no slow handler, and leaves everything else its turn. Also what it
costs to come in: a worker accepts a crowd in turns, too."""

import socket
from collections.abc import Iterator
from itertools import count

import gevent
import pytest
from gevent import get_hub
from gevent.event import Event
from gevent.server import StreamServer

from feed.live.direct import inbox, worker
from feed.live.direct.inbox import Inbox

STEP = inbox.SLICE_SECONDS / 10  # what the clock of these tests moves each time somebody looks at it


@pytest.fixture
def turns() -> Iterator[list[int]]:
    """How often the loop has looked at its sockets, as its only number."""
    seen = [0]
    watcher = get_hub().loop.check()
    watcher.start(lambda: seen.__setitem__(0, seen[0] + 1))
    yield seen
    watcher.close()


def clock(monkeypatch: pytest.MonkeyPatch, module: object) -> None:
    """Time passes by looking at it, so that nothing depends on how busy this machine is."""
    ticks = count()
    monkeypatch.setattr(module, "perf_counter", lambda: next(ticks) * STEP)


def test_messages_are_handled_in_order_and_a_broken_one_does_not_matter(caplog: pytest.LogCaptureFixture) -> None:
    mine, seen, over = Inbox(), list[int](), Event()

    def handle(number: int) -> None:
        seen.append(number)
        if number == 3:
            mine.put(handle, 10)
            raise ValueError(number)
        if number == 10:
            over.set()

    for number in range(9):
        mine.put(handle, number)
    assert seen == [], "never while the caller runs"
    assert over.wait(10)
    assert seen == [*range(9), 10]
    assert "could not be handled" in caplog.text


def test_others_go_on_while_a_handler_waits_and_each_waits_alone() -> None:
    mine, hold, seen, over = Inbox(), Event(), list[str](), Event()

    def wait(name: str) -> None:
        hold.wait(10)
        seen.append(name)

    mine.put(wait, "first")
    mine.put(wait, "second")
    mine.put(seen.append, "quick")
    mine.put(over.set)
    assert over.wait(10)
    assert seen == ["quick"]
    over.clear()
    mine.put(seen.append, "later")
    mine.put(over.set)
    assert over.wait(10)
    hold.set()
    gevent.sleep(inbox.A_TURN)
    gevent.sleep(inbox.A_TURN)
    assert seen == ["quick", "later", "first", "second"]
    mine.put(seen.append, "last")
    gevent.sleep(inbox.A_TURN)
    assert seen[-1] == "last"


def test_sockets_are_looked_at_between_the_slices_of_a_crowd(monkeypatch: pytest.MonkeyPatch, turns: list[int]) -> None:
    clock(monkeypatch, inbox)
    mine, handled, over = Inbox(), list[int](), Event()
    for _ in range(500):
        mine.put(lambda: handled.append(turns[0]))
    mine.put(over.set)
    assert over.wait(10)
    in_a_turn = max(handled.count(turn) for turn in set(handled))
    assert in_a_turn <= inbox.SLICE_SECONDS / STEP
    assert len(set(handled)) >= 500 / in_a_turn


def test_a_crowd_is_accepted_in_turns(monkeypatch: pytest.MonkeyPatch, turns: list[int]) -> None:
    clock(monkeypatch, worker)
    taken = list[int]()

    def take(client: socket.socket, address: object) -> bool:
        taken.append(turns[0])
        client.close()
        return True

    monkeypatch.setattr(worker.Server, "takes", take, raising=False)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)
    crowd = [socket.create_connection(listener.getsockname()) for _ in range(100)]
    server: StreamServer = worker.Server(listener, handle=lambda client, address: None)
    server.start()
    with gevent.Timeout(10):
        while len(taken) < len(crowd):
            gevent.sleep(inbox.A_TURN)
    server.stop()
    for each in crowd:
        each.close()
    assert max(taken.count(turn) for turn in set(taken)) <= worker.ACCEPT_SECONDS / STEP
