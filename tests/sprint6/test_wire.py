"""Framing by length: any cut gives the same messages, and no header makes the decoder keep what it should not."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprint6_messenger.decoder import SKIPPED_BYTES, MessageDecoder
from sprint6_messenger.wire import (
    HEADER,
    HEADER_BYTES,
    MAX_NAME_BYTES,
    MAX_TEXT_BYTES,
    BadMessage,
    Header,
    LostStream,
    Message,
    MessageType,
    decode_header,
    decode_text,
    encode,
    encode_header,
)

patient = settings(deadline=None)

ECHO = MessageType.ECHO_SEND

Found = list[Message | BadMessage]

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30).map(
    lambda name: name.rstrip("\r\n")  # a keyboard's line feed is dropped
)

messages = st.builds(Message, st.sampled_from(MessageType), names, st.binary(max_size=300), names)

lengths = st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(0, MAX_TEXT_BYTES + 2))

headers = st.builds(
    HEADER.pack,
    lengths,
    st.binary(max_size=128),
    st.integers(-(2**31), 2**31 - 1) | st.sampled_from(MessageType),
    st.binary(max_size=128),
)


def in_pieces(decoder: MessageDecoder, raw: bytes, cuts: list[int]) -> Found:
    """Feed a decoder bytes that were cut at these places."""
    places = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    return [found for start, end in pairwise(places) for found in decoder.feed(raw[start:end])]


def spelled(found: Found) -> list[str]:
    """Return what was found in a form that can be compared: two errors are equal when they say the same."""
    return [repr(each) for each in found]


@patient
@given(st.lists(messages, max_size=8), st.lists(st.integers(0), max_size=12))
def test_any_cut_gives_the_same_messages(sent: list[Message], cuts: list[int]) -> None:
    raw = b"".join(encode(message) for message in sent)
    assert in_pieces(MessageDecoder(), raw, cuts) == sent


@patient
@given(st.lists(headers, max_size=4), st.binary(max_size=600), st.lists(st.integers(0), max_size=12))
def test_any_cut_of_rubbish_gives_the_same_complaints(
    some: list[bytes], rest: bytes, cuts: list[int]
) -> None:
    raw = b"".join(some) + rest
    whole, cut, bytewise = MessageDecoder(), MessageDecoder(), MessageDecoder()
    expected = spelled(whole.feed(raw))
    assert spelled(in_pieces(cut, raw, cuts)) == expected
    assert spelled([found for byte in raw for found in bytewise.feed(bytes([byte]))]) == expected
    assert whole.lost == cut.lost == bytewise.lost


@patient
@given(headers, messages)
def test_a_bad_header_is_one_complaint_and_the_next_message_is_whole(header: bytes, behind: Message) -> None:
    decoder = MessageDecoder()
    (length, *_names) = HEADER.unpack(header)
    first = decoder.feed(header)
    if decoder.lost:
        assert isinstance(first[0], LostStream)
        assert not 0 <= length <= SKIPPED_BYTES
        return
    first += decoder.feed(b"x" * length)
    assert len(first) == 1
    assert decoder.feed(encode(behind)) == [behind]
    assert not decoder.is_halfway


@pytest.mark.parametrize("length", [-1, -(2**31), SKIPPED_BYTES + 1, 2**31 - 1])
def test_nothing_behind_an_impossible_length_is_read_or_kept(length: int) -> None:
    decoder = MessageDecoder()
    (found,) = decoder.feed(HEADER.pack(length, b"", ECHO, b"") + encode(Message(ECHO)))
    assert isinstance(found, LostStream)
    assert decoder.feed(encode(Message(ECHO))) == []
    assert decoder.lost


def test_an_impossible_length_is_told_as_soon_as_it_is_there() -> None:
    decoder = MessageDecoder()
    assert decoder.feed(b"SSH") == []
    (found,) = decoder.feed(b"-2.0-OpenSSH\r\n")
    assert isinstance(found, LostStream)
    assert decoder.lost


def test_a_length_costs_nothing_before_its_bytes_come() -> None:
    decoders = [MessageDecoder(max_payload=2**30) for _ in range(100)]
    tracemalloc.start()
    for decoder in decoders:
        decoder.feed(HEADER.pack(2**30, b"", ECHO, b""))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_payload_that_is_too_long_is_told_at_once_skipped_and_never_kept() -> None:
    decoder = MessageDecoder()
    (bad,) = decoder.feed(HEADER.pack(SKIPPED_BYTES, b"", MessageType.UNICAST_SEND, b"bob"))
    assert isinstance(bad, BadMessage)
    assert not isinstance(bad, LostStream)
    assert bad.type is MessageType.UNICAST_SEND
    tracemalloc.start()
    for _ in range(SKIPPED_BYTES // 1024):
        assert decoder.feed(b"x" * 1024) == []
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16_000
    assert decoder.feed(encode(Message(ECHO))) == [Message(ECHO)]


@pytest.mark.parametrize("size", [0, 1, MAX_TEXT_BYTES - 1, MAX_TEXT_BYTES])
def test_payloads_up_to_the_limit(size: int) -> None:
    message = Message(ECHO, payload=bytes(range(256)) * 8)
    message = Message(ECHO, payload=message.payload[:size])
    assert MessageDecoder().feed(encode(message)) == [message]


def test_the_limit_is_a_parameter() -> None:
    long = Message(ECHO, payload=b"x" * (MAX_TEXT_BYTES + 1))
    with pytest.raises(BadMessage, match="longer than 2048 bytes"):
        encode(long)
    assert MessageDecoder(5000).feed(encode(long, 5000)) == [long]


def test_the_header_is_the_one_of_the_c_programs() -> None:
    message = Message(MessageType.UNICAST_SEND, "bob", b"salut", "alice")
    assert encode(message) == (
        b"\x05\x00\x00\x00"
        + b"alice".ljust(128, b"\0")
        + b"\x04\x00\x00\x00"
        + b"bob".ljust(128, b"\0")
        + b"salut"
    )
    assert HEADER_BYTES == 264


def test_what_stands_behind_a_nul_is_leftover() -> None:
    raw = HEADER.pack(0, b"alice\0garbage", ECHO, b"\0more")
    assert MessageDecoder().feed(raw) == [Message(ECHO, "", b"", "alice")]


@pytest.mark.parametrize(
    ("sender", "infos", "reason"),
    [
        (b"x" * 128, b"", "a name without a NUL"),
        (b"", b"x" * 128, "a name without a NUL"),
        (b"", b"\xff", "not UTF-8"),
        (b"", b"\xe2\x82", "not UTF-8"),
    ],
)
def test_bad_names_are_refused_and_shown_to_a_lenient_reader(
    sender: bytes, infos: bytes, reason: str
) -> None:
    raw = HEADER.pack(0, sender, ECHO, infos)
    with pytest.raises(BadMessage, match=reason):
        decode_header(raw)
    header = decode_header(raw, lenient=True)
    assert header.sender + header.infos


def test_the_line_feed_that_a_keyboard_leaves_behind_a_name_is_dropped() -> None:
    raw = HEADER.pack(0, b"alice\r\n\0garbage", ECHO, b"bob\n")
    for lenient in (False, True):
        assert decode_header(raw, lenient=lenient) == Header(0, "alice", ECHO, "bob")


def test_what_lay_in_the_memory_of_a_client_without_a_name_is_no_error() -> None:
    raw = HEADER.pack(0, b"\xa5\xff" * 60 + b"x", ECHO, b"")
    assert MessageDecoder().feed(raw) == [Message(ECHO, "", b"", "x")]


@pytest.mark.parametrize("number", [-1, 16, 2**31 - 1])
def test_unknown_types_are_refused(number: int) -> None:
    (bad,) = MessageDecoder().feed(HEADER.pack(0, b"", number, b""))
    assert isinstance(bad, BadMessage)
    assert bad.type is ECHO
    assert str(number) in str(bad)


@pytest.mark.parametrize("name", ["x" * (MAX_NAME_BYTES + 1), "é" * 64, "a\0b", "\udcff"])
def test_names_that_do_not_fit_are_never_sent(name: str) -> None:
    for message in Message(ECHO, infos=name), Message(ECHO, sender=name):
        with pytest.raises(BadMessage):
            encode(message)


def test_a_header_alone_announces_what_travels_apart() -> None:
    header = encode_header(Message(MessageType.FILE_SEND, "photo.jpg"), 100_000_000)
    assert decode_header(header).length == 100_000_000


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"salut\n", "salut"),
        (b"salut\r\n\0", "salut"),
        (b"salut\0\0", "salut"),
        ("é\t😃".encode(), "é\t😃"),
        (b"", ""),
    ],
)
def test_what_c_programs_leave_at_the_end_of_a_text_is_dropped(payload: bytes, text: str) -> None:
    assert decode_text(payload) == text


@pytest.mark.parametrize(
    "payload",
    [
        b"a\nb",
        b"a\0b",
        b"salut\r",
        b"salut\r\0",
        b"\x1b[2J",
        b"\x7f",
        "\x9b".encode(),
        b"\xff",
        b"\xed\xa0\x80",
    ],
)
def test_what_is_no_text_is_refused(payload: bytes) -> None:
    with pytest.raises(BadMessage):
        decode_text(payload)
