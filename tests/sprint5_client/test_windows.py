"""Windows that change size while somebody types: in a terminal that cuts its rows (pyte), and one that folds them."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.launch import plain_environment
from grader.peers import Impostor
from grader.stage import Stage
from tests.common.children import ROOT, SECONDS
from tests.sprint5_client.conftest import AtTerminal
from tests.sprint5_client.people import CLIENT

TYPED = "une ligne à moitié tapée, 漢字 😃"

TIME = re.compile(r"\d\d:\d\d(?=bob:)")

SIZES = [(24, 40), (24, 20), (24, 100), (12, 80), (40, 80), (10, 30), (40, 120)]


@pytest.mark.parametrize("size", SIZES)
def test_a_window_that_changes_its_size_keeps_messages_and_the_line(
    at_terminal: AtTerminal, size: tuple[int, int]
) -> None:
    alice, server = at_terminal(size=(24, 80))
    server.says(*(f"MSG bob {number} {'x' * 30}" for number in range(30)))
    alice.types(TYPED)
    alice.sees_all(f"bob: 29 {'x' * 30}", f"> {TYPED}")
    alice.resizes(*size)
    alice.sees_all(*(f"bob: {number} {'x' * 30}" for number in (27, 28, 29)), f"> {TYPED}")
    server.says("MSG bob encore")
    alice.types("!")
    alice.sees_all(f"bob: 29 {'x' * 30}", "bob: encore", f"> {TYPED}!")
    alice.types("\r")
    server.receives(f"MSG {TYPED}!")


def test_a_window_that_is_dragged_about_ends_up_right(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(size=(24, 80))
    alice.types(TYPED)
    for step in range(40):
        alice.resizes(24 - step % 10, 80 - 7 * (step % 9))
        server.says(f"MSG bob {step}")
        server.stage.wait_until(lambda: False, 0.005)
    alice.resizes(20, 60)
    alice.sees_all("bob: 38", "bob: 39", f"> {TYPED}")
    alice.types("\r")
    server.receives(f"MSG {TYPED}")


class Tmux:
    """A real terminal, with a client in it; it folds its rows again when it changes its size."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "socket"), "-f", "/dev/null"]
        settings = {**plain_environment(), "XDG_STATE_HOME": str(folder), "LC_ALL": "C.UTF-8"}
        self._do(["-u", "new-session", "-d", "-x", "80", "-y", "24", shlex.join(command)], settings)

    def types(self, text: str) -> None:
        """Press keys."""
        self._do(["send-keys", "-l", text])

    def resizes(self, rows: int, columns: int) -> None:
        """Make the window larger or smaller."""
        self._do(["resize-window", "-x", str(columns), "-y", str(rows)])

    def rows(self) -> list[str]:
        """Return what can be seen."""
        return self._captured()

    def all_rows(self) -> list[str]:
        """Return what can be seen, and above it what tmux remembers."""
        return self._captured("-S", "-")

    def _captured(self, *from_where: str) -> list[str]:
        text = self._do(["capture-pane", "-p", *from_where])
        return [row.rstrip() for row in text.rstrip("\n").split("\n")]

    def end(self) -> None:
        """Close the window, and what runs in it."""
        self._do(["kill-server"])

    def _do(self, words: list[str], settings: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            [*self._tmux, *words], env=settings, cwd=ROOT, timeout=SECONDS, check=True, capture_output=True
        )
        return done.stdout.decode()


@pytest.fixture
def in_tmux(tmp_path: Path, impostor: Impostor) -> Iterator[Tmux]:
    """Start the client in a tmux of its own."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    tmux = Tmux(tmp_path, [*CLIENT, "127.0.0.1", str(impostor.port)])
    yield tmux
    tmux.end()


def test_in_tmux_too_nothing_is_left_behind_and_nothing_is_lost(
    in_tmux: Tmux, impostor: Impostor, stage: Stage
) -> None:
    server = impostor.accepts()
    in_tmux.types("alice\r")
    server.receives("USER alice")
    server.says(*(f"MSG bob {number} {'x' * 30}" for number in range(30)))
    in_tmux.types(TYPED)
    for size in [*SIZES, (24, 80), (20, 25), (24, 80)]:
        in_tmux.resizes(*size)
        assert stage.wait_for_outside(is_in_order(in_tmux)), (size, in_tmux.rows())
    in_tmux.types("\r")
    server.receives(f"MSG {TYPED}")


def is_in_order(tmux: Tmux) -> Callable[[], bool]:
    """Return what tells whether the last messages are shown, each once, and then the line being typed, once."""
    wanted = "".join(f"bob:{number}{'x' * 30}" for number in (28, 29)) + ">" + "".join(TYPED.split())

    def is_shown() -> bool:
        *rows, _status = tmux.rows()
        shown = "".join("".join(rows).split())
        return TIME.sub("", shown).endswith(wanted) and shown.count("tapée") == 1

    return is_shown


def test_a_message_that_the_upper_edge_has_cut_is_not_lost(
    in_tmux: Tmux, impostor: Impostor, stage: Stage
) -> None:
    server = impostor.accepts()
    in_tmux.types("alice\r")
    server.receives("USER alice")
    messages = [f"bob: {number:02} {'x' * 70} fin{number:02}" for number in range(20)]
    server.says(*(message.replace("bob: ", "MSG bob ") for message in messages))
    in_tmux.types(TYPED)
    for size in [(24, 80), (12, 40), (24, 80), (11, 40), (24, 80), (12, 36), (24, 80)]:
        in_tmux.resizes(*size)
        assert stage.wait_for_outside(is_drawn(in_tmux, messages[-1])), (size, in_tmux.rows())
        shown = "".join("".join(in_tmux.all_rows()).split())
        assert [message for message in messages if "".join(message.split()) not in shown] == [], (
            size,
            "\n".join(in_tmux.all_rows()),
        )


def is_drawn(tmux: Tmux, last: str) -> Callable[[], bool]:
    """Return what tells whether the last message, and then the line being typed, stand on the glass."""
    wanted = "".join(f"{last}>{TYPED}".split())

    def is_shown() -> bool:
        *rows, status = tmux.rows()
        return "".join("".join(rows).split()).endswith(wanted) and status.endswith("alice")

    return is_shown
