"""A restore while editors write: every write answered with 200 is kept, and a restore that is killed changes
nothing."""

import os
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from feed import times
from feed.store import backup, editors, publishing, restoring, tokens, updates
from feed.store.database import Locked, Restoring, Store, sqlite3
from feed.store.hashes import hashed
from tests.server import BIN, ROOT, Server
from tests.waiting import eventually

UPDATES, TOKENS = 1_500, 300  # more than can be retracted and revoked, one by one, before the restore is over


@dataclass
class Backup:
    """A backup of many updates, none retracted, and of many tokens of bob, all valid."""

    path: Path
    tokens: list[str]

    def enlarge(self, megabytes: int) -> None:
        """Makes the file that large, by a table that nothing reads."""
        db = sqlite3.connect(self.path)
        db.execute("CREATE TABLE filler (content)")
        for _ in range(megabytes):
            db.execute("INSERT INTO filler VALUES (zeroblob(1024 * 1024))")
        db.commit()
        db.close()
        assert self.path.stat().st_size >= megabytes * 1024 * 1024


@pytest.fixture
def filled(server: Server, tmp_path: Path) -> Backup:
    """The backup of the server's database."""
    store = Store(tmp_path / "feed.db")
    with store.read() as db:
        bob = editors.by_name(db, "bob")
    row = {"headline": None, "body": "x", "html": "<p>x</p>", "key": False, "pinned": False}
    store.write(lambda db: [publishing.put(db, "news", bob, dict(row), actor=bob) for _ in range(UPDATES)])
    laptops = [f"a token {number}" for number in range(TOKENS)]
    made = {"created_at": times.now(), "expires_at": None, "scopes": None}
    rows = [{**made, "name": f"laptop {number}", "hash": hashed(laptop)} for number, laptop in enumerate(laptops)]
    store.write(lambda db: [tokens._add(db, "bob", row, None, None) for row in rows])
    db = store.connect()
    db.execute(
        "VACUUM INTO ?", [str(tmp_path / "site.backup")]
    )  # a backup of an earlier release, which can be enlarged
    db.close()
    store.close()
    return Backup(tmp_path / "site.backup", laptops)


def begun_restore(server: Server, taken: Backup) -> "subprocess.Popen[bytes]":
    """Starts `flask db restore` and returns its process."""
    command = [BIN / "flask", "db", "restore", str(taken.path)]
    return subprocess.Popen(command, cwd=ROOT, env=server.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def says_restoring(store: Store) -> bool:
    """Whether the database says that a restore is under way."""
    with store.read() as db:
        return bool(db.execute("PRAGMA user_version").fetchone()[0] == restoring.UNDER_WAY)


@pytest.mark.long
def test_what_was_answered_while_100_megabytes_were_restored_holds(
    server: Server, filled: Backup, tmp_path: Path
) -> None:
    filled.enlarge(100)
    store = Store(tmp_path / "feed.db")
    answers: dict[int, requests.Response] = {}
    revoked: list[str] = []
    over = threading.Event()

    def retract() -> None:
        headers = {"Authorization": f"Bearer {server.token}"}
        for update_id in range(1, UPDATES + 1):
            if not over.is_set():
                address = f"{server.url}/api/v1/updates/{update_id}"
                answers[update_id] = requests.delete(address, headers=headers, timeout=30)

    def revoke() -> None:
        for number, laptop in enumerate(filled.tokens):
            if not over.is_set():
                with suppress(Restoring, Locked):
                    tokens.revoke(store, "bob", f"laptop {number}", actor=None)
                    revoked.append(laptop)

    process = begun_restore(server, filled)
    writers = [threading.Thread(target=each) for each in (retract, revoke)]
    for each in writers:
        each.start()
    _, err = process.communicate(timeout=120)
    over.set()
    for each in writers:
        each.join()
    assert process.returncode == 0, err
    retracted = [update_id for update_id, answer in answers.items() if answer.status_code == 200]
    assert retracted, "nothing was retracted meanwhile, so nothing could come back"
    assert revoked, "nothing was revoked meanwhile"
    others = [answer for answer in answers.values() if answer.status_code != 200]
    assert {(answer.status_code, bool(answer.headers.get("Retry-After"))) for answer in others} <= {(503, True)}
    with store.read() as db:
        assert {update_id for update_id in retracted if not updates.get_any(db, update_id).retracted_at} == set()
        assert [laptop for laptop in revoked if whose(db, laptop)] == []
    assert {requests.get(f"{server.url}/updates/{update_id}", timeout=10).status_code for update_id in retracted} == {
        410
    }
    assert backup.check(store) == []
    store.close()


def whose(db: Any, token: str) -> str | None:
    """The name of the editor whose token it is."""
    try:
        return tokens.editor_of(db, token).name
    except LookupError:
        return None


def test_a_restore_that_is_killed_leaves_a_site_that_can_write(server: Server, filled: Backup, tmp_path: Path) -> None:
    filled.enlarge(150)
    store = Store(tmp_path / "feed.db")
    server.publish("Since the backup")
    process = begun_restore(server, filled)
    eventually(lambda: says_restoring(store), within=30)
    os.kill(process.pid, signal.SIGSTOP)
    assert says_restoring(store), "it was too quick to be caught in the middle"
    refused = requests.post(
        f"{server.url}/api/v1/feeds/news/updates",
        json={"body": "Meanwhile"},
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=10,
    )
    assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert refused.headers["Retry-After"]
    ready = requests.get(f"{server.url}/readyz", timeout=10)
    assert ready.status_code == 503
    assert "Since the backup" in requests.get(f"{server.url}/feeds/news", timeout=10).text, "readers read on"

    process.kill()
    process.communicate()
    server.publish("After")
    assert not says_restoring(store)
    page = requests.get(f"{server.url}/feeds/news", timeout=10).text
    assert "After" in page
    assert "Since the backup" in page
    assert "Meanwhile" not in page
    assert backup.check(store) == []
    assert "Traceback" not in server.log.read_text()
    store.close()


def test_two_restores_at_once_are_one_after_the_other(server: Server, filled: Backup, tmp_path: Path) -> None:
    both = [begun_restore(server, filled) for _ in range(2)]
    for each in both:
        _, err = each.communicate(timeout=120)
        assert each.returncode == 0, err
    server.publish("After both")
    store = Store(tmp_path / "feed.db")
    assert backup.check(store) == []
    store.close()
