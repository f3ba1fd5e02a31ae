"""Listening, accepting and connecting: the socket calls of the course, spelled out.

    server                                   client
    socket, setsockopt, bind, listen         socket
    accept   <------ three-way handshake --- connect

Every call that a name or an address goes through tries all that it stands for: IPv4 and IPv6.
"""

import errno
import os
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

from common.connection import Connection
from common.lines import LineDecoder
from common.stop import POLLOUT, Failure, Stop, Stopped

Result = TypeVar("Result")
Address = tuple[Any, ...]

ACCEPT_QUEUE = 1024
"""Connections that the kernel completes before we accept them: a whole class that connects at once."""

CONNECT_SECONDS = 8.0
"""How long all addresses of a host may take together before the user is told that nobody answers."""

OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""What accept(2) fails with while the newcomer stays queued: trying again at once would only burn CPU."""

PAUSE_SECONDS = 0.1
"""How long to leave the queue alone then."""

UNANSWERED_MILLISECONDS = 20_000
"""After this long without a sign of having received anything, a client's machine counts as gone."""

KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""A peer whose machine has gone is noticed after 30 + 3 x 10 s of silence; not every system has the three."""


def open_listener(address: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. Raises Failure with the reason."""
    try:
        return try_each(address, port, socket.AI_PASSIVE, listen_at)
    except (OSError, UnicodeError) as error:
        raise Failure(f"cannot listen on {address} port {port}: {reason(error)}") from None


def listen_at(family: int, address: Address) -> socket.socket:
    """Return a socket that listens at one address and never blocks in accept. Raises OSError."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port whose last connections are still being forgotten (TIME_WAIT) can be bound again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address[0] == "::":  # any address, of any family
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(ACCEPT_QUEUE)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def bound_unsent(listener: socket.socket, unsent_bytes: int) -> None:
    """Bound what a client that does not read costs; each accepted connection inherits it from the listener."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, unsent_bytes)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MILLISECONDS)


def accept(listener: socket.socket, stop: Stop) -> Connection | None:
    """Wait for the next newcomer; None once the bell has rung."""
    while stop.wait_for(listener):
        if newcomer := accept_waiting(listener, stop):
            return newcomer
    return None


def accept_waiting(listener: socket.socket, stop: Stop) -> Connection | None:
    """Return the newcomer that waits to be accepted; None when it has gone, or no descriptor is left for it."""
    try:
        sock, address = listener.accept()
        prepare(sock)
    except OSError as error:
        if error.errno in OUT_OF_RESOURCES:
            stop.wait(PAUSE_SECONDS)
        return None
    return Connection(sock, format_address(address), stop, LineDecoder())


def connect(host: str, port: int, stop: Stop) -> Connection:
    """Return a connection to the first address of `host` that answers.

    What a server sends is shown, not judged: the connection decodes leniently. Raises Failure with the reason,
    Stopped when the bell rings before anybody has answered.
    """
    deadline = time.monotonic() + CONNECT_SECONDS

    def attempt(family: int, address: Address) -> Connection:
        sock = connect_to(family, address, stop, deadline)
        return Connection(sock, format_address(address), stop, LineDecoder(lenient=True))

    try:
        return try_each(host, port, 0, attempt)
    except (OSError, UnicodeError) as error:
        raise Failure(f"cannot connect to {host} port {port}: {reason(error)}") from None


def connect_to(family: int, address: Address, stop: Stop, deadline: float) -> socket.socket:
    """Return a socket connected to one address. Raises OSError, TimeoutError after `deadline`, Stopped."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        error = sock.connect_ex(address)
        if error == errno.EINPROGRESS:
            if not stop.wait_for(sock, POLLOUT, deadline - time.monotonic()):
                raise Stopped if stop.is_set() else TimeoutError("no answer")
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        prepare(sock)
    except (OSError, Stopped):
        sock.close()
        raise
    return sock


def prepare(sock: socket.socket) -> None:
    """Set what every conversation wants: small lines leave at once, dead machines are noticed. Raises OSError."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def try_each(host: str, port: int, flags: int, attempt: Callable[[int, Address], Result]) -> Result:
    """Return what `attempt` makes of the first address of `host` that it can use. Raises its first OSError."""
    first_error = OSError("no address")
    # As bytes: a name in plain letters needs none of the tables of the world's letters, which take long to load.
    name = host.encode() if host.isascii() else host
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    for place, (family, _type, _protocol, _name, address) in enumerate(found):
        try:
            return attempt(family, address)
        except OSError as error:
            first_error = first_error if place else error
    raise first_error


def format_address(address: Address) -> str:
    """Return `127.0.0.1:4444` or `[::1]:4444`."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def reason(error: Exception) -> str:
    """Return what went wrong in the system's own words, as short as they are."""
    return getattr(error, "strerror", None) or str(error)
