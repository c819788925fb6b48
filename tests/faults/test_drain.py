"""A worker that ends: its readers move to the next one by one, nothing is lost, and no editor's request fails."""

import asyncio
import http.client
import json
import os
import shutil
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from feed.store import publishing, tokens
from feed.store.database import Store
from tests.crowd import UPGRADE, Crowd
from tests.server import BIN, ROOT, Server
from tests.waiting import eventually

READERS = 200
WINDOW_SECONDS = 2  # FEED_DRAIN_SECONDS
KILLED = ("SIGKILL", "WORKER TIMEOUT")  # what gunicorn's master says of a worker that did not end by itself in time


class Editor(threading.Thread):
    """Publishes all the time. On a connection that is kept open, an answer may fail to come in one way: the server
    hung up before it said anything; then, and then only, the editor's client asks again."""

    def __init__(self, server: Server, name: str, *, keep_alive: bool) -> None:
        super().__init__(name=name)
        self._server = server
        self._keep_alive = keep_alive
        self._over = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self.published: list[int] = []
        self.troubles: list[Any] = []
        self.start()

    def run(self) -> None:
        number = 0
        while not self._over.wait(0.05):
            number += 1
            try:
                status, answer = self._publish(f"{self.name} {number}")
                if status == 201:
                    self.published.append(answer["version"])
                else:
                    self.troubles.append((status, answer))
            except (OSError, http.client.HTTPException) as error:
                self.troubles.append(error)

    def stop(self) -> None:
        """Publishes no more."""
        self._over.set()
        self.join()

    def _publish(self, body: str) -> tuple[int, Any]:
        kept = self._connection
        connection = kept or http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        headers = {
            "Authorization": f"Bearer {self._server.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": body,
            "Connection": "keep-alive" if self._keep_alive else "close",
        }
        self._connection = None
        try:
            connection.request("POST", "/api/v1/feeds/news/updates", json.dumps({"body": body}), headers)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            if kept:
                return self._publish(body)
            raise
        text = answer.read()
        if self._keep_alive and not answer.will_close:
            self._connection = connection
        else:
            connection.close()
        return answer.status, json.loads(text)


class Elsewhere(threading.Thread):
    """Publishes all the time, from outside of gunicorn: also while no worker takes requests."""

    def __init__(self, server: Server) -> None:
        super().__init__(name="elsewhere")
        self._store = Store(Path(server.environ["FEED_DATABASE"]))
        with self._store.read() as db:
            self._bob = tokens.editor_of(db, server.token)
        self._over = threading.Event()
        self.published: list[int] = []

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.published.append(
                publishing.publish(self._store, "news", self._bob, {"body": "From elsewhere"}).version
            )

    def __enter__(self) -> "Elsewhere":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._store.close()


@pytest.fixture
def editors(server: Server) -> Iterator[list[Editor]]:
    """One who opens a connection for each update, and one who keeps it."""
    busy = [Editor(server, "each its own", keep_alive=False), Editor(server, "kept open", keep_alive=True)]
    yield busy
    for each in busy:
        each.stop()


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the server of a test is started with, beside room for a crowd from one address."""
    return dict(getattr(request, "param", {}))


@pytest.fixture
def server(tmp_path: Path, settings: dict[str, str]) -> Iterator[Server]:
    """gunicorn with room for a crowd."""
    running = Server(tmp_path, FEED_MAX_READERS_PER_ADDRESS="2000", FEED_DRAIN_SECONDS=str(WINDOW_SECONDS), **settings)
    running.prepare()
    running.start()
    # A crowd that comes while only one worker listens is all its own.
    workers = f"liveline_workers {settings.get('WEB_CONCURRENCY', '1')}.0"
    eventually(lambda: workers in requests.get(f"{running.url}/metrics", timeout=5).text)
    yield running
    if running.exit_code is None:
        running.kill()  # to end in order is for the tests


@pytest.fixture
def crowd(server: Server) -> Iterator[Crowd]:
    """Readers of the News Feed."""
    readers = Crowd(server, READERS)
    yield readers
    readers.close()


def hang_up(server: Server) -> None:
    """A deploy: new workers come, the old ones go."""
    os.kill(server.pid, signal.SIGHUP)


def end_the_worker(server: Server) -> None:
    """gunicorn's master replaces it when it is gone."""
    os.kill(server.workers()[0], signal.SIGTERM)


def let_it_recycle(server: Server) -> None:
    """The editors' requests do it."""


# Editors' requests alone count, not the crowd's coming and coming back.
RECYCLING = {"GUNICORN_CMD_ARGS": "--max-requests 150"}


