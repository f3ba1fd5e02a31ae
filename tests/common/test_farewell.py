"""Leaving: the last word arrives whatever is on its way, nobody is waited for without need, and nothing is lost."""

import re
import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest

import common.farewell
from common.connection import Connection
from common.farewell import FAREWELL_SECONDS, take_leave
from tests.common.children import SECONDS, Child
from tests.common.raw import SMALL, Thread, ends, fill, receive_all, reset, wait_until_unread

Connect = Callable[..., tuple[Connection, socket.socket]]


def leave_in_thread(connection: Connection, word: str = "exit") -> threading.Thread:
    """Begin to take leave."""
    leaving = Thread(target=take_leave, args=([connection], word))
    leaving.start()
    return leaving


def test_the_last_word_arrives_although_unread_bytes_wait(pair: Connect) -> None:
    for _ in range(20):
        alice, peer = pair()
        peer.sendall(b"you have not read this\n" * 100)
        wait_until_unread(alice, 2300)
        leaving = leave_in_thread(alice)
        assert receive_all(peer) == b"exit\n"
        peer.close()
        assert ends(leaving)


def test_the_last_word_arrives_although_the_peer_goes_on_talking(
    pair: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.farewell, "FAREWELL_SECONDS", SECONDS)
    alice, peer = pair()
    leaving = leave_in_thread(alice)
    for _ in range(200):
        peer.sendall(b"blah\n" * 100)
    assert receive_all(peer) == b"exit\n"
    peer.close()
    assert ends(leaving)


def test_leaving_waits_for_the_peers_not_for_the_clock(
    pair: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.farewell, "FAREWELL_SECONDS", 1000 * SECONDS)
    present = [pair() for _ in range(20)]
    leaving = Thread(target=take_leave, args=([alice for alice, _peer in present], "exit"))
    leaving.start()
    for _alice, peer in present:
        assert receive_all(peer) == b"exit\n"
        peer.close()
    assert ends(leaving)


def test_leaving_waits_for_nobody_for_long(pair: Connect) -> None:
    stuck = [pair(SMALL)[0] for _ in range(20)]
    for alice in stuck:
        fill(alice)
    silent = [pair() for _ in range(20)]
    began = time.monotonic()
    take_leave([*stuck, *(alice for alice, _peer in silent)], "exit")
    assert time.monotonic() - began < FAREWELL_SECONDS * 20
    assert all(receive_all(peer) == b"exit\n" for _alice, peer in silent)


def test_leaving_says_its_word_behind_what_was_not_sent_yet(
    pair: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.farewell, "FAREWELL_SECONDS", SECONDS)
    alice, peer = pair(SMALL)
    count = fill(alice)
    leaving = leave_in_thread(alice)
    assert receive_all(peer) == (b"x" * 999 + b"\n") * count + b"exit\n"
    peer.close()
    assert ends(leaving)


def test_leaving_one_who_never_stops_talking_ends(pair: Connect) -> None:
    alice, peer = pair()
    talking = threading.Event()

    def talk() -> None:
        try:
            while True:
                peer.sendall(b"blah\n" * 1000)
                talking.set()
        except OSError:
            return

    talker = Thread(target=talk)
    talker.start()
    assert talking.wait(SECONDS)
    take_leave([alice], "exit")
    assert ends(talker)


class Patience:
    """Tells one who leaves whether he has time, and the test how often he has asked."""

    def __init__(self) -> None:
        self.is_over = False
        self._asked = threading.Semaphore(0)

    def hurried(self) -> bool:
        """Answer him who leaves."""
        self._asked.release()
        return self.is_over

    def is_asked(self, times: int = 1) -> bool:
        """Wait until he has asked so often."""
        return all(self._asked.acquire(timeout=SECONDS) for _ in range(times))


def leave_with(patience: Patience, connection: Connection) -> threading.Thread:
    """Begin to take leave of a server."""
    leaving = Thread(target=take_leave, args=([connection], "fin", patience.hurried))
    leaving.start()
    return leaving


