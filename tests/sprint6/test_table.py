"""The table with real sockets and no server around it: who is read when, and what is kept for whom."""

import select
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from operator import contains

import pytest

from sprint6_messenger.announcements import Announcements
from sprint6_messenger.connection import Connection
from sprint6_messenger.decoder import MessageDecoder
from sprint6_messenger.service import Service
from sprint6_messenger.table import MAX_NAMELESS, OUTBOX_BYTES, Table
from sprint6_messenger.wire import Message, MessageType, encode

FLOOD = encode(Message(MessageType.BROADCAST_SEND, payload=b"x" * 1000))

FLOOD_MESSAGES = 2000
"""Several times what an outbox holds."""


class Peer:
    """The other end of one of the table's connections."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.socket = end
        self.decoder = MessageDecoder()
        self.heard: list[Message] = []
        self.unsent = b""
        self.ended = False

    def say(self, raw: bytes) -> None:
        """Send bytes, as far as they are taken; the rest in later turns."""
        self.unsent += raw
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self.unsent = b""

    def listen(self, most: int) -> None:
        """Read some bytes."""
        try:
            chunk = self.socket.recv(most)
        except BlockingIOError:
            return
        self.ended = not chunk
        self.heard += [each for each in self.decoder.feed(chunk) if isinstance(each, Message)]


class Scene:
    """A table that is given its turns by the test."""

    def __init__(self) -> None:
        self.poller = select.poll()
        self.table = Table(Service(10), self.poller, Announcements())
        self.peers: list[Peer] = []

    def connect(self, name: str = "") -> Peer:
        """Bring one more connection; with small buffers, so that little is hidden in them."""
        ours, theirs = socket.socketpair()
        for end in ours, theirs:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        self.peers.append(Peer(theirs))
        self.table.admit(Connection(ours, ("somewhere", 0)))
        if name:
            self.peers[-1].say(encode(Message(MessageType.NICKNAME_NEW, name)))
            self.turn()
            self.peers[-1].listen(10_000)
            self.peers[-1].heard.clear()
        return self.peers[-1]

    def turn(self) -> None:
        """Let the table do what there is to do now."""
        for descriptor, events in self.poller.poll(0):
            if client := self.table.clients.get(descriptor):
                self.table.serve(client, events)
        self.table.end_waits(time.monotonic())
        self.table.settle()

    def fullest(self) -> int:
        """Return how many bytes the fullest outbox holds."""
        return max((len(client.outbox) for client in self.table.clients.values()), default=0)

    def end(self) -> None:
        """Close all sockets."""
        for client in self.table.clients.values():
            client.close()
        for peer in self.peers:
            peer.socket.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A table with nobody in it."""
    played = Scene()
    yield played
    played.end()


def turns_until(scene: Scene, condition: Callable[[], bool], each_turn: Callable[[], None]) -> bool:
    """Let the table have turns until something holds, for as long as a slow machine may take."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        each_turn()
        scene.turn()
    return condition()


def test_a_flood_is_no_faster_than_the_one_who_reads_it(scene: Scene) -> None:
    speaker, hearer = scene.connect("speaker"), scene.connect("hearer")
    speaker.say(FLOOD * FLOOD_MESSAGES)
    fullest: list[int] = []

    def each_turn() -> None:
        speaker.say(b"")
        fullest.append(scene.fullest())
        hearer.listen(500)  # slower than the speaker is read in a turn

    assert turns_until(scene, lambda: len(hearer.heard) == FLOOD_MESSAGES or hearer.ended, each_turn)
    assert not hearer.ended
    assert max(fullest) < OUTBOX_BYTES / 4


def test_one_who_stalls_stops_a_flood_and_no_chat(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene.table, "end_waits", lambda _now: None)  # however slow this machine is
    flooder, alice, bob, _stalled = (scene.connect(name) for name in ("flooder", "alice", "bob", "stalled"))
    flooder.say(FLOOD * FLOOD_MESSAGES)

    def each_turn() -> None:
        flooder.say(b"")
        for peer in flooder, alice, bob:
            peer.listen(100_000)

    assert turns_until(scene, lambda: scene.fullest() > 0, each_turn)
    for number in range(10):
        line = Message(MessageType.UNICAST_SEND, "bob", f"line {number}".encode(), "alice")
        alice.say(encode(line))
        assert turns_until(scene, partial(contains, bob.heard, line), each_turn)
    assert len(scene.table.clients) == 4
    assert len([each for each in bob.heard if each.sender == "flooder"]) < FLOOD_MESSAGES


def test_one_who_takes_nothing_is_waited_for_once_and_then_hung_up_on(scene: Scene) -> None:
    speaker, hearer, stuck = (scene.connect(name) for name in ("speaker", "hearer", "stuck"))
    speaker.say(FLOOD * FLOOD_MESSAGES)

    def each_turn() -> None:
        speaker.say(b"")
        hearer.listen(100_000)

    assert turns_until(scene, lambda: len(hearer.heard) == FLOOD_MESSAGES, each_turn)
    assert len(scene.table.clients) == 2
    assert turns_until(scene, lambda: stuck.ended, lambda: stuck.listen(100_000))


def test_strangers_are_bounded_and_the_one_that_spoke_last_stays(scene: Scene) -> None:
    strangers = [scene.connect() for _ in range(MAX_NAMELESS)]
    strangers[0].say(encode(Message(MessageType.ECHO_SEND, payload=b"here")))
    scene.turn()
    scene.connect()
    scene.turn()
    for stranger in strangers[:2]:
        stranger.listen(10_000)
    assert [message.payload for message in strangers[0].heard] == [b"here"]
    assert [message.payload for message in strangers[1].heard] == [b"too many connections without a name"]


def test_a_table_at_rest_has_nothing_to_wait_for(scene: Scene) -> None:
    scene.connect("alice")
    scene.connect()
    scene.turn()
    assert scene.table.first_end() == float("inf")
    assert scene.poller.poll(0) == []


def test_what_was_said_before_the_end_is_delivered_and_answered(scene: Scene) -> None:
    alice, bob = scene.connect("alice"), scene.connect("bob")
    alice.say(
        encode(Message(MessageType.UNICAST_SEND, "bob", b"bye")) + encode(Message(MessageType.NICKNAME_LIST))
    )
    alice.socket.shutdown(socket.SHUT_WR)
    assert turns_until(scene, lambda: alice.ended, lambda: alice.listen(10_000))
    bob.listen(10_000)
    assert [message.payload for message in bob.heard] == [b"bye"]
    assert alice.heard[0].payload.startswith(b"Online users are")
    assert len(scene.table.clients) == 1


def test_who_needs_more_memory_than_there_is_is_given_up_and_costs_nobody_else_anything(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    alice, bob = scene.connect("alice"), scene.connect("bob")

    def fail(*_arguments: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Service, "receive", fail)
        alice.say(encode(Message(MessageType.NICKNAME_LIST)))
        scene.turn()
    alice.listen(10_000)
    assert alice.ended
    assert len(scene.table.clients) == 1
    bob.say(encode(Message(MessageType.ECHO_SEND, payload=b"still here")))
    scene.turn()
    bob.listen(10_000)
    assert bob.heard[-1].payload == b"still here"
    assert "out of memory" in capfd.readouterr().err
