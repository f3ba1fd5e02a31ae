"""Framing: any cut of any stream gives the same lines; each rule holds at its limit."""

import time
import tracemalloc
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import common.lines
from common.lines import (
    ENDLESS_BYTES,
    MAX_LINE_BYTES,
    BadLine,
    EndlessLine,
    Inbox,
    LineDecoder,
    decode_leniently,
    encode_line,
)

thorough = settings(
    max_examples=max(500, settings.default.max_examples if settings.default else 0), deadline=None
)

BAD, ENDLESS = "(bad)", "(endless)"

LITTLE_LINE, LITTLE_ENDLESS = 12, 24
"""Limits so low that random streams often meet them."""

pieces = st.sampled_from(
    [
        b"a",
        b"\n",
        b"\r",
        b"\r\n",
        b"\r\r\n",
        b"\n\r",
        b"\x00",
        b"\x1b[2J",
        b"\x7f",
        b"\t",
        b"\xff",
        b"\xe2\x82",
    ]
    + [text.encode() for text in ("é", "😃", "\x9b", "\u2028", "\ufeff", "e\u0301", "bonjour", "ça va ?")]
)
streams = st.lists(pieces | st.binary(max_size=5)).map(b"".join)
cuts = st.lists(st.integers(0, 300))


def is_control(character: str) -> bool:
    """Tell whether Unicode counts a character as a control character; TAB is allowed in lines."""
    return unicodedata.category(character) == "Cc" and character != "\t"


def expected(stream: bytes, longest: int = MAX_LINE_BYTES, endless: int = ENDLESS_BYTES) -> list[str]:
    """Say in another way what a stream means: cut it at once, and judge each piece for itself."""
    *lines, rest = stream.split(b"\n")
    found = [ENDLESS if len(raw) > endless else judged(raw, longest) for raw in lines]
    return found + [ENDLESS] * (len(rest) > endless)


def judged(raw: bytes, longest: int) -> str:
    """Say what one line without its LF means."""
    text = (raw[:-1] if raw[-1:] == b"\r" else raw).decode(errors="surrogateescape")
    is_utf8 = not any("\ud800" <= each <= "\udfff" for each in text)
    good = len(raw) + 1 <= longest and is_utf8 and not any(map(is_control, text))
    return text if good else BAD


def spelled(found: list[str | BadLine]) -> list[str]:
    """Return lines and complaints as plain texts, so that they can be compared."""
    return [
        each if isinstance(each, str) else ENDLESS if isinstance(each, EndlessLine) else BAD for each in found
    ]


def fed(*chunks: bytes, lenient: bool = False) -> list[str]:
    """Return what a decoder makes of these chunks."""
    decoder = LineDecoder(lenient=lenient)
    return [each for chunk in chunks for each in spelled(decoder.feed(chunk))]


def cut_at(stream: bytes, places: list[int]) -> list[bytes]:
    """Cut a stream at these places, those behind its end left out; a place named twice makes an empty chunk."""
    borders = [0, *sorted(place for place in places if place < len(stream)), len(stream)]
    return [stream[start:end] for start, end in pairwise(borders)]


def single_bytes(stream: bytes) -> Iterator[bytes]:
    """Cut a stream into single bytes."""
    return (bytes([byte]) for byte in stream)


def reason(raw: bytes) -> str:
    """Return why a decoder refuses one line."""
    (bad,) = LineDecoder().feed(raw)
    assert isinstance(bad, BadLine)
    return str(bad)


@thorough
@given(stream=streams, places=cuts)
def test_any_cut_of_any_stream_gives_the_same_lines_good_and_bad_in_place(
    stream: bytes, places: list[int]
) -> None:
    meaning = expected(stream)
    assert fed(stream) == meaning
    assert fed(*single_bytes(stream)) == meaning
    assert fed(*cut_at(stream, places)) == meaning


@thorough
@given(stream=st.lists(pieces | st.just(b"abcdefgh")).map(b"".join), places=cuts)
@example(stream=b"a" * LITTLE_ENDLESS + b"\nb\n", places=[])
@example(stream=b"a" * (LITTLE_ENDLESS + 1), places=[LITTLE_ENDLESS])
@example(stream=b"a" * (LITTLE_LINE - 2) + b"\r\nb\n", places=[LITTLE_LINE - 1])
def test_the_limits_hold_wherever_the_cuts_are(stream: bytes, places: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common.lines, "MAX_LINE_BYTES", LITTLE_LINE)
        patch.setattr(common.lines, "ENDLESS_BYTES", LITTLE_ENDLESS)
        meaning = expected(stream, LITTLE_LINE, LITTLE_ENDLESS)
        assert fed(stream) == meaning
        assert fed(*single_bytes(stream)) == meaning
        assert fed(*cut_at(stream, places)) == meaning


