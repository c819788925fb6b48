"""Nodes: one writer, Redis, and 1, 2 and 4 reader nodes on this machine, beside one machine without a broker.

    python bench/nodes.py [--readers 2000] [--nodes 1 2 4] [--quick]

Latencies are of publishing through the writer to FEW readers at one node ("p50", "p99"), from the request to each
reader; "direct" is one machine without a broker, in the same run. Deliveries are measured in a closed loop with all
readers at one node, which has a core of its own; the writer, Redis and the load generator share the other one, as the
writer of a site has its own machine. So deliveries and CPU per delivery are the node's alone. Redis' share is its CPU
and what it sent, per publish and node, while all nodes had readers of the feed. The peers have two processes and Redis:
readers are at one, and the other one is told to publish.
"""

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import LOAD_CORE, SERVER_CORE, Bench, Load, Server, arguments, free_port
from servers import FRAME, HERE, LIVELINE, NODE_MODULES, READERS, Call, Peer, liveline, plain

FEW = 200  # readers: sending to them takes 2 ms, so that what is seen is the way there
PACE_MS = 197  # no multiple of any poll
SECRET = "the writer and its nodes share this key"


class Redis:
    """A redis-server of this run; a context manager."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        self._port = port
        command = ["taskset", "-c", LOAD_CORE, "redis-server", "--port", str(port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--dir", str(folder), "--save", "", "--loglevel", "warning"], stdout=subprocess.DEVNULL
        )

    def __enter__(self) -> "Redis":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def cpu(self) -> float:
        """Processor seconds so far."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def sent(self) -> int:
        """Bytes sent so far."""
        said = subprocess.run(["redis-cli", "-p", str(self._port), "info", "stats"], capture_output=True, text=True)
        found = re.search(r"total_net_output_bytes:(\d+)", said.stdout)
        return int(found[1]) if found else 0


def writer(broker: str) -> Peer:
    """Liveline with a broker."""

    def start(port: int, folder: Path) -> Call:
        call = liveline()(port, folder)
        return replace(call, environ={**call.environ, "FEED_BROKER": broker, "FEED_SECRET_KEY": SECRET})

    return Peer("Liveline's writer", start)


def node(broker: str, writer_url: str) -> Peer:
    """A reader node of it."""

    def start(port: int, folder: Path) -> Call:
        environ = {"PORT": str(port), "FEED_ROLE": "reader", "FEED_BROKER": broker, "FEED_SECRET_KEY": SECRET}
        environ |= {"FEED_PUBLIC_URL": writer_url, "FEED_MAX_READERS": READERS, "FEED_MAX_READERS_PER_ADDRESS": READERS}
        return Call([str(Path(sys.executable).parent / "gunicorn"), "--workers", "1"], environ, plain("/"))

    return Peer("Liveline's node", start)


def flask_queue(broker: str) -> Peer:
    """One of several processes of Flask-SocketIO."""
    command = [str(Path(sys.executable).parent / "gunicorn"), "flask_queue:app", "--config", os.devnull]
    command += ["--worker-class", "gevent", "--worker-connections", READERS, "--chdir", str(HERE / "peers"), "--bind"]

    def start(port: int, folder: Path) -> Call:
        return Call([*command, f"127.0.0.1:{port}"], {"BROKER": broker}, plain("/publish"))

    return Peer("Flask-SocketIO, stock driver, message_queue", start)


def socketio_redis(broker: str) -> Peer:
    """One of several processes of Node's socket.io."""
    command = ["node", str(HERE / "peers" / "socketio_redis.js")]
    missing = "" if shutil.which("node") and (NODE_MODULES / "redis").is_dir() else "Node and npm, then `make bench`"
    return Peer("Node socket.io, Redis adapter", lambda port, _: Call([*command, str(port), broker], {}, plain("/")),
                missing=missing)  # fmt: skip


