"""Members on real connections: nobody waits for them, nothing of what they are sent is lost or doubled."""

import socket
from collections.abc import Iterator

import pytest

from common.stop import POLLIN, POLLOUT, wait_ready
from sprint5_concurrency.member import UNSENT_BYTES, Member
from sprint5_concurrency.queued_member import QueuedMember
from tests.common.raw import SMALL, receive_all, reset, tcp_pair

LINE = b"MSG alice " + b"x" * 989 + b"\n"


class Pair:
    """A member, and the client at its other end, with little between them."""

    def __init__(self, kind: type[Member]) -> None:
        ours, self.client = tcp_pair(SMALL)
        self.behind: set[QueuedMember] = set()
        self.member = (
            QueuedMember(ours, "peer", self.behind) if kind is QueuedMember else Member(ours, "peer")
        )

    def fill(self) -> bytes:
        """Post lines until the member takes no more; return all of them."""
        posted = b""
        while self.member.post(LINE):
            posted += LINE
            assert len(posted) < 10 * UNSENT_BYTES
        return posted + LINE

    def close(self) -> None:
        """Leave nothing behind."""
        self.member.close()
        self.client.close()


@pytest.fixture(params=[Member, QueuedMember])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A member of each kind."""
    pair = Pair(request.param)
    yield pair
    pair.close()


@pytest.fixture
def queued() -> Iterator[Pair]:
    """A member with an outbox."""
    pair = Pair(QueuedMember)
    yield pair
    pair.close()


def test_lines_go_out_and_come_in(pair: Pair) -> None:
    assert pair.member.read() is None
    assert pair.member.post(LINE)
    pair.client.sendall("MSG é".encode()[:-1])
    wait_ready({pair.member: POLLIN})
    assert pair.member.lines(pair.member.read() or b"") == []
    assert pair.member.holds_half_a_line
    pair.client.sendall("é\nMSG b\n".encode()[1:])
    wait_ready({pair.member: POLLIN})
    assert pair.member.lines(pair.member.read() or b"") == ["MSG é", "MSG b"]
    assert not pair.member.holds_half_a_line
    assert pair.client.recv(len(LINE), socket.MSG_WAITALL) == LINE


def test_who_does_not_read_is_kept_a_bounded_amount(pair: Pair) -> None:
    posted = pair.fill()
    pair.member.hang_up()
    assert posted.startswith(receive_all(pair.client))


def test_who_has_vanished_is_told_nothing_and_read_as_gone(pair: Pair) -> None:
    reset(pair.client)
    wait_ready({pair.member: POLLIN})
    assert pair.member.post(LINE)
    assert pair.member.post(LINE)
    assert pair.member.read() == b""


def test_the_last_line_arrives_though_something_is_unread(pair: Pair) -> None:
    pair.client.sendall(b"MSG nobody reads this\n")
    pair.member.post(b"ERR exit\n")
    pair.member.dismiss()
    assert receive_all(pair.client) == b"ERR exit\n"
    assert pair.member.dismissed


def test_what_the_kernel_does_not_take_waits_in_order(queued: Pair) -> None:
    member, sent = queued.member, b""
    while not member.outbox:  # type: ignore[attr-defined]
        member.post(LINE)
        sent += LINE
    member.post(b"MSG last\n")
    member.post(b"MSG ", b"of all\n")  # type: ignore[call-arg]
    sent += b"MSG last\nMSG of all\n"
    assert queued.behind == {member}
    member.dismiss()
    received = b""
    while len(received) < len(sent):
        received += queued.client.recv(65536)
        wait_ready({member: POLLOUT}, 0)
        member.flush()
    assert received == sent
    assert not queued.behind
    assert receive_all(queued.client) == b"", "once all is sent, the end"


def test_an_outbox_is_bounded(queued: Pair) -> None:
    queued.fill()
    assert UNSENT_BYTES < len(queued.member.outbox) <= UNSENT_BYTES + len(LINE)  # type: ignore[attr-defined]
