"""The terminal's settings: quiet while we draw on it, as we found them when we leave.

A terminal echoes what is typed by itself. Whoever draws the typed line, too, must turn that off before the first key
is pressed, and never on again while it runs: a key that falls into the gap is on the screen twice.
"""

import contextlib
import os
import signal
import sys
import termios
from types import TracebackType

LOCAL_MODES = 3
"""Where termios(3) keeps them in what tcgetattr returns."""


class TerminalMode:
    """Keeps the terminal from echoing, and from waiting for Enter; gives it back as it was."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno()

    def __enter__(self) -> "TerminalMode":
        self._found = termios.tcgetattr(self._terminal)
        quiet = termios.tcgetattr(self._terminal)
        quiet[LOCAL_MODES] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(self._terminal, termios.TCSANOW, quiet)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, termios.error):  # the terminal has gone
            if os.tcgetpgrp(self._terminal) == os.getpgrp():  # in the background it is not ours
                # What nobody has read is dropped: the shell that comes next would take it for a command.
                termios.tcsetattr(self._terminal, termios.TCSAFLUSH, self._found)

    def suspend(self) -> None:
        """Give the terminal back and stop, as Ctrl+Z does, until the shell continues us in the foreground."""
        drawing = termios.tcgetattr(self._terminal)
        termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._found)
        politely = signal.signal(signal.SIGTERM, signal.SIG_DFL)  # `kill` ends who is stopped, too
        os.kill(0, signal.SIGTSTP)  # the whole job: `make client` as well
        with contextlib.suppress(termios.error):  # the terminal was closed meanwhile, and SIGHUP ends us
            # In the background, this stops us again.
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, drawing)
        signal.signal(signal.SIGTERM, politely)
