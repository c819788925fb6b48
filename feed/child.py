"""Runs a module of ours in a process of its own, which gets its input on standard input and answers on standard output:
what it takes in memory is given back when it ends, and it knows neither settings nor secrets of the site.

The process is started by `posix_spawn` and waited for by `waitid` on a native thread: gevent's own subprocesses work on
its loop only, and a fork of a worker with many readers would stop it for long.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from feed.threads import native

_ROOT = str(Path(__file__).parent.parent)


def run(module: str, content: bytes) -> bytes:
    """What `python -m module` answers to that input. Call it on a native thread: it blocks.

    A process that fails or is ended may have answered in part or not at all: the caller has to know a whole answer.
    """
    pid, into, out_of = _spawn(module)
    with open(out_of, "rb", buffering=0) as answers:
        try:
            with suppress(BrokenPipeError), open(into, "wb", buffering=0) as sending:
                _send(sending.fileno(), content)
            return answers.readall() or b""
        finally:
            with suppress(ChildProcessError):  # a loop's own look for ended processes was quicker
                native("waitid")(os.P_PID, pid, os.WEXITED)


def _spawn(module: str) -> tuple[int, int, int]:
    """Begins the process: its id, the pipe into it, and the pipe out of it."""
    its_input, into = os.pipe()
    out_of, its_output = os.pipe()
    try:
        pid: int = native("posix_spawn")(
            sys.executable,
            [sys.executable, "-P", "-m", module],
            {"PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, sys.path)])},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, its_input, 0),
                (os.POSIX_SPAWN_DUP2, its_output, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
    except OSError:
        os.close(into)
        os.close(out_of)
        raise
    finally:
        os.close(its_input)
        os.close(its_output)
    return pid, into, out_of


def _send(pipe: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(pipe, rest) :]
