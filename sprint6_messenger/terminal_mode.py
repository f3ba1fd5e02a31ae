"""The terminal's settings: it hands over each key and shows none while we draw, and is as we found it when we leave.

canonical      it keeps a line until Enter, and corrects it
echo           it shows each key as it comes
signals        Ctrl+C is SIGINT: this stays with the terminal, so that it works whatever we do
"""

import contextlib
import os
import signal
import sys
import termios
from types import TracebackType
from typing import Any

LOCAL_MODES, CONTROL_CHARACTERS = 3, 6
"""Where termios(3) keeps them in what tcgetattr returns."""

NO_KEY = b"\0"
"""_POSIX_VDISABLE, of Linux: stands for no key at all."""

TERMINALS_WITHOUT_CURSOR = ("", "dumb")
"""Values of TERM under which nothing can be drawn: inside an editor, for example."""


def can_draw() -> bool:
    """Tell whether a terminal is at both ends that can erase, is ours, and shows what is typed.

    One that does not echo is used by a program, or by somebody who wants nothing shown.
    """
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if not is_terminal or os.environ.get("TERM", "") in TERMINALS_WITHOUT_CURSOR:
        return False
    terminal = sys.stdin.fileno()
    try:
        is_ours = os.tcgetpgrp(terminal) == os.getpgrp()
        return is_ours and bool(termios.tcgetattr(terminal)[LOCAL_MODES] & termios.ECHO)
    except (OSError, termios.error):  # not the terminal of this session, or gone
        return False


class TerminalMode:
    """Keeps the terminal from echoing, and from waiting for Enter; gives it back as it was."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno()

    def __enter__(self) -> "TerminalMode":
        self._found = termios.tcgetattr(self._terminal)
        self._drawing = for_drawing(termios.tcgetattr(self._terminal))
        termios.tcsetattr(self._terminal, termios.TCSANOW, self._drawing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, termios.error):  # the terminal has gone
            if os.tcgetpgrp(self._terminal) == os.getpgrp():  # in the background it is not ours
                # At once: one that was stopped with Ctrl+S is not waited for.
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._found)

    def suspend(self) -> None:
        """Give the terminal back and stop, as Ctrl+Z does, until the shell continues us in the foreground."""
        with contextlib.suppress(termios.error):  # the terminal was closed meanwhile, and SIGHUP ends us
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._found)
            politely = signal.signal(signal.SIGTERM, signal.SIG_DFL)  # `kill` ends who is stopped, too
            os.kill(0, signal.SIGTSTP)  # the whole job: `make client` as well
            signal.signal(signal.SIGTERM, politely)
            # In the background, this stops us again.
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._drawing)


def for_drawing(settings: list[Any]) -> list[Any]:
    """Return settings under which each key comes at once and is shown by us alone; Ctrl+Z is a key like others."""
    settings[LOCAL_MODES] &= ~(termios.ECHO | termios.ICANON)
    keys = settings[CONTROL_CHARACTERS]
    keys[termios.VMIN], keys[termios.VTIME] = 1, 0  # as soon as one key has been pressed
    keys[termios.VSUSP] = NO_KEY
    return settings
