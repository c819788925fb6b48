"""The demo's own update, with the frame that Liveline pushes for it.

The short frames carry one word repeated, so they say nothing about bytes that compress. Of the updates of `make demo`
this takes one of middle size, by the frames that a server really pushed. Key updates are left out: their frames carry
the list of key events as well, which grows with each.
"""

import json
from http.client import HTTPConnection
from statistics import median
from typing import Any

import simple_websocket
from harness import Bench, Server
from servers import LIVELINE, OURS, SOCKET_IO, Update

EVENT = OURS / "feed/demo/apollo11.json"
PUSHED = '42["updated",'
FOLLOW = '420["follow",{"feed":"news"}]'


def demo(bench: Bench) -> Update:
    """Publishes the updates of the demo, and returns the one of middle size."""
    with bench.server(LIVELINE) as server:
        pushed = [(fields, push(server, fields)) for fields in steps()]
    middle = median(len(text) for _, text in pushed)
    fields, text = min(pushed, key=lambda each: abs(len(each[1]) - middle))
    return Update("demo", fields, text, text.removeprefix(PUSHED).removesuffix("]"))


def steps() -> list[dict[str, Any]]:
    """Returns what the demo sends to the API for each update that is not key and needs no picture."""
    published = [step for step in json.loads(EVENT.read_text())["steps"] if step["do"] == "publish"]
    plain = [step for step in published if not step.get("key") and "(picture:" not in step["body"]]
    return [{name: step[name] for name in ("headline", "body") if name in step} for step in plain]


def push(server: Server, fields: dict[str, Any]) -> str:
    """Publishes, and returns the text of the frame that a reader gets."""
    reader = simple_websocket.Client(f"ws://127.0.0.1:{server.port}{SOCKET_IO}")
    reader.send("40")  # at once: this client sees what came with the upgrade only when more comes
    until(reader, "40")
    reader.send(FOLLOW)
    until(reader, "430")
    update = server.call.update(Update("demo", fields, ""))
    client = HTTPConnection("127.0.0.1", server.port)
    client.request("POST", update.path, update.body, dict(update.headers))
    client.getresponse().read()
    client.close()
    text = until(reader, PUSHED)
    reader.close()
    return text


def until(reader: simple_websocket.Client, start: str) -> str:
    """Returns the next packet that begins so."""
    while not (packet := str(reader.receive())).startswith(start):
        pass
    return packet
