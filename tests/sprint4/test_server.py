"""The server's threads and their lock: deadlines, departures and slow readers, over real connections."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from common.connection import Connection
from common.lines import LineDecoder
from common.stop import Stop
from sprint4_named_room import server
from sprint4_named_room.server import Late, SharedRoom, receive_in_time, serve_client, start_thread
from tests.common.raw import SMALL, Thread, ends, receive_all, tcp_pair

SOON, LONG_AGO = 60.0, -60.0

Person = tuple[Connection, socket.socket]


@pytest.fixture
def stop() -> Iterator[Stop]:
    """A bell that nothing but the test rings."""
    stop = Stop()
    yield stop
    stop.close()


@pytest.fixture
def room(stop: Stop) -> SharedRoom:
    """A room for three."""
    return SharedRoom(3, stop)


@pytest.fixture
def person(stop: Stop) -> Iterator[Callable[..., Person]]:
    """Make a connection and the raw socket of its peer."""
    made: list[Person] = []

    def make(buffer: int | None = None) -> Person:
        sock, peer = tcp_pair(buffer)
        made.append((Connection(sock, f"peer {len(made)}", stop, LineDecoder()), peer))
        return made[-1]

    yield make
    for connection, peer in made:
        connection.close()
        peer.close()


@pytest.fixture
def member(room: SharedRoom, person: Callable[..., Person]) -> Callable[..., Person]:
    """Make somebody with a name."""

    def make(name: str, buffer: int | None = None) -> Person:
        connection, peer = person(buffer)
        room.arrive(connection)
        assert room.receive(connection, name)
        return connection, peer

    return make


@pytest.mark.parametrize(("seconds", "late"), [(SOON, False), (LONG_AGO, True)])
def test_a_name_is_in_time_or_late_and_nothing_between(
    seconds: float, late: bool, stop: Stop, person: Callable[..., Person]
) -> None:
    newcomer, peer = person()
    peer.sendall(b"bob\n")
    stop.wait_for(newcomer)
    newcomer.read()
    if late:
        with pytest.raises(Late, match="no name within 10 seconds"):
            receive_in_time(newcomer, time.monotonic() + seconds, stop)
    else:
        assert receive_in_time(newcomer, time.monotonic() + seconds, stop) == "bob"


def test_bytes_that_trickle_in_do_not_move_the_deadline(
    stop: Stop, room: SharedRoom, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "NAME_SECONDS", 0.2)
    newcomer, peer = person()
    thread = Thread(target=serve_client, args=(newcomer, room, stop))
    thread.start()
    patience = Stop()
    while thread.is_alive():
        try:
            peer.sendall(b"b")
        except OSError:
            break
        patience.wait(0.01)
    patience.close()
    assert ends(thread)
    assert room.clients == []


def test_a_departure_is_told_once_however_often_it_is_noticed(
    room: SharedRoom, member: Callable[..., Person], capfd: pytest.CaptureFixture[str]
) -> None:
    alice, at_alice = member("alice")
    bob, _at_bob = member("bob")
    for _ in range(2):
        room.leave(bob, "left")
    room.leave(alice, "left")
    alice.close()
    assert receive_all(at_alice).decode().count("bob a quitté le serveur\n") == 1
    announced = [line.partition(", ")[2] for line in capfd.readouterr().out.split("\n")[:-1]]
    assert announced == ["1 present", "2 present", "1 present", "0 present"]


def test_a_thread_that_fails_leaves_no_ghost(
    stop: Stop, room: SharedRoom, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> bool:
        raise MemoryError

    monkeypatch.setattr(room, "receive", fail)
    newcomer, peer = person()
    peer.sendall(b"bob\n")
    with pytest.raises(MemoryError):
        serve_client(newcomer, room, stop)
    assert room.clients == []
    assert receive_all(peer) == b""


def test_who_does_not_read_is_hung_up_on_and_says_nothing_more(
    room: SharedRoom, member: Callable[..., Person], capfd: pytest.CaptureFixture[str]
) -> None:
    alice, at_alice = member("alice")
    stuck, _at_stuck = member("stuck", SMALL)
    lines = 0
    while not stuck.outbox:
        room.receive(alice, "x" * 1000)
        lines += 1
        while b"x\n" not in at_alice.recv(65536)[-2:]:
            assert at_alice.fileno() >= 0
    room.receive(stuck, "can you hear me?")
    room.leave(stuck, "left")
    room.leave(alice, "left")
    alice.close()
    assert lines > 1
    assert receive_all(at_alice).decode() == "stuck a quitté le serveur\n"
    assert "stuck was hung up on (it does not read), 1 present" in capfd.readouterr().out


@pytest.mark.parametrize("comes_early", [False, True], ids=["at the door", "with a name"])
def test_a_place_that_is_just_being_given_back_is_waited_for(
    comes_early: bool,
    stop: Stop,
    room: SharedRoom,
    member: Callable[..., Person],
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newcomer, peer = person()
    alice, _at_alice = member("alice")
    if comes_early:
        room.arrive(newcomer)
    for name in ("bob", "carol"):
        member(name)
    if comes_early:
        monkeypatch.setattr(room, "arrive", lambda _newcomer: None)
    monkeypatch.setattr(stop, "wait", lambda _seconds: room.leave(alice, "left"))
    peer.sendall(b"dave\nexit\n")
    serve_client(newcomer, room, stop)
    assert receive_all(peer).decode() == "dave a rejoint le serveur\n"


def test_who_finds_no_place_a_moment_later_is_refused(
    stop: Stop, room: SharedRoom, member: Callable[..., Person], person: Callable[..., Person]
) -> None:
    for name in ("alice", "bob", "carol"):
        member(name)
    newcomer, peer = person()
    thread = Thread(target=serve_client, args=(newcomer, room, stop))
    thread.start()
    assert peer.recv(SMALL) == b"*** server full: 3 clients\n"
    peer.close()
    assert ends(thread)


def test_who_gets_no_thread_is_told(
    stop: Stop,
    room: SharedRoom,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    newcomer, peer = person()
    peer.sendall(b"alice\n")
    start_thread(newcomer, room, stop)
    assert receive_all(peer) == b"*** server full: no thread is left to listen to you\n"
    assert room.clients == []
    assert capsys.readouterr().err == "newcomer refused: can't start new thread\n"
