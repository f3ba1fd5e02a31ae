"""What the user sees while he types: lines of the others above, and in the last row the line being typed.

    < bob: salut
    < carol to all: qui a des oeufs ?      erased the row, wrote a line, and drew the row again: in one piece
    > moi, j'en ai deu

The row is never longer than the window is wide, so that one erasing takes all of it away.
"""

import os
import sys

from common.stop import Stop
from common.terminal import CLEAR_LINE, PROMPT, Screen, complain
from sprint6_messenger.typed_line import TypedLine

USUAL_COLUMNS = 80
"""Of a terminal that does not know how wide it is."""


class CandidScreen(Screen):
    """A screen on which what is wrong is told, too."""

    def complain(self, text: str) -> None:
        """Tell what is wrong, on stderr."""
        complain(text)


class DrawnScreen(CandidScreen):
    """A screen that shows the line being typed by itself, as its terminal does not."""

    def __init__(self, stop: Stop, line: TypedLine) -> None:
        super().__init__(stop)
        self._line = line

    def prompt(self) -> None:
        """Show the line being typed from now on."""
        if not self._prompting:
            self._prompting = True
            self.draw()

    def draw(self, finished: bytes = b"") -> None:
        """Draw the line being typed anew, below the lines that have been finished since: these are shown whole.

        After the bell nobody types any more, and the terminal may have gone.
        """
        if self._stop.is_set():
            return
        *lines, _nothing = finished.decode(errors="surrogateescape").split("\n")
        kept = "".join(f"{PROMPT}{line}\n" for line in lines)
        self._write(f"{CLEAR_LINE}{kept}{self._row()}")

    def complain(self, text: str) -> None:
        """Tell what is wrong, on stderr, above the line being typed."""
        self.stop_prompting()
        super().complain(text)
        self.prompt()

    def _write_line(self, line: str) -> None:
        self._write(f"{CLEAR_LINE}{line}\n{self._row()}")

    def _row(self) -> str:
        """Return the line being typed; what cannot be shown here as one character is a question mark."""
        row = self._line.shown(columns()) if self._prompting else ""
        return row.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)


def columns() -> int:
    """Return how wide the window is now."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_COLUMNS
    except OSError:  # the terminal has gone
        return USUAL_COLUMNS
