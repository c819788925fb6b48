"""Fan-out: one update to all readers.

    python bench/fanout.py [--readers 2000 10000] [--frames short demo] [--quick]
    python bench/fanout.py --paired ../before [--pairs 6] [--readers 2000] [--frames demo] [--paced 6]

Closed loop: the next update is published when all readers have the last. Paced: two updates a second, latency from
the request to publish until each reader has the frame. Memory is the growth of the server's processes (PSS) per
reader, without kernel buffers. Liveline stores, renders and pushes each update through the API; the peers send bytes
from memory. Frames are short, with filler, or are those of an update of the demo (demo.py). With --paired, only
Liveline is measured: that of the other tree, and that of this one. With --compression 1, readers offer compression as
browsers do; Liveline agrees to it, and "bytes" are those on the wire.
"""

from argparse import Namespace
from contextlib import ExitStack
from functools import partial

from demo import demo
from harness import Bench, Load, Server, arguments
from paired import COLUMNS, Figures, compare, trees
from servers import BARE, FASTAPI, FILLED, LIVELINE, NGINX, NODE_SOCKET_IO, NODE_WS, STOCK, Peer, Update

PEERS = [BARE, LIVELINE, STOCK, NODE_SOCKET_IO, NODE_WS, NGINX, FASTAPI]
PACE_MS = 500
WARM_ROUNDS = 5  # not counted
FORMATS = {
    "deliveries/s": ",.0f", "p50 ms": ".1f", "p99 ms": ".1f", "max ms": ".1f", "CPU µs/delivery": ".1f",
    "kB/reader": ".1f", "load CPU": ".0%",
}  # fmt: skip


class Crowd:
    """A server and its readers; a context manager."""

    def __init__(self, bench: Bench, peer: Peer, readers: int, *words: str) -> None:
        self.readers = readers
        self._words = words
        self._bench = bench
        self._stack = ExitStack()
        self.server: Server = self._stack.enter_context(bench.server(peer))

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def gather(self) -> None:
        """Connects the readers. Two servers share memory, so both run before the first has readers."""
        self._empty = self.server.memory()
        self._load: Load = self._stack.enter_context(self._bench.load(self.server, self.readers, *self._words))
        self._load.ask("publish", self.server.update(), WARM_ROUNDS, 0)

    def turn(self, update: Update, asked: Namespace) -> Figures:
        """Publishes it in a closed loop, and then paced."""
        before = self.server.cpu()
        closed = self._load.ask("publish", self.server.update(update), asked.closed, 0)
        cpu, memory = self.server.cpu() - before, self.server.memory() - self._empty
        paced = self._load.ask("publish", self.server.update(update), asked.paced, PACE_MS)
        return {
            "bytes": closed["bytes"],
            "deliveries/s": closed["deliveries_s"],
            "p50 ms": paced["p50"],
            "p99 ms": paced["p99"],
            "max ms": paced["max"],
            "CPU µs/delivery": cpu / (asked.closed * self.readers) * 1e6,
            "kB/reader": memory / self.readers / 1000,
            "load CPU": closed["cpu_s"] / closed["wall_s"],
        }


def peers(asked: Namespace) -> None:
    """The table of Liveline and its peers."""
    bench = Bench(
        "Fan-out: an update to all readers.", " | ".join(["server", "readers", "frame, bytes", *FORMATS]),
        "load", "bare",
    )  # fmt: skip
    updates = chosen(bench, asked)
    for readers in asked.readers:
        for peer in bench.present(PEERS):
            for update in updates:
                with Crowd(bench, peer, readers, *words(asked)) as crowd:
                    crowd.gather()
                    seen = crowd.turn(update, asked)
                frame = f"{update.name}, {seen['bytes']:,.0f}"
                bench.row(peer.name, f"{readers:,}", frame, *[f"{seen[name]:{how}}" for name, how in FORMATS.items()])


def pair(asked: Namespace) -> None:
    """The table of both trees."""
    bench = Bench(f"Fan-out, before and after: {asked.pairs} pairs.", COLUMNS, "load")
    updates = chosen(bench, asked)
    for readers in asked.readers:
        with ExitStack() as stack:
            crowds = [stack.enter_context(Crowd(bench, peer, readers, *words(asked))) for peer in trees(asked.paired)]
            for crowd in crowds:
                crowd.gather()
            for update in updates:
                turns = [partial(crowd.turn, update, asked) for crowd in crowds]
                compare(bench, f"{readers:,} readers, {update.name}", {**FORMATS, "bytes": ",.0f"}, asked.pairs, turns)


def words(asked: Namespace) -> list[str]:
    """Returns what the load generator is told beside the number of readers."""
    return ["compression"] * bool(asked.compression)


def chosen(bench: Bench, asked: Namespace) -> list[Update]:
    """Returns the updates that were asked for by name."""
    return [demo(bench) if name == "demo" else FILLED for name in asked.frames]


def main() -> None:
    """Measures and prints."""
    asked = arguments(
        __doc__, readers=([2_000, 10_000], [500]), frames=(["short", "demo"], ["short", "demo"]),
        closed=(40, 10), paced=(20, 4), compression=(0, 0), paired=("", ""), pairs=(6, 2),
    )  # fmt: skip
    (pair if asked.paired else peers)(asked)


if __name__ == "__main__":
    main()
