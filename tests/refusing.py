"""Runs a command where the kernel refuses one system call with EPERM, as a container's seccomp profile does:
`python -m tests.refusing NUMBER COMMAND…`."""

import ctypes
import errno
import os
import struct
import sys

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # of prctl(2)
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of bpf(2)
_ALLOW, _FAIL = 0x7FFF_0000, 0x0005_0000


def refuse(number: int) -> None:
    """Has that system call fail from now on, in this process and those that it starts."""
    instructions = [(_LOAD, 0, 0), (_JUMP_IF_EQUAL, 1, number), (_RETURN, 0, _FAIL | errno.EPERM), (_RETURN, 0, _ALLOW)]
    program = b"".join(struct.pack("=HBBI", code, 0, skip, value) for code, skip, value in instructions)
    kept = ctypes.create_string_buffer(program)
    system = ctypes.CDLL(None, use_errno=True)
    for words in ((_NO_NEW_PRIVILEGES, 1), (_SET_SECCOMP, _FILTER, struct.pack("@HP", 4, ctypes.addressof(kept)))):
        if system.prctl(*words, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    refuse(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
