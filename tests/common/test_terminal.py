"""The terminal: what it may show, and the keyboard on pipes and pseudo-terminals."""

import contextlib
import os
import pty
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from select import select

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.lines import BadLine
from common.stop import Stop
from common.terminal import Keyboard, Screen, printable
from grader.program import Program
from grader.stage import Stage
from tests.common.children import ROOT, child, outcome
from tests.common.raw import Thread, ends, reset, tcp_pair

TypeAt = Callable[[int], Keyboard]


@given(st.text(st.characters() | st.sampled_from("\x00\t\n\r\x1b\x7f\x85\x9b")))
def test_nothing_printable_acts_on_a_terminal(text: str) -> None:
    assert not any((ord(each) < 32 and each != "\t") or 127 <= ord(each) < 160 for each in printable(text))


@given(st.text(st.characters(exclude_categories=["Cc"]) | st.just("\t")))
def test_what_does_not_act_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_what_would_act_is_spelled_out() -> None:
    assert printable("a\x1b[2J\x07\x9b\r\n\tb é 😃") == "a\\x1b[2J\\x07\\x9b\\x0d\\x0a\tb é 😃"


@pytest.fixture
def keyboard_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[TypeAt]:
    """Make a keyboard of a descriptor, which is closed with the test."""
    opened = []

    def make(descriptor: int) -> Keyboard:
        opened.append(os.fdopen(descriptor))
        monkeypatch.setattr(sys, "stdin", opened[-1])
        return Keyboard()

    yield make
    for each in opened:
        each.close()


def typed(data: bytes) -> int:
    """Return a descriptor where these bytes have been typed, and nothing will be any more."""
    descriptor = os.memfd_create("typed")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def lines_of(keyboard: Keyboard, stop: Stop) -> list[str | None]:
    """Return what is typed until the end, a complaint in the place of each bad line."""
    lines: list[str | None] = []
    while keyboard.wait_for_line(stop):
        try:
            lines.append(keyboard.inbox.take())
        except BadLine as bad:
            lines.append(f"bad: {bad}")
    return lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("un\n\ndeux é\r\ntrois\n".encode(), ["un", "deux é", "trois"]),
        (b"the last has no line feed", ["the last has no line feed"]),
        (b"un\ndeux", ["un", "deux"]),
        (b"", []),
        (b"\n\n\n", []),
        (
            b"\x1b[A\n\xff\n" + b"a" * 3000 + b"\ngood\n",
            ["bad: control character U+001B", "bad: not UTF-8", "bad: longer than 2048 bytes", "good"],
        ),
        (b"a" * 100_000 + b"\ngood\n", ["bad: no line feed in 65536 bytes", "good"]),
        (b"good\ncut in mid-character \xc3", ["good", "bad: not UTF-8"]),
    ],
    ids=["lines", "one without LF", "last without LF", "nothing", "empty", "bad", "100 kB", "cut"],
)
def test_all_that_is_typed_is_read_before_the_end(
    data: bytes, lines: list[str], keyboard_at: TypeAt, stop: Stop
) -> None:
    keyboard = keyboard_at(typed(data))
    assert lines_of(keyboard, stop) == lines
    assert keyboard.ended


def test_a_pipe_may_cut_lines_and_characters_anywhere(keyboard_at: TypeAt, stop: Stop) -> None:
    reader, writer = os.pipe()
    keyboard = keyboard_at(reader)
    for byte in "ça va ?\nbien 😃".encode():
        os.write(writer, bytes([byte]))
        keyboard.read()
    assert len(keyboard.inbox) == 1
    os.close(writer)
    assert lines_of(keyboard, stop) == ["ça va ?", "bien 😃"]


def test_the_keyboard_is_read_as_far_as_lines_are_wanted(keyboard_at: TypeAt, stop: Stop) -> None:
    keyboard = keyboard_at(typed(b"line\n" * 20_000))
    assert keyboard.wait_for_line(stop)
    assert len(keyboard.inbox) < 1000


def test_the_bell_ends_waiting_for_the_keyboard(keyboard_at: TypeAt, stop: Stop) -> None:
    reader, writer = os.pipe()
    keyboard = keyboard_at(reader)
    waiting = Thread(target=keyboard.wait_for_line, args=(stop,))
    waiting.start()
    stop.ring()
    assert ends(waiting)
    os.close(writer)


def test_after_the_bell_no_line_is_taken_any_more(keyboard_at: TypeAt, stop: Stop) -> None:
    keyboard = keyboard_at(typed(b"one\ntwo\n"))
    assert keyboard.wait_for_line(stop)
    stop.ring()
    assert not keyboard.wait_for_line(stop)


def test_half_a_line_on_a_terminal_is_not_a_line(keyboard_at: TypeAt, stop: Stop) -> None:
    ours, theirs = pty.openpty()
    keyboard = keyboard_at(theirs)
    os.write(ours, b"half\x04")  # Ctrl+D in mid-line hands over what there is
    keyboard.read()
    assert keyboard.inbox.peek() is None
    os.write(ours, b" and half\n\x04")
    assert lines_of(keyboard, stop) == ["half and half"]
    os.close(ours)


