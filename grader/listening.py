"""Who listens where, and who waits to be accepted: read from the system's own tables.

Connecting to a server to see whether it listens would take a client's place: a server for two would then wait
for one. The tables tell the same without a trace.
"""

import contextlib
from pathlib import Path
from typing import Any

import psutil

from grader.program import Program

LISTENING, ESTABLISHED = "0A", "01"
"""States of a socket in /proc/net/tcp."""

TABLES = ("tcp", "tcp6")

LOCAL_ADDRESS, REMOTE_ADDRESS, STATE, QUEUES, INODE = 1, 2, 3, 4, 9
"""The columns of /proc/net/tcp that count here (proc_net_tcp in the kernel's documentation)."""


def listening_ports(pid: int) -> set[int]:
    """Return the ports on which a process or one of its descendants listens."""
    return set(accept_queues(pid)) if Path("/proc/net/tcp").exists() else _ports_by_psutil(pid)


def accept_queues(pid: int) -> dict[int, int]:
    """Return, for each port on which a process listens, how many connections wait to be accepted. Linux only."""
    queues: dict[int, int] = {}
    for row in rows_of(pid, LISTENING):
        port = port_of(row[LOCAL_ADDRESS])
        queues[port] = queues.get(port, 0) + int(row[QUEUES].rpartition(":")[2], 16)
    return queues


def is_connected(pid: int, port: int) -> bool:
    """Tell whether a process or one of its descendants has a connection to this remote port."""
    if not Path("/proc/net/tcp").exists():
        return port in _remote_ports_by_psutil(pid)
    return any(port_of(row[REMOTE_ADDRESS]) == port for row in rows_of(pid, ESTABLISHED))


def has_read_all(pid: int) -> bool:
    """Tell whether a process has nothing unread in its connections."""
    return all(row[QUEUES].endswith(":00000000") for row in rows_of(pid, ESTABLISHED))


def rows_of(pid: int, state: str) -> list[list[str]]:
    """Return the rows of the table that are sockets of a process, or of its descendants, in one state."""
    found: dict[str, list[str]] = {}  # by inode: a process and its child may share a socket
    for process in family(pid):
        inodes = sockets_of(process)
        rows = [row for row in table_of(process) if row[STATE] == state and row[INODE] in inodes]
        found |= {row[INODE]: row for row in rows}
    return list(found.values())


def table_of(pid: int) -> list[list[str]]:
    """Return the rows of all TCP sockets in the network that a process sees; none once it has ended."""
    try:
        texts = [Path(f"/proc/{pid}/net/{table}").read_text() for table in TABLES]
    except OSError:
        return []
    return [line.split() for text in texts for line in text.splitlines()[1:]]


def port_of(address: str) -> int:
    """Return the port of an address such as 0100007F:115C."""
    return int(address.rpartition(":")[2], 16)


def sockets_of(pid: int) -> set[str]:
    """Return the inodes of a process's sockets; none once it has ended."""
    inodes = set()
    with contextlib.suppress(OSError):  # the process has gone
        for link in list(Path(f"/proc/{pid}/fd").iterdir()):
            with contextlib.suppress(OSError):  # this descriptor has just been closed; the others count
                inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    return inodes


def family(pid: int) -> list[int]:
    """Return a process and its descendants; a server may listen in a child."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _ports_by_psutil(pid: int) -> set[int]:
    return {each.laddr.port for each in _connections(pid) if each.status == psutil.CONN_LISTEN}


def _remote_ports_by_psutil(pid: int) -> set[int]:
    return {each.raddr.port for each in _connections(pid) if each.status == psutil.CONN_ESTABLISHED}


def _connections(pid: int) -> list[Any]:
    return [each for member in family(pid) for each in psutil.Process(member).net_connections("tcp")]


def wait_listening(program: Program, port: int | None = None) -> int:
    """Wait until a program listens, on `port` if it is given; return the port. Raises AssertionError."""
    stage, found = program.stage, set[int]()

    def listens() -> bool:
        found.update(listening_ports(program.pid))
        return bool(found) if port is None else port in found

    stage.wait_for_outside(lambda: listens() or program.has_ended())
    if program.has_ended():
        raise AssertionError(f"the server never listened: {program.ending()}")
    if not listens():
        where = f"on port {port}" if port else "anywhere"
        raise AssertionError(
            f"the server does not listen {where}; it listens on {sorted(found) or 'no port'}"
        )
    return port or min(found)
