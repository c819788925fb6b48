"""Soak: an hour of churn, and what it leaves behind.

    python bench/soak.py [--minutes 60] [--readers 200] [--hups 1] [--quick]

Two workers serve readers who come and leave, stand still, lose their network, read slowly, and break off in the middle
of the handshake, while an editor publishes, edits and retracts (churn.py). Between, gunicorn is told to reload (HUP),
so that all readers come back to new workers at once. At the end each reader's page must be what GET answers.

Anonymous memory and open files of all processes are read every LOOK_SECONDS, without the readers' own sockets. A reload
begins with other processes, so the slope is that within the lives of the workers, without the first half of each, in
which caches fill; with the default numbers that takes a quarter of an hour, so a shorter run shows a slope of memory
where nothing leaks. One line is fitted to the means of SAMPLES readings, with a start of its own for each life. With 95
% certainty the slope is within the interval beside it. Where nothing leaks it is 1 or 2 MiB an hour all the same, by
SQLite's pages and the gaps of the allocator. The script fails when a page is not what it should be, or when the server
logged an error.
"""

import os
import signal
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from statistics import fmean
from time import monotonic, sleep

from harness import Bench, Server, arguments
from servers import LIVELINE, OURS, liveline

sys.path.append(str(OURS))  # for the reader's rule of the tests

try:
    import churn
except ModuleNotFoundError as missing:
    raise SystemExit(f"missing: {missing.name}, `make test` installs the libraries of the tests") from None

LOOK_SECONDS = 1.0
SAMPLES = 5  # readings in a mean: neighbours depend on each other
WARM_SHARE = 0.5  # of the life of a worker
WORKERS = 2
MIB = 1 << 20
COLUMNS = "of all processes | slope per hour | with 95 % certainty | at the end of each life"
MEASURED = {"memory, MiB": 1, "open files": 2}


@dataclass
class Lives:
    """What was read of the server, by the life of its workers: moments in hours, MiB, and open files."""

    began: float = field(default_factory=monotonic)
    seen: list[list[tuple[float, float, float]]] = field(default_factory=lambda: [[]])

    def look(self, server: Server) -> None:
        """Reads it once."""
        try:
            files = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.processes()) - open_sockets(server.port)
            memory = server.memory("Pss_Anon") / MIB
        except (FileNotFoundError, ProcessLookupError):  # a worker has ended meanwhile
            return
        self.seen[-1].append(((monotonic() - self.began) / 3600, memory, float(files)))

    def means(self, which: int) -> list[list[tuple[float, float]]]:
        """Returns for each life the means of memory (1) or files (2), and their moments."""
        lives = []
        for life in self.seen:
            settled = life[int(len(life) * WARM_SHARE) :]
            parts = [settled[at : at + SAMPLES] for at in range(0, len(settled) - SAMPLES + 1, SAMPLES)]
            lives.append([(fmean(each[0] for each in part), fmean(each[which] for each in part)) for part in parts])
        return [means for means in lives if means]


def slope(lives: list[list[tuple[float, float]]]) -> tuple[float, float]:
    """Returns the slope and half the width of its interval, of a line with a start of its own for each life."""
    points = []
    for life in lives:
        x, y = fmean(each[0] for each in life), fmean(each[1] for each in life)
        points += [(each[0] - x, each[1] - y) for each in life]
    free = len(points) - len(lives) - 1
    if free < 1:
        return 0.0, inf
    squares = sum(x * x for x, _ in points)
    found = sum(x * y for x, y in points) / squares
    return found, 2 * (sum((y - found * x) ** 2 for x, y in points) / free / squares) ** 0.5


def open_sockets(port: int) -> int:
    """Returns how many connections the server has with clients that have not hung up."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def wrong(pages: list[churn.OpenPage], port: int) -> list[str]:
    """Returns what is wrong with each page, compared with what GET answers."""
    fresh = churn.load(port)
    first = fresh.shown
    while fresh.older and len(fresh.shown) < max(len(page.shown) for page in pages):
        fresh.show_more()
    found = []
    for page in pages:
        shown, every = page.shown, fresh.shown
        if (page.epoch, page.version) != (fresh.epoch, fresh.version):
            found.append(f"at {page.epoch} {page.version}, not at {fresh.epoch} {fresh.version}")
        elif shown != every[: len(shown)] or shown[: len(first)] != first[: len(shown)]:
            found.append(f"other updates at version {page.version}")
        elif not page.older and len(shown) != len(every):
            found.append(f"{len(shown)} of {len(every)} updates")
    return found


def churned(server: Server, readers: int, seconds: float, hups: int) -> tuple[Lives, Counter[str], list[str]]:
    """Runs it all, and returns what was measured, what was done, and what went wrong."""
    lives, counts, ending = Lives(), Counter[str](), threading.Event()
    crowd = [churn.Reader(server.port, ending, counts) for _ in range(readers)]
    editor = churn.Editor(server, ending, counts)
    for each in (editor, *crowd):
        each.start()
    for life in range(hups + 1):
        if life:
            os.kill(server.processes()[0], signal.SIGHUP)
            lives.seen.append([])
        until = lives.began + seconds * (life + 1) / (hups + 1)
        while monotonic() < until and not any(each.failure for each in (editor, *crowd)):
            sleep(LOOK_SECONDS)
            lives.look(server)
    ending.set()
    for each in (editor, *crowd):
        each.join()
    failed = [repr(each.failure) for each in (editor, *crowd) if each.failure]
    version = churn.load(server.port).version
    for reader in crowd:
        reader.settle(version)
    return lives, counts, failed + wrong([reader.page for reader in crowd if reader.page], server.port)


def main() -> None:
    """Runs it and prints."""
    asked = arguments(__doc__, minutes=(60.0, 0.5), readers=(200, 20), hups=(1, 1))
    bench = Bench(
        f"Soak: {asked.readers} readers of {WORKERS} workers for {asked.minutes:g} minutes, {asked.hups} reloads.",
        COLUMNS,
    )
    with bench.server(replace(LIVELINE, start=liveline(workers=WORKERS))) as server:
        lives, counts, failed = churned(server, asked.readers, asked.minutes * 60, asked.hups)
        log = (server.folder / "log").read_text()
    for name, which in MEASURED.items():
        means = lives.means(which)
        found, half = slope(means)
        ends = " ".join(f"{life[-1][1]:.1f}" for life in means)
        bench.row(name, f"{found:+.1f}", f"{found - half:+.1f} – {found + half:+.1f}", ends)
    print("\nDone:", ", ".join(f"{number:,} {what}" for what, number in sorted(counts.items())))
    failed += [line for line in log.splitlines() if "ERROR" in line or line.startswith("Traceback")]
    print(f"{len(failed)} wrong: {failed[:5]}" if failed else "Each page is what GET answers, and no error was logged.")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