@thorough
@given(stream=streams, places=cuts)
def test_a_lenient_decoder_is_as_indifferent_to_cuts(stream: bytes, places: list[int]) -> None:
    lines = [raw.removesuffix(b"\r").decode(errors="backslashreplace") for raw in stream.split(b"\n")[:-1]]
    assert fed(stream, lenient=True) == lines
    assert fed(*single_bytes(stream), lenient=True) == lines
    assert fed(*cut_at(stream, places), lenient=True) == lines


@thorough
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\t"))), places=cuts)
def test_what_is_encoded_is_decoded(texts: list[str], places: list[int]) -> None:
    stream = b"".join(encode_line(text) for text in texts)
    assert fed(*cut_at(stream, places)) == texts


@thorough
@given(st.text(st.characters() | st.sampled_from("\n\r\0\t\x85\u2028")))
def test_encoding_makes_one_line_or_none_of_any_text(text: str) -> None:
    try:
        line = encode_line(text)
    except BadLine:
        assert any(is_control(each) or unicodedata.category(each) == "Cs" for each in text)
    else:
        assert line.index(b"\n") == len(line) - 1
        assert fed(line) == [text]


@thorough
@given(st.binary(max_size=50).filter(lambda raw: b"\n" not in raw))
def test_what_the_decoder_takes_can_be_sent_on_as_it_came(raw: bytes) -> None:
    (line,) = LineDecoder().feed(raw + b"\n")
    if isinstance(line, str):
        assert encode_line(line) == raw.removesuffix(b"\r") + b"\n"


@thorough
@given(st.binary())
@example(b"\xff\xed\xa0\x80\xf4\x90\x80\x80\x00\r")
def test_lenient_decoding_never_fails_and_gives_text_that_can_be_printed(raw: bytes) -> None:
    decode_leniently(raw).encode()


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\0", "\x0b", "\x0c", "\x1b", "\x1c", "\x1e", "\x7f", "\x85", "\x9b"]
)
@pytest.mark.parametrize("text", ["{}", "{}salut", "sal{}ut", "salut{}"])
def test_no_control_character_is_encoded_anywhere_in_a_text(text: str, character: str) -> None:
    with pytest.raises(BadLine, match=f"U\\+00{ord(character):02X}"):
        encode_line(text.format(character))


def test_half_a_surrogate_pair_is_not_encoded() -> None:
    with pytest.raises(BadLine, match="UTF-8"):
        encode_line("\ud83d")


def test_encoding_has_the_limit_of_decoding_in_bytes_not_characters() -> None:
    assert len(encode_line("a" * 2047)) == 2048 == MAX_LINE_BYTES
    assert len(encode_line("é" * 1023 + "a")) == 2048
    for text in ("a" * 2048, "é" * 1024):
        with pytest.raises(BadLine, match="longer than 2048 bytes"):
            encode_line(text)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("size", "taken"), [(2047, True), (2048, True), (2049, False), (2050, False)])
@pytest.mark.parametrize("last_chunk", [0, 1, 2, 3])
def test_a_line_has_2048_bytes_at_most_with_all_that_ends_it(
    end: bytes, size: int, taken: bool, last_chunk: int
) -> None:
    text = "a" * (size - len(end))
    stream = text.encode() + end
    cut = len(stream) - last_chunk
    assert fed(stream[:cut], stream[cut:], b"next\n") == [text if taken else BAD, "next"]


def test_a_line_that_is_too_long_is_told_so() -> None:
    assert reason(b"a" * 2048 + b"\n") == "longer than 2048 bytes"


def test_a_character_that_crosses_the_limit_counts_in_bytes() -> None:
    assert fed(b"a" * 2046 + "é\n".encode(), b"next\n") == [BAD, "next"]
    assert fed(b"a" * 2045 + "é\n".encode()) == ["a" * 2045 + "é"]


@pytest.mark.parametrize(
    ("stream", "lines"),
    [
        (b"a\n", ["a"]),
        (b"a\r\n", ["a"]),
        (b"a\r\r\n", [BAD]),
        (b"a\rb\n", [BAD]),
        (b"\ra\n", [BAD]),
        (b"a\n\rb\n", ["a", BAD]),
        (b"a\n\r\n", ["a", ""]),
        (b"\r\n", [""]),
        (b"\n\n", ["", ""]),
        (b"a", []),
        (b"a\r", []),
        (b"", []),
    ],
)
def test_one_cr_before_the_lf_is_dropped_and_no_other(stream: bytes, lines: list[str]) -> None:
    assert fed(stream) == lines
    assert fed(*single_bytes(stream)) == lines


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b"\x80",
        b"\xe2\x82",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xc3",
    ],
    ids=lambda raw: raw.hex(),
)
def test_bytes_that_are_not_utf8_are_refused_and_the_next_line_is_taken(raw: bytes) -> None:
    assert reason(b"a" + raw + b"\n") == "not UTF-8"
    assert fed(raw + b"\n", b"b" + raw + b"b\nnext\n") == [BAD, BAD, "next"]


