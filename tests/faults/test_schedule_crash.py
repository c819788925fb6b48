"""What is scheduled, with real workers that are killed around its moment: it comes out once."""

import os
import signal
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from feed import times
from feed.store import editors, scheduled, scheduling
from feed.store.database import Store
from tests.reader import Reader
from tests.server import Server
from tests.waiting import eventually

MANY = 30


def schedule(store: Store, body: str, moment: str) -> str:
    """Schedules it for that moment from another process than the server's, and returns the moment."""
    with store.read() as db:
        bob = editors.by_name(db, "bob")
    scheduling.schedule(store, "news", bob, {"body": body}, moment, str(uuid.uuid4()))
    return moment


def published(server: Server) -> list[dict[str, str]]:
    """The updates of the News Feed, the oldest first."""
    answer = requests.get(f"{server.url}/api/v1/feeds/news/updates?limit=100", timeout=10)
    return list(reversed(answer.json()["updates"]))


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


@pytest.mark.long
def test_two_workers_that_are_killed_around_the_moments_publish_each_once_and_in_order(tmp_path: Path) -> None:
    server = Server(tmp_path, WEB_CONCURRENCY="2")
    server.prepare()
    store = Store(tmp_path / "feed.db")
    soon = times.after(1)
    late = [schedule(store, f"Due while down {number}", times.later(soon, number / 1000)) for number in range(3)]
    eventually(lambda: times.now() > late[-1])
    started = datetime.now(UTC)
    server.start()
    eventually(lambda: len(published(server)) == 3)
    assert all(datetime.fromisoformat(each["published_at"]) >= started for each in published(server))
    reader = Reader(server.url)
    eventually(lambda: reader.following)
    on_time = schedule(store, "On time", times.after(1))
    eventually(lambda: reader.sees("On time"))
    assert 0 <= seconds_between(on_time, published(server)[-1]["published_at"]) < 1
    soon = times.after(1.5)
    moments = [schedule(store, f"Around a kill {number:02}", times.later(soon, number / 50)) for number in range(MANY)]
    for part in (5, 15):
        eventually(lambda part=part: times.now() >= moments[part])  # type: ignore[misc]
        for worker in server.workers():
            with suppress(ProcessLookupError):  # it has ended between
                os.kill(worker, signal.SIGKILL)
    eventually(lambda: times.now() >= moments[25])
    server.kill()
    server.start()
    expected = [*(f"Due while down {number}" for number in range(3)), "On time"]
    expected += [f"Around a kill {number:02}" for number in range(MANY)]
    eventually(lambda: len(published(server)) >= len(expected))
    assert [each["body"] for each in published(server)] == expected
    with store.read() as db:
        assert scheduled.everything(db) == []
    eventually(lambda: reader.sees(*reversed(expected[-5:])), within=60)
    assert "Traceback" not in server.log.read_text()
    reader.close()
    server.kill()
    store.close()
