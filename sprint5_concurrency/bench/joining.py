"""How a crowd comes in: all at the same time, and knowing when everybody is there.

A name is granted in silence, so a client asks for it twice: the second time, the server answers that it has one. A
server that is not one of ours may not answer; then somebody outside cries until everybody has heard it.
"""

import errno
import select
import socket
import time

from sprint5_concurrency.bench.crowd import Client, Crowd
from sprint5_concurrency.bench.trouble import Trouble
from sprint5_concurrency.bench.wire import GO, heard_cry

HOST = "127.0.0.1"

AT_A_TIME = 1000
"""Who are between connect and being let in: the accept queue of a server of the course takes them all."""

JOIN_SECONDS = 30.0
"""After so long without anybody else getting in, the rest will not."""

RECEIPT = b"ERR already-named "


def join(crowd: Crowd, port: int, numbers: range, has_receipts: bool) -> tuple[float, float]:
    """Let clients with these numbers in; return when the first knocked and when the last was in."""
    began = time.monotonic()
    newcomers: set[Client] = set()
    to_come = iter(numbers)
    while len(newcomers) < AT_A_TIME and (number := next(to_come, None)) is not None:
        newcomers.add(knock(crowd, port, number))
    while newcomers:
        arrived = wait_for_arrivals(crowd, newcomers, has_receipts)
        newcomers -= arrived
        newcomers |= {knock(crowd, port, number) for _place, number in zip(arrived, to_come, strict=False)}
    return began, time.monotonic()


def knock(crowd: Crowd, port: int, number: int) -> Client:
    """Begin to connect one client."""
    try:
        sock = socket.socket()
    except OSError as error:
        raise Trouble(f"no more connections can be made: {error.strerror}") from None
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = Client(number, sock)
    error_number = sock.connect_ex((HOST, port))
    if error_number not in {0, errno.EINPROGRESS}:
        sock.close()
        raise Trouble(f"{client.name} cannot connect: {errno.errorcode[error_number]}")
    crowd.add(client, select.EPOLLOUT)
    return client


def wait_for_arrivals(crowd: Crowd, newcomers: set[Client], has_receipts: bool) -> set[Client]:
    """Introduce who is connected, and return those whom the server has let in; at least one."""
    deadline = time.monotonic() + JOIN_SECONDS
    arrived: set[Client] = set()
    while not arrived:
        ready = crowd.ready(deadline - time.monotonic())
        if not ready:
            raise Trouble(f"{len(newcomers):,} clients were not let in within {JOIN_SECONDS:.0f} s")
        for client in ready:
            if client in newcomers and not client.sent:
                introduce(crowd, client, has_receipts)
            elif hear_opening(client) and client in newcomers:
                arrived.add(client)
    return arrived


def introduce(crowd: Crowd, client: Client, has_receipts: bool) -> None:
    """Say a client's name, twice if the answer is a receipt."""
    hello = f"USER {client.name}\n".encode()
    try:
        client.sent = client.socket.send(hello * (2 if has_receipts else 1))
    except OSError as error:
        raise Trouble(f"{client.name} was not let in: {error.strerror}") from None
    crowd.epoll.modify(client.socket, select.EPOLLIN)


def hear_opening(client: Client) -> bool:
    """Hear what a client is told before the measurement; tell whether it is in."""
    try:
        chunk = client.socket.recv(4096)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Trouble(f"{client.name} was hung up on at the door: {error.strerror}") from None
    client.opening += chunk
    for line in client.opening.split(b"\n")[:-1]:
        if line.startswith(b"ERR ") and not line.startswith(RECEIPT):
            raise Trouble(f"{client.name} was refused: {line.decode(errors='replace')}")
    if not chunk:
        raise Trouble(f"{client.name} was hung up on at the door")
    return b"\n" in client.opening


def await_go(crowd: Crowd) -> None:
    """Wait until everybody has heard that it counts from here on."""
    deadline = time.monotonic() + JOIN_SECONDS
    waiting = {client for client in crowd.clients.values() if not has_heard_go(client)}
    while waiting:
        ready = crowd.ready(deadline - time.monotonic())
        if not ready:
            raise Trouble(f"{len(waiting):,} of {len(crowd.clients):,} clients never heard the first message")
        for client in ready:
            hear_opening(client)
            if has_heard_go(client):
                waiting.discard(client)


def has_heard_go(client: Client) -> bool:
    """Tell whether all that comes from now on is to be counted."""
    return client.opening.endswith(heard_cry(GO))
