"""A real gunicorn of our own: started, stopped, killed and started again on the same port and database."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import requests
from argon2 import PasswordHasher

from feed.store import coverage, editors, migrations, tokens
from feed.store.database import Store
from tests import processes
from tests.waiting import eventually

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"
BIN = Path(sys.executable).parent


def free_port() -> int:
    """Returns a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def put_database(path: Path) -> dict[str, str]:
    """Puts a migrated database with the cast at that path, unless one exists; returns each editor's token by name."""
    content, made = _database()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb") as file:
        file.write(content)
    return made


@cache
def _database() -> tuple[bytes, dict[str, str]]:
    """Makes the database once; tests copy it, since migrations and passwords take most of a tenth of a second."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "feed.db")
        migrations.upgrade(store)
        editors.add(store, "alice", PASSWORD, "admin", "Alice Adams", actor=None)
        editors.add(store, "bob", PASSWORD, "editor", "Bob Brown", actor=None)
        made = {name: tokens.add(store, name, "test", actor=None) for name in ("alice", "bob")}
        # A hash says what it costs to check: the least that argon2 takes, since a test signs in up to 240 times.
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        store.write(lambda db: db.execute("UPDATE editors SET password_hash = ?", [quick]))
        store.close()
        return store.path.read_bytes(), made


class Server:
    """A gunicorn on 127.0.0.1 with the code in `root`. `settings` are further environment variables."""

    def __init__(self, folder: Path, root: Path = ROOT, **settings: str) -> None:
        self.root = root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "gunicorn.log"
        self.token = ""
        self.tokens: dict[str, str] = {}
        self.exit_code: int | None = None
        self.environ = {
            **os.environ,
            "FEED_DATABASE": str(folder / "feed.db"),
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the master."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def flask(self, *words: str, line: str = "") -> str:
        """Runs a `flask` command and returns its output."""
        done = subprocess.run(
            [BIN / "flask", *words], cwd=ROOT, env=self.environ, input=f"{line}\n", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def prepare(self) -> None:
        """Makes the database with the cast, and sets bob's token."""
        self.tokens = put_database(Path(self.environ["FEED_DATABASE"]))
        self.token = self.tokens["bob"]

    def start(self, *command: str | Path) -> None:
        """Starts the server, or the given command, and waits until it can write."""
        self.launch(*command)
        eventually(lambda: requests.get(f"{self.url}/readyz", timeout=2).ok, within=30)

    def launch(self, *command: str | Path) -> None:
        """Starts the server without waiting."""
        with open(self.log, "ab") as log:
            self._process = processes.start(
                *(command or [BIN / "gunicorn"]),
                cwd=self.root,
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        """Sends SIGTERM without waiting."""
        assert self._process is not None
        self._process.terminate()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stops the server and waits for its end; kills processes that do not end."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self.exit_code = self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Sends SIGKILL to the master and its workers, and waits for their end."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def version(self, feed: str = "news") -> int:
        """Returns the version of a feed."""
        answer = requests.get(f"{self.url}/feeds/{feed}/changes?after=0", timeout=10).json()
        return int(answer["version"])

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The server's database in this process, which is another one, like that of a command, and need not start."""
        store = Store(Path(self.environ["FEED_DATABASE"]))
        try:
            yield store
        finally:
            store.close()

    def add_bob(self) -> str:
        """Makes the editor bob in a database without one, and returns a token of his."""
        with self.store() as store:
            editors.add(store, "bob", PASSWORD, "editor", actor=None)
            return tokens.add(store, "bob", "test", actor=None)

    def coverage(self, feed: str, *, is_open: bool, **closing: str) -> None:
        """Opens coverage, or closes it with these words, as another process would."""
        with self.store() as store:
            if is_open:
                coverage.reopen(store, feed, None)
            else:
                coverage.close(store, feed, None, closing)

    def publish(self, body: str, feed: str = "news", **more: Any) -> dict[str, Any]:
        """Publishes through the API."""
        return self.api("POST", f"/api/v1/feeds/{feed}/updates", {"body": body, **more})

    def at_desk(self, name: str = "bob") -> requests.Session:
        """A new browser in which that editor is signed in; its requests have the headers of the desk's own pages."""
        browser = requests.Session()
        browser.headers.update({"Origin": self.url, "Sec-Fetch-Site": "same-origin"})
        form = {"name": name, "password": PASSWORD}
        answer = browser.post(f"{self.url}/desk/sign-in", form, allow_redirects=False, timeout=10)
        assert answer.status_code == 303, answer.text
        return browser

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Calls the API, and fails if it refuses."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """Runs a server on a new database in that folder; a context manager. It is killed at the end, since an orderly stop
    takes a second and has tests of its own."""
    running = Server(folder, **settings)
    try:
        running.prepare()
        running.start()
        yield running
    finally:
        running.kill()
