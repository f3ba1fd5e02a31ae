"""The system's table of TCP sockets: their states, ports, queues, and the inodes by which processes hold them.

Linux tells it in two ways. /proc/net/tcp is text, and to write it the kernel walks through all of a large table:
some milliseconds, and a scene looks a hundred times. sock_diag(7) is asked only for the states that are wanted, and
takes a tenth of one. It is used where the kernel offers it, and in its older form: that one tells all families in one
walk.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ESTABLISHED, SYN_SENT, SYN_RECEIVED, CLOSE_WAIT, LISTENING = 1, 2, 3, 8, 10
"""States of a TCP socket, as the kernel numbers them."""

TIME_WAIT, CLOSED = 6, 7

EVERY_STATE = tuple(range(1, 13))

CARRYING = tuple(sorted({*EVERY_STATE} - {TIME_WAIT, CLOSED, LISTENING}))
"""States in which anything may be on its way."""

PROC_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")

SOCK_DIAG = 4
"""The netlink family (NETLINK_SOCK_DIAG)."""

REQUEST, DUMP = 18, 0x301
"""The request TCPDIAG_GETSOCK, with the flags REQUEST and DUMP."""

ERROR, DONE = 2, 3
"""Messages that end an answer."""

HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, sender."""

ASKED = struct.Struct("=52xI4x")
"""struct inet_diag_req: any family, no particular socket, a bit for each state."""

ANSWERED = struct.Struct("=xB2x2s2s44x4xII4xI")
"""struct inet_diag_msg: state, both ports in network order, both queues, inode."""

ANSWER_BYTES = 1 << 16


@dataclass(frozen=True)
class Socket:
    """One row: `queue` is what lies unread, or, of a listener, how many wait to be accepted.

    `unsent` is what the other end has not said to have got. Once its process has closed it, `inode` is 0.
    """

    state: int
    port: int
    remote_port: int
    queue: int
    unsent: int
    inode: int


def tcp_sockets(states: tuple[int, ...] = EVERY_STATE) -> list[Socket]:
    """Return all TCP sockets of this network in these states. Raises OSError where there is no such table."""
    try:
        return list(asked(states))
    except (OSError, AttributeError):  # the kernel does not offer it, or the system is not Linux
        return [each for each in written() if each.state in states]


def asked(states: tuple[int, ...]) -> Iterator[Socket]:
    """Yield the sockets of IPv4 and IPv6 as sock_diag tells them. Raises OSError where it does not."""
    request = ASKED.pack(sum(1 << state for state in states))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, SOCK_DIAG) as kernel:
        kernel.send(HEADER.pack(HEADER.size + len(request), REQUEST, DUMP, 1, 0) + request)
        while True:
            for kind, body in messages(kernel.recv(ANSWER_BYTES)):
                if kind == ERROR:
                    raise OSError("sock_diag refuses")
                if kind == DONE:
                    return
                yield told(body)


def messages(answer: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each netlink message of an answer."""
    place = 0
    while place < len(answer):
        length, kind, _flags, _sequence, _sender = HEADER.unpack_from(answer, place)
        yield kind, answer[place + HEADER.size : place + length]
        place += (length + 3) & ~3


def told(body: bytes) -> Socket:
    """Return the socket that one message of sock_diag tells."""
    state, port, remote_port, queue, unsent, inode = ANSWERED.unpack_from(body)
    if state == LISTENING:
        unsent = 0  # here it is how many may wait
    return Socket(state, int.from_bytes(port), int.from_bytes(remote_port), queue, unsent, inode)


def written() -> Iterator[Socket]:
    """Yield the sockets in /proc/net/tcp (proc_net_tcp in the kernel's documentation)."""
    for table in PROC_TABLES:
        for line in Path(table).read_text().splitlines()[1:]:
            _number, local, remote, state, queues, _timer, _retries, _user, _wait, inode, *_more = (
                line.split()
            )
            unsent, unread = queues.split(":")
            ports = port_of(local), port_of(remote)
            yield Socket(int(state, 16), *ports, int(unread, 16), int(unsent, 16), int(inode))


def port_of(address: str) -> int:
    """Return the port behind an address, both of which are hexadecimal."""
    return int(address.rpartition(":")[2], 16)
