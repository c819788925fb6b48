"""Metrics are those of all workers, whichever answers, and what was counted outlives the workers that counted it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from feed import metrics_files
from tests.conftest import Site
from tests.metrics import numbers, told
from tests.reader import Reader
from tests.server import ROOT, Server, serving
from tests.waiting import eventually

READERS = 9  # so many that both workers have some


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[Server]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with serving(tmp_path, WEB_CONCURRENCY="2", TMPDIR=str(temporary)) as running:
        yield running


def says(server: Server, **expected: float) -> None:
    """Waits until each of several answers, which come from both workers, has those numbers."""

    def agreed() -> bool:
        answers = [told(server) for _ in range(6)]
        return all(each.get(f"liveline_{name}") == value for each in answers for name, value in expected.items())

    eventually(agreed, within=30)


def connected(server: Server) -> list[Reader]:
    """Readers of the News Feed, some at each worker."""
    readers = [Reader(server.url) for _ in range(READERS)]
    eventually(lambda: all(each.following for each in readers))
    return readers


def test_each_worker_answers_for_all_and_no_count_is_lost_with_one(two_workers: Server) -> None:
    server = two_workers
    readers = connected(server)
    server.publish("One")
    server.publish("Two")
    first = {"deliveries_total": 2.0 * READERS, "worker_sockets": float(READERS), "workers": 2.0}
    says(server, **first)
    found = told(server)
    assert found["liveline_broadcast_seconds_count"] >= 2
    assert found["liveline_push_seconds_count"] == found['liveline_push_seconds_bucket{le="+Inf"}'] >= 2
    assert 0 < found["liveline_push_seconds_sum"] < 60

    killed = server.workers()[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in server.workers() and len(server.workers()) == 2)
    eventually(lambda: all(each.following for each in readers), within=30)
    says(server, **first)  # its gauges went with it, and its readers are at another one
    server.publish("Three")
    says(server, deliveries_total=3.0 * READERS, workers=2.0)

    before = server.workers()
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: not set(before) & set(server.workers()), within=30)
    eventually(lambda: all(each.following for each in readers), within=30)
    says(server, deliveries_total=3.0 * READERS, worker_sockets=float(READERS), workers=2.0)
    assert sum(number for name, number in told(server).items() if name.startswith("liveline_drops_total")) >= READERS
    (folder,) = Path(server.environ["TMPDIR"]).iterdir()
    assert len(list(folder.glob("counter_*"))) <= 4, "each worker ever started has left files"
    for each in readers:
        each.close()
    server.stop()
    assert list(Path(server.environ["TMPDIR"]).iterdir()) == []


def test_catch_ups_are_counted_by_their_answer_also_from_the_cache(site: Site) -> None:
    def counted() -> tuple[float, float]:
        found = numbers(site.charlie.get("/metrics").text.replace("\r", ""))
        return tuple(found[f'liveline_catch_ups_total{{answer="{each}"}}'] for each in ("envelope", "reload"))  # type: ignore[return-value]

    epoch = site.charlie.get("/feeds/news/changes?after=0").json["epoch"]  # type: ignore[index]
    envelopes, reloads = counted()
    for _ in range(3):
        site.charlie.get(f"/feeds/news/changes?after=0&epoch={epoch}")
    site.charlie.get("/feeds/news/changes?after=0&epoch=another")
    site.charlie.get("/feeds/missing/changes?after=0")
    assert counted() == (envelopes + 3, reloads + 1)


def test_a_full_disk_costs_metrics_and_no_worker(tmp_path: Path) -> None:
    """The library's files have holes, and a process that fills one on a full disk is killed."""
    assert metrics_files.reserve(tmp_path, "0")
    assert all(path.stat().st_blocks * 512 >= metrics_files.FILE_BYTES for path in tmp_path.iterdir())
    code = (
        "import resource, signal",
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))",
        "from feed import metrics",
        "counter = metrics.counter('some', 'What.')",
        "counter.inc(2)",
        "print([metric.samples[0].value for metric in metrics.OfAllWorkers().collect() if metric.name == 'some'])",
    )
    environ = {**os.environ, metrics_files.FOLDER: str(tmp_path), metrics_files.SLOT: "1"}
    command = [sys.executable, "-c", "\n".join(code)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.stdout == "[2.0]\n", done.stderr
    assert not list(tmp_path.glob("*_1.db"))


def test_a_database_that_cannot_be_read_hides_no_other_number(tmp_path: Path) -> None:
    database = tmp_path / "feed.db"
    database.write_bytes(b"No database. " * 1_000)
    app = create_app({"FEED_DATABASE": str(database)})
    told_then = app.test_client().get("/metrics")
    app.extensions["liveline"].channel.close()
    found = numbers(told_then.text)
    assert (told_then.status_code, found["liveline_worker_sockets"]) == (200, 0)
    assert not [name for name in found if name.startswith("liveline_readers")]
