"""Somebody types at a terminal that echoes, while messages arrive: what stands on the glass, and what is sent."""

import os
import pty
import re
import signal
import sys
import termios
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from common.stop import Stop
from grader.peers import Impostor
from grader.stage import Stage
from sprint6_messenger.keyboard import WAITING_LINES, KeyByKey
from sprint6_messenger.screen import DrawnScreen
from sprint6_messenger.terminal_mode import for_drawing
from sprint6_messenger.typed_line import TypedLine
from sprint6_messenger.wire import MessageType
from tests.sprint5_client import people
from tests.sprint5_client.people import PATIENCE, STARTS_AT, TOLD_AFTERWARDS, has_ended
from tests.sprint6_client.people import PACKAGE, Wire

CLIENT = [sys.executable, "-m", f"{PACKAGE}.client"]

ECHO, PRIVATE, REQUEST, REJECT = (
    MessageType.ECHO_SEND,
    MessageType.UNICAST_SEND,
    MessageType.FILE_REQUEST,
    MessageType.FILE_REJECT,
)

SILENT = 'stty -echo; shift 1; exec "$@"'
"""A shell line for a terminal that does not echo, as who asks for a password has it."""

IN_A_SHELL = """
stty rows "$0" cols "$1" echo; shift; set -m
stty -g; sh -c '"$@"; exit $?' sh "$@"; echo stopped; stty -g; read x; echo "shell: $x"; fg; stty -g
"""
"""A shell line for a person who presses Ctrl+Z: the shell has the terminal then, and `fg` gives it back.

The job is two programs, as that of `make client` is: it has stopped when both have.
"""

SETTINGS = re.compile(r"[0-9a-f:]{20,}")
"""What `stty -g` says."""

WIDE = "日本語 😃 é漢字"

BACKSPACE, CTRL_U, CTRL_W, LEFT = "\x7f", "\x15", "\x17", "\x1b[D"


class Person(people.Person):
    """Somebody who sees what he types in the last row."""

    @property
    def typed(self) -> str:
        """Return what stands behind the prompt."""
        return self.rows[-1].removeprefix(">").removeprefix(" ") if self.rows else ""

    @property
    def settings(self) -> list[str]:
        """Return what the terminal was like, each time that the shell asked."""
        lines = "".join(row.ljust(self.glass.columns) for row in self.all_rows).split()
        return [line for line in lines if SETTINGS.fullmatch(line)]


Sit = Callable[..., tuple[Person, Wire]]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A patient stage: these tests are about what is shown, not about how soon."""
    with Stage(PATIENCE) as stage:
        yield stage


@pytest.fixture
def sit(stage: Stage, tmp_path: Path) -> Sit:
    """Let alice sit down at a terminal of a size; return her, invited to type, and the server's end."""

    def sit_down(columns: int = 80, shell: str = STARTS_AT, **terminal: object) -> tuple[Person, Wire]:
        impostor = Impostor(stage)
        alice = Person(
            stage,
            impostor.port,
            *("--inbox", str(tmp_path / "inbox")),
            home=tmp_path,
            size=(24, columns),
            command=CLIENT,
            shell=shell,
            **terminal,  # type: ignore[arg-type]
        )
        server = Wire(impostor.accepts())
        alice.sees(">")
        return alice, server

    return sit_down


@pytest.mark.parametrize("columns", [80, 20])
@pytest.mark.parametrize("text", ["je voulais d", WIDE])
def test_what_is_typed_survives_what_arrives(columns: int, text: str, sit: Sit) -> None:
    alice, server = sit(columns)
    alice.types(text)
    server.says(PRIVATE, "salut", sender="bob")
    server.says(PRIVATE, "日本 😃", sender="bob")
    alice.sees("< bob: salut", "< bob: 日本 😃", f"> {text}")
    alice.types("!\r")
    server.receives(ECHO, text=f"{text}!")
    server.says(PRIVATE, "oui", sender="bob")
    alice.sees("< bob: salut", "< bob: 日本 😃", f"> {text}!", "< bob: oui", ">")
    assert sum("voulais" in row or "日本語" in row for row in alice.all_rows) == 1


