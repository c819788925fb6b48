"""A tiny application with ordinary Flask-SocketIO handlers, on the transport or on the stock driver.

`gunicorn tests.model:app` serves it. FEED_TRANSPORT chooses the driver; PING_SECONDS is the least that the protocol
allows.
"""

import os
from types import SimpleNamespace
from typing import Any

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, disconnect, emit, join_room, leave_room

from feed.live.admission import Admission
from feed.live.direct.libraries import chosen
from feed.live.gate import SiteSocketIO
from feed.live.packets import CheckedPacket

app = Flask(__name__)
gate, rooms = chosen(os.environ["FEED_TRANSPORT"])
socketio = SiteSocketIO(
    gate,
    async_mode="gevent",
    admission=Admission(200, 200),
    origins=(f"http://127.0.0.1:{os.environ['PORT']}",),
    ping_interval=int(os.environ.get("PING_SECONDS", "1")),
    ping_timeout=1,
    serializer=CheckedPacket,
    client_manager=rooms,
    async_handlers=False,
)
socketio.init_app(app)
engine = socketio.server.eio
# What the worker looks for.
app.extensions["liveline"] = SimpleNamespace(
    settings=SimpleNamespace(proxies=0, max_connections_per_address=200),
    channel=SimpleNamespace(admission=engine.admission, refusals=engine.refusals),
    begin=lambda pages: None,
    drain=lambda: engine.drain(0),
)
events: list[Any] = []


@socketio.on("connect")
def connected(auth: Any) -> None:
    if auth == {"name": "nobody"}:
        raise ConnectionRefusedError("not today")
    events.append(["connect", request.args.get("page"), auth])


@socketio.on("disconnect")
def left(reason: str) -> None:
    events.append(["disconnect", reason])


@socketio.on("join")
def join(room: str) -> str:
    join_room(room)
    return request.sid  # type: ignore[attr-defined, no-any-return]


@socketio.on("leave")
def leave(room: str) -> None:
    leave_room(room)
    events.append(["left", room])


@socketio.on("say")
def say(room: str, words: Any) -> tuple[str, int]:
    """Emits to the room and, in between, to the sender alone, and to all others."""
    emit("said", words, to=room)
    emit("heard", {"by": "you"})
    emit("said", words, to=room, include_self=False)
    emit("pair", (words, room), to=room)
    return "said", 2


@socketio.on("leave me alone")
def hang_up() -> None:
    disconnect()


@socketio.on("fail")
def fail() -> None:
    raise RuntimeError("as handlers do")


@socketio.on_error_default  # type: ignore[untyped-decorator]
def failed(error: Exception) -> None:
    events.append(["error", str(error)])


@app.get("/readyz")
def ready() -> str:
    return "ready\n"


@app.get("/events")
def happened() -> list[Any]:
    """Returns what the handlers recorded."""
    return events


@app.get("/behind")
def behind() -> dict[str, int]:
    """Returns how many readers there are, and how many have something in their outbox."""
    readers = getattr(engine, "connections", list)()
    return {"inside": engine.admission.inside, "behind": sum(not each.clear for each in readers)}


@app.post("/ask/<sid>")
def ask(sid: str) -> dict[str, Any]:
    """Asks that reader; the answer is an event."""
    socketio.emit("question", 7, to=sid, callback=lambda *answer: events.append(["answer", *answer]))
    return {}


@app.post("/fill")
def fill() -> dict[str, Any]:
    """Emits to the room "slow" frames of exactly these sizes, each with its number."""
    sizes: list[int] = request.get_json()
    for number, size in enumerate(sizes):
        socketio.emit("fill", f"{number:03}".ljust(size - len('42["fill",""]'), "x"), to="slow")
    return {}


@app.post("/bytes")
def some_bytes() -> dict[str, Any]:
    """Emits an event with an attachment."""
    socketio.emit("bytes", {"picture": b"\x00\xff"}, to="room")
    return {}


@app.post("/drain")
def drain() -> dict[str, Any]:
    """Closes all readers' sockets."""
    engine.drain(0)
    return {}
