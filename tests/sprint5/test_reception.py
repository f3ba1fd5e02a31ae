"""The reception: whose time is over is seen to, whatever the strategy, and nobody's terminal holds anybody up."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from common.announcer import Announcer
from common.sockets import open_listener
from common.stop import POLLIN, Stop, wait_ready
from sprint5_concurrency import reception as module
from sprint5_concurrency.member import Member
from sprint5_concurrency.reception import Reception
from sprint5_concurrency.room import Room
from tests.common.raw import receive_all


class Scene:
    """A reception with its listener, and a strategy that is the test itself."""

    def __init__(self, things: ExitStack, max_clients: int) -> None:
        self.listener = things.enter_context(open_listener("127.0.0.1", 0))
        self.room: Room[Member] = Room(max_clients, time.monotonic)
        self.reception = Reception(
            self.listener, self.room, Announcer(things.enter_context(closing(Stop())), self.room.notes)
        )
        self.things = things

    def comes(self, words: bytes = b"") -> tuple[socket.socket, Member]:
        """Bring a client that says something at once; return it, and the member that it has become."""
        client = self.things.enter_context(socket.create_connection(self.listener.getsockname()))
        wait_ready({self.listener: POLLIN})
        ((sock, peer),) = self.reception.newcomers()
        member = Member(self.things.enter_context(sock), peer)
        self.reception.join(member)
        if words:
            client.sendall(words)
            wait_ready({member: POLLIN})
            self.reception.hear(member)
        return client, member


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A room with one place."""
    with ExitStack() as things:
        yield Scene(things, 1)


def test_there_is_no_hurry_while_nobody_s_time_runs(scene: Scene) -> None:
    assert scene.reception.seconds() is None
    scene.comes(b"USER alice\n")
    assert scene.reception.seconds() is None


def test_the_time_of_the_nameless_and_of_the_dismissed_runs(scene: Scene) -> None:
    _client, member = scene.comes()
    assert scene.reception.seconds() == module.LOOK_SECONDS
    scene.reception.leave(member)
    scene.comes(b"USER alice\n")
    client, refused = scene.comes()
    assert scene.reception.seconds() == module.LOOK_SECONDS
    assert client.recv(100).startswith(b"ERR server-full ")
    client.close()
    wait_ready({refused: POLLIN})
    assert not scene.reception.hear(refused)
    assert scene.reception.seconds() is None


def test_what_the_dismissed_still_say_is_read_away(scene: Scene) -> None:
    scene.comes(b"USER alice\n")
    client, member = scene.comes()
    client.sendall(b"USER bob\n" * 10)
    wait_ready({member: POLLIN})
    assert scene.reception.hear(member)
    assert receive_all(client).count(b"\n") == 1


def test_who_goes_on_and_on_is_closed_before_much_is_read(scene: Scene) -> None:
    scene.comes(b"USER alice\n")
    client, member = scene.comes()
    client.settimeout(0.0)
    read_away = 0
    while scene.reception.hear(member):
        read_away = member.ignored
        with suppress(BlockingIOError):
            client.send(b"x" * 4096)
        wait_ready({member: POLLIN})
    assert 0 < read_away <= module.IGNORED_BYTES
    assert member not in scene.reception.going


def test_what_is_wrong_with_the_lines_of_a_chunk_is_told_with_one_write(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, member = scene.comes(b"USER alice\n")
    writes: list[bytes] = []

    def noted(_member: Member, line: bytes) -> bool:
        writes.append(line)
        return True

    monkeypatch.setattr(Member, "post", noted)
    client.sendall(b"\x01\n" * 100 + b"hello\n")
    wait_ready({member: POLLIN})
    scene.reception.hear(member)
    assert len(writes) == 1
    assert writes[0].count(b"ERR bad-text ") == 100
    assert b"\nERR unknown-command " in writes[0]


def test_who_does_not_go_is_hung_up_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.comes(b"USER alice\n")
    _client, member = scene.comes()
    scene.reception.tidy()
    assert member in scene.reception.going
    monkeypatch.setattr(module, "GOING_SECONDS", 0.0)
    scene.reception.tidy()
    assert not scene.reception.going
    assert not scene.reception.hear(member), "its strategy reads its end"


def test_the_end_is_told_to_all_and_waits_for_nobody_for_long(scene: Scene) -> None:
    alice, _member = scene.comes(b"USER alice\n")
    nameless, _member = scene.comes()
    nameless.close()
    started = time.monotonic()
    scene.reception.end()
    assert time.monotonic() - started < 3
    assert receive_all(alice).startswith(b"ERR exit ")


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever is said be too much for the machine."""

    def fail(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Room, "obey", fail)


def test_who_needs_more_memory_than_there_is_is_dropped(scene: Scene, no_memory: None) -> None:  # noqa: ARG001
    client, member = scene.comes()
    client.sendall(b"USER alice\n")
    wait_ready({member: POLLIN})
    assert not scene.reception.hear(member), "its strategy closes it"
    assert member not in scene.room.nameless
