"""How a crowd comes in: all at the same time, and knowing when everybody is there.

A server tells a newcomer somehow that it is in, as far as its dialect has words for that. On the wire of the course a
name is granted in silence; a server that is not one of ours may not even answer who asks for a second one. Then
somebody outside cries until everybody has heard it.
"""

import errno
import select
import socket
import time

from sprint5_concurrency.bench.crowd import Client, Crowd
from sprint5_concurrency.bench.dialect import Dialect
from sprint5_concurrency.bench.trouble import Trouble
from sprint5_concurrency.bench.wire import CRIER, GO

HOST = "127.0.0.1"

AT_A_TIME = 1000
"""Who are between connect and being let in: the accept queue of a server of the course takes them all."""

JOIN_SECONDS = 30.0
"""After so long without anybody else getting in, the rest will not."""

GO_LINE = b"MSG " + CRIER + b" " + GO
"""What is heard when it counts from then on, as a line of the course."""


def join(crowd: Crowd, port: int, numbers: range, dialect: Dialect) -> tuple[float, float]:
    """Let clients with these numbers in; return when the first knocked and when the last was in."""
    crowd.speak(dialect)
    began = time.monotonic()
    newcomers: set[Client] = set()
    to_come = iter(numbers)
    while len(newcomers) < AT_A_TIME and (number := next(to_come, None)) is not None:
        newcomers.add(knock(crowd, port, number))
    while newcomers:
        arrived = wait_for_arrivals(crowd, newcomers)
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
        raise Trouble(f"{client.name.decode()} cannot connect: {errno.errorcode[error_number]}")
    crowd.add(client, select.EPOLLOUT)
    return client


def wait_for_arrivals(crowd: Crowd, newcomers: set[Client]) -> set[Client]:
    """Introduce who is connected, and return those whom the server has let in; at least one."""
    deadline = time.monotonic() + JOIN_SECONDS
    arrived: set[Client] = set()
    while not arrived:
        ready = crowd.ready(deadline - time.monotonic())
        if not ready:
            raise Trouble(f"{len(newcomers):,} clients were not let in within {JOIN_SECONDS:.0f} s")
        for client in ready:
            if client in newcomers and not client.sent:
                introduce(crowd, client)
            else:
                hear_opening(crowd, client)
        arrived = {client for client in ready if client.is_in} & newcomers
    return arrived


def introduce(crowd: Crowd, client: Client) -> None:
    """Say a client's name, and what else it takes to be in."""
    try:
        client.sent = client.socket.send(
            crowd.dialect.greeting(client.name) + crowd.dialect.entrance(client.name)
        )
    except OSError as error:
        raise Trouble(f"{client.name.decode()} was not let in: {error.strerror}") from None
    crowd.epoll.modify(client.socket, select.EPOLLIN)


def hear_opening(crowd: Crowd, client: Client) -> None:
    """Hear what a client is told before the measurement."""
    try:
        chunk = client.socket.recv(65536)
    except BlockingIOError:
        return
    except OSError as error:
        raise Trouble(f"{client.name.decode()} was hung up on at the door: {error.strerror}") from None
    *lines, client.unfinished = crowd.dialect.plain(client.unfinished + chunk).split(b"\n")
    for line in lines:
        heed(crowd, client, line)
    if not chunk:
        raise Trouble(f"{client.name.decode()} was hung up on at the door")


def heed(crowd: Crowd, client: Client, line: bytes) -> None:
    """Remember what a line says of its hearer, and answer it."""
    if crowd.dialect.is_refusal(line):
        raise Trouble(f"{client.name.decode()} was refused: {line.decode(errors='replace')}")
    client.is_in |= crowd.dialect.is_receipt(line)
    client.heard_go |= line == GO_LINE
    crowd.answer(client, line)


def await_go(crowd: Crowd) -> None:
    """Wait until everybody has heard that it counts from here on."""
    deadline = time.monotonic() + JOIN_SECONDS
    waiting = {client for client in crowd.clients.values() if not client.heard_go}
    while waiting:
        ready = crowd.ready(deadline - time.monotonic())
        if not ready:
            raise Trouble(f"{len(waiting):,} of {len(crowd.clients):,} clients never heard the first message")
        for client in ready:
            hear_opening(crowd, client)
            if client.heard_go:
                waiting.discard(client)
