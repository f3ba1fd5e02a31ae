"""The other side of a connection: raw sockets that do what peers do."""

import fcntl
import socket
import struct
import termios
import threading
import time
from functools import partial

from common.connection import Connection
from common.stop import POLLIN, wait_ready
from tests.common.children import SECONDS

SMALL = 4096
"""A socket buffer that a few lines fill."""


FULL = 200
"""Lines of 1,000 bytes that are far more than two small buffers hold, also when acknowledgements make room."""


def tcp_pair(buffer: int | None = None) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a TCP connection, the accepted one first; `buffer` bounds what the kernel holds."""
    with socket.socket() as listener, socket.socket() as unconnected:
        if buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            unconnected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        unconnected.connect(listener.getsockname())
        peer = socket.socket(fileno=unconnected.detach())
        peer.settimeout(SECONDS)
        return listener.accept()[0], peer


Thread = partial(threading.Thread, daemon=True)
"""A thread of a test: should the test fail, it does not keep the suite from its end."""


def reset(peer: socket.socket) -> None:
    """Close with RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def fill(connection: Connection) -> int:
    """Post more lines of 1,000 bytes than the kernel will ever take, with small buffers; return how many."""
    for _ in range(FULL):
        connection.post("x" * 999)
    assert len(connection.outbox) > FULL * 500
    return FULL


def receive_all(peer: socket.socket) -> bytes:
    """Read to the end."""
    return b"".join(iter(lambda: peer.recv(65536), b""))


def ends(*threads: threading.Thread) -> bool:
    """Wait for threads; tell whether they have ended."""
    for thread in threads:
        thread.join(SECONDS)
    return not any(thread.is_alive() for thread in threads)


def wait_until_unread(connection: Connection, size: int) -> None:
    """Wait until so many bytes have arrived, and leave them unread."""
    deadline = time.monotonic() + SECONDS
    arrived = 0
    while arrived < size:
        assert time.monotonic() < deadline
        wait_ready({connection: POLLIN}, SECONDS)
        arrived = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4))[0]
