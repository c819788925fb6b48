"""The measured servers: Liveline and its peers, each set up as in its own documentation."""

import getpass
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OURS = HERE.parent.resolve()  # the tree of Liveline that these scripts belong to

ARTICLE = "harbour-bridge"  # of the seeds
FRAME = 860  # bytes of a short update on the wire, about
MARKUP = 800  # of which so many are ours around the editor's text: the <li> and the envelope
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"
READERS = "20000"  # more than any of the scripts opens, from one address

NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")  # where Debian puts it
NODE_MODULES = HERE / "peers/node_modules"
UVICORN = HERE / ".venv/bin/uvicorn"


@dataclass(frozen=True)
class Post:
    """A request."""

    path: str
    body: str
    headers: Mapping[str, str]

    def __str__(self) -> str:
        lines = [f"POST {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(self.body.encode())}"]
        return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in self.headers.items()), "", self.body])


@dataclass(frozen=True)
class Update:
    """An update to publish: what Liveline's API is given, and the text that a peer sends to its readers instead."""

    name: str
    fields: Mapping[str, Any]
    text: str
    envelope: str = ""
    """Of `text`, what Socket.IO carries as the event's data; all of it where this is empty."""


def filled(size: int) -> Update:
    """Returns an update of about that many bytes on the wire, of one word repeated."""
    return Update(str(size), {"body": _text(size - MARKUP)}, _text(size))


def _text(size: int) -> str:
    return ("news " * size)[: size - 1] + "."


FILLED = replace(filled(FRAME), name="short")


@dataclass(frozen=True)
class Call:
    """How to start a server, from which folder, and the request that makes it publish an update."""

    command: list[str]
    environ: Mapping[str, str]
    update: Callable[[Update], Post]
    folder: Path = OURS


@dataclass(frozen=True)
class Peer:
    """A server to measure. `start` takes a port and a folder of its own; `path` is where readers connect; `missing`
    says how to get it where it is not installed."""

    name: str
    start: Callable[[int, Path], Call]
    path: str = SOCKET_IO
    missing: str = ""


def liveline(
    transport: str = "direct", workers: int = 1, seed: str = "nothing", count: int = 0, tree: Path = OURS
) -> Callable[[int, Path], Call]:
    """Liveline with that driver, from that tree, on a database that a function of seeds.py has filled."""

    def start(port: int, folder: Path) -> Call:
        database = folder / "feed.db"
        filling = [sys.executable, HERE / "seeds.py", tree, database, seed, str(count)]
        token = subprocess.run(filling, cwd=tree, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        environ = {"FEED_DATABASE": str(database), "PORT": str(port), "FEED_TRANSPORT": transport}
        environ |= {"FEED_MAX_READERS": READERS, "FEED_MAX_READERS_PER_ADDRESS": READERS}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

        def update(each: Update) -> Post:
            return Post("/api/v1/feeds/news/updates", json.dumps(each.fields), headers)

        return Call([str(Path(sys.executable).parent / "gunicorn"), "--workers", str(workers)], environ, update, tree)

    return start


def plain(path: str) -> Callable[[Update], Post]:
    """Of a peer, which sends on the body as it is."""
    return lambda update: Post(path, update.text, {})


def event(path: str) -> Callable[[Update], Post]:
    """Of a peer with Socket.IO, which sends on the body as data of an event."""
    return lambda update: Post(path, update.envelope or update.text, {})


def nginx(files: Path | None = None) -> Callable[[int, Path], Call]:
    """nginx with nchan, and optionally static files."""

    def start(port: int, folder: Path) -> Call:
        config = (HERE / "peers/nginx.conf").read_text()
        for word, value in {"PORT": port, "USER": getpass.getuser(), "FILES": files or folder}.items():
            config = config.replace(word, str(value))
        (folder / "nginx.conf").write_text(config)
        return Call(["nginx", "-p", str(folder), "-c", "nginx.conf"], {}, plain("/publish"))

    return start


def fastapi(files: Path | None = None) -> Callable[[int, Path], Call]:
    """FastAPI under uvicorn with its fast parts, and optionally static files."""
    quiet = ["--log-level", "warning", "--no-access-log", "--backlog", "4096"]
    command = [str(UVICORN), "--app-dir", str(HERE / "peers"), "fastapi_app:app", *quiet, "--port"]
    environ = {"FILES": str(files or "")}
    return lambda port, _: Call([*command, str(port)], environ, plain("/publish"))


def node(script: str, publish: Callable[[Update], Post]) -> Callable[[int, Path], Call]:
    """A peer from npm, which sends the body of a POST to all."""
    return lambda port, _: Call(["node", str(HERE / "peers" / script), str(port)], {}, publish)


def bare(port: int, folder: Path) -> Call:
    """The C program that the harness has compiled, beside the folders of the servers."""
    return Call([str(folder.parent / "bare"), str(port)], {}, plain("/"))


_npm = "" if shutil.which("node") and NODE_MODULES.is_dir() else "Node and npm, then `make bench`"
_nchan = "" if shutil.which("nginx") and NCHAN.exists() else "`apt install nginx libnginx-mod-nchan`"
_uvicorn = "" if UVICORN.exists() else "`make bench`"

BARE = Peer("bare C broadcaster (the limit)", bare, "/ws")
LIVELINE = Peer("Liveline", liveline())
STOCK = Peer("stock Flask-SocketIO driver, same gunicorn", liveline("stock"))
NODE_SOCKET_IO = Peer("Node socket.io", node("socketio.js", event("/")), SOCKET_IO, _npm)
NODE_WS = Peer("Node ws", node("ws.js", plain("/")), "/", _npm)
NGINX = Peer("nginx with nchan", nginx(), "/ws", _nchan)
FASTAPI = Peer("uvicorn, FastAPI", fastapi(), "/ws", _uvicorn)
