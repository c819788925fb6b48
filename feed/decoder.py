"""Pictures are decoded in a process of their own, with limits of memory and time: a file made to break or to fill a
decoder costs a refusal, and what decoding took is given back with its process. The process gets the upload on its
standard input and answers on its standard output; it knows neither settings nor secrets of the site.

Started by `posix_spawn` and waited for by `waitid` on a native thread: gevent's own subprocesses work on its loop only,
and a fork of a worker with many readers would stop it for long.
"""

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from feed import picture
from feed.errors import Invalid, Sentence
from feed.picture import SafePicture
from feed.threads import native

MEMORY_BYTES = 1536 * 1024**2  # 50 million pixels of a WebP, turned and copied, take 1,250 MB
CPU_SECONDS = 20  # 50 million pixels with a profile take 10 on a slow machine
WALL_SECONDS = 60  # on a machine that is busy with other things
TOO_MUCH = Sentence("This picture takes too much memory or time to read; save it anew, or make it smaller.")
_ROOT = str(Path(__file__).parent.parent)


def rewrite(upload: bytes) -> SafePicture:
    """`picture.rewrite` in a process of its own. Call it on a native thread: it blocks. Raises Invalid."""
    picture.check_size(upload)  # or it would be sent first
    pid, into, out_of = _spawn()
    with open(out_of, "rb", buffering=0) as answers:
        try:
            with suppress(BrokenPipeError), open(into, "wb", buffering=0) as sending:
                _send(sending.fileno(), upload)
            answer = answers.readall() or b""
        finally:
            with suppress(ChildProcessError):  # a loop's own look for ended processes was quicker
                native("waitid")(os.P_PID, pid, os.WEXITED)
    return _understood(answer)


def main() -> None:
    """The process: limits first, then the upload."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)  # ends the process inside a decoder too, and when the worker is gone
    try:
        safe = picture.rewrite(sys.stdin.buffer.read())
    except Invalid as error:
        sentence = error.reasons[0].message
        assert isinstance(sentence, Sentence)  # noqa: S101 - for the types; all refusals of a picture are sentences
        _answer({"refused": sentence.message, "values": sentence.values})
        return
    said = asdict(safe) | {"full": len(safe.full), "small": len(safe.small)}
    _answer(said, safe.full, safe.small)


def _spawn() -> tuple[int, int, int]:
    """Begins the process: its id, the pipe into it, and the pipe out of it."""
    its_input, into = os.pipe()
    out_of, its_output = os.pipe()
    try:
        pid: int = native("posix_spawn")(
            sys.executable,
            [sys.executable, "-P", "-m", "feed.decoder"],
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


def _answer(said: dict[str, object], *files: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + b"".join(files))
    sys.stdout.buffer.flush()


def _understood(answer: bytes) -> SafePicture:
    """What the process said. Half an answer is none: it was ended, or it fell."""
    head, newline, files = answer.partition(b"\n")
    said = json.loads(head) if newline else {}
    if "refused" in said:
        message, values = said["refused"], said["values"]
        raise picture.refused(Sentence(message, **values))
    if not said or len(files) != said["full"] + said["small"]:
        raise picture.refused(TOO_MUCH)
    return SafePicture(**said | {"full": files[: said["full"]], "small": files[said["full"] :]})


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):  # a system without this limit, or with a lower one
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
