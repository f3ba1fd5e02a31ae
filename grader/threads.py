"""Which threads of a server serve its clients: those that wait for a TCP socket, in whatever call.

In many languages a program has threads of which its author knows nothing: they collect garbage, compile, keep time.
They wait for locks and timers, and never for a connection. All is read from the system's tables (proc(5)); where the
system does not tell, no thread is found. Linux only.
"""

import contextlib
import re
import struct
from pathlib import Path

from grader.calls import Call, call_of
from grader.family import family, threads_of
from grader.listening import connections_of, sockets_of
from grader.tcptable import ESTABLISHED, LISTENING

POLLED = struct.Struct("ihh")
"""struct pollfd: descriptor, what is waited for, what has come (poll(2))."""

BITS = 8

WATCHED = re.compile(r"^tfd:\s*(\d+)", re.MULTILINE)
"""What epoll waits for, as /proc/<pid>/fdinfo/<descriptor> tells it."""


def most_threads(pid: int) -> int:
    """Return how many threads the process with the most of them has, among one and its descendants."""
    return max(len(threads_of(member)) for member in family(pid))


def with_connections(pid: int) -> list[int]:
    """Return those of a process and its descendants that have a connection."""
    connected = {each.inode for each in connections_of(pid, ESTABLISHED)}
    return [member for member in family(pid) if sockets_of(member) & connected]


def serving_threads(pid: int) -> list[Path]:
    """Return the threads of a process and its descendants that wait for a connection, or for one to accept."""
    inodes = {each.inode for each in connections_of(pid, ESTABLISHED, LISTENING)}
    return [task for member in family(pid) for task in threads_of(member) if waits_for_one_of(task, inodes)]


def waits_for_one_of(task: Path, inodes: set[int]) -> bool:
    """Tell whether a thread waits for one of these sockets."""
    with contextlib.suppress(OSError):  # it has ended, or may not be looked at
        return any(inode_of(task, each) in inodes for each in descriptors(task, call_of(task)))
    return False


def descriptors(task: Path, call: Call) -> list[int]:
    """Return the descriptors that a thread waits for in a call. Raises OSError."""
    if call.descriptor >= 0:
        return [call.descriptor]
    first, second = call.arguments[:2] or (0, 0)
    if call.name == "epoll_wait":
        return [int(each) for each in WATCHED.findall((task / "fdinfo" / str(first)).read_text())]
    if call.name == "poll":
        polled = memory(task, first, POLLED.size * second)
        return [descriptor for descriptor, _events, _came in POLLED.iter_unpack(polled)]
    if call.name == "select":
        bits = memory(task, second, -(-first // BITS))
        return [number for number in range(first) if bits[number // BITS] >> number % BITS & 1]
    return []


def memory(task: Path, address: int, size: int) -> bytes:
    """Return some bytes of a thread's memory. Raises OSError."""
    with (task / "mem").open("rb", buffering=0) as seen:
        seen.seek(address)
        return seen.read(size)


def inode_of(task: Path, descriptor: int) -> int:
    """Return the inode of a socket; -1 for anything else, and for what has just been closed."""
    with contextlib.suppress(OSError):
        kind, _colon, inode = str((task / "fd" / str(descriptor)).readlink()).partition(":")
        return int(inode[1:-1]) if kind == "socket" else -1
    return -1
