"""The locks guard memory: whoever holds one waits for nothing, neither for the network nor for the terminal.

A watched lock knows who holds it. All waits of the programs go through `wait_ready`, all that is printed
through `say`; both are replaced by ones that take note when they are called with the lock in hand.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import common.announcer
import common.farewell
import common.stop
from common.announcer import Announcer
from common.connection import Connection
from common.terminal import say
from sprint2_threaded_pair.server import Pair
from sprint3_n_clients.server import Room
from sprint4_named_room.server import SharedRoom
from tests.common.children import SECONDS
from tests.common.raw import SMALL, Thread, reset
from tests.races.conftest import Running
from tests.races.talk import Connect, come_and_go, numbered, running, speaking, talk_in_step


class WatchedLock:
    """A lock that knows its holder, and counts how often it was taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.holder = 0
        self.taken = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        taken = self._lock.acquire(blocking, timeout)
        if taken:
            self.holder = threading.get_ident()
            self.taken += 1
        return taken

    def release(self) -> None:
        self.holder = 0
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_reason: object) -> None:
        self.release()

    def is_mine(self) -> bool:
        """Tell whether the thread that asks holds it."""
        return self.holder == threading.get_ident()


class Watch:
    """The watched lock, and what was done while holding it that should not have been."""

    def __init__(self) -> None:
        self.lock = WatchedLock()
        self.offences: list[str] = []

    def note(self, offence: str) -> None:
        """Take note of an offence, if the thread at it holds the lock."""
        if self.lock.is_mine():
            self.offences.append(offence)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watch all waits, prints, notes and blocking sockets."""
    watch = Watch()
    wait_ready = watched_wait(watch)
    monkeypatch.setattr(common.stop, "wait_ready", wait_ready)
    monkeypatch.setattr(common.farewell, "wait_ready", wait_ready)
    monkeypatch.setattr(common.announcer, "say", watched_say(watch))
    monkeypatch.setattr(Announcer, "note", watched_note(watch))
    monkeypatch.setattr(Connection, "flush", watched_flush(watch))
    yield watch
    assert watch.lock.taken
    assert watch.offences == []


def watched_wait(watch: Watch) -> Callable[..., dict[Any, int]]:
    """Return a wait that notes who holds the lock in it."""
    wait_ready = common.stop.wait_ready

    def watched(interests: Mapping[Any, int], seconds: float | None = None) -> dict[Any, int]:
        if seconds != 0:  # to look without waiting is allowed
            watch.note("waited")
        return wait_ready(interests, seconds)

    return watched


def watched_say(watch: Watch) -> Callable[[str], None]:
    """Return a `say` that notes who holds the lock while it prints."""

    def watched(line: str) -> None:
        watch.note("printed")
        say(line)

    return watched


def watched_note(watch: Watch) -> Callable[[Announcer, str], None]:
    """Return a note-taking that notes who does it without the lock."""
    note = Announcer.note

    def watched(announcer: Announcer, line: str) -> None:
        if not watch.lock.is_mine():
            watch.offences.append("noted outside the lock, where another may come first")
        note(announcer, line)

    return watched


def watched_flush(watch: Watch) -> Callable[[Connection], None]:
    """Return a flush that notes who holds the lock in one that may wait."""
    flush = Connection.flush

    def watched(connection: Connection) -> None:
        if connection._socket.fileno() >= 0 and connection._socket.getblocking():
            watch.note("sent in a way that may wait")
        flush(connection)

    return watched


def test_the_lock_of_the_room_is_free_while_one_client_does_not_read(
    watch: Watch, room: Running, connect: Connect
) -> None:
    assert isinstance(room.table, Room)
    room.table.lock = watch.lock  # type: ignore[assignment]
    alice, bob, _stuck = connect(room.port), connect(room.port), connect(room.port, SMALL)
    room.wait_for_clients(3)
    lines = numbered(0, 3000, b" " * 1000)
    guests = Thread(target=come_and_go, args=(connect, room.port, 20))
    with running(guests):  # newcomers need the lock too
        assert talk_in_step(alice, bob, lines) == lines
    room.wait_for_clients(2)


def test_the_lock_of_the_named_room_is_free_while_one_member_does_not_read(
    watch: Watch, named_room: Running, connect: Connect
) -> None:
    assert isinstance(named_room.table, SharedRoom)
    named_room.table.lock = watch.lock  # type: ignore[assignment]
    alice, stuck = connect(named_room.port), connect(named_room.port, SMALL)
    stuck.sendall(b"stuck\n")
    guests = Thread(target=come_and_go, args=(connect, named_room.port, 20))
    with running(guests), alice.makefile("rb") as reader:
        alice.sendall(b"alice\n")
        for line in numbered(0, 3000, b" " * 1000):
            alice.sendall(line)
            while (heard := reader.readline()) != b"alice: " + line:
                assert heard
    named_room.wait_for_clients(1)


def test_the_lock_of_the_pair_is_free_while_one_direction_waits_for_room(
    watch: Watch, pair: Running, connect: Connect
) -> None:
    assert isinstance(pair.table, Pair)
    pair.table.lock = watch.lock  # type: ignore[assignment]
    alice, stuck = connect(pair.port), connect(pair.port, SMALL)
    pair.wait_for_clients(2)
    alice.sendall(b"salut\n")
    assert stuck.recv(100) == b"salut\n"
    with running(speaking(alice, numbered(1, 8000, b" " * 1000))):
        wait_until_somebody_waits_for_room(pair.table)
        assert watch.lock.acquire(timeout=SECONDS)
        watch.lock.release()
        stuck.sendall(b"I do not read, but I talk\n")
        assert alice.recv(100) == b"I do not read, but I talk\n"
        reset(stuck)
        bob = connect(pair.port)
        with bob.makefile("rb") as reader:
            while b"7999" not in (line := reader.readline()):
                assert line


def wait_until_somebody_waits_for_room(pair: Pair) -> None:
    """Wait until a line is in an outbox: its thread waits for room, or is just about to."""
    patience = common.stop.Stop()
    while not any(client.outbox for client in list(pair.clients.values())):
        patience.wait(0.001)
    patience.close()
