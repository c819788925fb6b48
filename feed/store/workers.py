"""Workers, the processes that share this database: their names, and which of them have ended.

A worker that ends in order says so. One that was killed is recognised by its process, where that can be seen, or else
by its silence.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

FRESH_SECONDS = 40  # a worker that has not reported for so long has ended; a running one reports twice in that time


def new_worker() -> str:
    """A name for this process, as long as it runs: its number, where that number counts, and something unique."""
    return f"{os.getpid()}-{_here()}-{secrets.token_hex(4)}"


def has_ended(worker: str) -> bool:
    """Whether that worker is a process of this machine, or container, that runs no longer."""
    number, _, rest = worker.partition("-")
    if not number.isdecimal() or rest.partition("-")[0] != _here():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it runs under another account
        return False
    return False


@cache
def machine() -> str:
    """Names this machine since its start, among others; "" where the system does not say."""
    with suppress(OSError):
        return hashlib.sha256(Path("/proc/sys/kernel/random/boot_id").read_bytes()).hexdigest()[:8]
    return ""


def _here() -> str:
    """Where process numbers count: on this machine, and in this container, which has numbers of its own."""
    with suppress(OSError):
        return f"{machine()}{os.stat('/proc/self/ns/pid').st_ino}"
    return machine()
