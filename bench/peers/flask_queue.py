"""Flask-SocketIO as its documentation sets up several servers, with a message queue in Redis. Each process takes
readers, and a POST to /publish at one of them reaches the readers of all.

BROKER=redis://… gunicorn --worker-class gevent --chdir bench/peers flask_queue:app
"""

import os

from flask import Flask, request
from flask_socketio import SocketIO, join_room

app = Flask(__name__)
socketio = SocketIO(app, async_mode="gevent", message_queue=os.environ["BROKER"], cors_allowed_origins="*")


@socketio.on("follow")
def follow(_payload: object) -> dict[str, str]:
    """Joins the one room."""
    join_room("news")
    return {}


@app.post("/publish")
def publish() -> tuple[str, int]:
    """Sends the body to all, at every process."""
    socketio.emit("updated", request.get_data(as_text=True), to="news")
    return "", 201
