"""The binary wire under the wiretap: messages are cut out whole, however they came, and spelled on one line."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.diagram import label
from grader.journal import SENT, Entry
from grader.messages import HEADER, LONGEST_PAYLOAD, TYPES, MessageCutter, spell_message
from grader.peers import Peer
from grader.stage import Stage
from grader.unseen import Unseen
from tests.e2e.binary import MessageConnection, Type


def message(payload: bytes = b"", kind: int = 4, sender: bytes = b"alice", infos: bytes = b"bob") -> bytes:
    return struct.pack("<i128si128s", len(payload), sender, kind, infos) + payload


@given(st.lists(st.binary(max_size=600), max_size=5), st.integers(1, 700))
def test_messages_are_cut_out_whole_however_they_came(payloads: list[bytes], step: int) -> None:
    messages = [message(payload) for payload in payloads]
    stream = b"".join(messages)
    cut = MessageCutter()
    found = [each for start in range(0, len(stream), step) for each in cut(stream[start : start + step])]
    assert found + cut(b"") == messages


def test_half_a_message_is_shown_at_the_end() -> None:
    cut = MessageCutter()
    whole, half = message(b"salut"), message(b"salut")[:-1]
    assert cut(whole + half) == [whole]
    assert cut(b"") == [half]


def test_behind_a_length_that_cannot_be_true_nothing_is_waited_for() -> None:
    for length in -1, LONGEST_PAYLOAD + 1:
        raw = HEADER.pack(length, b"alice", 4, b"bob") + b"rest"
        assert MessageCutter()(raw) == [raw]


def test_header_in_brackets_payload_behind() -> None:
    assert spell_message(message(b"salut")) == "[5|alice|UNICAST_SEND|bob] salut"
    assert spell_message(message(kind=1, sender=b"", infos=b"")) == "[0||NICKNAME_LIST|]"
    assert spell_message(message(b"a\n\x1b", infos=b"bob\0leftover")) == r"[3|alice|UNICAST_SEND|bob] a\n\x1b"


def test_what_is_no_message_is_not_spelled_as_one() -> None:
    for raw in b"salut\n", message(b"salut")[:-1], message(kind=len(TYPES)), message(kind=-1), b"x" * 300:
        assert spell_message(raw) == ""


def test_neither_ports_nor_hours_are_drawn() -> None:
    said = b"bob connected since 2031/01/02@03:04 with IP address 127.0.0.1 and port number 40404"
    drawn = label(Entry(0, "server", SENT, message(said, 2, b"Server"), "alice"))
    assert drawn.endswith(
        "bob connected since 2026/09/29@19:23 with IP address 127.0.0.1 and port number 54321"
    )
    place = Entry(0, "bob", SENT, message(b"127.0.0.1:40404", 12, b"bob", b"alice"), "server")
    assert label(place) == "[15|bob|FILE_ACCEPT|alice] 127.0.0.1:54321"


def test_what_a_raw_peer_sends_is_told_in_words() -> None:
    with Stage() as stage, socket.create_server(("127.0.0.1", 0)) as listener:
        alice = Peer(stage, "alice", listener.getsockname()[1])
        for payload in b"salut", b"x" * 2048:
            alice.sends(message(payload))
        short, long = (entry.text for entry in stage.journal.entries if entry.act == SENT)
    assert short == "[5|alice|UNICAST_SEND|bob] salut"
    assert long.startswith("[2048|alice|UNICAST_SEND|bob] xxxx")
    assert long.endswith("xxx...")


@pytest.mark.parametrize(
    ("kind", "text", "is_right"),
    [(Type.ECHO, None, True), (Type.MSG, None, True), (Type.ECHO, "exit", True), (Type.MSG, "exit", False)],
)
def test_a_last_word_has_any_type_where_the_course_gives_none(
    stage: Stage, kind: Type, text: str | None, is_right: bool
) -> None:
    ours, theirs = socket.socketpair()
    alice = MessageConnection(stage, "alice", ours)
    with theirs:
        theirs.sendall(message(b"exit", kind, b"Server", b""))
    if is_right:
        alice.is_told_to_leave(text)
        return
    with pytest.raises(Unseen, match="alice receives ECHO"):
        alice.is_told_to_leave(text)
