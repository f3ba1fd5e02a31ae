"""Whether anything in a scene can still happen by itself: if not, nobody needs to be waited for any longer.

A scene stands still when each thread of each program waits, without a limit of time, for what only another of them or
the scene itself could do; when no timer will wake it; and when nothing is on its way between them. All of it is read
from the system's own tables. Where they do not tell, something may always happen.
"""

import contextlib
import ctypes
import os
import re
import signal
import socket
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

from grader.autopsy import turns
from grader.calls import call_of
from grader.family import family, state_of
from grader.listening import sockets_of
from grader.tcptable import CARRYING, SYN_RECEIVED, SYN_SENT, Socket, tcp_sockets

WAITING, BURIED_SOON = b"S", b"Z"
"""States of a thread that waits, and of one that has ended and is not buried yet (proc(5))."""

NEVER_BY_ITSELF = {
    "read", "accept", "recv", "recvmsg", "poll", "select", "epoll_wait", "futex", "wait", "pause",
}  # fmt: skip
"""Calls that end because of what others do, or at a limit of time. To connect and to send, the system goes on."""

TIMER = "anon_inode:[timerfd]"

CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)", re.MULTILINE)
"""The signals for which a process has a handler, a bit for each, as /proc/<pid>/status tells them."""

ALARM = 1 << (signal.SIGALRM - 1)

PIDFD_GETFD = 438
"""pidfd_getfd(2): a descriptor of another process, as one of our own."""

TIME = struct.Struct("ll")
"""struct timeval: seconds, microseconds."""


def posture() -> dict[Path, list[str]] | None:
    """Return all threads that came of this process, with how often each has had the processor; all of them wait.

    Return None where one of them may go on by itself. Two equal answers: nothing has happened between.
    """
    members = family(os.getpid())[1:]
    with contextlib.suppress(OSError):  # one has just ended
        threads = [task for member in members for task in threads_of(member)]
        found = {task: turns(task) for task in threads}
        if all(map(waits_for_others, threads)) and not any(map(has_timer, members)) and not in_transit():
            return found
    return None


def threads_of(pid: int) -> list[Path]:
    """Return the threads of a process that have not ended. Raises OSError once the process has gone."""
    tasks = [Path(f"/proc/{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208
    return [task for task in tasks if state_of(f"{task}/stat") != BURIED_SOON]


def waits_for_others(task: Path) -> bool:
    """Tell whether a thread goes on only because of what others do. Raises OSError."""
    call = call_of(task)
    return (
        state_of(f"{task}/stat") == WAITING
        and call.name in NEVER_BY_ITSELF
        and call.is_unlimited
        and (call.descriptor < 0 or not has_limit(int(task.parts[2]), call.descriptor))
    )


def has_limit(pid: int, descriptor: int) -> bool:
    """Tell whether who reads from a descriptor waits for some time only: SO_RCVTIMEO, VTIME. Raises OSError."""
    with borrowed(pid, descriptor) as ours:
        if os.isatty(ours):
            return is_impatient(ours)
        try:
            with socket.socket(fileno=os.dup(ours)) as sock:
                return any(TIME.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIME.size)))
        except OSError:  # it is no socket
            return False


def is_impatient(terminal: int) -> bool:
    """Tell whether a read from a terminal ends without a key (termios(3))."""
    _in, _out, _control, local, _ispeed, _ospeed, characters = termios.tcgetattr(terminal)
    return not local & termios.ICANON and characters[termios.VMIN] == 0


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


def has_timer(pid: int) -> bool:
    """Tell whether a process may be woken at some time, whatever it waits for. Raises OSError."""
    process = Path(f"/proc/{pid}")
    caught = CAUGHT.search((process / "status").read_text())
    return (
        bool(caught and int(caught[1], 16) & ALARM)
        or bool((process / "timers").read_text())
        or any(os.readlink(each) == TIMER for each in (process / "fd").iterdir())  # noqa: PTH115
    )


def in_transit() -> bool:
    """Tell whether anything is on its way between us and those that came of us, or between two of them."""
    inodes = {inode for member in family(os.getpid()) for inode in sockets_of(member)}
    return any(
        is_on_its_way(each) for each in tcp_sockets(CARRYING) if each.inode in inodes or not each.inode
    )


def is_on_its_way(each: Socket) -> bool:
    """Tell whether a connection is just made, or has something that the other end has not got yet."""
    return each.state in (SYN_SENT, SYN_RECEIVED) or each.unsent > 0
