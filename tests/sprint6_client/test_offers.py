"""Offers and their answers, message by message: who is asked, what expires, what is forgotten."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.stop import POLLIN
from sprint6_messenger.commands import FileOffer, Usage
from sprint6_messenger.files import Files
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.incoming import seen_from_here
from sprint6_messenger.link import Link
from sprint6_messenger.pending import Means
from sprint6_messenger.wire import SERVER_NAME, Message, MessageType

REQUEST, ACCEPT, REJECT = MessageType.FILE_REQUEST, MessageType.FILE_ACCEPT, MessageType.FILE_REJECT

INFOS = MessageType.NICKNAME_INFOS

MINUTE = 60.0

HERE = "bob connected since 2026/09/29@19:23 with IP address 127.0.0.1 and port number 50000"


class Alice:
    """Somebody whose server is the test."""

    def __init__(self, link: Link, directory: Path) -> None:
        self.sent: list[Message] = []
        self.notes: list[str] = []
        self.path = directory / "photo.png"
        self.path.write_bytes(b"bytes")
        self.files = Files(
            Means("alice", link, 1000, self.sent.append, self.notes.append), Inbox(directory / "in")
        )

    def hears(self, kind: MessageType, text: str = "", sender: str = "bob") -> bool:
        """Hear a message."""
        return self.files.hear(Message(kind, "alice", text.encode(), sender))

    def offers(self, user: str) -> None:
        """Offer a file."""
        self.files.offer(FileOffer(user, str(self.path)))

    def waits(self, seconds: float) -> None:
        """Let so much time go by."""
        self.files.expire(time.monotonic() + seconds)


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Alice]:
    """Somebody with a file, and a connection to a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with Link(socket.create_connection(address), address) as link:
            alice = Alice(link, tmp_path)
            yield alice
            alice.files.give_up()


def test_a_question_expires(alice: Alice) -> None:
    alice.hears(REQUEST, "photo.png")
    alice.waits(MINUTE - 2)
    assert alice.files.is_asking
    alice.waits(MINUTE)
    assert not alice.files.is_asking
    assert alice.notes[-1] == "photo.png of bob is no longer offered"


def test_an_offer_expires_after_the_question(alice: Alice) -> None:
    alice.offers("bob")
    alice.waits(MINUTE + 1)
    assert alice.notes == ["photo.png is offered to bob"]
    alice.waits(MINUTE + 10)
    assert alice.notes[-1] == "bob has not answered: photo.png is no longer offered"
    alice.hears(ACCEPT, "127.0.0.1:1")
    assert alice.notes[-1] == "bob accepts a file that is not offered any more"
    assert alice.files.transfers == []


def test_questions_are_answered_in_order(alice: Alice) -> None:
    for user in ("bob", "carol"):
        alice.hears(REQUEST, "photo.png", user)
    alice.files.answer(False)
    assert alice.notes[-1] == "carol offers you the file photo.png: do you want it? (y/n)"
    alice.files.answer(False)
    assert alice.sent == [Message(REJECT, "bob"), Message(REJECT, "carol")]


def test_only_one_who_was_asked_can_accept_and_once(alice: Alice) -> None:
    alice.offers("bob")
    alice.hears(ACCEPT, "127.0.0.1:1", "carol")
    assert alice.notes[-1] == "carol accepts a file that is not offered any more"
    alice.hears(ACCEPT, "nowhere", "BOB")
    assert alice.notes[-1] == "photo.png to BOB: failed: 'nowhere' is no address to send to"
    alice.hears(ACCEPT, "127.0.0.1:1", "bob")
    assert alice.notes[-1] == "bob accepts a file that is not offered any more"


def test_a_question_ends_with_its_asker_and_the_next_one_is_asked(alice: Alice) -> None:
    for user in ("bob", "carol"):
        alice.hears(REQUEST, "photo.png", user)
    alice.hears(REJECT, "bob has left")
    assert alice.notes[-2:] == [
        "photo.png of bob is no longer offered: bob has left",
        "carol offers you the file photo.png: do you want it? (y/n)",
    ]
    alice.hears(REJECT, "bob has left")
    assert len(alice.notes) == 4


def test_an_offer_and_a_question_of_one_who_leaves_both_end(alice: Alice) -> None:
    alice.offers("bob")
    alice.hears(REQUEST, "film.mkv")
    for _ in range(2):
        alice.hears(REJECT, "bob has left")
    assert alice.notes[-2:] == [
        "bob does not take photo.png: bob has left",
        "film.mkv of bob is no longer offered: bob has left",
    ]
    assert not alice.files.is_asking


def test_what_the_server_does_not_pass_on_is_forgotten(alice: Alice) -> None:
    for user in ("bob", "carol", "dave"):
        alice.offers(user)
    assert not alice.hears(REQUEST, "user carol does not exist", SERVER_NAME)
    assert not alice.hears(REQUEST, "you have 4 offers without an answer", SERVER_NAME)
    for user, is_offered in (("bob", True), ("carol", False), ("dave", False)):
        alice.hears(REJECT, sender=user)
        assert (alice.notes[-1] == f"{user} does not take photo.png") == is_offered


def test_four_offers_are_enough(alice: Alice) -> None:
    for _ in range(4):
        alice.offers("bob")
    with pytest.raises(Usage, match="4 files at once"):
        alice.offers("carol")
    alice.hears(REJECT)
    alice.offers("carol")


def test_four_files_are_enough(alice: Alice) -> None:
    for _ in range(4):
        alice.hears(REQUEST, "photo.png")
    for _ in range(4):
        alice.files.answer(True)
    alice.hears(REQUEST, "photo.png")
    with pytest.raises(Usage, match="4 files at once"):
        alice.files.answer(True)
    assert alice.files.is_asking


