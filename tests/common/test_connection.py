"""Lines over real sockets: parts, ends, resets, and threads that wait for each other."""

import socket
from collections.abc import Callable

import pytest

from common.connection import CHUNK_BYTES, Connection
from common.lines import BadLine
from common.stop import Stop, wait_ready
from tests.common.children import SECONDS
from tests.common.raw import SMALL, Thread, ends, fill, receive_all, reset, wait_until_unread

Connect = Callable[..., tuple[Connection, socket.socket]]


def wait_until_dead(connection: Connection) -> None:
    """Wait until the system knows that a connection was reset, and read nothing."""
    assert wait_ready({connection: 0}, SECONDS)


def test_lines_arrive_whole_however_they_are_cut(pair: Connect) -> None:
    alice, peer = pair()
    for piece in (b"sal", b"ut\nbon", b"jour\n", b"half"):
        peer.sendall(piece)
        if b"\n" in piece:
            assert alice.receive_line() in ("salut", "bonjour")
    peer.close()
    assert alice.receive_line() is None


def test_a_line_that_comes_byte_by_byte_is_one_line(pair: Connect) -> None:
    alice, peer = pair()
    for byte in "héé €\n".encode():
        assert alice.inbox.peek() is None
        peer.sendall(bytes([byte]))
        wait_until_unread(alice, 1)
        alice.read()
        assert not alice.ended
    assert alice.receive_line() == "héé €"


def test_iteration_gives_every_line_until_the_peer_leaves(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"one\ntwo\n\nthree\nhalf")
    peer.close()
    assert list(alice) == ["one", "two", "three"]


def test_a_bad_line_is_raised_in_its_place_and_the_next_can_be_read(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"good\n\xff\nnext\n")
    lines = iter(alice)
    assert next(lines) == "good"
    with pytest.raises(BadLine):
        next(lines)
    assert alice.receive_line() == "next"


def test_a_read_takes_one_chunk_however_much_has_arrived(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"a\n" * CHUNK_BYTES)
    wait_until_unread(alice, 2 * CHUNK_BYTES)
    alice.read()
    assert len(alice.inbox) == CHUNK_BYTES // 2


def test_a_read_of_nothing_waits_for_nothing(pair: Connect) -> None:
    alice, _peer = pair()
    alice.read()
    assert not alice.ended
    assert not alice.inbox


def test_who_says_goodbye_has_ended_and_not_vanished(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"goodbye\n")
    peer.close()
    assert list(alice) == ["goodbye"]
    assert (alice.ended, alice.vanished, alice.deaf) == (True, False, False)


def test_who_only_stopped_sending_still_hears(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"last line\n")
    peer.shutdown(socket.SHUT_WR)
    assert list(alice) == ["last line"]
    assert (alice.ended, alice.vanished, alice.deaf) == (True, False, False)
    assert alice.send_line("still there?")
    assert peer.recv(100) == b"still there?\n"


def test_who_resets_has_vanished(pair: Connect) -> None:
    alice, peer = pair()
    reset(peer)
    assert alice.receive_line() is None
    assert (alice.ended, alice.vanished) == (True, True)


def test_what_came_before_a_reset_is_still_read(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"one\ntwo\nhalf")
    wait_until_unread(alice, 12)
    reset(peer)
    wait_until_dead(alice)
    assert list(alice) == ["one", "two"]
    assert alice.vanished


def test_writing_to_one_who_has_gone_is_no_error_and_loses_nothing_it_sent(pair: Connect) -> None:
    alice, peer = pair()
    peer.sendall(b"my last words\n")
    peer.close()
    while not alice.deaf:
        alice.post("are you there?")
    assert not alice.send_line("hello?")
    assert alice.outbox == b""
    assert alice.receive_line() == "my last words"


def test_writing_to_one_who_has_reset_is_no_error(pair: Connect) -> None:
    alice, peer = pair()
    reset(peer)
    wait_until_dead(alice)
    assert not alice.send_line("hello?")
    assert (alice.deaf, alice.outbox) == (True, b"")


def test_one_who_resets_while_we_wait_for_room_ends_the_wait(pair: Connect) -> None:
    alice, peer = pair(SMALL)
    fill(alice)
    sent: list[bool] = []
    sender = Thread(target=lambda: sent.append(alice.send_line("more")))
    sender.start()
    reset(peer)
    assert ends(sender)
    assert sent == [False]


