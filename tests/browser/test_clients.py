"""Both pairs of client and server: npm's Socket.IO client with our server, and ours with a stock Flask-SocketIO."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page

from feed.live.direct.deflate import AGREED
from tests import processes
from tests.browser.conftest import NewPage
from tests.server import ROOT, Server, free_port
from tests.waiting import eventually

OFFICIAL = Path(__file__).parent / "node_modules/socket.io-client/dist/socket.io.min.js"

# A site of somebody else's, with nothing of ours on the server's side.
STOCK = """
import sys
from flask import Flask, Response, request
from flask_socketio import SocketIO, emit
app = Flask(__name__, static_folder=sys.argv[2], static_url_path="/js")
socketio = SocketIO(app, async_mode="threading", ping_interval=1, ping_timeout=1)
gone = []
@app.get("/")
def page(): return "<!doctype html><title>stock</title>"
@app.get("/gone")
def left(): return {"gone": gone}
@socketio.on("disconnect")
def on_disconnect(reason): gone.append(reason)
@socketio.on("follow")
def follow(payload):
    emit("updated", {"for": payload["feed"], "text": 'quotes " and [brackets], 🌍'})
    return {"feed": payload["feed"]}
socketio.run(app, "127.0.0.1", int(sys.argv[1]), allow_unsafe_werkzeug=True)
"""

OURS = """async () => {
  window.seen = [];
  window.socket = await import("/js/socket.js");
  Object.assign(socket.on, {
    connected: () => { seen.push("connected"); socket.emit("follow", { feed: "news" }, (ack) => seen.push(ack)); },
    lost: () => seen.push("lost"),
    event: (name, payload) => seen.push([name, payload]),
  });
  socket.open();
}"""


# The official client in Node, which offers compression as browsers do.
NODE = """
const socket = require("socket.io-client")(process.argv[1], { transports: ["websocket"] });
socket.on("connect", () => socket.emit("follow", { feed: "news" }, () =>
  console.log(socket.io.engine.transport.ws.extensions)));
socket.on("updated", ({ changes: [{ id, html }] }) => console.log(JSON.stringify({ id, html })));
"""


@pytest.fixture
def stock() -> Iterator[str]:
    """A stock Flask-SocketIO on Werkzeug."""
    port = free_port()
    server = processes.start(sys.executable, "-c", STOCK, str(port), str(ROOT / "static/js"), stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: requests.get(url, timeout=2).ok)
    yield url
    server.kill()
    server.wait()


def test_our_client_works_with_a_stock_server(stock: str, open_page: NewPage) -> None:
    page = open_page(stock, wait_for=None)
    page.evaluate(OURS)
    page.wait_for_function("seen.length >= 3")
    assert page.evaluate("seen[0]") == "connected"
    assert sorted(map(str, page.evaluate("seen.slice(1, 3)"))) == sorted(
        map(str, [["updated", {"for": "news", "text": 'quotes " and [brackets], 🌍'}], {"feed": "news"}])
    )
    # It answers pings: with 1 s + 1 s it would have been dropped twice by now.
    page.wait_for_function("performance.now() > 5000")
    assert requests.get(f"{stock}/gone", timeout=5).json() == {"gone": []}
    page.evaluate("socket.emit('follow', {feed: 'other'}, (ack) => seen.push(ack))")
    page.wait_for_function("seen.some((each) => each.feed === 'other')")
    assert "lost" not in page.evaluate("seen")


@pytest.mark.skipif(not OFFICIAL.exists(), reason="npm's socket.io-client is not installed; `make test` says how")
def test_the_official_client_works_with_our_server(tmp_path: Path, open_page: NewPage) -> None:
    with serve(OFFICIAL.parent) as site:
        server = Server(tmp_path, FEED_ORIGINS=site)
        server.prepare()
        server.start()
        page = open_page(f"{site}/", wait_for=None)
        extensions = agreed_extensions(page)
        page.add_script_tag(url=f"{site}/{OFFICIAL.name}")
        page.evaluate(
            """(url) => {
          window.seen = [];
          window.socket = io(url, { transports: ["websocket"] });
          socket.on("connect", () => socket.emit("follow", { feed: "news" }, (ack) => seen.push(ack)));
          socket.on("updated", (envelope) => seen.push(envelope));
          socket.on("disconnect", (reason) => seen.push(reason));
        }""",
            server.url,
        )
        page.wait_for_function("seen.length === 1")
        assert page.evaluate("seen[0].version") == 0
        assert extensions == [AGREED]
        update = server.publish("For everybody")
        page.wait_for_function("seen.length === 2")
        change: dict[str, Any] = page.evaluate("seen[1].changes[0]")
        assert change == {"id": f"update-{update['id']}", "version": 1, "html": update["html"]}
        server.kill()
        page.wait_for_function("seen.length === 3")
        server.start()
        server.publish("After the restart")
        page.wait_for_function("seen.length >= 4 && seen.at(-1).version === 2", timeout=20_000)
        server.stop()


@pytest.mark.skipif(not OFFICIAL.exists(), reason="npm's socket.io-client is not installed; `make test` says how")
def test_the_official_client_in_node_agrees_to_compression_too(shared: Server) -> None:
    node = processes.start("node", "-e", NODE, shared.url, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True)
    assert node.stdout
    assert node.stdout.readline() == "permessage-deflate\n"
    update = shared.publish("For everybody")
    told = (json.loads(line) for line in node.stdout)
    assert any(each == {"id": f"update-{update['id']}", "html": update["html"]} for each in told)
    node.kill()
    node.communicate()


def agreed_extensions(page: Page) -> list[str]:
    """Returns a list to which the answers to the page's WebSocket offers are added."""
    answers: list[str] = []
    inspector = page.context.new_cdp_session(page)
    inspector.on(
        "Network.webSocketHandshakeResponseReceived",
        lambda event: answers.append(event["response"]["headers"].get("Sec-WebSocket-Extensions", "")),
    )
    inspector.send("Network.enable")
    return answers


class serve:
    """A folder as a site of its own, on another origin than ours."""

    def __init__(self, folder: Path) -> None:
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *rest: Any) -> None:
                super().__init__(*rest, directory=str(folder))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
