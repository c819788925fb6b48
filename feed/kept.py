"""Keeps on the disk what takes long to make from our own files, so that the next process need not make it anew.

It is kept as Python keeps compiled code: in `__pycache__` or below PYTHONPYCACHEPREFIX, in no file at all if
PYTHONDONTWRITEBYTECODE is set or the folder is read-only, and each file is replaced as a whole. It is used as long as
nothing has changed of which it was made. A file that is torn or of something else is as good as none.
"""

import os
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

DIGEST_BYTES = 32  # of SHA-256


def folder(name: str) -> Path:
    """The folder of that name for kept files; it need not exist."""
    return Path(cache_from_source(__file__)).with_name(name)


def load(path: Path, made_of: bytes) -> bytes | None:
    """Returns what `save` put there, or None if it was made of something else."""
    with suppress(OSError):
        digest, content = (kept := path.read_bytes())[:DIGEST_BYTES], kept[DIGEST_BYTES:]
        if digest == _digest(made_of, content):
            return content
    return None


def save(path: Path, made_of: bytes, content: bytes) -> None:
    """Keeps that content, if it can. `made_of` is all that it depends on: a source, and what turned it into this."""
    if sys.dont_write_bytecode:
        return
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        mine.write_bytes(_digest(made_of, content) + content)
        mine.replace(path)


def _digest(made_of: bytes, content: bytes) -> bytes:
    return sha256(sha256(made_of).digest() + content).digest()
