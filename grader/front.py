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
from collections.abc import Callable

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

    None where that server keeps its port to itself.
    """
    if not contract.port:
        return Wiretap(stage, server.port, server.host, make_cutter)
    if IPV6 in server.host or not shares_its_port(server):
        return None

    def listen() -> socket.socket | None:
        return listener_at(server.host, server.port) if shares_its_port(server) else None

    return Wiretap(stage, server.port, BESIDE, make_cutter, listen)


def shares_its_port(server: Server) -> bool:
    """Let another listen on one address of a server that listens on all; tell whether it does."""
    if not ON_LINUX:
        return False
    pid = server.program.pid
    files = [f"socket:[{each.inode}]" for each in connections_of(pid, LISTENING) if each.port == server.port]
    held = [
        (member, number)
        for member in family(pid)
        for file in files
        for number in descriptors_of(member, file)
    ]
    return bool(held) and all(may_be_shared(member, number) for member, number in held)


def may_be_shared(pid: int, descriptor: int) -> bool:
    """Let others have the port of a listening socket, if it listens on all addresses; tell whether it does."""
    with (
        contextlib.suppress(OSError),  # the system does not lend it
        borrowed(pid, descriptor) as ours,
        socket.socket(fileno=os.dup(ours)) as listener,
    ):
        if listener.getsockname()[0] in EVERYWHERE:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            return True
    return False


def listener_at(host: str, port: int) -> socket.socket:
    """Listen on one address, beside who listens on all. Raises OSError."""
    return socket.create_server((host, port), reuse_port=True)