@pytest.mark.parametrize("columns", [80, 20])
@pytest.mark.parametrize("piece", ["abcdefghij", "日本語😃", "e\u0301日"])
def test_a_line_longer_than_the_row_leaves_nothing_behind(columns: int, piece: str, sit: Sit) -> None:
    alice, server = sit(columns)
    text = "début " + piece * 40 + " fin"
    for start in range(0, len(text), 7):
        alice.types(text[start : start + 7])
        server.says(PRIVATE, f"n{start}", sender="bob")
    last = range(0, len(text), 7)[-1]
    alice.sees(f"< bob: n{last}")
    assert alice.stage.wait_until(lambda: alice.typed.endswith(" fin"), PATIENCE), alice.rows
    said = [row for row in alice.all_rows if not row.startswith("*")]
    assert said[:-1][-last // 7 - 1 :] == [f"< bob: n{start}" for start in range(0, len(text), 7)]
    alice.types("\r")
    server.receives(ECHO, text=text)
    alice.sees(">")
    rows = alice.all_rows
    kept = "".join("".join(rows[rows.index(f"< bob: n{last}") + 1 :]).split())
    assert kept == unicodedata.normalize("NFC", f"> {text}>".replace(" ", ""))


def test_keys_correct_the_line(sit: Sit) -> None:
    alice, server = sit()
    alice.types(f"non{CTRL_U}日本x{BACKSPACE}語 deux{CTRL_W}{LEFT}😃z{BACKSPACE}")
    alice.sees_typed("日本語 😃")
    server.says(PRIVATE, "salut", sender="bob")
    alice.sees("< bob: salut", "> 日本語 😃")
    alice.types("\r")
    server.receives(ECHO, text="日本語 😃")


def test_a_character_that_comes_in_pieces_is_one(sit: Sit) -> None:
    alice, server = sit()
    for byte in "é日😃".encode() + b"\x1b[D":
        alice.program.types(bytes([byte]))
        server.says(PRIVATE, "salut", sender="bob")
    alice.types("!")
    alice.sees_typed("é日😃!")
    alice.types("\r")
    server.receives(ECHO, text="é日😃!")


@pytest.mark.parametrize("enter", ["\n", "\r"])
def test_1000_lines_that_are_pasted_are_sent_in_order_and_drawn_in_few_steps(enter: str, sit: Sit) -> None:
    alice, server = sit()
    lines = [f"ligne {number} é😃" for number in range(1000)]
    drawn = alice.program.written["screen"].count(b"\x1b[K")
    alice.types(enter.join(lines))
    for line in lines[:-1]:
        server.receives(ECHO, text=line)
    alice.sees_typed(lines[-1])
    assert [row for row in alice.all_rows if row.startswith("> l")] == [f"> {line}" for line in lines]
    assert alice.program.written["screen"].count(b"\x1b[K") - drawn < len(lines)
    alice.types(" fin\r")
    server.receives(ECHO, text=f"{lines[-1]} fin")


def test_a_line_that_is_too_long_is_told_and_not_sent(sit: Sit) -> None:
    alice, server = sit()
    alice.types("x" * 100_000 + "\rsalut\r")
    server.receives(ECHO, text="salut")
    alice.sees("> salut", "not sent: longer than 2048 bytes", ">")


def test_who_types_beside_lines_that_wait_is_read_and_who_pastes_is_not() -> None:
    line, stop = TypedLine(), Stop()
    keyboard = KeyByKey(line, DrawnScreen(stop, line), lambda: None)
    keyboard.hold()
    keyboard.inbox.feed(b"salut\n" * (WAITING_LINES - 1))
    assert keyboard.wants_reading
    keyboard.inbox.feed(b"salut\n")
    assert not keyboard.wants_reading
    stop.close()


def test_a_complaint_leaves_the_line_alone(sit: Sit) -> None:
    alice, _server = sit()
    alice.types("/join jazz\r/nope\rhalf a li")
    alice.sees(
        "> /join jazz", "> /nope", "not sent: unknown command /nope: /help lists them all", "> half a li"
    )


def test_a_question_while_somebody_types(sit: Sit) -> None:
    alice, server = sit()
    alice.types("half a li")
    server.says(REQUEST, "photo.png", "alice", "bob")
    alice.sees("* bob offers you the file photo.png: do you want it? (y/n)", "> half a li")
    alice.types(f"{CTRL_U}n\r")
    server.receives(REJECT, "bob")
    alice.types("salut\r")
    server.receives(ECHO, text="salut")


@pytest.mark.parametrize("columns", [40, 20, 120])
def test_a_new_width_counts_from_the_next_drawing_on(columns: int, sit: Sit) -> None:
    alice, server = sit()
    alice.types("x" * 70)
    alice.sees_typed("x" * 70)
    alice.resizes(24, columns)
    server.says(PRIVATE, "salut", sender="bob")
    alice.types("yz")
    alice.sees("< bob: salut", "> " + ("x" * 70 + "yz")[-(columns - 3) :])
    alice.types("\r")
    server.receives(ECHO, text="x" * 70 + "yz")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("\x03", 130),
        ("\x04", 0),
        ("\x04\x15\x04", 0),
        ("\x15/quit\r", 0),
        ("SIGTERM", 143),
        ("SIGHUP", 129),
        ("exit", 0),
        ("lost", 1),
    ],
)
def test_at_each_end_the_terminal_is_as_it_was(keys: str, code: int, sit: Sit) -> None:
    alice, server = sit(200, f"trap : INT; {TOLD_AFTERWARDS}")
    alice.types("salut\r")
    server.receives(ECHO, text="salut")
    alice.types("" if keys == "\x04" else "half")
    if keys == "exit":
        server.says(ECHO, "exit")
    elif keys.startswith("SIG"):
        alice.program.usage().children()[0].send_signal(signal.Signals[keys])
    elif keys != "lost":
        alice.types(keys)
    if keys != "lost":
        server.hears_the_end()
    server.connection.closes()
    alice.ends(0)
    before, after = alice.settings
    assert before == after
    assert alice.rows[-2:] == [f"code {code}", after]
    assert not any("half" in row for row in alice.rows)


