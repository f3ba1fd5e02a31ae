"""When somebody has come: also behind a network on which what is said to him takes its way."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.actors import Client, Server
from grader.arrivals import come, is_taken_in
from grader.contract import Contract
from grader.front import wiretap_before
from grader.peers import Peer
from grader.stage import Stage
from grader.wiretap import Wiretap
from grader.words import Words
from tests.e2e.networks import JOINED, say_held

GREETS = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
accepted = []
while True:
    accepted.append(listener.accept()[0])
    accepted[-1].sendall(b"welcome")
"""

FLUSHES = """
import socket, sys, termios, time
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    time.sleep(0.2)
    termios.tcflush(0, termios.TCIFLUSH)
    server.sendall(input("> ").encode() + b"\\n")
"""
"""Throws away what is typed before its prompt, which takes it a while."""


@pytest.fixture
def server(stage: Stage) -> Server:
    """A server that greets whoever comes."""
    return Server(stage, [sys.executable, "-c", GREETS])


@pytest.fixture
def tap(stage: Stage, server: Server) -> Wiretap:
    """A network on the way to it."""
    return Wiretap(stage, server.port)


def test_who_has_not_read_what_was_said_has_not_come_yet(stage: Stage, server: Server, tap: Wiretap) -> None:
    tap.expect("alice")
    alice = Peer(stage, "alice", tap.port)
    alice.stops_reading()
    assert stage.wait_until(lambda: tap.count() == 1)
    assert stage.wait_for_outside(lambda: is_taken_in(server, None))
    assert not stage.wait_for_outside(lambda: is_taken_in(server, tap), 0.2)
    alice.reads()
    assert stage.wait_for_outside(lambda: is_taken_in(server, tap))


def test_lines_that_are_held_are_typed_one_by_one(stage: Stage, tap: Wiretap) -> None:
    tap.expect("alice")
    alice = Client(stage, "alice", [sys.executable, "-c", FLUSHES, str(tap.port)])
    alice.sees("> ")
    words = Words("seed")
    lines = [words.word() for _ in range(JOINED)]
    say_held(tap, alice, "alice", lines)
    assert tap.kept("alice") == "".join(f"{line}\n" for line in lines).encode()


TWO_PORTS = """
import select, socket
listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[listener.getsockname()[1] for listener in listeners], flush=True)
accepted = []
while True:
    accepted += [listener.accept() for listener in select.select(listeners, [], [])[0]]
"""

OPENS_AGAIN = """
import socket, sys
place = ("127.0.0.1", 0)
while True:
    listener = socket.create_server(place)
    place = listener.getsockname()
    connection = listener.accept()[0]
    listener.close()
    connection.recv(1)
"""
"""Listens for one conversation at a time."""

STAYS = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server:
    server.sendall(sys.stdin.readline().encode())
    server.recv(1)
"""


def starts(stage: Stage, *to: int) -> Callable[..., Client]:
    """Start a client towards a port of its own, or towards the one it is told."""

    def start(name: str, port: int, _host: str, _actor: type[Client]) -> Client:
        told = to[0] if to else port
        return Client(stage, name, [sys.executable, "-c", STAYS, str(told)])

    return start


def test_one_may_come_to_another_port_of_the_server_s(stage: Stage) -> None:
    server = Server(stage, [sys.executable, "-c", TWO_PORTS])
    ports = [int(each) for each in server.announces("").split()]
    assert server.ports() == set(ports)
    for name, port in zip(("alice", "bob"), ports, strict=True):
        assert come(name, Client, server, None, starts(stage, port)).has_come


def test_no_wiretap_hears_one_of_two_only(stage: Stage) -> None:
    server = Server(stage, [sys.executable, "-c", TWO_PORTS])
    server.announces("")
    assert wiretap_before(stage, server, Contract(Path(), "", "")) is None


def test_who_comes_once_a_conversation_is_over_finds_the_port_open_again(stage: Stage) -> None:
    server = Server(stage, [sys.executable, "-c", OPENS_AGAIN])
    alice = come("alice", Client, server, None, starts(stage))
    assert stage.wait_for_outside(lambda: not server.is_open())
    stage.call_later(0.3, lambda: alice.types("enough"))
    assert come("bob", Client, server, None, starts(stage)).has_come
