"""Fan-out: one update to all readers. Peers in the same run, one Markdown table.

    python bench/fanout.py [--readers 2000 10000]

Each server runs on one core, the load generator (C, bench/load.c) on another. Closed loop: the next update is
published when all readers have the last. Paced: two updates a second, latency from the request to publish until each
reader has the frame. Memory is what the server's processes grew by (PSS) per reader, kernel buffers not counted.
Ours store, render and push each update through the API; the peers send a body from memory.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from feed.store import editors, migrations, tokens  # noqa: E402 - found by the line above
from feed.store.database import Store  # noqa: E402

SERVER_CORE, LOAD_CORE = "0", "1"
FRAME = 600  # bytes of an update on the wire, about
LEAST = 500  # bytes of a frame that counts as an update: acks and pings are shorter
CLOSED_ROUNDS, PACED_ROUNDS, PACE_MS = 40, 20, 500
START_SECONDS = 20  # for a server to answer

Start = Callable[[int, Path], tuple[list[str], dict[str, str], str]]


@dataclass(frozen=True)
class Peer:
    """A server to measure. `start` gives the command, its environment, and the request that publishes; `hello` is
    what a reader sends to follow, "-" standing for a frame that is only waited for."""

    name: str
    start: Start
    path: str = "/socket.io/?EIO=4&transport=websocket"
    hello: tuple[str, ...] = ("40", '420["follow",{"feed":"news"}]')
    npm: bool = False

    @property
    def missing(self) -> str:
        """Why it cannot be measured, or nothing."""
        if self.npm and not (shutil.which("node") and (HERE / "peers/node_modules").is_dir()):
            return "needs Node and npm; `make bench` installs it where they are"
        return ""


def liveline(transport: str) -> Start:
    """Our own server with that driver."""

    def start(port: int, folder: Path) -> tuple[list[str], dict[str, str], str]:
        store = Store(folder / "feed.db")
        migrations.upgrade(store)
        editors.add(store, "bob", "correct horse battery", "editor")
        token = tokens.add(store, "bob", "bench")
        store.close()
        environ = {"FEED_DATABASE": str(store.path), "PORT": str(port), "FEED_TRANSPORT": transport}
        environ |= {"FEED_MAX_READERS": "20000", "FEED_MAX_READERS_PER_ADDRESS": "20000"}
        body = json.dumps({"body": "x" * 60})  # the markup around it and the envelope make it FRAME bytes
        headers = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        gunicorn = str(Path(sys.executable).parent / "gunicorn")
        return [gunicorn], environ, post("/api/v1/feeds/news/updates", body, headers)

    return start


def plain(*command: str) -> Start:
    """A peer that sends the body of a POST to all."""
    return lambda port, _: ([*command, str(port)], {}, post("/", "x" * FRAME))


def post(path: str, body: str, headers: str = "") -> str:
    """The bytes of a request."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"


def peers(folder: Path) -> list[Peer]:
    """All of them; the C programs are compiled into that folder."""
    for name in ("load", "bare"):
        subprocess.run(["cc", "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)
    node_peers = HERE / "peers"
    return [
        Peer("bare C broadcaster (the limit)", plain(str(folder / "bare")), "/ws", ()),
        Peer("Liveline", liveline("direct")),
        Peer("stock Flask-SocketIO driver, same gunicorn", liveline("stock")),
        Peer("Node socket.io", plain("node", str(node_peers / "socketio.js")), npm=True),
        Peer("Node ws", plain("node", str(node_peers / "ws.js")), "/", (), npm=True),
    ]


@contextlib.contextmanager
def running(peer: Peer, port: int, folder: Path) -> Iterator[int]:
    """The peer, up; its process id."""
    folder.mkdir()
    command, environ, request = peer.start(port, folder)
    (folder / "request").write_text(request)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command],
            cwd=HERE.parent, env={**os.environ, **environ}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        end = monotonic() + START_SECONDS
        while not answers(port):
            if monotonic() > end or server.poll() is not None:
                raise SystemExit(f"{peer.name} does not start: {(folder / 'log').read_text()}")
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    """Whether somebody listens there and answers a request."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as client:
            client.settimeout(1)
            client.sendall(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            return bool(client.recv(1))
    except OSError:
        threading.Event().wait(0.1)
        return False


def family(pid: int) -> list[int]:
    """A process and its children."""
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True).stdout
    return [pid, *map(int, listed.split())]


def pss(pid: int) -> int:
    """Proportional memory of a process and its children, in bytes."""
    lines = [line for each in family(pid) for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def cpu(pid: int) -> float:
    """Processor seconds of a process and its children."""
    ticks = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(peer: Peer, readers: int, rounds: int, pace: int, tools: Path, folder: Path) -> dict[str, float]:
    """One run against a fresh server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running(peer, port, folder) as pid:
        before = pss(pid)
        hello = ["-", *peer.hello] if peer.hello else []
        load = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, str(tools / "load"), str(port), peer.path, str(readers), str(rounds),
             str(pace), str(LEAST), str(folder / "request"), *hello],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if not load.stdout or not load.stderr or not load.stdin or load.stderr.readline() != "ready\n":
            raise SystemExit(f"{peer.name}: {load.stderr.read() if load.stderr else ''}")
        connected = cpu(pid)
        line = load.stdout.readline()
        if not line:
            raise SystemExit(f"{peer.name}: {load.stderr.read()}")
        figures: dict[str, float] = json.loads(line)
        figures["memory"] = (pss(pid) - before) / readers
        figures["cpu"] = (cpu(pid) - connected) / (rounds * readers)
        load.communicate("\n")
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Fan-out of one update to all readers.")
    parser.add_argument("--readers", type=int, nargs="+", default=[2_000, 10_000])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tools = Path(name)
        everyone = peers(tools)
        print(
            f"{datetime.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
        )
        print(f"An update of about {FRAME} bytes; server and load generator on a core each.\n")
        print("| server | readers | deliveries/s | p50 ms | p99 ms | max ms | CPU µs/delivery | kB/reader | load CPU |")
        print("|---|---|---|---|---|---|---|---|---|")
        for readers in asked.readers:
            for number, peer in enumerate(everyone):
                if peer.missing:
                    print(f"| {peer.name} | missing: {peer.missing} |")
                    continue
                closed = measure(peer, readers, CLOSED_ROUNDS, 0, tools, tools / f"{readers}-{number}-closed")
                paced = measure(peer, readers, PACED_ROUNDS, PACE_MS, tools, tools / f"{readers}-{number}-paced")
                share = closed["load_cpu_s"] / closed["wall_s"]
                print(
                    f"| {peer.name} | {readers:,} | {closed['deliveries_s']:,.0f} | {paced['p50']:.1f} "
                    f"| {paced['p99']:.1f} | {paced['max']:.1f} | {closed['cpu'] * 1e6:.1f} "
                    f"| {closed['memory'] / 1000:.1f} | {share:.0%} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
