"""Imports Socket.IO without what it would only use as a client or with a message queue of its own.

Its packages import each of these libraries if it is installed: Redis' client, which is here for reader nodes, or
`requests`, which tests bring along. That is a third of the start of a process, and 15 MB of each.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

UNUSED = ("redis", "valkey", "kombu", "kafka", "aio_pika", "requests", "websocket", "aiohttp")


@contextmanager
def without(names: Iterable[str]) -> Iterator[None]:
    """Within it, these packages seem not to be installed, as far as they were not imported before: that is what None
    means to `import`."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with without(UNUSED):
    import socketio as socketio
