"""Sprint 3, hurried: many speak at once, others come and go, one does not read; nothing may be lost."""

import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from common.connection import Connection
from common.lines import LineDecoder
from common.stop import POLLIN, Stop, wait_ready
from sprint3_n_clients.server import Room, finds_place, relay_lines, serve_client
from tests.common.children import SECONDS, Child, child, end, outcome, said
from tests.common.raw import SMALL, Thread, receive_all, tcp_pair
from tests.races.conftest import Running
from tests.races.talk import (
    Connect,
    Heard,
    come_and_go,
    hearing,
    numbered,
    running,
    said_by,
    speaking,
    talk_in_step,
)

SENDERS, LINES = 10, 200

HASTY_SERVER = """
import sys
from common.program import run_server
from sprint3_n_clients.server import main
sys.argv = ["server", "0"]
sys.setswitchinterval(1e-5)
run_server(main)
"""


@pytest.fixture
def process() -> Iterator[Child]:
    """The server in a process of its own, its threads as hasty."""
    program = child("-c", HASTY_SERVER)
    yield program
    end(program)


def listening_port(program: Child) -> int:
    """Return where a server says it listens."""
    return int(said(program).rpartition(":")[2])


def talk_all_at_once(clients: list[socket.socket]) -> None:
    """Let everybody say LINES lines at once; each must hear all of all others, in order, once."""
    heard: list[Heard] = [[] for _ in clients]
    count = (len(clients) - 1) * LINES
    with running(
        *(hearing(client, count, lines) for client, lines in zip(clients, heard, strict=True)),
        *(speaking(client, numbered(me, LINES)) for me, client in enumerate(clients)),
    ):
        pass
    for me, lines in enumerate(heard):
        assert len(lines) == count
        for speaker in set(range(len(clients))) - {me}:
            assert said_by(speaker, lines) == numbered(speaker, LINES)


def test_ten_speakers_at_once_lose_double_and_swap_nothing(room: Running, connect: Connect) -> None:
    clients = [connect(room.port) for _ in range(SENDERS)]
    room.wait_for_clients(SENDERS)
    talk_all_at_once(clients)


def test_the_same_with_a_server_in_a_process_of_its_own(process: Child, connect: Connect) -> None:
    port = listening_port(process)
    clients = [connect(port) for _ in range(SENDERS)]
    arrivals = [said(process) for _ in clients]
    assert arrivals[-1].endswith(f", {SENDERS} present")
    talk_all_at_once(clients)
    process.send_signal(signal.SIGTERM)
    for client in clients:
        assert receive_all(client) == b"exit\n"
        client.close()
    assert outcome(process) == (0, "", "")


GUESTS, VISITS = 4, 40


def test_arrivals_and_departures_in_mid_broadcast_disturb_nobody(process: Child, connect: Connect) -> None:
    port = listening_port(process)
    members = [connect(port) for _ in range(4)]
    announced = [said(process) for _ in members]
    guests = [Thread(target=come_and_go, args=(connect, port, VISITS)) for _ in range(GUESTS)]
    with running(*guests):
        talk_all_at_once(members)
    announced += [said(process) for _ in range(2 * GUESTS * VISITS)]
    process.send_signal(signal.SIGTERM)
    assert outcome(process) == (0, "", "")
    check_counts(announced, present_at_end=len(members))


def check_counts(announced: list[str], present_at_end: int) -> None:
    """See that each announcement counts one more or one less than the one before, and that nobody stays."""
    present = 0
    for line in announced:
        present += 1 if " arrived " in line else -1
        assert line.endswith(f", {present} present")
    assert present == present_at_end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_storm_does_not_keep_the_server_from_its_end(number: int, process: Child, connect: Connect) -> None:
    port = listening_port(process)
    speaker, hearer = connect(port), connect(port)
    for _arrival in range(2):
        said(process)
    stormy = Thread(target=storm, args=(connect, port, speaker))
    heard: list[bytes] = []
    hears = Thread(target=lambda: heard.append(receive_all(hearer)))
    with running(stormy, hears):
        assert " arrived " in said(process)  # of a guest
        process.send_signal(number)
        process.send_signal(number)
        code, _out, err = outcome(process)
    assert (code, err) == (0, "")
    *lines, last = heard[0].split(b"\n")[:-1]
    assert last == b"exit"
    assert lines == [b"blah"] * len(lines)


