"""A wiretap in front of a server whose port is in the sources: no client need be told another one.

    client ---> 127.0.0.1:4444 wiretap ---> 127.0.0.2:4444 server, which listens on every address

Where two listen on one port, the system prefers who listens on one address only to who listens on all. It lets them,
if both sockets are the same user's and have SO_REUSEPORT (socket(7)): the server's is borrowed for that, and nothing
else of it is changed. The wiretap listens while somebody is expected, and no longer: a server may want its port anew.
Linux only; and a server that listens on one address only keeps its port to itself.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial

from grader.actors import Server
from grader.contract import Contract
from grader.descriptors import borrowed, descriptors_of
from grader.direction import Cutter, line_cutter
from grader.family import family
from grader.listening import ON_LINUX, connections_of
from grader.stage import Stage
from grader.tcptable import LISTENING
from grader.wiretap import Wiretap

EVERYWHERE = ("0.0.0.0", "::")
"""How a socket is bound that listens on all addresses."""

BESIDE = "127.0.0.2"
"""An address of the loopback that no program of the course has in its sources: where the server is met behind."""

IPV6 = ":"


def wiretap_before(
    stage: Stage, server: Server, contract: Contract, make_cutter: Callable[[], Cutter] = line_cutter
) -> Wiretap | None:
    """Put a wiretap before a server, at a port of its own, or in front of one that is in the sources.

    None where that server keeps its port to itself, or has another one, too.
    """
    if len(server.ports()) > 1:
        return None
    if not contract.port:
        return Wiretap(stage, server.port, server.host, make_cutter)
    if IPV6 in server.host or not shares_its_port(server):
        return None
    return Wiretap(stage, server.port, BESIDE, make_cutter, partial(listener_in_front, server))


def listener_in_front(server: Server) -> socket.socket | None:
    """Listen at the address to which a server's clients go; None where the system allows nobody beside it."""
    if not shares_its_port(server):
        return None
    with contextlib.suppress(
        OSError
    ):  # a connection of an earlier client's is remembered, and keeps the port
        return socket.create_server((server.host, server.port), reuse_port=True)
    return None


def shares_its_port(server: Server) -> bool:
    """Let another listen on one address of a server that listens on all; tell whether it does."""
    if not ON_LINUX:
        return False
    held = list(sockets_at(server))
    return LISTENING in [state for state, _pid, _number in held] and all(
        may_be_shared(pid, number) for _state, pid, number in held
    )


def sockets_at(server: Server) -> Iterator[tuple[int, int, int]]:
    """Yield the sockets of a server at its port: the state of each, who holds it, and its number there."""
    pid = server.program.pid
    states = {
        f"socket:[{each.inode}]": each.state for each in connections_of(pid) if each.port == server.port
    }
    for member in family(pid):
        for file, state in states.items():
            for number in descriptors_of(member, file):
                yield state, member, number


def may_be_shared(pid: int, descriptor: int) -> bool:
    """Let others have the port of a socket, unless it listens on one address; tell whether they may.

    Those that a listener has accepted hold its port as well, and may be older than its being shared.
    """
    with (
        contextlib.suppress(OSError),  # the system does not lend it
        borrowed(pid, descriptor) as ours,
        socket.socket(fileno=os.dup(ours)) as sock,
    ):
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if not listens or sock.getsockname()[0] in EVERYWHERE:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            return True
    return False
