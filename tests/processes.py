"""Every process that a test starts ends with that test, however the test ends, and none outlives the suite.

A process inherits its parent's environment and keeps it when the parent has ended. So each process below a test has
RUN, the id of the whole run, and PART, that of pytest's process, and is found by them in /proc. Without /proc (macOS)
nothing is searched; nor is it around a test that has started nothing, as most tests do.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.waiting import eventually

RUN, PART = "LIVELINE_TEST_RUN", "LIVELINE_TEST_PART"
ENDING_SECONDS = 5.0  # for what has been killed, or whose parent has gone
_PROC = Path("/proc")

STARTING = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"}
"""What Python tells its audit hooks when it starts a process, in whichever way."""

begun = 0
"""How many processes this one has started."""

_looked: tuple[int, set[int]] = (-1, set())
"""What `before_a_test` found last, and the value of `begun` then."""

_foreign: set[int] = set()
"""Ids that were looked at and do not belong to this part; their environment never changes."""

started: "list[subprocess.Popen[Any]]" = []
"""What this part has started with `start`, as far as nobody knows that it ended."""


def _count(event: str, _: object) -> None:
    global begun
    if event in STARTING:
        begun += 1


sys.addaudithook(_count)


def begin() -> None:
    """Marks all later processes below this one as part of this run. The first call in a run names the run."""
    os.environ.setdefault(RUN, secrets.token_hex(8))
    os.environ[PART] = secrets.token_hex(8)


def start(*command: str | Path, **options: Any) -> "subprocess.Popen[Any]":
    """Calls subprocess.Popen. The process is waited for even if the test fails before it does so itself; Python would
    warn of a forgotten one, in whichever test runs then."""
    started.append(subprocess.Popen(command, **options))
    return started[-1]


def of_this_part() -> set[int]:
    """Returns the ids of the running processes that were started below this one."""
    listed = _listed()
    _foreign.intersection_update(listed)
    ours = {pid for pid in listed - _foreign if _carries(pid, PART)} - {os.getpid()}
    _foreign.update(listed - ours)
    return ours


def before_a_test() -> set[int]:
    """Returns those of `of_this_part`, as they were found last if this process has started none since."""
    global _looked
    if _looked[0] != begun:
        _looked = begun, of_this_part()
    return _looked[1]


def still_left_since(before: set[int]) -> set[int]:
    """Returns those of `left_since` that do not end soon: one that was killed with its parent takes a moment. `before`
    is what `before_a_test` returned."""
    return _lasting(lambda: left_since(before)) if _looked[0] != begun else set()


def still_of_this_run() -> set[int]:
    """Returns those of `of_this_run` that do not end soon."""
    return _lasting(of_this_run)


def left_since(before: set[int]) -> set[int]:
    """Returns those that were not there before and are no children of those, such as a window of the suite's
    browser."""
    return {pid for pid in of_this_part() - before if _runs(pid) and not _ancestors(pid) & before}


def of_this_run() -> set[int]:
    """Returns the ids of all running processes that were started in this run."""
    listed = _listed()
    return {pid for pid in listed if _carries(pid, RUN) and _runs(pid)} - {os.getpid()}


def end(processes: Iterable[int]) -> None:
    """Kills them."""
    for pid in processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    eventually(lambda: not any(_runs(pid) for pid in processes), within=ENDING_SECONDS)
    started[:] = [each for each in started if each.poll() is None]


def named(processes: Iterable[int]) -> list[str]:
    """Returns a readable name for each process."""
    return [f"{pid}: {_read(pid, 'cmdline').replace(chr(0), ' ')[:200]}" for pid in sorted(processes)]


def _lasting(look: Callable[[], set[int]]) -> set[int]:
    try:
        eventually(lambda: not look(), within=ENDING_SECONDS)
    except AssertionError:
        return look()
    return set()


def _listed() -> set[int]:
    """Returns the ids of all processes. Each test asks twice, and pathlib's `glob` takes ten times as long."""
    return {int(name) for name in os.listdir(_PROC) if name.isdecimal()} if _PROC.exists() else set()


def _carries(pid: int, name: str) -> bool:
    return f"{name}={os.environ[name]}" in _read(pid, "environ").split("\0")


def _runs(pid: int) -> bool:
    """Whether the process is running; a zombie is not."""
    return _stat(pid)[0] not in ("", "Z", "X")


def _ancestors(pid: int) -> set[int]:
    found: set[int] = set()
    while pid > 1 and pid not in found:
        pid = int(_stat(pid)[1])
        found.add(pid)
    return found


def _stat(pid: int) -> tuple[str, str]:
    """Returns state and parent of a process. The name before them in the file may contain any character."""
    fields = _read(pid, "stat").rpartition(") ")[2].split()
    return (fields[0], fields[1]) if fields else ("", "0")


def _read(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text(errors="replace")
    except OSError:  # it has ended, or is another user's
        return ""
