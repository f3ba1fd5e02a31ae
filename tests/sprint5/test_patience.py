"""How long the event loop waits for who is behind: long enough for who reads, and not for long."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from common.announcer import Announcer
from common.stop import POLLOUT, Stop, wait_ready
from sprint5_concurrency import event_loop
from sprint5_concurrency.event_loop import Tick
from sprint5_concurrency.queued_member import QueuedMember
from sprint5_concurrency.reception import Reception
from sprint5_concurrency.room import Room
from tests.common.raw import SMALL, Thread, ends, receive_all, tcp_pair

LINES = 500
"""Of a thousand bytes: more than an outbox takes, and the kernel where it is told to take little."""

LONG_SECONDS = 30.0
"""Longer than any machine needs to run a thread that is ready to."""


class Speaker(QueuedMember):
    """A member that says what is put in its mouth."""

    says: bytes | None = None

    def read(self) -> bytes | None:
        """Return what it says."""
        return self.says


class Scene:
    """A room of a speaker and some who hear it, on connections that hold little."""

    def __init__(self, reception: Reception[QueuedMember], hearers: int) -> None:
        self.reception = reception
        self.room = reception.room
        self.tick = Tick(reception)
        self.pairs = [tcp_pair(SMALL) for _ in range(hearers + 1)]
        self.clients = [theirs for _ours, theirs in self.pairs]
        (ours, _theirs), *others = self.pairs
        self.speaker = Speaker(ours, "peer", self.tick.behind)
        self.hearers = [QueuedMember(ours, "peer", self.tick.behind) for ours, _theirs in others]
        for number, member in enumerate([self.speaker, *self.hearers]):
            reception.join(member)
            self.room.obey(member, f"USER Name{number}")

    def says(self, lines: int) -> bytes:
        """Let the speaker say lines of a thousand bytes, 60 in each tick; return what the others hear of it."""
        heard = b""
        for first in range(0, lines, 60):
            texts = [b"%04d" % number + b"x" * 984 for number in range(first, min(first + 60, lines))]
            self.speaker.says = b"".join(b"MSG " + text + b"\n" for text in texts)
            self.tick.hear(self.speaker)
            self.tick.deliver()
            heard += b"".join(b"MSG Name0 " + text + b"\n" for text in texts)
        return heard

    def close(self) -> None:
        """Leave nothing behind."""
        for end in sum(self.pairs, ()):
            end.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A speaker and two who hear it."""
    with contextlib.closing(Stop()) as stop, socket.socket() as listener:
        room: Room[QueuedMember] = Room(100, lambda: 0.0)
        scene = Scene(Reception(listener, room, Announcer(stop)), hearers=2)
        yield scene
        scene.close()


def reads_all(client: socket.socket, heard: bytearray) -> threading.Thread:
    """Let a client read to the end."""
    thread = Thread(target=lambda: heard.extend(receive_all(client)))
    thread.start()
    return thread


def test_a_burst_waits_for_those_who_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "PATIENCE_SECONDS", LONG_SECONDS)
    ears = [bytearray(), bytearray()]
    threads = [reads_all(client, ear) for client, ear in zip(scene.clients[1:], ears, strict=True)]
    said = scene.says(4 * LINES)
    assert len(scene.room.members) == 3
    for member in scene.hearers:
        member.dismiss()
        while not member.flush():
            wait_ready({member: POLLOUT})
    assert ends(*threads)
    assert [bytes(ear) for ear in ears] == [said, said]


def test_who_does_not_read_is_waited_for_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    monkeypatch.setattr(event_loop, "PATIENCE_SECONDS", 0.2)
    waited_for = []
    wait = Tick._let_catch_up

    def noted(tick: Tick, late: set[QueuedMember]) -> None:
        waited_for.append(set(late))
        wait(tick, late)

    monkeypatch.setattr(Tick, "_let_catch_up", noted)
    scene.reception.leave(scene.hearers[0])
    said = scene.says(LINES)
    assert scene.room.notes.pop() == "Name2 was hung up on (it does not read), 1 present"
    assert waited_for == [{scene.hearers[1]}]
    assert time.monotonic() - began >= 0.2
    assert said.startswith(receive_all(scene.clients[2])), "it lost lines while it stayed"


def test_nobody_waits_while_an_outbox_has_room(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Tick, "_let_catch_up")
    scene.says(LINES // 2)
    assert len(scene.tick.behind) == 2
    assert len(scene.room.members) == 3
