"""Who listens where, and who waits to be accepted: read from the system's own tables.

Connecting to a server to see whether it listens would take a client's place: a server for two would then wait
for one. The tables tell the same without a trace.
"""

from pathlib import Path
from typing import Any

import psutil

from grader.family import family, files_of
from grader.journal import TURNED
from grader.ports import turned_round
from grader.program import Program
from grader.stage import START_SECONDS, Stage
from grader.tcptable import ESTABLISHED, EVERY_STATE, LISTENING, Socket, tcp_sockets

ON_LINUX = Path("/proc/net/tcp").exists()


def listening_ports(pid: int) -> set[int]:
    """Return the ports on which a process or one of its descendants listens."""
    return set(accept_queues(pid)) if ON_LINUX else _ports_by_psutil(pid)


def accept_queues(pid: int) -> dict[int, int]:
    """Return, for each port on which a process listens, how many connections wait to be accepted. Linux only."""
    queues: dict[int, int] = {}
    for each in connections_of(pid, LISTENING):
        queues[each.port] = queues.get(each.port, 0) + each.queue
    return queues


def is_connected(pid: int, *ports: int) -> bool:
    """Tell whether a process or one of its descendants has a connection to one of these remote ports."""
    if not ON_LINUX:
        return not _remote_ports_by_psutil(pid).isdisjoint(ports)
    return any(each.remote_port in ports for each in connections_of(pid, ESTABLISHED))


def has_connection(pid: int) -> bool:
    """Tell whether a process or one of its descendants has a connection that is open both ways."""
    return bool(connections(pid))


def connections(pid: int) -> set[int]:
    """Return the connections of a process and its descendants that are open both ways: their inodes, or ports."""
    return (
        {each.inode for each in connections_of(pid, ESTABLISHED)} if ON_LINUX else _own_ports_by_psutil(pid)
    )


def has_sockets(pid: int) -> bool:
    """Tell whether a process or one of its descendants holds a TCP socket, in whatever state. Linux only."""
    return bool(connections_of(pid))


def has_read_all(*pids: int) -> bool:
    """Tell whether nothing lies unread in the connections of processes and their descendants. Linux only."""
    unread = {each.inode for each in tcp_sockets((ESTABLISHED,)) if each.queue}
    return not unread or all(unread.isdisjoint(inodes_of(pid)) for pid in pids)


def connections_of(pid: int, *states: int) -> list[Socket]:
    """Return the TCP sockets of a process and its descendants, in these states or in all."""
    sockets = tcp_sockets(states or EVERY_STATE)
    if not sockets:  # as in most looks at a program that is starting
        return []
    inodes = inodes_of(pid)
    return [each for each in sockets if each.inode in inodes]


def inodes_of(pid: int) -> set[int]:
    """Return the inodes of the sockets of a process and its descendants."""
    return {inode for member in family(pid) for inode in sockets_of(member)}


def sockets_of(pid: int) -> set[int]:
    """Return the inodes of a process's sockets; none once it has ended."""
    inodes = set()
    for target in files_of(pid):
        kind, _, inode = target.partition(":")
        if kind == "socket":
            inodes.add(int(inode[1:-1]))
    return inodes


def as_told(stage: Stage, port: int) -> int:
    """Return what a program must be told that is to use a port: another one, where they turn its bytes round."""
    return turned_round(port) if stage.turns_ports else port


def _ports_by_psutil(pid: int) -> set[int]:
    return {each.laddr.port for each in _connections(pid) if each.status == psutil.CONN_LISTEN}


def _own_ports_by_psutil(pid: int) -> set[int]:
    return {each.laddr.port for each in _connections(pid) if each.status == psutil.CONN_ESTABLISHED}


def _remote_ports_by_psutil(pid: int) -> set[int]:
    return {each.raddr.port for each in _connections(pid) if each.status == psutil.CONN_ESTABLISHED}


def _connections(pid: int) -> list[Any]:
    return [each for member in family(pid) for each in psutil.Process(member).net_connections("tcp")]


def wait_listening(program: Program, port: int | None = None) -> int:
    """Wait until a program listens, on `port` if it is given, in whatever order it takes its bytes; return the port.

    Raises AssertionError.
    """
    stage, found = program.stage, set[int]()
    wanted = {port, turned_round(port)} if port else found

    def listens() -> bool:
        found.update(listening_ports(program.pid))
        return bool(found & wanted)

    stage.wait_for_outside(lambda: listens() or program.has_ended())
    rest = max(0.0, START_SECONDS - stage.patience)
    stage.wait_for_outside(lambda: listens() or bool(found) or program.has_ended(), rest)
    if program.has_ended():
        raise AssertionError(f"the server never listened: {program.ending()}")
    if not listens():
        where = f"on port {port}" if port else "anywhere"
        raise AssertionError(
            f"the server does not listen {where}; it listens on {sorted(found) or 'no port'}"
        )
    if port and port not in found:
        stage.turns_ports = True
        stage.journal.write(program.name, TURNED, str(turned_round(port)))
        return turned_round(port)
    return port or min(found)
