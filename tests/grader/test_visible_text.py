"""What a person sees of a program's output does not depend on how the system cut it."""

import signal
import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from grader.actors import Client, PipedClient
from grader.journal import SHOWN
from grader.screen import Ink
from grader.stage import Stage

TEXT = ("bonjour", "é", "€", "😃", "31", "[", "]", "> ", "\n", "\r\n", "\r", "\0", "\x07")

ESCAPES = ("\x1b[2J", "\x1b[1;31m", "\r\x1b[K", "\x1b]0;title\x07", "\x1b]8;;x\x1b\\", "\x1b(B", "\x1bc")

UNFINISHED = ("\x1b", "\x1b[", "\x1b]never ended")

PIECES = st.sampled_from([*TEXT, *ESCAPES, *UNFINISHED])

STREAMS = st.lists(PIECES, max_size=20).map("".join).map(str.encode)


def shown(pieces: list[bytes]) -> tuple[str, list[str]]:
    """Return the text and the lines that bytes show which come in these pieces."""
    ink = Ink()
    taken = [ink.take(piece) for piece in pieces]
    return "".join(text for text, _ in taken), [line for _, lines in taken for line in lines]


@given(STREAMS, st.data())
def test_any_cut_shows_the_same(stream: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    pieces = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    assert shown(pieces) == shown([stream])
    assert shown([bytes([byte]) for byte in stream]) == shown([stream])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x1b\r\0")))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert shown([text.encode()])[0] == text


def test_an_escape_sequence_before_a_line_end_is_not_taken_for_an_unfinished_one() -> None:
    assert shown([b"one\x1b\n", b"two\n"])[1] == ["one\x1b", "two"]


def test_what_a_line_erased_is_not_in_it() -> None:
    assert shown([b"> half a wo", b"rd\r\x1b[", b"K< bonjour\n"])[1] == ["< bonjour"]


def test_what_stands_in_another_row_stands_apart() -> None:
    assert shown([b"you: alice\x1b[10D\x1b[", b"A\x1b[K12:00 bonjour\n"])[1] == ["you: alice  12:00 bonjour"]
    assert shown([b"\x1b[Hbonjour\n"])[1] == ["bonjour"]


def test_two_streams_do_not_mix_their_letters() -> None:
    source = "import os; os.write(1, b'\\xc3'); input(); os.write(2, b'\\xc3'); input()\n"
    source += "os.write(1, b'\\xa9 out\\n'); os.write(2, b'\\xa8 err\\n')"
    with Stage() as stage:
        alice = PipedClient(stage, "alice", [sys.executable, "-c", source])
        for stream in ("stdout", "stderr"):
            assert stage.wait_until(lambda stream=stream: bool(alice.program.written[stream]))  # type: ignore[misc]
            alice.types("")
        alice.ends(0)
        seen = {entry.text for entry in stage.journal.of("alice") if entry.act == SHOWN}
        assert seen == {"é out", "è err"}


def test_a_flood_of_one_line_is_read_and_the_journal_stays_small() -> None:
    source = f"import os, signal; print('x' * 5_000_000 + 'end'); signal.pause() == {signal.SIGTERM}"
    with Stage(patience=20) as stage:
        alice = Client(stage, "alice", [sys.executable, "-u", "-c", source])
        alice.sees("end\n")
        assert sum(len(entry.data) for entry in stage.journal.entries) < 20_000
