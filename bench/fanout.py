"""Fan-out: one update to all readers.

    python bench/fanout.py [--readers 2000 10000] [--quick]

Closed loop: the next update is published when all readers have the last. Paced: two updates a second, latency from
the request to publish until each reader has the frame. Memory is the growth of the server's processes (PSS) per
reader, without kernel buffers. Liveline stores, renders and pushes each update through the API; the peers send bytes
from memory.
"""

from harness import Bench, arguments
from servers import BARE, FASTAPI, FRAME, LIVELINE, NGINX, NODE_SOCKET_IO, NODE_WS, STOCK

PEERS = [BARE, LIVELINE, STOCK, NODE_SOCKET_IO, NODE_WS, NGINX, FASTAPI]
PACE_MS = 500


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=([2_000, 10_000], [500]), closed=(40, 10), paced=(20, 4))
    bench = Bench(
        f"Fan-out: an update of about {FRAME} bytes to all readers.",
        "server | readers | deliveries/s | p50 ms | p99 ms | max ms | CPU µs/delivery | kB/reader | load CPU",
        "load", "bare",
    )  # fmt: skip
    for readers in asked.readers:
        for peer in bench.present(PEERS):
            with bench.server(peer) as server:
                empty = server.memory()
                with bench.load(server, readers) as load:
                    before = server.cpu()
                    closed = load.ask("publish", server.update(), asked.closed, 0)
                    cpu = server.cpu() - before
                    memory = server.memory() - empty
                    paced = load.ask("publish", server.update(), asked.paced, PACE_MS)
            bench.row(
                peer.name, f"{readers:,}", f"{closed['deliveries_s']:,.0f}",
                f"{paced['p50']:.1f}", f"{paced['p99']:.1f}", f"{paced['max']:.1f}",
                f"{cpu / (asked.closed * readers) * 1e6:.1f}", f"{memory / readers / 1000:.1f}",
                f"{closed['cpu_s'] / closed['wall_s']:.0%}",
            )  # fmt: skip


if __name__ == "__main__":
    main()
