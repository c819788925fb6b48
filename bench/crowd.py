"""Crowd: how long a publish takes to reach readers while a crowd arrives.

    python bench/crowd.py [--arrive 200 2000] [--quick]
    python bench/crowd.py --paired ../before [--pairs 6]

A few readers stay, and updates are published to them, forty a second. Then the same while crowds come, one after the
other: each connects and follows as fast as the server lets it, a hundred at a time, and leaves. A latency is from the
request to a reader. With --paired, only Liveline is measured: that of the other tree, and that of this one.
"""

from argparse import Namespace
from contextlib import ExitStack
from functools import partial
from threading import Thread
from time import sleep

from harness import Bench, Load, Server, arguments
from paired import COLUMNS, compare, trees
from servers import LIVELINE, NODE_SOCKET_IO

STAY = 10  # readers
PACE_MS = 25  # between two publishes
BETWEEN_SECONDS = 0.3  # from one crowd to the next
FORMATS = dict.fromkeys(("alone: p50 ms", "alone: max ms", "crowd: p50 ms", "crowd: p99 ms", "crowd: max ms"), ".1f")
FORMATS |= {"a crowd arrives in s": ".2f"}


class Crowds(Thread):
    """Crowds of that many readers, until it is told to stop. `seconds` are how long each took to arrive."""

    def __init__(self, bench: Bench, server: Server, readers: int) -> None:
        super().__init__()
        self._bench, self._server, self._readers = bench, server, readers
        self._over = False
        self.seconds: list[float] = []

    def run(self) -> None:
        """The thread's work."""
        while not self._over:
            with self._bench.load(self._server, self._readers) as crowd:
                self.seconds.append(crowd.connected["connect_s"])
            sleep(BETWEEN_SECONDS)

    def stop(self) -> None:
        """Ends it, after the present one."""
        self._over = True
        self.join()


def turn(bench: Bench, server: Server, stay: Load, readers: int, rounds: int) -> dict[str, float]:
    """Returns the figures for the names in FORMATS."""
    file = server.update()
    alone = stay.ask("publish", file, rounds, PACE_MS)
    crowds = Crowds(bench, server, readers)
    crowds.start()
    beside = stay.ask("publish", file, rounds, PACE_MS)
    crowds.stop()
    server.rest()  # it lets the readers go who have just left
    figures = {f"alone: {name} ms": alone[name] for name in ("p50", "max")}
    figures |= {f"crowd: {name} ms": beside[name] for name in ("p50", "p99", "max")}
    return figures | {"a crowd arrives in s": sum(crowds.seconds) / len(crowds.seconds)}


def pair(asked: Namespace) -> None:
    """The table of both trees."""
    bench = Bench(f"Publishing beside a crowd, before and after: {asked.pairs} pairs.", COLUMNS, "load")
    with ExitStack() as stack:
        servers = [stack.enter_context(bench.server(peer)) for peer in trees(asked.paired)]
        stay = [stack.enter_context(bench.load(server, STAY)) for server in servers]
        for readers in asked.arrive:
            turns = [partial(turn, bench, *each, readers, asked.rounds) for each in zip(servers, stay, strict=True)]
            compare(bench, f"{readers:,} arrive", FORMATS, asked.pairs, turns)


def peers(asked: Namespace) -> None:
    """The table of Liveline and Node's socket.io."""
    bench = Bench(f"Publishing beside a crowd to {STAY} readers.", f"server | arrive | {' | '.join(FORMATS)}", "load")
    for peer in bench.present([LIVELINE, NODE_SOCKET_IO]):
        with bench.server(peer) as server, bench.load(server, STAY) as stay:
            for readers in asked.arrive:
                figures = turn(bench, server, stay, readers, asked.rounds)
                bench.row(peer.name, f"{readers:,}", *(f"{figures[name]:{how}}" for name, how in FORMATS.items()))


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, arrive=([200, 2_000], [100]), rounds=(120, 20), paired=("", ""), pairs=(6, 2))
    (pair if asked.paired else peers)(asked)


if __name__ == "__main__":
    main()
