"""A wiretap never waits for anybody: not for who does not accept, nor for who does not read, nor for who has gone."""

import itertools
import selectors
import socket

import psutil

from grader.journal import CONNECTED
from grader.peers import Peer
from grader.stage import Stage
from grader.wiretap import Wiretap

MEGABYTE = bytes(range(256)) * 4096

FEW = 5
"""Times that the stage may be woken while everybody waits for one who does not read."""

NOT_TAKEN = 64_000_000
"""More than all buffers between two programs hold."""


def tapped(stage: Stage, listener: socket.socket) -> tuple[Peer, socket.socket]:
    """Return both ends of a connection through a wiretap; the server's end waits for nothing."""
    tap = Wiretap(stage, listener.getsockname()[1])
    return Peer(stage, "alice", tap.port), accepted(stage, listener)


def accepted(stage: Stage, listener: socket.socket) -> socket.socket:
    """Return the server's end of a connection, once the wiretap has passed it on."""
    listener.setblocking(False)
    came: list[socket.socket] = []

    def is_there() -> bool:
        try:
            came.append(listener.accept()[0])
        except BlockingIOError:
            return False
        return True

    assert stage.wait_for_outside(is_there)
    came[0].setblocking(False)
    return came[0]


def drain(stage: Stage, end: socket.socket, enough: int) -> bytes:
    """Read that many bytes at the server's end, or up to the end of the connection."""
    heard = bytearray()
    over: list[str] = []

    def hear() -> None:
        try:
            chunk = end.recv(65536)
        except ConnectionResetError:
            chunk = b""
        heard.extend(chunk)
        if not chunk:
            over.append("over")
            stage.unwatch(end.fileno())

    stage.watch(end.fileno(), hear)
    assert stage.wait_until(lambda: len(heard) >= enough or bool(over))
    if not over:
        stage.unwatch(end.fileno())
    return bytes(heard)


def fill(stage: Stage, client: Peer) -> int:
    """Send until nothing more is taken for a while; return how much was."""
    sent = 0
    while sent < NOT_TAKEN and stage.wait_for_outside(client.can_send, seconds=0.3):
        sent += client.sends_what_fits(MEGABYTE)
    return sent


def test_a_full_queue_of_connections_holds_up_nobody(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        tap = Wiretap(stage, listener.getsockname()[1])
        clients = [Peer(stage, f"client{number}", tap.port) for number in range(4)]
        for client in clients:
            client.says(client.name)
        assert stage.wait_until(
            lambda: sum(entry.act == CONNECTED for entry in stage.journal.of("stranger")) == len(clients)
        )
        clients[-1].resets()
        assert all(client.can_send() for client in clients[:-1])


def looks_in_a_while(stage: Stage) -> int:
    """Return how often the stage is woken in a while in which nothing should happen."""
    looks = itertools.count()
    assert not stage.wait_until(lambda: next(looks) < 0, 0.2)
    return next(looks)


def test_who_does_not_read_fills_a_bounded_buffer_and_loses_nothing(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client, server = tapped(stage, listener)
        with server:
            sent = fill(stage, client)
            assert sent < NOT_TAKEN
            # What is on its way may still move.
            assert any(looks_in_a_while(stage) <= FEW for _try in range(10))
            assert len(drain(stage, server, sent)) == sent


def test_a_megabyte_and_a_half_close_pass_both_ways(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client, server = tapped(stage, listener)
        with server:
            client.sends(MEGABYTE)
            client.half_closes()
            assert drain(stage, server, len(MEGABYTE) + 1) == MEGABYTE
            left = memoryview(MEGABYTE)

            def give() -> None:
                nonlocal left
                left = left[server.send(left) :]
                if not left:
                    stage.unwatch(server.fileno())

            stage.watch(server.fileno(), give, selectors.EVENT_WRITE)
            client.receives_bytes(MEGABYTE)
            server.shutdown(socket.SHUT_WR)
            client.is_hung_up_on()


def test_who_talks_to_somebody_who_has_gone_is_told(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client, server = tapped(stage, listener)
        client.says("unread")
        assert drain(stage, server, 7) == b"unread\n"
        client.resets()
        with server:
            assert drain(stage, server, 1) == b""
            assert server.send(b"x") == 1

            def is_refused() -> bool:
                try:
                    return server.send(b"x") < 0
                except OSError:
                    return True

            assert stage.wait_for_outside(is_refused)


def test_a_server_that_has_gone_leaves_its_client_an_end(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    Peer(stage, "alice", Wiretap(stage, port).port).is_hung_up_on()


def test_connections_that_are_over_leave_no_descriptor(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tap = Wiretap(stage, listener.getsockname()[1])
        before = psutil.Process().num_fds()
        for number in range(5):
            client = Peer(stage, f"client{number}", tap.port)
            client.half_closes()
            accepted(stage, listener).close()
            client.is_hung_up_on()
            client.closes()
        assert stage.wait_for_outside(lambda: psutil.Process().num_fds() == before)