def cells(load: Load, file: Path, publish_at: int, asked: Any, readers: int, server: Server) -> list[str]:
    """Deliveries and CPU of `server` in a closed loop of publishing at that port."""
    load.ask("publish", file, asked.closed // 4 or 1, 0, publish_at)
    before = server.cpu()
    closed = load.ask("publish", file, asked.closed, 0, publish_at)
    cpu = server.cpu() - before
    return [f"{closed['deliveries_s']:,.0f}", f"{cpu / (asked.closed * readers) * 1e6:.1f}"]


def paced(load: Load, file: Path, publish_at: int, rounds: int) -> list[str]:
    """Latencies of publishing at that port, at rest."""
    load.ask("publish", file, 3, PACE_MS, publish_at)
    said = load.ask("publish", file, rounds, PACE_MS, publish_at)
    return [f"{said['p50']:.1f}", f"{said['p99']:.1f}"]


def alone(bench: Bench, asked: Any) -> None:
    """One machine."""
    with bench.server(LIVELINE) as server:
        with bench.load(server, FEW) as load:
            latencies = paced(load, server.update(), server.port, asked.paced)
        with bench.load(server, asked.readers) as load:
            closed = cells(load, server.update(), server.port, asked, asked.readers, server)
    bench.row("Liveline, one machine", "0", *latencies, *closed, "–", "–")


def with_nodes(bench: Bench, asked: Any, nodes: int) -> None:
    """A writer and that many nodes, of which one is measured."""
    with ExitStack() as stack:
        redis = stack.enter_context(Redis(bench.folder))
        writing = stack.enter_context(bench.server(writer(redis.url), LOAD_CORE))
        url = f"http://127.0.0.1:{writing.port}"
        running = [stack.enter_context(bench.server(node(redis.url, url))) for _ in range(nodes)]
        for each in running[1:]:
            stack.enter_context(bench.load(each, 1))  # so that it reads the feed's stream, too
        with bench.load(running[0], FEW) as load:
            before, sent = redis.cpu(), redis.sent()
            latencies = paced(load, writing.update(), writing.port, asked.paced)
            rounds = asked.paced + 3
            share = [f"{(redis.cpu() - before) / rounds * 1e6:.0f}", f"{(redis.sent() - sent) / rounds / nodes:,.0f}"]
        with bench.load(running[0], asked.readers) as load:
            closed = cells(load, writing.update(), writing.port, asked, asked.readers, running[0])
    bench.row("Liveline, writer and nodes", f"{nodes}", *latencies, *closed, *share)


def peer(bench: Bench, asked: Any, made: Peer) -> None:
    """Two processes of a peer: publishing at one reaches readers at the other."""
    with bench.server(made, LOAD_CORE) as one, bench.server(made, SERVER_CORE) as other:
        with bench.load(other, FEW) as load:
            latencies = paced(load, one.update(), one.port, asked.paced)
        with bench.load(other, asked.readers) as load:
            closed = cells(load, one.update(), one.port, asked, asked.readers, other)
    bench.row(made.name, "1", *latencies, *closed, "–", "–")


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(2_000, 300), nodes=([1, 2, 4], [1]), closed=(40, 8), paced=(150, 20))
    bench = Bench(
        f"Nodes: an update of about {FRAME} bytes through Redis. Latencies with {FEW} readers at a node, deliveries "
        f"with {asked.readers:,}.",
        "server | nodes | p50 ms | p99 ms | deliveries/s | CPU µs/delivery | Redis CPU µs per publish | bytes per node",
        "load",
    )  # fmt: skip
    if not shutil.which("redis-server"):
        bench.row("all", "missing: `apt install redis-server`", *[""] * 6)
        return
    alone(bench, asked)
    for nodes in asked.nodes:
        with_nodes(bench, asked, nodes)
    with Redis(bench.folder) as redis:
        for made in bench.present([flask_queue(redis.url), socketio_redis(redis.url)]):
            peer(bench, asked, made)


if __name__ == "__main__":
    main()
