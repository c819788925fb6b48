"""Notices at once that any process writes to the database, by inotify (Linux). So whoever follows the log need not ask
the database a hundred times a second.

A write is seen before its commit is: SQLite appends to the write-ahead log, brings that to the disk, and only then lets
others see it. So a write says that it is worth asking for a moment, and nothing more.
"""

import ctypes
import os
import select
import struct
from collections.abc import Iterator
from pathlib import Path

ANY_SECONDS = 1.0  # for which a wait lasts at most, so that its caller can end
LOG = "-wal"  # what SQLite adds to the name of the database

_MODIFIED, _OVERFLOWN = 0x2, 0x4000  # IN_MODIFY, IN_Q_OVERFLOW
_NONBLOCKING, _CLOSED_ON_EXEC = os.O_NONBLOCK, os.O_CLOEXEC  # what IN_NONBLOCK and IN_CLOEXEC are
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, bytes of the name that follows
_BUFFER = 65_536  # bytes: some thousand events


class Writes:
    """The writes to that database from now on. Raises OSError where the system cannot tell of them."""

    def __init__(self, database: Path) -> None:
        self._name = f"{database.name}{LOG}".encode()
        try:
            system = ctypes.CDLL(None, use_errno=True)
            self._file = system.inotify_init1(_NONBLOCKING | _CLOSED_ON_EXEC)
            watch = system.inotify_add_watch
        except AttributeError:
            raise OSError("this system has no inotify") from None
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "inotify cannot be used")
        # The folder, because the log is removed and made again now and then.
        if watch(self._file, os.fsencode(database.parent), _MODIFIED) < 0:
            number = ctypes.get_errno()
            self.close()
            raise OSError(number, "the folder of the database cannot be watched")

    def wait(self) -> bool:
        """Waits for a write, up to ANY_SECONDS; whether there was one. Under gevent other greenlets run meanwhile."""
        ready, _, _ = select.select([self._file], [], [], ANY_SECONDS)
        return bool(ready) and self._was_written()

    def close(self) -> None:
        """Ends watching."""
        os.close(self._file)

    def _was_written(self) -> bool:
        try:
            events = os.read(self._file, _BUFFER)
        except BlockingIOError:
            return False
        return any(mask & _OVERFLOWN or name == self._name for mask, name in _events(events))


def _events(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The mask and the file name of each event."""
    place = 0
    while place < len(content):
        _, mask, _, length = _EVENT.unpack_from(content, place)
        place += _EVENT.size
        yield mask, content[place : place + length].rstrip(b"\0")
        place += length
