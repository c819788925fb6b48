"""Slow: how readers that do not read affect the others and the server's memory.

    python bench/slow.py [--readers 2000] [--quick]

Beside the good readers, 0, 1 and 10 % as many more follow and never read: with the smallest receive buffer, and
segments of 1,460 bytes as on the Internet. In each cycle long updates fill what the kernel keeps for them; then short
ones are published five a second, for longer than the 10 s after which Liveline drops a stuck reader; then the stuck
ones disconnect and reconnect, spread over a second, while publishing goes on. Latencies are those of the good readers
for all short updates.

The script checks which readers are stuck: those for which the kernel sent nothing while updates were published, so that
their queue in /proc/net/tcp is the same before and after.
"""

import itertools
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from harness import Bench, Load, Server, arguments
from servers import LIVELINE, NODE_SOCKET_IO, STOCK, filled

SHARES = (0, 0.01, 0.1)
PACE_MS = 200
STUCK_ROUNDS, DROP_ROUNDS, BACK_ROUNDS = 35, 25, 10  # 7 s that are looked at, 5 s until ours has dropped them, 2 s back
FILL_BYTES, FILL_ROUNDS = 16_000, 15  # 240 kB: the kernel of ours keeps 109, and ours itself drops at 1 MiB
LOOK_SECONDS = 0.5  # between two looks at the memory
AFTER_SECONDS = 3  # from the end to the last look


class Memory(threading.Thread):
    """Reads the server's memory repeatedly, and keeps the highest value."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._ended = threading.Event()
        self.before = self.highest = server.memory()

    def run(self) -> None:
        """The thread's work."""
        while not self._ended.wait(LOOK_SECONDS):
            self.highest = max(self.highest, self._server.memory())

    def end(self) -> str:
        """Returns the memory before, the highest and the present one, in MB."""
        self._ended.set()
        self.join()
        return " ".join(f"{size / 1e6:.0f}" for size in (self.before, self.highest, self._server.memory()))


@dataclass
class Cycles:
    """What was seen in some cycles: latencies of the good readers in ms, how many were stuck and dropped, and the load
    generator's own seconds."""

    latencies: list[float] = field(default_factory=list)
    cpu_s: float = 0
    wall_s: float = 0
    stuck: int = 0
    dropped: int = 0

    def turn(self, bench: Bench, server: Server, good: Load, size: int) -> None:
        """Runs one cycle: fills the buffers, publishes while readers are stuck, and lets them reconnect."""
        with crowd(bench, server, size):
            good.ask("publish", server.update(filled(FILL_BYTES)), FILL_ROUNDS, 0)
            before = waiting(server)
            said = good.ask("publish", server.update(), STUCK_ROUNDS, PACE_MS)
            after = waiting(server)
            stuck = {address for address, queued in before.items() if after.get(address) == queued}
            self._take(good, said)
            self._take(good, good.ask("publish", server.update(), DROP_ROUNDS, PACE_MS))
            self.stuck += len(stuck)
            self.dropped += len(stuck - waiting(server).keys())
        good.tell("publish", server.update(), BACK_ROUNDS, PACE_MS)
        with crowd(bench, server, size):
            self._take(good, good.answer())

    def _take(self, good: Load, said: dict[str, float]) -> None:
        self.cpu_s += said["cpu_s"]
        self.wall_s += said["wall_s"]
        self.latencies += itertools.chain(*good.ask("each")["readers"].values())


def crowd(bench: Bench, server: Server, size: int) -> Load | nullcontext[None]:
    """Connects that many readers that follow and never read; a context manager, which disconnects them."""
    return bench.load(server, size, "stuck") if size else nullcontext()


def waiting(server: Server) -> dict[str, str]:
    """Returns how many bytes the kernel still has to send to each connected reader, by its address."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    queues = {
        row[2]: row[4].partition(":")[0] for row in rows if row[1].endswith(f":{server.port:04X}") and row[3] == "01"
    }
    return {address: queued for address, queued in queues.items() if int(queued, 16)}


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(2_000, 300), cycles=(2, 1))
    bench = Bench(
        f"Slow: {asked.readers:,} good readers, and more who do not read.",
        "server | do not read | stuck | dropped | p50 ms | p99 ms | max ms | p99 ratio "
        "| MB before, highest, after | load CPU",
        "load",
    )  # fmt: skip
    for peer in bench.present([LIVELINE, STOCK, NODE_SOCKET_IO]):
        alone = 0.0
        for share in SHARES:
            size = int(asked.readers * share)
            seen = Cycles()
            with bench.server(peer) as server, bench.load(server, asked.readers) as good:
                memory = Memory(server)
                memory.start()
                for _ in range(asked.cycles):
                    seen.turn(bench, server, good, size)
                sleep(AFTER_SECONDS)
                megabytes = memory.end()
            ordered = sorted(seen.latencies)
            p99 = ordered[len(ordered) * 99 // 100]
            alone = alone or p99
            of_all = f" of {size * asked.cycles}" if size else ""
            bench.row(
                peer.name, f"{size} ({share:.0%})", f"{seen.stuck}{of_all}", f"{seen.dropped}",
                f"{ordered[len(ordered) // 2]:.1f}", f"{p99:.1f}", f"{ordered[-1]:.1f}", f"{p99 / alone:.2f}",
                megabytes, f"{seen.cpu_s / seen.wall_s:.0%}",
            )  # fmt: skip
            if seen.stuck < size * asked.cycles:
                print(f"Not all who should be were stuck with {peer.name}: this line does not count.", flush=True)


if __name__ == "__main__":
    main()
