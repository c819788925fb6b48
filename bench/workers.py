"""Workers: one and two workers on the same database.

    python bench/workers.py [--readers 4000] [--quick]

Deliveries are measured in a closed loop. Latency is that of one publish to a few readers, from the request to each of
them: to those of the worker that took the request ("its own"), and to those of the other, which notices the commit
within 10 ms. The sockets of the workers tell which reader is connected to which. The server may use all cores. With two
cores, the workers share them with the load generator, so the deliveries of two workers are a lower bound.
"""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness import Bench, Load, Server, arguments
from servers import LIVELINE, liveline

FEW = 200  # readers: sending to them takes 2 ms, so that what is seen is the way there
PACE_MS = 73  # no multiple of the 10 ms, so that every phase of it is met


def workers_by_port(server: Server) -> dict[str, int]:
    """Returns the worker of each connection, by the port of the client."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    mine = [row for row in rows if row[1].endswith(f":{server.port:04X}") and row[3] == "01"]
    ports = {row[9]: str(int(row[2].split(":")[1], 16)) for row in mine}
    held: dict[str, int] = {}
    for pid in server.processes()[1:]:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                inode = os.readlink(descriptor).removeprefix("socket:[").removesuffix("]")
                if inode in ports:
                    held[ports[inode]] = pid
    return held


def by_distance(server: Server, load: Load, rounds: int) -> tuple[list[float], list[float]]:
    """Latencies of the readers at the worker that published, and of the others."""
    load.ask("publish", server.update(), rounds, PACE_MS)
    workers, seen = workers_by_port(server), load.ask("each")
    here: list[float] = []
    there: list[float] = []
    for port, latencies in seen["readers"].items():
        (here if workers[port] == workers[str(seen["publisher"])] else there).extend(latencies)
    return sorted(here), sorted(there)


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(4_000, 500), closed=(40, 10), paced=(150, 30))
    bench = Bench(
        f"Workers: {asked.readers:,} readers for the deliveries, {FEW} for the latencies.",
        "workers | readers at each | deliveries/s | load CPU | its own: p50 ms | p99 ms | the other's: p50 ms | p99 ms",
        "load",
    )  # fmt: skip
    everywhere = ",".join(map(str, range(os.cpu_count() or 1)))
    for workers in (1, 2):
        with bench.server(replace(LIVELINE, start=liveline(workers=workers)), everywhere) as server:
            with bench.load(server, asked.readers) as load:
                held = list(workers_by_port(server).values())
                closed = load.ask("publish", server.update(), asked.closed, 0)
            with bench.load(server, FEW) as load:
                here, there = by_distance(server, load, asked.paced)
        bench.row(
            f"{workers}", " + ".join(f"{held.count(pid):,}" for pid in sorted(set(held))),
            f"{closed['deliveries_s']:,.0f}", f"{closed['cpu_s'] / closed['wall_s']:.0%}",
            *middle_and_last(here), *middle_and_last(there),
        )  # fmt: skip


def middle_and_last(latencies: list[float]) -> list[str]:
    """p50 and p99 of a sorted list."""
    return [f"{latencies[len(latencies) * percent // 100]:.1f}" if latencies else "–" for percent in (50, 99)]


if __name__ == "__main__":
    main()
