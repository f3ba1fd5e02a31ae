"""Sprint 2, hurried: both directions at once, partners that change, and lines that wait for the next one."""

import socket

from tests.common.raw import SMALL, Thread, ends, receive_all, reset
from tests.races.conftest import Running
from tests.races.talk import Connect, Heard, hearing, numbered, running, speaking

LINES = 1000


def test_both_directions_at_once(pair: Running, connect: Connect) -> None:
    alice, bob = connect(pair.port), connect(pair.port)
    by_alice, by_bob = numbered(1, LINES), numbered(2, LINES)
    heard_by_alice: Heard = []
    heard_by_bob: Heard = []
    with running(
        hearing(alice, LINES, heard_by_alice),
        hearing(bob, LINES, heard_by_bob),
        speaking(alice, by_alice),
        speaking(bob, by_bob),
    ):
        pass
    assert heard_by_bob == by_alice
    assert heard_by_alice == by_bob


def test_two_who_talk_and_do_not_read_block_nobody_else_for_good(pair: Running, connect: Connect) -> None:
    alice, bob = connect(pair.port, SMALL), connect(pair.port, SMALL)
    by_alice, by_bob = numbered(1, 8000, b" " * 1000), numbered(2, 8000, b" " * 1000)
    heard_by_alice: Heard = []
    heard_by_bob: Heard = []
    with (
        running(speaking(alice, by_alice), speaking(bob, by_bob)),
        running(hearing(alice, 8000, heard_by_alice), hearing(bob, 8000, heard_by_bob)),
    ):
        pass
    assert heard_by_bob == by_alice
    assert heard_by_alice == by_bob


def test_a_line_waits_for_whoever_comes_next(pair: Running, connect: Connect) -> None:
    alice = connect(pair.port)
    pair.wait_for_clients(1)
    for number in range(50):
        alice.sendall(b"%d are you there?\n" % number)
        bob = connect(pair.port)
        with bob.makefile("rb") as reader:
            assert reader.readline() == b"%d are you there?\n" % number
        bob.sendall(b"fin\n")
        assert receive_all(bob) == b""
        bob.close()
    pair.wait_for_clients(1)


def test_a_stuck_hearer_who_vanishes_frees_the_line_for_the_next(pair: Running, connect: Connect) -> None:
    alice, stuck = connect(pair.port), connect(pair.port, SMALL)
    pair.wait_for_clients(2)
    lines = numbered(1, 4000, b" " * 1000)
    talking = speaking(alice, lines)
    with running(talking):
        assert stuck.recv(1)  # so the lines are on their way, and far too many for the buffers
        reset(stuck)
        bob = connect(pair.port)
        with bob.makefile("rb") as reader:
            first = reader.readline()
            rest = [reader.readline() for _ in range(len(lines) - lines.index(first) - 1)]
    assert [first, *rest] == lines[lines.index(first) :]


def test_the_bell_ends_a_direction_that_waits_for_room_and_one_that_waits_for_somebody(
    pair: Running, connect: Connect
) -> None:
    alice, _stuck = connect(pair.port), connect(pair.port, SMALL)
    pair.wait_for_clients(2)
    talking = Thread(target=talk_until_cut_off, args=(alice,))
    talking.start()
    assert pair.stop.wait_for(_stuck)
    pair.stop.ring()
    for client in list(pair.table.clients.values()):  # type: ignore[union-attr]
        client.close()
    assert ends(talking)


def talk_until_cut_off(sock: socket.socket) -> None:
    """Say more than any buffer holds, until nobody listens."""
    try:
        while True:
            sock.sendall(b"blah\n" * 1000)
    except OSError:
        return