def test_where_the_sender_is_is_asked_before_the_answer_lets_him_go(alice: Alice) -> None:
    alice.hears(REQUEST, "photo.png")
    alice.files.answer(True)
    assert [(each.type, each.infos) for each in alice.sent] == [(INFOS, "bob"), (ACCEPT, "bob")]
    assert not alice.hears(
        INFOS, "carol connected since x with IP address 127.0.0.3 and port number 1", SERVER_NAME
    )
    assert alice.hears(
        INFOS, "bob connected since x with IP address 127.0.0.2 and port number 1", SERVER_NAME
    )
    assert len(alice.files.transfers) == 1
    assert not alice.hears(
        INFOS, "bob connected since x with IP address 127.0.0.2 and port number 1", SERVER_NAME
    )


@pytest.mark.parametrize("how", ["is unknown", "is not told"])
def test_nobody_waits_for_ever_for_where_the_sender_is(how: str, alice: Alice) -> None:
    alice.hears(REQUEST, "photo.png")
    alice.files.answer(True)
    if how == "is unknown":
        assert alice.hears(INFOS, "user bob does not exist", SERVER_NAME)
    else:
        alice.waits(2)
    assert alice.notes[-1] == "the server does not say where bob is: anybody could send photo.png"
    assert len(alice.files.transfers) == 1


@pytest.fixture
def awaiting(alice: Alice) -> Alice:
    """Somebody who waits for bob to connect, knows where he is, and has just asked whether he still is."""
    alice.hears(REQUEST, "photo.png")
    alice.files.answer(True)
    alice.hears(INFOS, HERE, SERVER_NAME)
    alice.waits(1)
    assert [(each.type, each.infos) for each in alice.sent[2:]] == [(INFOS, "bob")]
    return alice


@pytest.mark.parametrize("text", ["user bob does not exist", HERE.replace("50000", "50001")])
def test_a_sender_who_has_left_before_he_connects_is_not_waited_for(text: str, awaiting: Alice) -> None:
    assert awaiting.hears(INFOS, text, SERVER_NAME)
    assert awaiting.notes[-1] == "photo.png from bob: failed: bob has not connected, and is not here any more"
    assert awaiting.files.transfers == []
    assert awaiting.files.until is None


def test_a_sender_who_is_still_there_is_waited_for_and_asked_for_again(awaiting: Alice) -> None:
    for asked in range(2, 5):
        awaiting.waits(asked)
        assert awaiting.sent[2:] == [Message(INFOS, "bob")] * (asked - 1)
        assert awaiting.hears(INFOS, HERE, SERVER_NAME)
    assert not awaiting.hears(INFOS, HERE, SERVER_NAME)  # that one the user has asked for
    assert len(awaiting.files.transfers) == 1


def test_a_server_that_does_not_answer_is_not_asked_twice(awaiting: Alice) -> None:
    for second in range(2, 5):
        awaiting.waits(second)
    assert len(awaiting.sent) == 3


def test_a_sender_who_has_connected_may_leave(awaiting: Alice) -> None:
    [transfer] = awaiting.files.transfers
    host, _, port = awaiting.sent[1].payload.decode().rpartition(":")
    with socket.create_connection((host, int(port))):
        awaiting.files.proceed(transfer, POLLIN)
        awaiting.waits(1)
        assert awaiting.hears(INFOS, "user bob does not exist", SERVER_NAME)
        assert awaiting.files.transfers == [transfer]
        awaiting.waits(2)
        assert len(awaiting.sent) == 3


def test_a_sender_whose_call_is_not_taken_yet_may_leave(awaiting: Alice) -> None:
    host, _, port = awaiting.sent[1].payload.decode().rpartition(":")
    with socket.create_connection((host, int(port))):
        assert awaiting.hears(INFOS, "user bob does not exist", SERVER_NAME)
        assert len(awaiting.files.transfers) == 1


def test_without_a_server_no_sender_is_asked_for(awaiting: Alice) -> None:
    awaiting.hears(INFOS, HERE, SERVER_NAME)
    awaiting.files.lose_server()
    awaiting.waits(2)
    assert len(awaiting.sent) == 3
    assert len(awaiting.files.transfers) == 1


def test_a_sender_whom_the_server_does_not_know_by_that_name_is_waited_for(alice: Alice) -> None:
    alice.hears(REQUEST, "photo.png")
    alice.files.answer(True)
    alice.hears(INFOS, "user bob does not exist", SERVER_NAME)  # he has another one by now
    alice.waits(2)
    assert len(alice.sent) == 2
    assert len(alice.files.transfers) == 1


def test_who_accepts_too_late_listens_no_longer(alice: Alice) -> None:
    alice.hears(REQUEST, "photo.png")
    alice.files.answer(True)
    assert not alice.hears(ACCEPT, "bob has offered you no file, or not within 60 s", SERVER_NAME)
    alice.waits(2)
    assert alice.files.transfers == []
    assert alice.files.until is None


def test_without_a_server_nothing_is_asked_any_more_and_files_go_on(alice: Alice) -> None:
    for _ in range(2):
        alice.hears(REQUEST, "photo.png")
    alice.files.answer(True)
    alice.files.lose_server()
    assert not alice.files.is_asking
    assert len(alice.files.transfers) == 1


@pytest.mark.parametrize(
    ("host", "server", "seen"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.1", "192.0.2.7"),
        ("192.0.2.7", "127.0.0.1", "192.0.2.7"),
        ("1.2.3", "192.0.2.1", "1.2.3"),
    ],
)
def test_who_is_on_the_servers_machine_is_seen_at_its_address(host: str, server: str, seen: str) -> None:
    assert seen_from_here(host, server) == seen