def test_lines_that_the_kernel_takes_in_parts_arrive_whole(pair: Connect) -> None:
    alice, peer = pair(SMALL)
    lines = [f"line {number} " + "é€😃" * (number % 150) for number in range(1000)]
    sent: list[bool] = []
    sender = Thread(target=lambda: sent.extend(alice.send_line(line) for line in lines))
    sender.start()
    stream = b"".join(line.encode() + b"\n" for line in lines)
    received = bytearray()
    while len(received) < len(stream):
        received += peer.recv(997)
    assert ends(sender)
    assert received == stream
    assert sent == [True] * len(lines)


def test_posting_never_waits_and_keeps_order(pair: Connect) -> None:
    alice, peer = pair(SMALL)
    count = fill(alice)
    for number in range(100):
        alice.post(f"later {number}")
    stream = (b"x" * 999 + b"\n") * count + b"".join(b"later %d\n" % number for number in range(100))
    received = bytearray()
    while len(received) < len(stream):
        alice.flush()
        received += peer.recv(65536)
    assert received == stream
    assert alice.outbox == b""


def test_a_bad_line_is_not_sent_not_even_in_part(pair: Connect) -> None:
    alice, peer = pair()
    for text in ("two\nlines", "\x1b", "x" * 3000):
        with pytest.raises(BadLine):
            alice.post(text)
    assert alice.send_line("good")
    assert peer.recv(100) == b"good\n"


def test_hanging_up_wakes_a_reader_in_another_thread(pair: Connect) -> None:
    alice, peer = pair()
    received: list[str | None] = []
    reader = Thread(target=lambda: received.extend([alice.receive_line(), alice.receive_line()]))
    reader.start()
    peer.sendall(b"you wait for the next now\n")
    alice.hang_up()
    assert ends(reader)
    assert received[-1] is None
    assert peer.recv(10) == b""


def test_hanging_up_wakes_a_sender_in_another_thread(pair: Connect) -> None:
    alice, _peer = pair(SMALL)
    fill(alice)
    sent: list[bool] = []
    sender = Thread(target=lambda: sent.append(alice.send_line("more")))
    sender.start()
    alice.hang_up()
    assert ends(sender)
    assert sent == [False]


@pytest.mark.usefixtures("hasty_threads")
def test_closing_wakes_a_sender_in_another_thread(pair: Connect) -> None:
    for _ in range(100):
        alice, peer = pair(SMALL)
        fill(alice)
        sent: list[bool] = []
        sender = Thread(target=lambda: sent.append(alice.send_line("more")))  # noqa: B023 - joined below
        sender.start()
        alice.close()
        assert ends(sender)
        assert sent == [False]
        peer.close()


@pytest.mark.usefixtures("hasty_threads")
def test_closing_wakes_a_reader_in_another_thread(pair: Connect) -> None:
    for _ in range(100):
        alice, peer = pair()
        reader = Thread(target=alice.receive_line)
        reader.start()
        alice.close()
        assert ends(reader)
        peer.close()


def test_the_bell_ends_all_waits(pair: Connect, stop: Stop) -> None:
    alice, _peer = pair()
    bob, _silent = pair(SMALL)
    fill(bob)
    waits = [
        Thread(target=alice.receive_line),
        Thread(target=bob.send_line, args=("more",)),
    ]
    for wait in waits:
        wait.start()
    stop.ring()
    assert ends(*waits)


def test_after_the_bell_a_line_that_found_no_room_counts_as_not_sent(pair: Connect, stop: Stop) -> None:
    alice, _peer = pair(SMALL)
    fill(alice)
    stop.ring()
    assert not alice.send_line("more")


def test_a_connection_closes_with_its_block_and_may_be_closed_again(pair: Connect) -> None:
    alice, peer = pair()
    descriptor = alice.fileno()
    with alice:
        peer.sendall(b"hello\n")
        assert next(iter(alice)) == "hello"
    assert peer.recv(10) == b""
    alice.close()
    alice.hang_up()
    alice.finish_sending()
    assert alice.fileno() == descriptor


def test_a_connection_that_was_reset_can_be_closed(pair: Connect) -> None:
    alice, peer = pair()
    reset(peer)
    wait_until_dead(alice)
    alice.hang_up()
    alice.close()


def test_using_a_closed_connection_is_like_one_whose_peer_has_gone(pair: Connect) -> None:
    alice, _peer = pair()
    alice.close()
    assert not alice.send_line("hello?")
    assert alice.receive_line() is None


def test_finishing_to_send_leaves_the_peer_its_say(pair: Connect) -> None:
    alice, peer = pair()
    alice.post("I have said all")
    alice.finish_sending()
    assert receive_all(peer) == b"I have said all\n"
    peer.sendall(b"I have not\n")
    peer.close()
    assert list(alice) == ["I have not"]
