"""The line being typed: keys in, finished lines out, and as much of it as fits into one row. No terminal here."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprint6_messenger.typed_line import MOST_CHARACTERS, TypedLine, width

KEYS = st.lists(
    st.sampled_from(
        [
            *(
                key.encode()
                for key in ("a", "é", "日", "😃", "e\u0301", "👨\u200d👩", " ", "\t", "[", "~", "\u202e")
            ),
            *(b"\r", b"\n", b"\x7f", b"\x08", b"\x15", b"\x17", b"\x1a", b"\x00", b"\x0c", b"\xc2\x9b"),
            *(b"\x1b", b"\x1b[A", b"\x1b[1;5C", b"\x1b[200~", b"\x1bOP", b"\x1b[[A", b"\x1b[<0;1;2M"),
            *(b"\xff", b"\xe6\x97", b"\xf0\x9f", b"\x04"),
        ]
    )
    | st.text().map(str.encode)
).map(b"".join)


def typed(*chunks: bytes) -> tuple[bytes, str, bool]:
    """Return the lines, the text of the last one, and whether the input has ended."""
    line = TypedLine()
    finished = b"".join(line.feed(chunk) for chunk in chunks)
    return finished, line.text, line.ended


@given(KEYS, st.lists(st.integers(min_value=0, max_value=200)))
def test_however_the_keys_are_cut_lines_and_text_are_the_same(keys: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(keys)]
    chunks = [keys[start:end] for start, end in pairwise(edges)]
    assert typed(*chunks) == typed(keys) == typed(*(bytes([byte]) for byte in keys))


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\t"), max_size=50)))
def test_what_is_typed_is_what_comes_out(texts: list[str]) -> None:
    *lines, rest = [*texts, "the last"]
    keys = "".join(f"{line}\r" for line in lines) + rest
    assert typed(keys.encode()) == ("".join(f"{line}\n" for line in lines).encode(), rest, False)


@given(
    st.lists(st.sampled_from([b"a", b"\xff", b"\xe6", b"\xe6\x97", b"\xf0\x9f\x98", b"\xc3\xa9"])).map(
        b"".join
    )
)
def test_what_is_no_utf8_comes_out_as_it_came(keys: bytes) -> None:
    assert typed(keys + b"\n") == (keys + b"\n", "", False)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("salut\x7f\x7f", "sal"),
        ("salut\x08", "salu"),
        ("\x7fa", "a"),
        ("日本語\x7f😃\x7f\x7f", "日"),
        ("cafe\u0301\x7f", "caf"),
        ("❤\ufe0f\x7fa", "a"),
        ("un deux\x15trois", "trois"),
        ("un deux  \x17", "un "),
        ("un \x17", ""),
        ("a\tb", "a\tb"),
        ("a\x00\x01\x0c\x1c\x9bb", "ab"),
        ("a\x1b[Ab\x1b[1;5Cc\x1b[3~d\x1bOPe\x1b[[Bf\x1b[200~g", "abcdefg"),
        ("a\x1bbc", "ac"),
        ("a\x1b\x1b[Ab", "ab"),
        ("a\x1b[12日b", "a日b"),
        ("ab\x1b\x7f", "a"),
        ("ab\x04", "ab"),
    ],
)
def test_keys_change_the_line(keys: str, text: str) -> None:
    assert typed(keys.encode()) == (b"", text, False)


@pytest.mark.parametrize("enter", ["\r", "\n", "\x1b\r", "\x1b[1\r"])
def test_enter_always_ends_the_line(enter: str) -> None:
    assert typed(f"salut{enter}ça".encode()) == (b"salut\n", "ça", False)


def test_ctrl_d_on_an_empty_line_is_the_end_and_nothing_counts_behind_it() -> None:
    assert typed(b"un\rdeux\x04\x15\x04trois\r", b"quatre\r") == (b"un\n", "", True)


def test_ctrl_z_is_told_and_changes_nothing() -> None:
    line = TypedLine()
    assert line.feed(b"un\x1adeux\r") == b"undeux\n"
    assert line.takes_stop()
    assert not line.takes_stop()


def test_a_line_is_no_longer_than_a_terminal_would_keep_and_never_sent_cut() -> None:
    finished, text, _ended = typed(b"x" * 100_000 + b"\ry")
    assert finished == b"x" * MOST_CHARACTERS + b"\n"
    assert text == "y"


def columns_of(text: str) -> int:
    """Return how many columns a text takes, as Unicode says."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


@given(KEYS, st.integers(min_value=0, max_value=100))
def test_what_is_shown_fits_into_one_row_and_does_not_act(keys: bytes, columns: int) -> None:
    line = TypedLine()
    line.feed(keys)
    shown = line.shown(columns)
    assert columns_of(shown) <= width(shown) <= max(0, columns - 1)
    assert not any(unicodedata.category(character) == "Cc" for character in shown)


@given(st.text(st.sampled_from("aé日😃e\u0301"), max_size=60), st.integers(min_value=5, max_value=60))
def test_as_much_of_the_end_is_shown_as_fits(text: str, columns: int) -> None:
    line = TypedLine()
    line.feed(text.encode())
    rest = line.shown(columns).removeprefix("> ")
    assert text.endswith(rest)
    assert rest == text or width(rest) >= columns - 4


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("", 80, "> "),
        ("salut", 80, "> salut"),
        ("salut", 8, "> salut"),
        ("salut", 7, "> alut"),
        ("日本語", 9, "> 日本語"),
        ("日本語", 8, "> 本語"),
        ("a\tb", 80, "> a b"),
        ("xe\u0301a", 4, "> a"),
    ],
)
def test_a_row_of_what_is_typed(text: str, columns: int, shown: str) -> None:
    line = TypedLine()
    line.feed(text.encode())
    assert line.shown(columns) == shown
