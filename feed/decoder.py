"""Decodes pictures in a process of its own, with limits of memory and time. A file that breaks a decoder or fills its
memory ends in a refusal, and the memory is freed with the process.
"""

import io
import json
import sys
from dataclasses import asdict

from feed import child, picture
from feed.errors import Invalid, Message
from feed.picture import SafePicture

MEMORY_BYTES = 1536 * 1024**2  # 50 million pixels of a WebP, turned and copied, take 1,250 MB
CPU_SECONDS = 20  # 50 million pixels with a profile take 10 on a slow machine
WALL_SECONDS = 60  # the same on a busy machine
FILES = ("full", "small", "tiny")  # the order in which the answer has them after its first line
TOO_MUCH = Message("This picture takes too much memory or time to read; save it anew, or make it smaller.")


def rewrite(upload: bytes) -> SafePicture:
    """Runs `pixels.rewrite` in a process of its own. Call it on a native thread: it blocks. Raises Invalid."""
    picture.check_size(upload)  # before the upload is sent to the process
    return _understood(child.run("feed.decoder", upload))


def main() -> None:
    """The process: sets its limits, then reads the upload."""
    child.limit(MEMORY_BYTES, CPU_SECONDS, WALL_SECONDS)
    from feed import pixels  # imported here, because a worker does not decode

    try:
        safe = pixels.rewrite(sys.stdin.buffer.read())
    except Invalid as error:
        sentence = error.reasons[0].message
        assert isinstance(sentence, Message)  # noqa: S101 - for the types; each refusal of a picture is a Message
        _answer({"refused": sentence.message, "values": sentence.values})
        return
    _answer(asdict(safe) | {name: len(getattr(safe, name)) for name in FILES}, *(getattr(safe, name) for name in FILES))


def _answer(said: dict[str, object], *files: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + b"".join(files))
    sys.stdout.buffer.flush()


def _understood(answer: bytes) -> SafePicture:
    """Reads the answer of the process. Raises Invalid if it is incomplete, because the process was killed or
    crashed."""
    head, newline, files = answer.partition(b"\n")
    said = json.loads(head) if newline else {}
    if "refused" in said:
        message, values = said["refused"], said["values"]
        raise picture.refused(Message(message, **values))
    if not said or len(files) != sum(said[name] for name in FILES):
        raise picture.refused(TOO_MUCH)
    reading = io.BytesIO(files)
    return SafePicture(**said | {name: reading.read(said[name]) for name in FILES})


if __name__ == "__main__":
    main()
