"""Both ways in which Linux tells its table of TCP sockets tell the same."""

import os
import socket
from collections.abc import Iterator

import pytest

from grader.listening import ON_LINUX, sockets_of
from grader.tcptable import ESTABLISHED, LISTENING, Socket, asked, tcp_sockets, written

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="only Linux has these tables")

FAMILIES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


@pytest.fixture(params=FAMILIES, ids=["IPv4", "IPv6"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    family, host = request.param
    with (
        socket.create_server((host, 0), family=family) as listener,
        socket.create_connection(listener.getsockname()[:2]) as client,
        listener.accept()[0],
    ):
        yield listener, client


def own(sockets: Iterator[Socket] | list[Socket]) -> set[Socket]:
    """Return those that this process holds."""
    inodes = sockets_of(os.getpid())
    return {each for each in sockets if each.inode in inodes}


def test_what_the_kernel_answers_is_what_it_writes(ends: tuple[socket.socket, socket.socket]) -> None:
    listener, client = ends
    client.send(b"unread")
    told = own(asked((ESTABLISHED, LISTENING)))
    assert told == {each for each in own(written()) if each in told}
    port, other = listener.getsockname()[1], client.getsockname()[1]
    here = {(each.state, each.port, each.remote_port, each.queue) for each in told}
    assert {(LISTENING, port, 0, 0), (ESTABLISHED, other, port, 0), (ESTABLISHED, port, other, 6)} <= here


def test_only_the_states_that_are_wanted_are_told(ends: tuple[socket.socket, socket.socket]) -> None:
    listener, _client = ends
    assert {each.state for each in tcp_sockets((LISTENING,))} == {LISTENING}
    assert listener.getsockname()[1] in {each.port for each in own(tcp_sockets((LISTENING,)))}


def test_who_waits_to_be_accepted_is_in_the_queue_of_the_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        (row,) = (each for each in own(tcp_sockets((LISTENING,))) if each.port == listener.getsockname()[1])
        assert row.queue == 1


def test_without_sock_diag_the_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr("grader.tcptable.SOCK_DIAG", 31)  # a family that does not exist
        assert listener.getsockname()[1] in {each.port for each in own(tcp_sockets((LISTENING,)))}
