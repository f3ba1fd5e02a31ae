"""Where a port is in the sources, a wiretap stands in front of the server, at the very same port."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.actors import Client, Server
from grader.arrivals import come
from grader.contract import Contract
from grader.front import wiretap_before
from grader.journal import CONNECTED, SENT
from grader.listening import wait_listening
from grader.peers import Peer
from grader.ports import free_port
from grader.program import Program
from grader.stage import Stage

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads Linux's tables")

ANSWERS = """
import os, socket
listener = socket.create_server(({host!r}, {port}), family=socket.{family}, dualstack_ipv6={both})
if {forks}:
    os.fork()
while True:
    with listener.accept()[0] as client:
        client.sendall(b"you say " + client.recv(100))
"""


def server_at(
    stage: Stage, port: int, host: str = "", family: str = "AF_INET", forks: bool = False
) -> Server:
    """Start a server that answers each client once."""
    source = ANSWERS.format(host=host, port=port, family=family, both=family == "AF_INET6", forks=forks)
    return Server(stage, [sys.executable, "-c", source], port)


def fixed(port: int) -> Contract:
    """A submission with this port in its sources."""
    return Contract(Path(), server="", client="", port=port)


@pytest.mark.parametrize(
    ("host", "family", "forks"),
    [("", "AF_INET", False), ("", "AF_INET", True), ("::", "AF_INET6", False)],
    ids=["IPv4", "two processes", "IPv6, too"],
)
def test_who_comes_to_the_port_in_the_source_goes_through_the_wiretap(
    stage: Stage, host: str, family: str, forks: bool
) -> None:
    server = server_at(stage, free_port(), host, family, forks)
    tap = wiretap_before(stage, server, fixed(server.port))
    assert tap
    tap.expect("alice")
    assert tap.port == server.port
    alice = Peer(stage, "alice", server.port)
    alice.sends(b"hello")
    alice.receives_bytes(b"you say hello")
    wire = [
        (each.actor, each.act, each.text)
        for each in stage.journal.entries
        if each.peer and each.act in (CONNECTED, SENT)
    ]
    assert wire == [("alice", CONNECTED, ""), ("alice", SENT, "hello"), ("server", SENT, "you say hello")]


def test_a_server_that_keeps_its_port_to_itself_is_met_as_before(stage: Stage) -> None:
    server = server_at(stage, free_port(), "127.0.0.1")
    assert wiretap_before(stage, server, fixed(server.port)) is None
    alice = Peer(stage, "alice", server.port)
    alice.sends(b"hello")
    alice.receives_bytes(b"you say hello")


def test_who_can_be_told_a_port_is_told_another_one(stage: Stage) -> None:
    server = server_at(stage, free_port(), "127.0.0.1")
    tap = wiretap_before(stage, server, fixed(0))
    assert tap
    assert tap.port != server.port


def test_a_second_server_does_not_get_the_port(stage: Stage) -> None:
    server = server_at(stage, free_port())
    tap = wiretap_before(stage, server, fixed(server.port))
    assert tap
    tap.expect("alice")
    source = ANSWERS.format(host="", port=server.port, family="AF_INET", both=False, forks=False)
    second = Program(stage, "second", [sys.executable, "-c", source], terminal=False)
    assert second.wait_end()
    assert second.exit_code == 1


KEEPS = """
import socket
listener = socket.socket()  # without SO_REUSEADDR
listener.bind(("", {port}))
listener.listen()
kept = []
while True:
    kept.append(listener.accept()[0])
    kept[-1].sendall(b"here")
"""


def test_who_has_come_before_the_wiretap_does_not_keep_it_from_the_port(stage: Stage) -> None:
    port = free_port()
    server = Server(stage, [sys.executable, "-c", KEEPS.format(port=port)], port)
    alice = Peer(stage, "alice", port)
    alice.receives_bytes(b"here")
    tap = wiretap_before(stage, server, fixed(port))
    assert tap
    tap.expect("bob")
    Peer(stage, "bob", port).receives_bytes(b"here")
    assert tap.count() == 1


AGAIN = """
import socket
while True:
    with socket.create_server(("", {port})) as listener:
        client = listener.accept()[0]
    client.sendall(b"here")
    client.recv(1)
    client.close()
"""


def test_a_server_that_listens_anew_for_each_finds_its_port_free(stage: Stage) -> None:
    server = Server(stage, [sys.executable, "-c", AGAIN.format(port=(port := free_port()))], port)
    tap = wiretap_before(stage, server, fixed(port))
    assert tap
    for name in "alice", "bob", "carol":
        wait_listening(server.program, port)
        tap.expect(name)
        peer = Peer(stage, name, port)
        peer.receives_bytes(b"here")
        peer.sends(b"x")
        peer.is_hung_up_on()
    assert tap.count() == 3


def test_who_comes_past_the_wiretap_is_not_waited_for(stage: Stage) -> None:
    server = server_at(stage, free_port(), "::", "AF_INET6")
    tap = wiretap_before(stage, server, fixed(server.port))
    assert tap

    def start(name: str, port: int, _host: str, _actor: type[Client]) -> Client:
        source = (
            f"import socket; server = socket.create_connection(('::1', {port})); input(); server.send(b'x')"
        )
        return Client(stage, name, [sys.executable, "-c", source])

    come("alice", Client, server, tap, start).types("")
    bob = Peer(stage, "bob", server.port)
    bob.sends(b"hello")
    bob.receives_bytes(b"you say hello")
    assert tap.count() == 0


def test_the_next_server_gets_the_port(
    stage: Stage, start_server: Callable[..., Server], contract: Contract
) -> None:
    server = start_server()
    tap = wiretap_before(stage, server, contract)
    assert tap
    tap.expect("bob")
    Peer(stage, "bob", server.port)
    assert stage.wait_until(lambda: tap.count() == 1)
    server.kill()
    server.ends()
    again = start_server(port=server.port)
    alice = Peer(stage, "alice", again.port)
    alice.sends(b"hello")
    alice.receives_bytes(b"you say hello")


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """A server with a port in its source."""
    port = free_port()
    source = ANSWERS.format(host="", port=port, family="AF_INET", both=False, forks=False)
    (tmp_path / "server.py").write_text(source)
    return Contract(tmp_path, server=f"{sys.executable} server.py", client="", port=port)