def storm(connect: Connect, port: int, speaker: socket.socket) -> None:
    """Speak, come and go until the server has gone."""
    try:
        while True:
            speaker.sendall(b"blah\n" * 10)
            come_and_go(connect, port, 2)
    except OSError:
        return


def test_one_who_does_not_read_is_hung_up_on_and_the_others_hear_all(
    process: Child, connect: Connect
) -> None:
    port = listening_port(process)
    alice, bob = connect(port), connect(port)
    stuck = connect(port, SMALL)
    arrivals = [said(process) for _ in range(3)]
    assert arrivals[-1].endswith(", 3 present")
    lines = numbered(0, 3000, b" " * 1000)
    assert talk_in_step(alice, bob, lines) == lines
    assert said(process).endswith(" was hung up on (it does not read), 2 present")
    *prefix, _cut = receive_all(stuck).split(b"\n")
    assert prefix
    assert [line + b"\n" for line in prefix] == lines[: len(prefix)]


def test_a_newcomer_gets_whole_lines_only(room: Running, connect: Connect) -> None:
    alice = connect(room.port)
    room.wait_for_clients(1)
    lines = numbered(0, 2000)
    with running(speaking(alice, lines)):
        newcomers = [connect(room.port) for _ in range(10)]
    room.wait_for_clients(11)
    alice.sendall(b"the end\n")
    for newcomer in newcomers:
        with newcomer.makefile("rb") as reader:
            heard = list(iter(reader.readline, b"the end\n"))
        assert heard == lines[len(lines) - len(heard) :]
    assert all(newcomer.gettimeout() == SECONDS for newcomer in newcomers)


def test_the_room_is_never_more_than_full(process: Child, connect: Connect) -> None:
    port = listening_port(process)
    refused: list[bytes] = []
    lock = threading.Lock()
    stay: list[socket.socket] = []

    def come() -> None:
        for _ in range(15):
            guest = connect(port)
            with lock:
                stay.append(guest)

    with running(*(Thread(target=come) for _ in range(8))):
        arrivals = [said(process) for _ in range(100)]
    assert arrivals[-1].endswith(", 100 present")
    while len(wait_ready(dict.fromkeys(stay, POLLIN), SECONDS)) < 20:  # refused before anybody leaves
        assert process.poll() is None
    for guest in stay:
        guest.shutdown(socket.SHUT_WR)
        refused.append(receive_all(guest))
    assert refused.count(b"*** server full: 100 clients\n") == 20
    assert refused.count(b"") == 100
    check_counts(arrivals + [said(process) for _ in arrivals], present_at_end=0)


def test_a_place_that_is_just_being_given_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop()
    room = Room(1, stop)
    (member, newcomer), peers = zip(*(made(stop) for _ in range(2)), strict=True)
    try:
        assert finds_place(member, room, stop)
        assert not room.arrive(newcomer)
        monkeypatch.setattr(stop, "wait", lambda _seconds: room.leave(member, "left"))
        assert finds_place(newcomer, room, stop)
        assert room.clients == [newcomer]
    finally:
        for each in (newcomer, *peers, stop):
            each.close()


def test_a_thread_that_fails_leaves_no_ghost(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop()
    room = Room(1, stop)
    client, peer = made(stop)

    def fail(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(room, "relay", fail)
    try:
        peer.sendall(b"hello\n")
        with pytest.raises(MemoryError):
            serve_client(client, room, stop)
        assert room.clients == []
        assert receive_all(peer) == b""
    finally:
        for each in (client, peer, stop):
            each.close()


class OnceTheLineIsOut:
    """The room's lock, as who leaves finds it: whoever was just sending to him has finished."""

    def __init__(self, client: Connection) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()
        self._client.outbox = b""

    def __exit__(self, *_reason: object) -> None:
        self._lock.release()


def test_one_who_leaves_while_he_is_sent_a_line_has_left(capfd: pytest.CaptureFixture[str]) -> None:
    stop = Stop()
    room = Room(2, stop)
    client, peer = made(stop)
    try:
        peer.close()
        room.lock = OnceTheLineIsOut(client)  # type: ignore[assignment]
        room.clients.append(client)
        client.outbox = b"a line that is being sent\n"
        room.leave(client, relay_lines(client, room))
        assert capfd.readouterr().out.endswith(" left, 0 present\n")
    finally:
        for each in (client, stop):
            each.close()


def made(stop: Stop) -> tuple[Connection, socket.socket]:
    """Return a connection and the raw socket of its peer."""
    sock, peer = tcp_pair()
    return Connection(sock, "somewhere", stop, LineDecoder()), peer
