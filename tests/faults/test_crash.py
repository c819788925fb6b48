"""Crashes of real processes on a real disk: every answered write is there, and every reader catches up."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from feed.store import backup
from feed.store.database import Store
from tests import processes
from tests.reader import Reader, updates_in
from tests.server import BIN, ROOT, Server
from tests.waiting import eventually

# A process that commits and is gone before anybody could be told: the crash between commit and push.
COMMIT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from feed.store import editors, publishing
from feed.store.database import Store
store = Store(Path(sys.argv[1]))
with store.read() as db:
    bob = editors.by_name(db, "bob")
publishing.publish(store, "news", bob, {"body": "Committed by the dead"})
os.kill(os.getpid(), signal.SIGKILL)
"""


def fresh(server: Server) -> list[str]:
    """What the page of the News Feed shows now."""
    return list(updates_in(requests.get(f"{server.url}/feeds/news", timeout=10).text, "news").values())


def test_a_crash_between_commit_and_push_heals_itself(server: Server, tmp_path: Path) -> None:
    reader = Reader(server.url)
    eventually(lambda: reader.following)
    died = subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, str(tmp_path / "feed.db")], cwd=ROOT)
    assert died.returncode == -signal.SIGKILL
    eventually(lambda: reader.sees("Committed by the dead"))
    reader.close()


def test_whatever_was_answered_before_kill_9_is_there_and_nothing_twice(server: Server, tmp_path: Path) -> None:
    """Three editors publish with all their might while the server is killed; they repeat what got no answer."""
    reader = Reader(server.url)
    eventually(lambda: reader.following)
    answered: dict[str, int] = {}

    def editor(name: str) -> None:
        for number in range(40):
            key = f"{name}-{number}"
            headers = {"Authorization": f"Bearer {server.token}", "Idempotency-Key": key}

            def publish(key: str = key, headers: dict[str, str] = headers) -> int:
                answer = requests.post(
                    f"{server.url}/api/v1/feeds/news/updates", json={"body": key}, headers=headers, timeout=5
                )
                assert answer.status_code == 201, answer.text
                return int(answer.json()["id"])

            answered[key] = eventually(publish, within=60)

    editors = [threading.Thread(target=editor, args=(name,)) for name in ("a", "b", "c")]
    for each in editors:
        each.start()
    eventually(lambda: len(answered) >= 30)
    before = dict(answered)
    server.kill()
    server.start()
    for each in editors:
        each.join()
    assert len(answered) == 120
    assert before.items() <= answered.items()

    store = Store(tmp_path / "feed.db")
    assert backup.check(store) == []
    with store.read() as db:
        stored = {row["body"]: row["id"] for row in db.execute("SELECT body, id FROM updates")}
        assert db.execute("SELECT count(*) FROM updates").fetchone()[0] == 120
    store.close()
    assert stored == answered
    eventually(lambda: reader.page.version == 120, within=60)
    assert reader.page.shown[:20] == fresh(server)
    assert len(reader.page.items) == 120
    reader.close()


@pytest.mark.long
def test_readers_of_a_killed_worker_lose_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path, WEB_CONCURRENCY="2")
    server.prepare()
    server.start()
    readers = [Reader(server.url) for _ in range(8)]
    eventually(lambda: all(reader.following for reader in readers))
    server.publish("Before")
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: publishes(server, "During"))
    eventually(lambda: len(server.workers()) == 2, within=30)
    server.publish("After")
    for reader in readers:
        eventually(lambda reader=reader: reader.page.shown == fresh(server), within=30)  # type: ignore[misc]
        reader.close()
    server.stop()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_server_told_to_stop_is_gone_in_seconds_although_readers_are_there(
    server: Server, stop: signal.Signals
) -> None:
    """The stock set-up waits for its graceful timeout as long as one idle reader is connected."""
    readers = [Reader(server.url) for _ in range(20)]
    eventually(lambda: all(reader.following for reader in readers))
    server.publish("The last one")
    server.stop(stop)
    assert server.exit_code == 0
    assert "SIGKILL" not in server.log.read_text()
    server.start()
    server.publish("The first of the next server")
    for reader in readers:
        eventually(lambda reader=reader: reader.sees("The first of the next", "The last one"), within=60)  # type: ignore[misc]
        reader.close()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.long
def test_two_servers_that_start_together_on_an_empty_disk_both_come_up(tmp_path: Path) -> None:
    first, second = Server(tmp_path), Server(tmp_path)
    racing = [processes.start(BIN / "flask", "db", "upgrade", cwd=ROOT, env=each.environ) for each in (first, second)]
    assert [each.wait() for each in racing] == [0, 0]
    first.token = second.token = first.add_bob()
    first.start()
    second.start()
    reader = Reader(second.url)
    first.publish("Through the one")
    eventually(lambda: reader.sees("Through the one"))
    second.publish("Through the other")
    eventually(lambda: reader.sees("Through the other", "Through the one"))
    reader.close()
    first.stop()
    second.stop()


def publishes(server: Server, body: str) -> bool:
    """Whether a worker took it; refused connections are an OSError, which `eventually` tries again."""
    server.publish(body)
    return True
