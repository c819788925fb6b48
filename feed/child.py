"""Runs one of our modules in a process of its own, with its input on standard input and its answer on standard output.
Its memory is freed when it ends, and it has neither settings nor secrets of the site.

The process is started with `posix_spawn` and waited for with `waitid` on a native thread: gevent's own subprocesses
work on its loop only, and to fork a worker with many readers would stop it for a long time.
"""

import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from feed.threads import native

_ROOT = str(Path(__file__).parent.parent)


def run(module: str, content: bytes) -> bytes:
    """Returns what `python -m module` writes when it gets `content` as input. Call it on a native thread: it blocks.

    A process that fails or is killed may have written a part of the answer or nothing; the caller must check that the
    answer is complete.
    """
    pid, into, out_of = _spawn(module)
    with open(out_of, "rb", buffering=0) as answers:
        try:
            with suppress(BrokenPipeError), open(into, "wb", buffering=0) as sending:
                _send(sending.fileno(), content)
            return answers.readall() or b""
        finally:
            with suppress(ChildProcessError):  # the loop has already collected the ended process
                native("waitid")(os.P_PID, pid, os.WEXITED)


def limit(memory: int, cpu: int, wall: int) -> None:
    """Bounds this process, as the first that it does: bytes of memory, and seconds of a processor and of the clock."""
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, cpu), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # a system without this limit, or with a lower one
            resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(wall)  # ends the process even inside a library, and when the worker has died


def _spawn(module: str) -> tuple[int, int, int]:
    """Starts the process. Returns its id, the pipe to its input, and the pipe from its output."""
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
