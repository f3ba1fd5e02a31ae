"""Descriptors of other processes, lent by the system (Linux): what an open file is can then be asked, and set."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

PIDFD_GETFD = 438
"""pidfd_getfd(2): a descriptor of another process, as one of our own."""


@contextlib.contextmanager
def borrowed(pid: int, descriptor: int) -> Iterator[int]:
    """Have a descriptor of another process as one of our own, for the block. Raises OSError."""
    process = os.pidfd_open(pid)
    try:
        ours = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    if ours < 0:
        raise OSError(ctypes.get_errno(), "the system does not lend a descriptor")
    try:
        yield ours
    finally:
        os.close(ours)


def descriptors_of(pid: int, file: str) -> list[int]:
    """Return by which numbers a process has a file open, named as in proc(5); none once it has ended."""
    found = []
    with contextlib.suppress(OSError):  # it has gone, or may not be looked at
        for number in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - as in family.py
            with contextlib.suppress(OSError):  # just closed
                if os.readlink(f"/proc/{pid}/fd/{number}") == file:  # noqa: PTH115
                    found.append(int(number))
    return found
