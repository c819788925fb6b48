"""Shared by the scripts: servers and readers, each on a core of its own, figures of processes, and Markdown tables."""

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from servers import FILLED, HERE, Peer, Update

LIBRARIES = {"load_tls": ["-lssl", "-lcrypto"]}
SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 20  # for a server to answer
REST_SECONDS, REST_LOOK_SECONDS = 10, 0.3  # at most, and between two looks
IDLE_SHARE = 0.1  # of a core: what an idle server may use
MOST_FILES = 20_000  # open at once: 10,000 readers who come back, and fetch what they missed


class Bench:
    """One run of a script: a temporary folder with the compiled programs, and a table."""

    def __init__(self, title: str, columns: str, *programs: str) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        os.sched_setaffinity(0, [int(LOAD_CORE)])  # what this process does shall not be in the server's way
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        for name in programs:
            command = ["cc", "-O2", "-o", self.folder / name, HERE / f"{name}.c", *LIBRARIES.get(name, [])]
            subprocess.run(command, check=True)
        self._columns = columns.count("|") + 1
        print(f"{title}\n\n{machine()}")
        if most < MOST_FILES:
            print(f"At most {most} open files; 10,000 readers need {MOST_FILES}: raise `ulimit -Hn`.")
        print(f"\n| {columns} |\n|{'---|' * self._columns}", flush=True)

    def row(self, *cells: str) -> None:
        """Adds a line to the table."""
        print("|", " | ".join(cells), "|", flush=True)

    def present(self, peers: list[Peer]) -> Iterator[Peer]:
        """Returns the peers that are installed, and prints for the others how to get them."""
        for peer in peers:
            if peer.missing:
                self.row(peer.name, f"missing: {peer.missing}", *[""] * (self._columns - 2))
            else:
                yield peer

    def server(self, peer: Peer, cores: str = SERVER_CORE) -> "Server":
        """Runs the peer in a folder of its own; a context manager."""
        return Server(peer, Path(tempfile.mkdtemp(dir=self.folder)), cores)

    def load(self, server: "Server", readers: int, *words: str, program: str = "load") -> "Load":
        """Connects that many readers to the server; a context manager."""
        return self.readers(server.port, server.peer.path, readers, *words, program=program)

    def readers(self, port: int, path: str, count: int, *words: str, program: str = "load") -> "Load":
        """The same at any port."""
        return Load([self.folder / program, port, path, count, *words])


class Server:
    """A running server on a free port."""

    def __init__(self, peer: Peer, folder: Path, cores: str) -> None:
        self.peer = peer
        self.folder = folder
        self._cores = cores
        self.port = free_port()
        self.call = peer.start(self.port, folder)
        self._start()

    def __enter__(self) -> "Server":
        end = monotonic() + START_SECONDS
        while not self._answers():
            if monotonic() > end or self._process.poll() is not None:
                raise SystemExit(f"{self.peer.name} does not start: {(self.folder / 'log').read_text()}")
            sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def update(self, update: Update = FILLED) -> Path:
        """Writes a file with the request that publishes the update, and returns its path."""
        file = self.folder / f"update-{update.name}"
        file.write_text(str(self.call.update(update)))
        return file

    def kill_worker(self) -> None:
        """Kills the serving process with SIGKILL. gunicorn starts another one; for other servers, this does."""
        workers = self.processes()[1:]
        for pid in workers or [self._process.pid]:
            os.kill(pid, signal.SIGKILL)
        if not workers:
            self._process.wait()
            self._start()

    def processes(self) -> list[int]:
        """Returns the server's process and its children."""
        pid = self._process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def memory(self, kind: str = "Pss") -> int:
        """Returns the proportional memory in bytes, without that of the kernel. `Pss_Anon` is what the processes made
        themselves; `Pss` changes too with other programs that load the same libraries."""
        rollups = "".join(Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.processes())
        return sum(int(kilobytes) * 1024 for kilobytes in re.findall(rf"^{kind}: +(\d+)", rollups, re.M))

    def cpu(self) -> float:
        """Returns the processor seconds so far."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def rest(self) -> None:
        """Waits until the processes have nothing left to do, at most REST_SECONDS."""
        end, before = monotonic() + REST_SECONDS, -1.0
        while (now := self.cpu()) - before > IDLE_SHARE * REST_LOOK_SECONDS and monotonic() < end:
            before = now
            sleep(REST_LOOK_SECONDS)

    def _start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", self._cores, *self.call.command],
                cwd=self.call.folder, env={**os.environ, **self.call.environ}, stdout=log, stderr=log,
            )  # fmt: skip

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as client:
            client.sendall(b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
            return bool(client.recv(1))
        return False


class Load:
    """Readers in a process of their own. `connected` is its answer when all were connected."""

    def __init__(self, command: list[object]) -> None:
        self._process = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.connected = self.answer()

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, *words: object) -> dict[str, Any]:
        """Sends a command and returns the answer."""
        self.tell(*words)
        return self.answer()

    def tell(self, *words: object) -> None:
        """Sends a command; read the answer with `answer`."""
        assert self._process.stdin
        print(*words, file=self._process.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        """Returns the next answer."""
        assert self._process.stdout
        assert self._process.stderr
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"load generator: {self._process.stderr.read()}")
        said: dict[str, Any] = json.loads(line)
        return said


def free_port() -> int:
    """Returns a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def machine() -> str:
    """Returns a paragraph with date, machine and versions."""
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    own = [f"{name} {version(name)}" for name in ("gunicorn", "gevent", "Flask", "Flask-SocketIO")]
    npm = json.loads((HERE / "peers/package.json").read_text())["dependencies"]
    pip = re.findall(r"^(fastapi|uvicorn)==([^ ;]+)", (HERE / "requirements.txt").read_text(), re.M)
    programs = [*_version("node", "--version"), *_version("nginx", "-v"), *_version("wrk", "-v")]
    return (
        f"{datetime.date.today()}, {os.cpu_count()} cores{f' ({model[1]})' if model else ''}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {', '.join(own)}. "
        f"Peers: {', '.join(f'{name} {number}' for name, number in [*programs, *npm.items(), *pip])}. "
        "Server and load generator on a core each."
    )


def _version(program: str, option: str) -> list[tuple[str, str]]:
    if not shutil.which(program):
        return []
    said = subprocess.run([program, option], capture_output=True, text=True)
    number = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return [(program, number[0] if number else "?")]


def arguments(purpose: str | None, **defaults: tuple[Any, Any]) -> argparse.Namespace:
    """Reads the command line: `--name value` for each pair of defaults, of which the second is for --quick."""
    parser = argparse.ArgumentParser(description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small and short, to see that it works")
    for name, (default, quick) in defaults.items():
        several = {"nargs": "+", "type": type(default[0])} if isinstance(default, list) else {"type": type(default)}
        parser.add_argument(f"--{name}", help=f"{default}; quick: {quick}", **several)
    asked = parser.parse_args()
    for name, values in defaults.items():
        if getattr(asked, name) is None:
            setattr(asked, name, values[asked.quick])
    return asked
