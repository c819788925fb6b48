"""Idle: the cost of readers that only get pings.

    python bench/idle.py [--readers 10000] [--intervals 2] [--quick]

All servers send a ping every 25 seconds. The pings are counted at the readers, to notice a server that sends none.
"""

from time import monotonic, sleep

from harness import Bench, arguments
from servers import LIVELINE, NODE_SOCKET_IO, STOCK

PING_SECONDS = 25  # ours and the default of Engine.IO, in Python and in Node
SETTLE_SECONDS = 12  # after the last one came in, until ours has told all how many they are: it does so every 5


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(10_000, 1_000), intervals=(2, 1))
    bench = Bench(
        f"Idle: {asked.readers:,} readers over {asked.intervals * PING_SECONDS} s, a ping every {PING_SECONDS} s.",
        "server | readers | CPU of a core | µs per ping | pings per reader | load CPU",
        "load",
    )  # fmt: skip
    for peer in bench.present([LIVELINE, STOCK, NODE_SOCKET_IO]):
        with bench.server(peer) as server, bench.load(server, asked.readers) as load:
            sleep(SETTLE_SECONDS)
            before, cpu_before, began = load.ask("status"), server.cpu(), monotonic()
            sleep(asked.intervals * PING_SECONDS)
            after, cpu, seconds = load.ask("status"), server.cpu() - cpu_before, monotonic() - began
        pings = after["pings"] - before["pings"]
        bench.row(
            peer.name, f"{asked.readers:,}", f"{cpu / seconds:.1%}", f"{cpu / max(pings, 1) * 1e6:.0f}",
            f"{pings / asked.readers:.2f}", f"{(after['cpu_s'] - before['cpu_s']) / seconds:.1%}",
        )  # fmt: skip


if __name__ == "__main__":
    main()
