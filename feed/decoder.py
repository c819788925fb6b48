"""Pictures are decoded in a process of their own, with limits of memory and time: a file made to break or to fill a
decoder costs a refusal, and what decoding took is given back with its process.
"""

import io
import json
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict

from feed import child, picture
from feed.errors import Invalid, Message
from feed.picture import SafePicture

MEMORY_BYTES = 1536 * 1024**2  # 50 million pixels of a WebP, turned and copied, take 1,250 MB
CPU_SECONDS = 20  # 50 million pixels with a profile take 10 on a slow machine
WALL_SECONDS = 60  # on a machine that is busy with other things
FILES = ("full", "small", "tiny")  # what the answer holds behind its first line, in this order
TOO_MUCH = Message("This picture takes too much memory or time to read; save it anew, or make it smaller.")


def rewrite(upload: bytes) -> SafePicture:
    """`picture.rewrite` in a process of its own. Call it on a native thread: it blocks. Raises Invalid."""
    picture.check_size(upload)  # or it would be sent first
    return _understood(child.run("feed.decoder", upload))


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
        assert isinstance(sentence, Message)  # noqa: S101 - for the types; all refusals of a picture are sentences
        _answer({"refused": sentence.message, "values": sentence.values})
        return
    _answer(asdict(safe) | {name: len(getattr(safe, name)) for name in FILES}, *(getattr(safe, name) for name in FILES))


def _answer(said: dict[str, object], *files: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + b"".join(files))
    sys.stdout.buffer.flush()


def _understood(answer: bytes) -> SafePicture:
    """What the process said. Half an answer is none: it was ended, or it fell."""
    head, newline, files = answer.partition(b"\n")
    said = json.loads(head) if newline else {}
    if "refused" in said:
        message, values = said["refused"], said["values"]
        raise picture.refused(Message(message, **values))
    if not said or len(files) != sum(said[name] for name in FILES):
        raise picture.refused(TOO_MUCH)
    reading = io.BytesIO(files)
    return SafePicture(**said | {name: reading.read(said[name]) for name in FILES})


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):  # a system without this limit, or with a lower one
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
