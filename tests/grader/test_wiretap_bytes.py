"""A wiretap changes nothing: every byte passes, in order, both ways, and so does the end of each direction."""

import random
import socket
from collections.abc import Iterator

import pytest

from grader.journal import CLOSED, CONNECTED, SENT
from grader.peers import Peer
from grader.program import Program
from grader.stage import Stage
from grader.wiretap import Wiretap

BYTES = random.Random(7).randbytes(2_000_000)


class Ends:
    """A raw client, the wiretap, and the server's end of the connection as one more raw peer."""

    def __init__(self, stage: Stage) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.tap = Wiretap(stage, listener.getsockname()[1])
            self.tap.expect("alice")
            self.alice = Peer(stage, "alice", self.tap.port)
            assert stage.wait_until(lambda: bool(stage.journal.of("alice")[1:]))
            self.accepted = listener.accept()[0]
        self.accepted.setblocking(False)
        self.heard = bytearray()
        self.ended = False
        self.stage = stage

    def server_reads(self) -> None:
        self.stage.watch(self.accepted.fileno(), self._read)

    def close(self) -> None:
        if not self.ended:
            self.stage.unwatch(self.accepted.fileno())
        self.accepted.close()

    def _read(self) -> None:
        chunk = self.accepted.recv(65536)
        self.heard += chunk
        if not chunk:
            self.ended = True
            self.stage.unwatch(self.accepted.fileno())


@pytest.fixture
def ends(stage: Stage) -> Iterator[Ends]:
    ends = Ends(stage)
    ends.server_reads()
    yield ends
    ends.close()


def test_every_byte_reaches_the_server(stage: Stage, ends: Ends) -> None:
    ends.alice.sends(BYTES)
    assert stage.wait_until(lambda: len(ends.heard) == len(BYTES))
    assert bytes(ends.heard) == BYTES


def test_every_byte_reaches_the_client(stage: Stage, ends: Ends) -> None:
    for start in range(0, len(BYTES), 8192):  # less than any buffer: the whole piece is taken at once
        ends.accepted.sendall(BYTES[start : start + 8192])
        assert stage.wait_until(lambda sent=start: len(ends.alice.unread) > sent)  # type: ignore[misc]
    ends.alice.receives_bytes(BYTES)


def test_a_half_close_passes_and_the_answer_comes_back(stage: Stage, ends: Ends) -> None:
    ends.alice.says("question")
    ends.alice.half_closes()
    assert stage.wait_until(lambda: ends.ended)
    assert bytes(ends.heard) == b"question\n"
    ends.accepted.send(b"answer\n")
    ends.alice.receives("answer")
    ends.accepted.shutdown(socket.SHUT_WR)
    ends.alice.is_hung_up_on()


def test_a_reset_is_the_end_for_the_server(stage: Stage, ends: Ends) -> None:
    ends.alice.resets()
    assert stage.wait_until(lambda: ends.ended)


def test_a_server_that_does_not_read_slows_the_client_and_nobody_else(stage: Stage) -> None:
    ends = Ends(stage)
    program = Program(stage, "talker", ["sh", "-c", "read go; echo done"], terminal=False)
    sent = 0
    while stage.wait_for_outside(ends.alice.can_send, seconds=0.3):
        sent += ends.alice.sends_what_fits(BYTES)
    program.types(b"go\n")
    assert stage.wait_until(lambda: b"done" in program.written["stdout"])
    ends.server_reads()
    assert stage.wait_until(lambda: len(ends.heard) == sent)
    ends.close()


def test_lines_are_written_down_with_who_says_them_to_whom(stage: Stage, ends: Ends) -> None:
    ends.alice.sends(b"one\ntwo\n")
    assert stage.wait_until(lambda: len(ends.heard) == 8)
    ends.accepted.send(b"three\n")
    ends.alice.receives("three")
    ends.alice.half_closes()
    assert stage.wait_until(lambda: ends.ended)
    carried = [
        (entry.actor, entry.act, entry.data, entry.peer) for entry in stage.journal.entries if entry.peer
    ]
    assert carried == [
        ("alice", CONNECTED, b"", "server"),
        ("alice", SENT, b"one\n", "server"),
        ("alice", SENT, b"two\n", "server"),
        ("server", SENT, b"three\n", "alice"),
        ("alice", CLOSED, b"", "server"),
    ]


def test_connections_are_named_in_the_order_in_which_they_come(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tap = Wiretap(stage, listener.getsockname()[1])
        for name in ("alice", "bob"):
            tap.expect(name)
        for name in ("first", "second", "third"):
            Peer(stage, name, tap.port)
        assert stage.wait_until(lambda: bool(stage.journal.of("stranger")))
    assert [entry.actor for entry in stage.journal.entries if entry.peer] == ["alice", "bob", "stranger"]


def test_a_client_that_comes_after_the_server_has_gone_is_hung_up_on(stage: Stage, ends: Ends) -> None:
    ends.tap.expect("bob")
    Peer(stage, "bob", ends.tap.port).is_hung_up_on()
    ends.alice.says("still here")
    assert stage.wait_until(lambda: bytes(ends.heard) == b"still here\n")


def test_a_wiretap_leaves_nothing_behind() -> None:
    with Stage() as stage:
        ends = Ends(stage)
        port = ends.tap.port
        ends.accepted.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