@pytest.fixture
def short_farewell(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let who leaves have hardly any time; return how often he must ask before it is surely over."""
    monkeypatch.setattr(common.farewell, "FAREWELL_SECONDS", 0.01)
    return 20


def test_who_has_time_stays_until_all_that_he_said_is_taken(pair: Connect, short_farewell: int) -> None:
    alice, peer = pair(SMALL)
    count = fill(alice)
    patience = Patience()
    leaving = leave_with(patience, alice)
    assert patience.is_asked(short_farewell)
    assert receive_all(peer) == (b"x" * 999 + b"\n") * count + b"fin\n"
    peer.close()
    assert ends(leaving)


def test_who_has_time_stays_as_long_as_the_other_talks(
    pair: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.farewell, "FAREWELL_SECONDS", SECONDS)
    alice, peer = pair()
    patience = Patience()
    leaving = leave_with(patience, alice)
    for _ in range(3):
        peer.sendall(b"salut\n")
        assert patience.is_asked()
    peer.close()
    assert ends(leaving)


def test_who_has_no_time_any_more_leaves_what_nobody_takes(pair: Connect, short_farewell: int) -> None:
    alice, _peer = pair(SMALL)
    fill(alice)
    patience = Patience()
    leaving = leave_with(patience, alice)
    assert patience.is_asked(short_farewell)
    patience.is_over = True
    assert ends(leaving)


def test_leaving_those_who_have_gone_is_no_error(pair: Connect) -> None:
    alice, peer = pair()
    bob, other = pair()
    reset(peer)
    other.close()
    take_leave([alice, bob], "exit")
    take_leave([], "exit")


LINES = 400

BEHIND = b"the server has not taken all yet; Ctrl+C leaves at once\n"

CLIENTS = {
    "sprint 2, end of input": ("sprint2_threaded_pair", "", "", ""),
    "sprint 3, fin": ("sprint3_n_clients", "", "", "fin\n"),
    "sprint 4, end of input": ("sprint4_named_room", "bob\n", "", ""),
    "sprint 4, exit": ("sprint4_named_room", "bob\n", "", "exit\n"),
    "sprint 5, end of input": ("sprint5_concurrency", "bob\n", "", ""),
    "sprint 5, /quit": ("sprint5_concurrency", "bob\n", "", "/quit\n"),
    "sprint 6, end of input": ("sprint6_messenger", "/nick bob\n", "/msgall ", ""),
    "sprint 6, /quit": ("sprint6_messenger", "/nick bob\n", "/msgall ", "/quit\n"),
}
"""What is typed before the lines, in front of each, and last."""


def says_much(
    start: Callable[..., Child], listener: socket.socket, client: str
) -> tuple[Child, socket.socket]:
    """Start a client that leaves behind many lines; the server grants its name, and reads nothing."""
    package, first, word, last = CLIENTS[client]
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    port = listener.getsockname()[1]
    program = start("-m", f"{package}.client", "127.0.0.1", str(port))
    assert program.stdin is not None
    lines = "".join(f"{word}<{number:06}> {'x' * 80}\n" for number in range(LINES))
    program.stdin.write(f"{first}{lines}{last}".encode())
    program.stdin.close()
    program.stdin = None  # or it would be closed again with the test
    server, _address = listener.accept()
    if package.startswith("sprint4"):
        server.sendall(b"bob a rejoint le serveur\n")
    return program, server


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_stays_until_the_server_has_taken_all(client: str, start: Callable[..., Child]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        program, server = says_much(start, listener, client)
        assert program.stderr is not None
        assert program.stderr.readline() == BEHIND
        with server:
            taken = receive_all(server)
        assert program.wait(SECONDS) == 0
    assert [int(number) for number in re.findall(rb"<(\d{6})>", taken)] == list(range(LINES))


@pytest.mark.parametrize("client", CLIENTS)
def test_control_c_ends_that(client: str, start: Callable[..., Child]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        program, server = says_much(start, listener, client)
        assert program.stderr is not None
        assert program.stderr.readline() == BEHIND
        program.send_signal(signal.SIGINT)
        assert program.wait(SECONDS) == 130
        server.close()
