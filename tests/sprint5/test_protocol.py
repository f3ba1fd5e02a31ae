"""The wire of sprint 5: words, errors, and a fast path that says nothing else than the slow one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.lines import MAX_LINE_BYTES, BadLine, EndlessLine, LineDecoder, decode_line
from sprint5_concurrency.protocol import (
    Refused,
    encode_error,
    encode_message,
    parse,
    refusal_of,
    relay_block,
)
from sprint5_concurrency.room import Room

SPEAKER = "Zoé"

pieces = st.sampled_from(
    [b"MSG ", b"MSG", b"USER ", b"\n", b"\n", b"\nMSG ", b"\r\n", b"\r", b" ", b"\t", b"\x00", b"\x1b[2J"]
    + [b"\xff", b"\xc3", b"x" * (MAX_LINE_BYTES - 5), b"x" * (MAX_LINE_BYTES - 4), b"msg "]
    + [text.encode() for text in ("é", "😃", "\x9b", "\u2028", "\u200b", "\xa0", "salut", "ça va ?")]
)
blocks = st.lists(pieces | st.binary(max_size=5)).map(b"".join)
good_blocks = st.lists(st.sampled_from([b"a", b"MSG b", "é😃".encode(), b" x", b"\tx", b"x" * 2000])).map(
    lambda texts: b"".join(b"MSG %b\n" % text for text in texts)
)


def relayed_line_by_line(block: bytes) -> tuple[bytes, list[Refused]]:
    """Return what a block becomes when a room looks at each of its lines, and what it refuses."""
    room: Room[str] = Room(10, lambda: 0.0)
    room.join("speaker")
    room.obey("speaker", f"USER {SPEAKER}")
    said, refused = b"", []
    for line in LineDecoder().feed(block):
        try:
            said += room.obey("speaker", line)
        except Refused as refusal:
            refused.append(refusal)
    return said, refused


@given(blocks | good_blocks)
@example(b"")
@example(b"\n")
@example(b"MSG \n")
@example(b"MSG a\nMSG \n")
@example(b"MSG a\n\nMSG b\n")
@example(b"MSG a\nMSG b")
@example(b"MSG a\r\n")
@example(b"MSG MSG b\nMSG \nMSG c\n")
@example(b"MSG a\nUSER b\nMSG c\n")
@example(b"MSG " + b"x" * (MAX_LINE_BYTES - 5) + b"\n")
@example(b"MSG " + b"x" * (MAX_LINE_BYTES - 4) + b"\n")
@example(b"MSG a\nMSG " + b"x" * (MAX_LINE_BYTES - 4) + b"\n")
@example(b"MSG  \n")
@example(b"MSG a\nMSG \t \nMSG b\n")
@example("MSG \xa0\nMSG \u200b\n".encode())
@example(b"MSG a MSG \n")
@example(b"MSG \xc2\x9b\n")
@example(b"MSG \xe2\x82\n")
def test_the_fast_path_says_what_the_slow_one_says_or_nothing(block: bytes) -> None:
    fast = relay_block(SPEAKER, block)
    assert fast is None or (fast, []) == relayed_line_by_line(block)


@given(good_blocks)
def test_the_fast_path_takes_whole_good_messages(block: bytes) -> None:
    assert (relay_block(SPEAKER, block) is not None) == (block != b"")


@pytest.mark.parametrize(
    ("line", "word", "text"),
    [
        ("USER alice", "USER", "alice"),
        ("USER", "USER", ""),
        ("MSG a b", "MSG", "a b"),
        ("MSG  a ", "MSG", " a "),
        ("MSG", "MSG", ""),
        ("MSG MSG bob a", "MSG", "MSG bob a"),
    ],
)
def test_a_line_is_a_word_and_a_text(line: str, word: str, text: str) -> None:
    assert parse(line) == (word, text)


@pytest.mark.parametrize(
    "line", ["exit", "msg a", "MSGa", " MSG a", "MSG\ta", "ERR a b", "GET / HTTP/1.1", "😃"]
)
def test_another_word_is_unknown(line: str) -> None:
    with pytest.raises(Refused, match="unknown-command "):
        parse(line)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"x" * MAX_LINE_BYTES, "line-too-long"),
        (b"a\xff", "bad-text"),
        (b"a\x00", "bad-text"),
        (b"a\x1bb", "bad-text"),
        (b"a\r\r", "bad-text"),
    ],
)
def test_a_bad_line_has_a_code(raw: bytes, code: str) -> None:
    with pytest.raises(BadLine) as caught:
        decode_line(raw)
    refused = refusal_of(caught.value)
    assert str(refused).startswith(f"{code} ")
    assert not refused.last


def test_a_line_without_end_ends_the_visit() -> None:
    refused = refusal_of(EndlessLine("no line feed"))
    assert str(refused).startswith("line-too-long ")
    assert refused.last


def test_what_the_server_says() -> None:
    assert encode_message("Zoé", " ça va ? ") == "MSG Zoé  ça va ? \n".encode()
    assert encode_error(Refused("name-taken", "somebody has it")) == b"ERR name-taken somebody has it\n"
