"""Connect: the cost of one connect, and how long a crowd takes to reconnect and catch up after a worker is killed.

    python bench/connect.py [--readers 10000] [--quick]
    python bench/connect.py --paired ../before [--pairs 6] [--readers 2000]

Readers connect 100 at a time. Then the worker is killed (SIGKILL) while updates are published, two a second, each
repeated under its Idempotency-Key until it is answered. Readers reconnect at once. One is caught up when it has each
update that it was told of: what it missed comes with the answer to `follow`, or is fetched from /feeds/news/changes.
What does not have one change for each missed version is counted as wrong. In the end all must be at the feed's last
version. Times are counted from the kill. Peers that keep no log have nothing to catch up with, and this script restarts
those that have no master to start a worker.
With --paired, only Liveline is measured: that of the other tree, and that of this one.
"""

import itertools
import json
import threading
from argparse import Namespace
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any

from harness import Bench, Load, Server, arguments
from paired import COLUMNS, compare, trees
from servers import BARE, FASTAPI, FILLED, LIVELINE, NGINX, NODE_SOCKET_IO, NODE_WS, STOCK

HAVE_LOG = [LIVELINE, STOCK]
ONLY_CONNECT = [NODE_WS, NGINX, FASTAPI, BARE]  # there is nothing to follow there
MOMENTS = {"first back s": "first_back_at", "all back s": "back_at", "all caught up s": "caught_up_at"}
FORMATS = {"CPU µs/connect": ".0f", "connects/s": ",.0f"} | dict.fromkeys(MOMENTS, ".2f")
PACE_SECONDS = 0.5
RETRY_SECONDS = 0.05
PUBLISH_SECONDS = 60  # for one answer: the worker that comes up lets readers in meanwhile


class Publisher(threading.Thread):
    """Publishes until it is told to stop, through kills."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._stopped = threading.Event()

    def run(self) -> None:
        """The thread's work."""
        update = self._server.call.update(FILLED)
        for number in itertools.count():
            headers = {**update.headers, "Idempotency-Key": f"update {number}"}
            while not self._stopped.is_set() and not answered(self._server.port, update.path, update.body, headers):
                self._stopped.wait(RETRY_SECONDS)
            if self._stopped.wait(PACE_SECONDS):
                return

    def stop(self) -> None:
        """Ends it, and waits for the last answer."""
        self._stopped.set()
        self.join()


def answered(port: int, path: str, body: str, headers: dict[str, str]) -> bool:
    """Returns whether the update was published."""
    client = HTTPConnection("127.0.0.1", port, timeout=PUBLISH_SECONDS)
    try:
        client.request("POST", path, body, headers)
        return client.getresponse().status == 201
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def last_version(port: int) -> int:
    """Returns the last version of the feed."""
    client = HTTPConnection("127.0.0.1", port)
    client.request("GET", "/feeds/news/changes?after=0&epoch=")
    version: int = json.loads(client.getresponse().read())["version"]
    client.close()
    return version


@dataclass(frozen=True)
class Turn:
    """What was seen while readers connected, and while they came back (None where they were not asked to)."""

    readers: int
    cpu: float
    connected: dict[str, Any]
    killed: float
    back: dict[str, Any] | None
    there: int

    def figures(self) -> dict[str, float]:
        """Returns the figures for the names in FORMATS."""
        seen = {name: (self.back[moment] - self.killed) for name, moment in MOMENTS.items()} if self.back else {}
        connect_s = self.connected["connect_s"]
        return {"CPU µs/connect": self.cpu / self.readers * 1e6, "connects/s": self.readers / connect_s, **seen}

    def cells(self, log: bool) -> list[str]:
        """Returns the table's cells."""
        figures, connected = self.figures(), self.connected
        cells = [f"{figures[name]:{how}}" for name, how in FORMATS.items() if name in figures]
        cells.insert(2, f"{connected['cpu_s'] / connected['connect_s']:.0%}")
        if not (seen := self.back):
            return [*cells, *["–"] * 6]
        load_cpu = f"{seen['cpu_s'] / seen['wall_s']:.0%}"
        if not log:
            return [*cells[:5], "keeps no log", "–", "–", load_cpu]
        ways = f"{seen['came_along']:,} answers to follow, {seen['fetches']:,} fetched"
        outcome = f"{seen['missed']:,} in {ways}, {seen['wrong']} wrong, {seen['reloads']} reloads"
        return [*cells, outcome, f"{self.there:,}", load_cpu]


def turn(bench: Bench, server: Server, readers: int, log: bool, back: bool) -> Turn:
    """Connects that many readers, and lets them come back from a killed worker if that is asked for."""
    before = server.cpu()
    with bench.load(server, readers, *["news"] * log, program="comeback") as load:
        cpu = server.cpu() - before
        killed, seen, there = come_back(server, load, readers, log) if back else (0.0, None, readers)
        return Turn(readers, cpu, load.connected, killed, seen, there)


def come_back(server: Server, load: Load, readers: int, log: bool) -> tuple[float, dict[str, Any], int]:
    """Kills the worker, and returns when, what was seen of the readers, and how many have the last version."""
    publisher = Publisher(server)
    publisher.start()
    load.tell("watch")
    killed = monotonic()
    server.kill_worker()
    seen = load.answer()
    publisher.stop()
    return killed, seen, load.ask("settle", last_version(server.port))["there"] if log else readers


def pair(asked: Namespace) -> None:
    """The table of both trees."""
    bench = Bench(f"Connect and come back, before and after: {asked.pairs} pairs.", COLUMNS, "comeback")
    with ExitStack() as stack:
        servers = [stack.enter_context(bench.server(peer)) for peer in trees(asked.paired)]
        turns = [partial(one_of_a_pair, bench, server, asked.readers) for server in servers]
        compare(bench, f"{asked.readers:,} readers", FORMATS, asked.pairs, turns)


def one_of_a_pair(bench: Bench, server: Server, readers: int) -> dict[str, float]:
    """Returns the figures of one turn. Raises SystemExit if a reader was told something wrong."""
    seen = turn(bench, server, readers, log=True, back=True)
    if seen.there < readers or seen.back is None or seen.back["wrong"]:
        raise SystemExit(f"not all came to the last version: {seen}")
    server.rest()  # it lets the readers go who have just left
    return seen.figures()


def peers(asked: Namespace) -> None:
    """The table of Liveline and its peers."""
    bench = Bench(
        f"Connect and follow: {asked.readers:,} readers; then all of them come back after a SIGKILL.",
        "server | readers | CPU µs/connect | connects/s | load CPU | first back s | all back s | all caught up s "
        "| updates fetched | at the last version | load CPU",
        "comeback", "bare",
    )  # fmt: skip
    for peer in bench.present([*HAVE_LOG, NODE_SOCKET_IO, *ONLY_CONNECT]):
        log = peer in HAVE_LOG
        with bench.server(peer) as server:
            seen = turn(bench, server, asked.readers, log, back=peer not in ONLY_CONNECT)
        bench.row(peer.name, f"{asked.readers:,}", *seen.cells(log))


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(10_000, 500), paired=("", ""), pairs=(6, 2))
    (pair if asked.paired else peers)(asked)


if __name__ == "__main__":
    main()
