"""Flask-SocketIO's programming model is the same on the transport and on the stock driver: with the official client."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
import websocket
from websocket import WebSocket

from tests.server import BIN, Server
from tests.waiting import eventually


@pytest.fixture(params=["direct", "stock"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """The tiny application of tests/model.py."""
    running = Server(tmp_path, FEED_TRANSPORT=str(request.param))
    running.start(BIN / "gunicorn", "tests.model:app")
    yield running
    running.kill()


class Guest:
    """A reader with the official client who writes down what comes."""

    def __init__(self, server: Server, page: str = "") -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.client = socketio.Client(reconnection=False)
        self.client.on("*", lambda event, *data: self.heard.append((event, *data)))
        self.client.on("question", lambda number: ("because", number + 1))
        self.client.on("disconnect", lambda reason: self.heard.append(("disconnect", reason)))
        self.client.connect(f"{server.url}?page={page}", auth={"name": page}, transports=["websocket"])

    def call(self, event: str, *data: Any) -> Any:
        """Sends an event and returns what the handler answered."""
        return self.client.call(event, data or None, timeout=5)


def test_the_programming_model_is_kept(model: Server) -> None:
    alice, bob, charlie = (Guest(model, name) for name in ("alice", "bob", "charlie"))
    for guest in (alice, bob):
        guest.call("join", "room")
    sid = charlie.call("join", "elsewhere")

    assert alice.call("say", "room", {"text": "é"}) == ("said", 2)
    said, pair = ("said", {"text": "é"}), ("pair", {"text": "é"}, "room")
    eventually(lambda: bob.heard == [said, said, pair])
    assert alice.heard == [said, ("heard", {"by": "you"}), pair]
    assert charlie.heard == []
    assert requests.post(f"{model.url}/ask/{sid}").ok
    eventually(lambda: len(happened(model)) == 4)
    assert requests.post(f"{model.url}/bytes").ok
    eventually(lambda: alice.heard[-1] == ("bytes", {"picture": b"\x00\xff"}))

    bob.call("leave", "room")
    eventually(lambda: len(happened(model)) == 5)
    alice.call("say", "room", None)
    alice.client.emit("fail")
    eventually(lambda: len(happened(model)) == 6)
    bob.client.emit("leave me alone")
    eventually(lambda: ("disconnect", "server disconnect") in bob.heard)
    assert len(bob.heard) == 5  # the picture, and goodbye
    refused: list[Any] = []
    stranger = socketio.Client(reconnection=False)
    stranger.on("connect_error", refused.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        stranger.connect(model.url, auth={"name": "nobody"}, transports=["websocket"])
    assert refused == [{"message": "not today"}]

    assert happened(model) == [
        ["connect", "alice", {"name": "alice"}],
        ["connect", "bob", {"name": "bob"}],
        ["connect", "charlie", {"name": "charlie"}],
        ["answer", "because", 8],
        ["left", "room"],
        ["error", "as handlers do"],
        ["disconnect", "server disconnect"],
    ]
    for guest in (alice, charlie):
        guest.client.disconnect()
    eventually(lambda: requests.get(f"{model.url}/behind").json()["inside"] == 0)
    assert "Traceback" not in model.log.read_text()


def test_the_reason_why_a_reader_left_is_told(model: Server) -> None:
    def leaves_by(goodbye: Callable[[WebSocket], Any]) -> str:
        before = len(happened(model))
        socket = websocket.create_connection(f"ws{model.url[4:]}/socket.io/?EIO=4&transport=websocket", timeout=5)
        assert socket.recv().startswith("0")
        socket.send("40")
        assert socket.recv().startswith("40")
        goodbye(socket)
        eventually(lambda: len(happened(model)) == before + 2)
        socket.shutdown()
        event, reason = happened(model)[-1]
        assert event == "disconnect"
        return str(reason)

    assert leaves_by(lambda socket: socket.send("41")) == "client disconnect"
    assert leaves_by(lambda socket: socket.send("1")) == "client disconnect"
    assert leaves_by(lambda socket: socket.close()) == "transport close"
    assert leaves_by(lambda socket: socket.shutdown()) == "transport close"
    assert leaves_by(lambda socket: None) == "ping timeout"  # and answers no ping
    eventually(lambda: requests.get(f"{model.url}/behind").json()["inside"] == 0)
    assert "Traceback" not in model.log.read_text()


def happened(model: Server) -> Any:
    """What the handlers saw."""
    return requests.get(f"{model.url}/events", timeout=5).json()
