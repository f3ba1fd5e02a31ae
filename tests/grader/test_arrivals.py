"""When somebody has come: also behind a network on which what is said to him takes its way."""

import sys

import pytest

from grader.actors import Client, Server
from grader.arrivals import is_taken_in
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