def test_a_closed_terminal_is_a_departure_and_what_was_half_typed_is_not_sent(sit: Sit) -> None:
    alice, server = sit()
    alice.types("half a line")
    alice.sees_typed("half a line")
    alice.program.hangs_up()
    server.hears_the_end()
    assert alice.program.wait_end(PATIENCE)
    assert alice.program.exit_code == 129


def test_who_ignores_that_the_terminal_is_closed_has_come_to_the_end_of_his_input(sit: Sit) -> None:
    alice, server = sit(shell=f"trap '' HUP; {STARTS_AT}")
    alice.types("half a line")
    alice.sees_typed("half a line")
    alice.program.hangs_up()
    server.hears_the_end()
    assert alice.program.wait_end(PATIENCE)
    assert alice.program.exit_code == 0


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(sit: Sit) -> None:
    alice, server = sit(200, IN_A_SHELL)
    alice.types("half a li")
    alice.sees_typed("half a li")
    alice.types("\x1a")
    assert alice.stage.wait_until(lambda: len(alice.settings) > 1), alice.rows
    assert alice.settings[0] == alice.settings[1]
    assert not any("half" in row for row in alice.rows)
    server.says(PRIVATE, "es-tu là ?", sender="bob")
    alice.types("pwd\r")
    alice.sees("shell: pwd", "< bob: es-tu là ?", "> half a li")
    alice.types("ne\r")
    server.receives(ECHO, text="half a line")
    alice.types("\x04")
    server.hears_the_end()
    alice.ends(0)
    assert alice.settings[2] == alice.settings[0]


def test_a_terminal_that_is_closed_while_the_client_is_stopped_is_a_departure(sit: Sit) -> None:
    alice, server = sit(200, IN_A_SHELL)
    program = alice.program.usage().children(recursive=True)[-1]
    alice.types("half a line\x1a")
    assert alice.stage.wait_until(lambda: len(alice.settings) > 1), alice.rows
    server.says(PRIVATE, "nobody sees this", sender="bob")
    alice.program.hangs_up()
    server.hears_the_end()
    assert alice.stage.wait_for_outside(lambda: has_ended(program))


@pytest.mark.parametrize(("shell", "kind", "echoed"), [(SILENT, "xterm", b""), (STARTS_AT, "dumb", b"salut")])
def test_where_we_cannot_draw_the_terminal_is_used_as_it_is(
    shell: str, kind: str, echoed: bytes, sit: Sit
) -> None:
    alice, server = sit(80, shell, settings=[("TERM", kind)])
    before = len(alice.program.written["screen"])
    alice.types("salut")
    server.says(PRIVATE, "bonjour", sender="bob")
    alice.sees("< bob: bonjour", ">")
    assert alice.program.written["screen"][before:] == echoed + b"\r\x1b[K< bob: bonjour\r\n> "
    alice.types("\n")
    server.receives(ECHO, text="salut")


def test_a_key_that_ctrl_c_has_taken_back_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal, closing(Stop()) as stop:
        monkeypatch.setattr(sys, "stdin", terminal)
        termios.tcsetattr(theirs, termios.TCSANOW, for_drawing(termios.tcgetattr(theirs)))
        line = TypedLine()
        keyboard = KeyByKey(line, DrawnScreen(stop, line), stop.ring)
        keyboard.read()
        assert not keyboard.ended
        os.close(ours)
        keyboard.read()
        assert keyboard.ended
