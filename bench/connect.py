"""Connect: the cost of one connect, and how long a crowd takes to reconnect and catch up after a worker is killed.

    python bench/connect.py [--readers 10000] [--quick]

Readers connect 100 at a time. Then the worker is killed (SIGKILL) while updates are published, two a second, each
repeated under its Idempotency-Key until it is answered. Readers reconnect at once. One is caught up when it has each
update that it was told of, fetched from /feeds/news/changes. An answer that does not have one change for each missed
version is counted as wrong. In the end all must be at the feed's last version. Times are counted from the kill. Peers
that keep no log have nothing to catch up with, and this script restarts those that have no master to start a worker.
"""

import itertools
import json
import threading
from http.client import HTTPConnection, HTTPException
from time import monotonic

from harness import Bench, Load, Server, arguments
from servers import BARE, FASTAPI, FRAME, LIVELINE, NGINX, NODE_SOCKET_IO, NODE_WS, STOCK

HAVE_LOG = [LIVELINE, STOCK]
ONLY_CONNECT = [NODE_WS, NGINX, FASTAPI, BARE]  # there is nothing to follow there
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
        update = self._server.call.update(FRAME)
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


def come_back(server: Server, load: Load, readers: int, log: bool) -> list[str]:
    """Kills the worker, and returns the table's cells about how the readers came back."""
    publisher = Publisher(server)
    publisher.start()
    load.tell("watch")
    killed = monotonic()
    server.kill_worker()
    seen = load.answer()
    publisher.stop()
    there = load.ask("settle", last_version(server.port))["there"] if log else readers
    times = [f"{seen[name] - killed:.2f}" for name in ("first_back_at", "back_at", "caught_up_at")]
    if not log:
        return [*times[:2], "keeps no log", "–", "–", f"{seen['cpu_s'] / seen['wall_s']:.0%}"]
    outcome = f"{seen['missed']:,} in {seen['fetches']:,}, {seen['wrong']} wrong, {seen['reloads']} reloads"
    return [*times, outcome, f"{there:,}", f"{seen['cpu_s'] / seen['wall_s']:.0%}"]


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(10_000, 500))
    bench = Bench(
        f"Connect and follow: {asked.readers:,} readers; then all of them come back after a SIGKILL.",
        "server | readers | CPU µs/connect | connects/s | load CPU | first back s | all back s | all caught up s "
        "| updates fetched | at the last version | load CPU",
        "comeback", "bare",
    )  # fmt: skip
    for peer in bench.present([*HAVE_LOG, NODE_SOCKET_IO, *ONLY_CONNECT]):
        log = peer in HAVE_LOG
        with bench.server(peer) as server:
            before = server.cpu()
            with bench.load(server, asked.readers, *["news"] * log, program="comeback") as load:
                cpu, connected = server.cpu() - before, load.connected
                back = ["–"] * 6 if peer in ONLY_CONNECT else come_back(server, load, asked.readers, log)
        bench.row(
            peer.name, f"{asked.readers:,}", f"{cpu / asked.readers * 1e6:.0f}",
            f"{asked.readers / connected['connect_s']:,.0f}", f"{connected['cpu_s'] / connected['connect_s']:.0%}",
            *back,
        )  # fmt: skip


if __name__ == "__main__":
    main()
