"""Whether anything in a scene can still happen by itself: if not, nobody needs to be waited for any longer.

A scene stands still when each thread of each program waits, without a limit of time, for what only another of them or
the scene itself could do; when no timer will wake it; and when nothing is on its way between them. All of it is read
from the system's own tables. Where they do not tell, something may always happen.
"""

import contextlib
import os
import re
import signal
import socket
import stat
import struct
import termios
from collections.abc import Iterable
from pathlib import Path

from grader.calls import call_of
from grader.descriptors import borrowed
from grader.family import family, files_of, state_of, threads_of, turns
from grader.listening import sockets_of
from grader.tcptable import CARRYING, SYN_RECEIVED, SYN_SENT, Socket, tcp_sockets

Threads = dict[Path, list[bytes]]

WAITING = b"S"
"""The state of a thread that waits (proc(5))."""

NEVER_BY_ITSELF = {
    "read", "accept", "recv", "recvmsg", "poll", "select", "epoll_wait", "futex", "wait", "pause",
}  # fmt: skip
"""Calls that end because of what others do, or at a limit of time. To connect and to send, the system goes on."""

TIMERS = ("anon_inode:[timerfd]", "anon_inode:[io_uring]")
"""What may be open and wake a program up at some time."""

TAKEN = re.compile(rb"^Sig(?:Cgt|Blk):\s*([0-9a-f]+)", re.MULTILINE)
"""The signals for which a process has a handler, and those that it keeps to be read, a bit for each."""

ALARM = 1 << (signal.SIGALRM - 1)

JAVA = "java"

HOUSEKEEPERS = re.compile(
    r"(VM Thread|VM Periodic Tas|G1 Service|Monitor Deflati|C[12] CompilerThre|Sweeper thread|Common-Cleaner).*"
)
"""Threads of Java's machine that wake up by the clock: they compile and clear up, and no program goes on because of
it. As the system keeps their names, which it cuts."""

TIME = struct.Struct("ll")
"""struct timeval: seconds, microseconds."""


def posture() -> Threads | None:
    """Return all threads that came of this process, with how often each has had the processor; all of them wait.

    Return None where one of them may go on by itself. Two equal answers: nothing has happened between. For whoever is
    woken first has been woken by somebody who ran; and who has run since the turns were counted, and waits when it is
    looked at, has had one turn more. So all turns are counted before anybody is looked at.

    What is not seen is an alarm(2) that nobody has a handler for: all it can do is end its process, and who waits for
    nothing else may have set it for that.
    """
    members = [member for member in family(os.getpid())[1:] if threads_of(member)]
    keepers = {task for member in members for task in housekeepers(member)}
    tasks = [task for member in members for task in threads_of(member)]
    threads = {task: turns(task) for task in tasks if task not in keepers}
    with contextlib.suppress(OSError):  # one has just ended, or may not be looked at
        if (
            all(map(waits_for_others, threads))
            and all(map(is_waiting, keepers))
            and not any(map(has_timer, members))
            and not in_transit(members)
        ):
            return threads
    return None


def housekeepers(pid: int) -> list[Path]:
    """Return the threads of a process that are its language's, wake up by the clock, and bring nothing about."""
    if name_of(Path(f"/proc/{pid}")) != JAVA:
        return []
    return [task for task in threads_of(pid) if HOUSEKEEPERS.fullmatch(name_of(task))]


def name_of(process_or_thread: Path) -> str:
    """Return the name by which the system knows a process or a thread; empty once it has ended."""
    with contextlib.suppress(OSError):
        return (process_or_thread / "comm").read_text(errors="replace").rstrip("\n")
    return ""


def waits_for_others(task: Path) -> bool:
    """Tell whether a thread goes on only because of what others do. Raises OSError."""
    call = call_of(task)
    return (
        is_waiting(task)
        and call.name in NEVER_BY_ITSELF
        and call.is_unlimited
        and not (call.name == "pause" and is_alone(task))
        and (call.descriptor < 0 or not has_limit(int(task.parts[2]), call.descriptor))
    )


def is_waiting(task: Path) -> bool:
    """Tell whether a thread waits, for whatever it is. Raises OSError."""
    return state_of(f"{task}/stat") == WAITING


def is_alone(task: Path) -> bool:
    """Tell whether a thread is the only one of its process: if it pauses, it may have set an alarm that ends it."""
    return len(list(task.parent.iterdir())) == 1


def has_limit(pid: int, descriptor: int) -> bool:
    """Tell whether who reads from a descriptor waits for some time only. Raises OSError."""
    with borrowed(pid, descriptor) as ours:
        if stat.S_ISSOCK(os.fstat(ours).st_mode):
            return has_receive_limit(ours)
        return os.isatty(ours) and is_impatient(ours)


def has_receive_limit(descriptor: int) -> bool:
    """Tell whether a socket gives up to receive, or to accept, after some time: SO_RCVTIMEO (socket(7))."""
    with socket.socket(fileno=os.dup(descriptor)) as sock:
        return any(TIME.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIME.size)))


def is_impatient(terminal: int) -> bool:
    """Tell whether a read from a terminal may end because time passes (termios(3))."""
    _in, _out, _control, local, _ispeed, _ospeed, characters = termios.tcgetattr(terminal)
    is_raw = not local & termios.ICANON
    return is_raw and (characters[termios.VMIN] == 0 or characters[termios.VTIME] != 0)


def has_timer(pid: int) -> bool:
    """Tell whether a process may be woken at some time, whatever it waits for. Raises OSError."""
    process = Path(f"/proc/{pid}")
    masks = TAKEN.findall((process / "status").read_bytes())
    takes_alarms = any(int(mask, 16) & ALARM for mask in masks)
    return (
        takes_alarms or bool((process / "timers").read_bytes()) or not set(TIMERS).isdisjoint(files_of(pid))
    )


def in_transit(members: Iterable[int]) -> bool:
    """Tell whether anything is on its way between us and these processes, or between two of them."""
    inodes = {inode for member in (os.getpid(), *members) for inode in sockets_of(member)}
    return any(
        is_on_its_way(each) for each in tcp_sockets(CARRYING) if each.inode in inodes or not each.inode
    )


def is_on_its_way(each: Socket) -> bool:
    """Tell whether a connection is just made, or has something that the other end has not got yet."""
    return each.state in (SYN_SENT, SYN_RECEIVED) or each.unsent > 0
