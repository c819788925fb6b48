"""A real Redis of a test's own, which can be stopped, paused, emptied and started again on the same port."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis, RedisError

from tests import processes
from tests.server import free_port
from tests.waiting import eventually

SECRET = "a key that the writer and all nodes share"


class Broker:
    """A redis-server on 127.0.0.1, with its files in `folder`. `options` are arguments such as "--maxmemory"."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port, socket_timeout=5)
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it with what its folder holds, and waits until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        own = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "")
        with open(self._folder / "redis.log", "ab") as log:
            self._process = processes.start("redis-server", *own, *self._options, stdout=log, stderr=log)
        eventually(self._answers, within=20)

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Lets it answer nothing, with its connections open."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with suppress(RedisError):
            return bool(self.client.ping())
        return False


@contextmanager
def brokering(folder: Path, *options: str) -> Iterator[Broker]:
    """A broker that runs; the test is skipped where there is no redis-server."""
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed (Debian: apt install redis-server)")
    broker = Broker(folder / "redis", *options)
    broker.start()
    try:
        yield broker
    finally:
        broker.client.close()
        broker.stop()