def test_a_terminal_that_is_closed_is_the_end_of_input(keyboard_at: TypeAt, stop: Stop) -> None:
    ours, theirs = pty.openpty()
    keyboard = keyboard_at(theirs)
    os.close(ours)
    assert lines_of(keyboard, stop) == []
    assert keyboard.ended


def wait_until_silent(keyboard: Keyboard, stop: Stop) -> None:
    """Wait until a terminal, which takes what was typed in its own time, has nothing to be read."""
    while stop.wait_for(keyboard, seconds=0):
        stop.wait(0.001)


def test_a_line_that_ctrl_c_has_taken_back_is_not_waited_for(keyboard_at: TypeAt, stop: Stop) -> None:
    ours, theirs = pty.openpty()
    keyboard = keyboard_at(theirs)
    os.write(ours, b"salut\n")
    assert select([keyboard], [], [])[0]
    os.write(ours, b"\x03")
    wait_until_silent(keyboard, stop)
    reading = Thread(target=keyboard.read)
    reading.start()
    assert ends(reading)
    assert not keyboard.ended
    os.write(ours, b"bonjour\n")
    keyboard.read()
    assert keyboard.inbox.take() == "bonjour"
    os.close(ours)


def test_a_keyboard_that_fails_is_the_end_of_input(keyboard_at: TypeAt, stop: Stop) -> None:
    ours, peer = tcp_pair()  # programs that a service starts may have a connection as their stdin
    keyboard = keyboard_at(ours.detach())
    reset(peer)
    assert lines_of(keyboard, stop) == []
    assert keyboard.ended


def test_no_keyboard_at_all_is_the_end_of_input(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    keyboard = Keyboard()
    assert not keyboard.wait_for_line(stop)
    Screen(stop).prompt()


SHOWS = """
from common.stop import Stop
from common.terminal import Screen
with Screen(Stop()) as screen:
    screen.note("here")
    screen.prompt()
    screen.show("salut \\x1b[2J")
    screen.note("\\x9b")
    screen.prompt()
"""


def test_on_a_pipe_there_are_plain_lines_and_no_prompt() -> None:
    assert outcome(child("-c", SHOWS)) == (0, "* here\n< salut \\x1b[2J\n* \\x9b\n", "")


@contextlib.contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], bytes]]:
    """Make stdin and stdout a terminal; yield what tells what was written to it since it was last asked."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs, termios.TCSANOW)
    os.set_blocking(ours, False)

    def seen() -> bytes:
        try:
            return os.read(ours, 65536)
        except BlockingIOError:
            return b""

    with os.fdopen(theirs) as stdin, os.fdopen(os.dup(theirs), "w") as stdout, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stdout", stdout)
        yield seen
    os.close(ours)


def test_on_a_terminal_a_line_stands_above_the_prompt(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    with terminal(monkeypatch) as seen:
        with Screen(stop) as screen:
            screen.note("here")
            assert seen() == b"* here\n"
            screen.prompt()
            assert seen() == b"\r\x1b[K> "
            screen.show("salut \x1b[2J")
            assert seen() == b"\r\x1b[K< salut \\x1b[2J\n> "
            screen.stop_prompting()
            assert seen() == b"\r\x1b[K"
            screen.show("bye")
            assert seen() == b"< bye\n"
            screen.prompt()
            assert seen() == b"\r\x1b[K> "
        assert seen() == b"\r\x1b[K"


def test_a_prompt_that_was_not_given_is_not_taken_away(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    with terminal(monkeypatch) as seen:
        with Screen(stop) as screen:
            screen.stop_prompting()
        assert seen() == b""


@pytest.mark.parametrize(("elsewhere", "shown"), [("stdin", b"< salut\n"), ("stdout", b"")])
def test_a_terminal_on_one_side_only_is_a_pipe(
    elsewhere: str, shown: bytes, monkeypatch: pytest.MonkeyPatch, stop: Stop
) -> None:
    with terminal(monkeypatch) as seen, open(os.devnull, "r+") as nowhere, monkeypatch.context() as patch:
        patch.setattr(sys, elsewhere, nowhere)
        with Screen(stop) as screen:
            screen.prompt()
            screen.show("salut")
        assert seen() == shown


LEAVES_TYPED_AHEAD = """
import select
from common.stop import Stop
from common.terminal import Screen
with Screen(Stop()) as screen:
    screen.note("type")
    select.select([0], [], [])
print("left:", bool(select.select([0], [], [], 0)[0]), flush=True)
"""


def test_what_was_typed_and_not_read_does_not_reach_the_shell() -> None:
    with Stage() as stage:
        program = Program(
            stage, "program", [sys.executable, "-c", LEAVES_TYPED_AHEAD], terminal=True, directory=ROOT
        )
        assert stage.wait_until(lambda: b"type" in program.written["screen"])
        program.types(b"rm -rf everything\n")
        assert program.wait_end()
        assert b"left: False" in program.written["screen"]
