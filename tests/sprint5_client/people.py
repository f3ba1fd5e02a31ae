"""People at terminals that can be looked at: what they see is a grid of cells, as on glass (pyte draws it)."""

import fcntl
import re
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pyte
from pyte.screens import Char, Margins

from grader.launch import plain_environment
from grader.program import Program
from grader.stage import Stage
from tests.common.children import ROOT

CLIENT = [sys.executable, "-m", "sprint5_concurrency.client"]

STARTS_AT = 'stty rows "$0" cols "$1" echo; shift; exec "$@"'
"""A shell line that gives the terminal its size, and its echo, before the program looks at it."""

TOLD_AFTERWARDS = 'stty rows "$0" cols "$1" echo; shift; stty -g; "$@"; echo "code $?"; stty -g'
"""The same, for a person who compares what the terminal is like before and after."""

STAMP = re.compile(r"^\d\d:\d\d ")

PATIENCE = 20.0
"""Against hanging only."""


ABOVE = 3
"""With this number a program erases what has scrolled away (ECMA-48's ED, as xterm extends it)."""


class Glass(pyte.Screen):
    """A screen that keeps the rows that scroll away.

    (pyte's own HistoryScreen can scroll back to them, and for that looks twice at whatever is done.)
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.above: list[Mapping[int, Char]] = []
        super().__init__(columns, lines)

    def index(self) -> None:
        """Move down; at the last row, let the first one scroll away."""
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == bottom:
            self.above.append(self.buffer[top])
        super().index()

    def erase_in_display(self, how: int = 0, *arguments: Any, **options: Any) -> None:
        """Erase a part of the screen, or what has scrolled away."""
        super().erase_in_display(how, *arguments, **options)
        if how == ABOVE:
            self.above.clear()

    def reset(self) -> None:
        """Begin anew, with nothing above."""
        super().reset()
        self.above.clear()


class Person:
    """Somebody at a terminal of a given size."""

    def __init__(
        self,
        stage: Stage,
        port: int,
        *options: str,
        home: Path,
        size: tuple[int, int] = (24, 80),
        command: Sequence[str] = CLIENT,
        shell: str = STARTS_AT,
        settings: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.stage = stage
        self.glass = Glass(size[1], size[0])
        stream = pyte.ByteStream(self.glass)
        words = [*map(str, size), *command, "127.0.0.1", str(port), *options]
        environment = {**plain_environment(), "XDG_STATE_HOME": str(home), **dict(settings)}
        self.program = Program(
            stage,
            "alice",
            ["sh", "-c", shell, *words],
            terminal=True,
            directory=ROOT,
            environment=environment,
        )
        self.program.listeners.append(lambda _stream, chunk: stream.feed(chunk))

    @property
    def rows(self) -> list[str]:
        """Return what stands on the glass, without the empty rows below."""
        rows = [row.rstrip() for row in self.glass.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def last_row(self) -> str:
        """Return the last row that is not empty; nothing on an empty glass, as before the first one is drawn."""
        return "".join(self.rows[-1:])

    @property
    def all_rows(self) -> list[str]:
        """Return what stands on the glass, and above it what has scrolled away."""
        above = ["".join(row[x].data for x in range(self.glass.columns)).rstrip() for row in self.glass.above]
        return above + self.rows

    @property
    def said(self) -> list[str]:
        """Return the rows without their times."""
        return [STAMP.sub("", row) for row in self.rows]

    @property
    def typed(self) -> str:
        """Return what stands in the line being typed, the row above the last, behind its prompt."""
        return self.rows[-2].removeprefix("> ") if len(self.rows) > 1 else ""

    def types(self, text: str) -> None:
        r"""Press keys; `\r` is Enter."""
        self.program.types(text.encode())

    def resizes(self, rows: int, columns: int) -> None:
        """Make the window larger or smaller."""
        self.glass.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.program._keyboard, termios.TIOCSWINSZ, size)

    def sees(self, *rows: str) -> None:
        """Wait until these rows stand on the glass, in this order, one behind the other or not."""
        assert self.stage.wait_until(lambda: in_order(rows, self.said), PATIENCE), (rows, self.rows)

    def sees_all(self, *texts: str) -> None:
        """Wait until these texts, folded where the window ends, are the last on the glass, the status apart."""
        wanted = "".join("".join(text.split()) for text in texts)
        assert self.stage.wait_until(lambda: self._unfolded().endswith(wanted), PATIENCE), (texts, self.rows)

    def _unfolded(self) -> str:
        rows = [row for row in self.said if row not in (">", "")]
        return "".join("".join(row.split()) for row in rows[:-1])

    def sees_typed(self, text: str) -> None:
        """Wait until exactly `text` stands in the line being typed."""
        assert self.stage.wait_until(lambda: self.typed == text, PATIENCE), (text, self.rows)

    def ends(self, code: int) -> None:
        """Wait until the program has ended."""
        assert self.program.wait_end(PATIENCE), self.rows
        assert self.program.exit_code == code, self.rows


def in_order(rows: Sequence[str], shown: Sequence[str]) -> bool:
    """Tell whether all rows are shown, in this order."""
    rest = iter(shown)
    return all(row in rest for row in rows)


def has_ended(process: psutil.Process) -> bool:
    """Tell whether a process that is not our child has ended; it may be left unburied."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