@pytest.mark.parametrize(
    ("settings", "end"), [({}, hang_up), ({}, end_the_worker), (RECYCLING, let_it_recycle)], indirect=["settings"]
)
@pytest.mark.long
def test_readers_move_on_one_by_one_and_editors_do_not_notice(
    server: Server, crowd: Crowd, editors: list[Editor], end: Callable[[Server], None]
) -> None:
    [old] = server.workers()
    eventually(lambda: all(editor.published for editor in editors))
    with Elsewhere(server) as elsewhere:
        eventually(lambda: elsewhere.published)
        end(server)
        eventually(lambda: old not in server.workers(), within=60)
    eventually(lambda: all(len(lives) > 1 for lives in crowd.lives()), within=60)
    for editor in editors:
        editor.stop()
        assert editor.troubles == []
    assert not any(word in server.log.read_text() for word in KILLED)
    published = elsewhere.published + [version for editor in editors for version in editor.published]
    assert sorted(published) == list(range(1, len(published) + 1)) == list(range(1, server.version() + 1))
    eventually(lambda: crowd.follows(len(published)))

    lives = crowd.lives()
    assert all(life.whole for each in lives for life in each)
    first = sorted((each[0] for each in lives), key=lambda life: life.ended or 0)
    assert {life.code for life in first} == {1012}
    # Not all at once: who is let go later still gets what is published meanwhile.
    last = Counter(life.version for life in first)
    assert first[0].version < first[READERS // 2].version < first[-1].version
    assert max(last.values()) < READERS / 2


@pytest.mark.parametrize("settings", [{}, {"FEED_TRANSPORT": "loop"}], indirect=True)
def test_a_server_told_to_stop_is_gone_in_seconds_whoever_holds_on_to_it(server: Server, crowd: Crowd) -> None:
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    held[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")  # and keeps the connection
    held[1].sendall(b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nUpg")  # and does not go on
    assert held[0].recv(100).startswith(b"HTTP/1.1 200 ")
    server.stop()
    assert server.exit_code == 0
    assert not any(word in server.log.read_text() for word in KILLED)
    assert {lives[0].code for lives in crowd.lives()} == {1012}
    for each in held:
        each.close()


@pytest.mark.parametrize("settings", [{"WEB_CONCURRENCY": "2"}], indirect=True)
def test_readers_of_another_worker_see_nothing_of_it(server: Server, crowd: Crowd, editors: list[Editor]) -> None:
    ending, staying = server.workers()
    open_sockets = sockets_of(ending)
    assert READERS / 10 < open_sockets < READERS * 9 / 10  # the kernel shares them out, and not evenly
    os.kill(ending, signal.SIGTERM)
    eventually(lambda: ending not in server.workers() and len(server.workers()) == 2, within=60)
    assert staying in server.workers()
    for editor in editors:
        editor.stop()
        assert editor.troubles == []
    eventually(lambda: crowd.follows(server.version()), within=60)
    lives = crowd.lives()
    assert all(life.whole for each in lives for life in each)
    assert sum(len(each) > 1 for each in lives) == pytest.approx(open_sockets, abs=READERS // 20)


@pytest.mark.parametrize("settings", [{"GUNICORN_CMD_ARGS": "--max-requests 400"}], indirect=True)
@pytest.mark.long
def test_who_came_in_is_answered_however_many_come_while_a_worker_ends(server: Server) -> None:
    """Without our help gunicorn resets a hundred connections each time."""

    async def visit() -> bytes:
        stream, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await stream.read()
        writer.close()
        return answer[:13]

    async def visits(over: asyncio.Event) -> None:
        while not over.is_set():
            assert await visit() == b"HTTP/1.1 200 "

    async def crowd() -> None:
        over, seen = asyncio.Event(), set()
        visitors = asyncio.gather(*(visits(over) for _ in range(200)))
        while len(seen) < 3 and not visitors.done():
            seen.update(server.workers())
            await asyncio.sleep(0.02)
        over.set()
        await visitors

    with ThreadPoolExecutor(1) as thread:  # this one may be a browser's, with a loop of its own
        thread.submit(lambda: asyncio.run(crowd())).result()


def test_what_is_deployed_is_served_all_of_it_and_nothing_of_what_was_before(tmp_path: Path) -> None:
    services = tmp_path / "services"
    for folder in ("feed", "static", "templates"):
        shutil.copytree(ROOT / folder, services / folder)
    for file in ("app.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / file, services)
    # Python takes a file that changed twice within a second, and kept its size, for the same.
    server = Server(tmp_path, FEED_MAX_READERS="1", PYTHONDONTWRITEBYTECODE="1")
    server.prepare()
    server.start("sh", "-c", f"cd {services} && exec {BIN / 'gunicorn'}")

    def change(file: str, old: str, new: str) -> None:
        text = (services / file).read_text()
        assert text.count(old) == 1
        (services / file).write_text(text.replace(old, new))

    def retry_after() -> str | None:
        """What the second reader is told."""
        with socket.create_connection(("127.0.0.1", server.port)) as first:
            first.sendall(UPGRADE + b"\r\n")
            assert first.recv(4096).startswith(b"HTTP/1.1 101 ")
            path = "/socket.io/?EIO=4&transport=websocket"
            key = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "A" * 22 + "=="}
            refused = requests.get(server.url + path, headers={**key, "Connection": "Upgrade"}, timeout=5)
            return refused.headers.get("Retry-After")

    assert retry_after() == "30"
    change("feed/live/admission.py", "RETRY_SECONDS = 30", "RETRY_SECONDS = 31")
    [old] = server.workers()
    os.kill(old, signal.SIGKILL)  # before anybody has told the master of it
    eventually(lambda: retry_after() == "31")
    run = "            super().run()\n"
    change("feed/live/direct/worker.py", run, f"            print('the new worker')\n{run}")
    change("feed/live/admission.py", "RETRY_SECONDS = 31", "RETRY_SECONDS = 32")
    hang_up(server)
    eventually(lambda: retry_after() == "32", within=30)
    server.stop()
    assert "the new worker" in server.log.read_text()


def sockets_of(process: int) -> int:
    """How many sockets that process has open."""
    files = Path(f"/proc/{process}/fd").iterdir()
    return sum(os.readlink(each).startswith("socket:") for each in files)
