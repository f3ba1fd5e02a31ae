"""A client of the crowd answers its server between two lines, never within one."""

import select
import socket
from collections.abc import Iterator

import pytest

from sprint5_concurrency.bench.crowd import Client, Crowd
from sprint5_concurrency.bench.nats import Nats

LINE_BYTES = 1_000_000
"""More than a kernel takes at once."""

PING, PONG = b"PING\r\n", b"PONG\r\n"


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """A crowd that speaks as nats does."""
    crowd = Crowd()
    crowd.speak(Nats())
    yield crowd
    crowd.leave()
    crowd.epoll.close()


@pytest.fixture
def server(crowd: Crowd) -> Iterator[socket.socket]:
    """The server's end of the only connection; it never waits."""
    theirs, ours = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    crowd.add(Client(0, ours), select.EPOLLIN)
    crowd.count_from_here(LINE_BYTES)
    with theirs:
        yield theirs


def receive_waiting(server: socket.socket) -> bytes:
    """Return all that is there to be received."""
    received = b""
    while select.select([server], [], [], 0)[0]:
        received += server.recv(1 << 20)
    return received


def test_an_answer_waits_for_the_end_of_a_line_that_is_half_said(crowd: Crowd, server: socket.socket) -> None:
    (client,) = crowd.clients.values()
    crowd.say(client, 1)
    assert 0 < client.sent < crowd.script.said_bytes
    server.sendall(PING)
    crowd.hear(client)
    received = b""
    while crowd.messages() < 2:
        received += receive_waiting(server)
        crowd.say(client, 1)
    received += receive_waiting(server)
    line = crowd.script.said_bytes
    assert received[line : line + len(PONG)] == PONG
    assert received.count(PONG) == 1
    assert len(received) == 2 * line + len(PONG)


def test_an_answer_between_two_lines_is_said_at_once(crowd: Crowd, server: socket.socket) -> None:
    (client,) = crowd.clients.values()
    server.sendall(PING)
    crowd.hear(client)
    assert receive_waiting(server) == PONG
