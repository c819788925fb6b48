"""io_uring(7), as far as a broadcast needs it: one system call sends one frame to many sockets.

The kernel shares a table of entries with us. They are prepared once, and a batch only fills in the sockets. All sends
are over when the system call returns, because none may wait (MSG_DONTWAIT), so nothing refers to the frame any longer.
Only those that did not take the whole frame are reported: a success is not (IOSQE_CQE_SKIP_SUCCESS), and with
MSG_WAITALL a short send counts as a failure.

A `Ring` is refused where the system forbids io_uring, as Docker's default profile does; by kernels before 5.18, which
lack a part of this; and by later ones that do not report a short send correctly. It tries that out when it is made.
"""

import ctypes
import errno
import mmap
import os
import struct
import sys
from _socket import SO_SNDBUF, SOL_SOCKET, socketpair
from array import array
from contextlib import suppress

AT_ONCE = 64  # sockets in a system call, 0.4 ms: fewer cost more each, and with more a broadcast yields too late

_SETUP, _ENTER = 425, 426  # the system calls
_SUBMIT_ALL = 1 << 7  # an entry that is refused does not keep those after it from being sent
_SKIPS_SUCCESS = 1 << 11  # the feature that makes _SKIP_SUCCESS work
# Of the kernel's answer: how many completions there is room for, the features, and where these parts of the queues are:
# head, tail and order of the submissions; head, tail and results of the completions.
_PARAMETERS = struct.Struct("=4xI12xI16x II16xI12x II12xI16x")
_ENTRIES_OFFSET = 0x1000_0000  # where the entries are mapped; the queues are at 0

_SEND = 26
_SKIP_SUCCESS = 1 << 6
_WHOLE_AT_ONCE = 0x100 | 0x40 | 0x4000  # MSG_WAITALL, MSG_DONTWAIT, MSG_NOSIGNAL
_ENTRY = struct.Struct("=BB2xi8xQIIQ24x")  # code, flags, socket, address, size, flags of send(), place
_COMPLETION = struct.Struct("=Qi4x")  # place, result
_NUMBER = 0xFFFF_FFFF  # the queues count in 32 bits
_ROUND = array("I", range(AT_ONCE)) * 2

_TRIED_BYTES = 64 * 1024  # of a frame that a socket with the smallest buffer takes a part of


class Ring:
    """Sends a frame to up to AT_ONCE sockets in one system call. Raises OSError where the system cannot do that. It is
    of the process and the thread that made it."""

    def __init__(self) -> None:
        self._frame: bytes | None = None
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, "io_uring is Linux's")
        self._call = ctypes.CDLL(None, use_errno=True).syscall
        self._call.restype = ctypes.c_long
        parameters = ctypes.create_string_buffer(_PARAMETERS.size)
        struct.pack_into("=I", parameters, 8, _SUBMIT_ALL)
        self._file = self._call(_SETUP, AT_ONCE, parameters)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "io_uring cannot be used")
        try:
            self._most_completed, features, *offsets = _PARAMETERS.unpack(parameters)
            self._map(*offsets)
            self._prepare()
            if not features & _SKIPS_SUCCESS or not self._reports_correctly():
                raise OSError(errno.ENOSYS, "io_uring of this kernel does not report what a broadcast needs")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the ring back to the kernel."""
        os.close(self._file)

    def send(self, sockets: list[int], frame: bytes) -> list[tuple[int, int]]:
        """Sends the frame to the sockets with these descriptors, and waits for none of them.

        Returns who has not taken all of it: the place in the list, and how many bytes were taken or, negative, the
        number of the error. That is EAGAIN for a socket whose buffer was full before.
        """
        count = len(sockets)
        if frame is not self._frame:
            self._share(frame)
        self._sockets[:count] = array("i", sockets)
        begin = self._tail[0]
        turned = begin % AT_ONCE
        self._order[:] = _ROUND[AT_ONCE - turned : 2 * AT_ONCE - turned]  # the first submission is entry 0
        end = self._tail[0] = begin + count & _NUMBER
        self._call(_ENTER, self._file, count, 0, 0, None, 0)
        failures = self._failures() if self._done[0] != self._completed[0] else []
        if (reached := self._head[0]) != end:
            # The kernel had no memory for the others. Taken back, they count as sockets that are full.
            self._tail[0] = reached
            failures += [(place, -errno.EAGAIN) for place in range(count - (end - reached & _NUMBER), count)]
        return failures

    def _share(self, frame: bytes) -> None:
        self._frame = frame
        self._addresses[:] = array("Q", [ctypes.cast(ctypes.c_char_p(frame), ctypes.c_void_p).value or 0]) * AT_ONCE
        self._sizes[:] = array("I", [len(frame)]) * AT_ONCE

    def _failures(self) -> list[tuple[int, int]]:
        done, completed = self._done[0], self._completed[0]
        places = [(done + number) % self._most_completed for number in range(completed - done & _NUMBER)]
        self._done[0] = completed
        return [_COMPLETION.unpack_from(self._results, place * _COMPLETION.size) for place in places]

    def _map(self, head: int, tail: int, order: int, done: int, completed: int, results: int) -> None:
        """Maps the queues, of which these are the offsets of the parts."""
        order_bytes, results_bytes = AT_ONCE * 4, self._most_completed * _COMPLETION.size
        shared = memoryview(mmap.mmap(self._file, max(order + order_bytes, results + results_bytes)))

        def numbers(offset: int, size: int = 4) -> memoryview:
            return shared[offset : offset + size].cast("I")

        self._head, self._tail, self._order = numbers(head), numbers(tail), numbers(order, order_bytes)
        self._done, self._completed = numbers(done), numbers(completed)
        self._results = shared[results : results + results_bytes]

    def _prepare(self) -> None:
        """Writes what the entries of all batches have in common."""
        entries = memoryview(mmap.mmap(self._file, AT_ONCE * _ENTRY.size, offset=_ENTRIES_OFFSET))
        for place in range(AT_ONCE):
            _ENTRY.pack_into(entries, place * _ENTRY.size, _SEND, _SKIP_SUCCESS, -1, 0, 0, _WHOLE_AT_ONCE, place)
        self._sockets = entries.cast("i")[1::16]
        self._addresses, self._sizes = entries.cast("Q")[2::8], entries.cast("I")[6::16]

    def _reports_correctly(self) -> bool:
        """Whether a whole send, a short one, one to a full socket and one to a closed one are told apart."""
        ours, theirs = socketpair()
        ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 1)
        theirs.setblocking(False)
        descriptor, arrived = ours.fileno(), 0
        said = [self.send([descriptor], b"whole"), self.send([descriptor] * 2, bytes(_TRIED_BYTES))]
        with suppress(BlockingIOError):
            while True:
                arrived += len(theirs.recv(_TRIED_BYTES))
        theirs.close()
        said.append(self.send([descriptor], b"closed"))
        ours.close()
        taken = arrived - len(b"whole")
        return 0 < taken < _TRIED_BYTES and said == [[], [(0, taken), (1, -errno.EAGAIN)], [(0, -errno.EPIPE)]]