@pytest.mark.parametrize("number", [*range(0x20), *range(0x7F, 0xA0)])
def test_control_characters_are_refused_but_tab(number: int) -> None:
    stream = f"a{chr(number)}b\nnext\n".encode()
    named = {"\t": ["a\tb"], "\n": ["a", "b"]}
    assert fed(stream) == [*named.get(chr(number), [BAD]), "next"]


def test_a_refusal_names_the_control_character() -> None:
    assert reason(b"a\x1bb\n") == "control character U+001B"
    assert reason("a\x9bb\n".encode()) == "control character U+009B"


@pytest.mark.parametrize(
    "text", ["\u2028", "\u2029", "a\u2028b", "\ufeffa", "e\u0301", "é", "\xa0", "\u202e", "😃"]
)
def test_what_is_text_arrives_as_the_bytes_that_were_sent(text: str) -> None:
    assert [encode_line(line) for line in fed(encode_line(text))] == [text.encode() + b"\n"]


@pytest.mark.parametrize("cut", range(1, len("héé €😃\n".encode())))
def test_a_character_cut_in_two_is_one_character(cut: int) -> None:
    line = "héé €😃\n".encode()
    assert fed(line[:cut], line[cut:]) == ["héé €😃"]


def test_a_lenient_decoder_gives_what_a_strict_one_refuses() -> None:
    stream = b"\xff\x1b\r\n" + b"a" * 5000 + b"\nb\rc\n"
    assert fed(stream) == [BAD, BAD, BAD]
    assert fed(stream, lenient=True) == ["\\xff\x1b", "a" * 5000, "b\rc"]


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("size", [1, 4096, 65536, 65537])
def test_64_kib_may_wait_for_their_line_feed_and_one_byte_more_may_not(size: int, lenient: bool) -> None:
    stream = b"a" * 65537
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    decoder = LineDecoder(lenient=lenient)
    for chunk in chunks[:-1]:
        assert decoder.feed(chunk) == []
    assert spelled(decoder.feed(chunks[-1])) == [ENDLESS]
    assert decoder.feed(b"still the same line") == []
    assert decoder.feed(b"\nnext\n") == ["next"]
    assert fed(b"a" * 65536, lenient=lenient) == []


def test_a_second_endless_line_is_one_more() -> None:
    endless = b"a" * (ENDLESS_BYTES + 1)
    assert fed(endless + b"\nb\n" + endless, endless, b"\n") == [ENDLESS, "b", ENDLESS]


def test_an_endless_line_costs_no_more_memory_than_its_limit() -> None:
    decoder = LineDecoder()
    chunk = b"a" * 4096
    tracemalloc.start()
    for _ in range(2560):
        decoder.feed(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * ENDLESS_BYTES


def processor_seconds(chunk: bytes, count: int) -> float:
    """Return the least processor time that feeding `count` chunks took, of three tries."""
    tries = []
    for _ in range(3):
        decoder = LineDecoder()
        began = time.thread_time()
        for _ in range(count):
            decoder.feed(chunk)
        tries.append(time.thread_time() - began)
    return min(tries)


@pytest.mark.parametrize(
    ("chunk", "count"),
    [(b"a" * 4096, 2560), (b"a", ENDLESS_BYTES)],
    ids=["10 MB without LF", "64 KiB byte by byte"],
)
def test_ten_times_as_much_without_lf_takes_ten_times_as_long_not_a_hundred(chunk: bytes, count: int) -> None:
    assert processor_seconds(chunk, count) < 17 * processor_seconds(chunk, count // 10)


def test_an_inbox_gives_lines_once_in_order_and_drops_empty_ones() -> None:
    inbox = Inbox(LineDecoder())
    inbox.feed(b"one\n\n\r\n\xff\ntw")
    inbox.feed(b"o\n")
    assert (len(inbox), inbox.peek(), inbox.take()) == (3, "one", "one")
    assert isinstance(inbox.peek(), BadLine)
    with pytest.raises(BadLine, match="not UTF-8"):
        inbox.take()
    assert (inbox.take(), inbox.take(), inbox.peek()) == ("two", None, None)


def test_an_inbox_that_is_cleared_forgets_lines_and_still_takes_new_ones() -> None:
    inbox = Inbox(LineDecoder())
    inbox.feed(b"one\ntwo\nhalf")
    inbox.clear()
    inbox.feed(b" a line\n")
    assert (len(inbox), inbox.take()) == (1, "half a line")


def test_bad_lines_hold_nothing_but_what_is_wrong_with_them() -> None:
    (bad,) = LineDecoder().feed(b"\x01\n")
    assert isinstance(bad, BadLine)
    assert bad.__traceback__ is None
