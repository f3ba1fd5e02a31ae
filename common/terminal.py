r"""The terminal: what may safely be shown on it, and the keyboard, read so that nothing else has to wait.

What comes from the network never acts on the terminal. A peer that sends ESC [ 2 J would clear the screen
of whoever shows it as it came; shown as `\x1b[2J` it is text like any other.
"""

import contextlib
import os
import sys
import termios
from collections.abc import Iterator
from types import TracebackType

from common.lines import CONTROL_CHARACTERS, Inbox, LineDecoder
from common.stop import POLLIN, POLLOUT, Failure, Source, Stop, wait_ready

PROMPT = "> "
CLEAR_LINE = "\r\x1b[K"
"""Back to the left edge, and erase to the right one (ECMA-48, EL)."""

KEYBOARD_BYTES = 4096
"""What a terminal hands over at most in one read, and a pipe in one piece."""


def printable(text: str) -> str:
    r"""Return `text` with each control character spelled out (`\x1b`), so that no terminal obeys it."""
    return CONTROL_CHARACTERS.sub(lambda control: f"\\x{ord(control[0]):02x}", text)


def prepare_output() -> None:
    """Let every character be printed, also where the locale lacks it. Raises Failure where there is no stdout."""
    if sys.stdout is None:
        raise Failure("standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def write(text: str) -> None:
    """Write to stdout, at once. Raises Failure when nobody can read it any more."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        point_to_nowhere(sys.stdout.fileno())
        raise Failure(f"cannot write to standard output: {error.strerror}") from None


def say(line: str) -> None:
    """Print one line to stdout, at once. Raises Failure."""
    write(f"{line}\n")


def write_unless_stopped(text: str, stop: Stop) -> None:
    """Write as soon as stdout takes it; after the bell nobody is waited for. Raises Failure."""
    interests: dict[Source, int] = {stop: POLLIN, sys.stdout: POLLOUT}
    if sys.stdout in wait_ready(interests):
        write(text)


def complain(line: str) -> None:
    """Print one line to stderr, where there is one; what a terminal would obey is spelled out."""
    if sys.stderr is None:
        return
    try:
        print(printable(line), file=sys.stderr, flush=True)
    except OSError:
        point_to_nowhere(sys.stderr.fileno())


def point_to_nowhere(descriptor: int) -> None:
    """Make later writes, those of the interpreter's own end too, succeed without effect."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), descriptor)


def what_is_typed(keyboard: int) -> bytes | None:
    """Return what has been typed; nothing at the end of input, None where a terminal has nothing now."""
    with without_waiting(keyboard) as descriptor:
        try:
            return os.read(descriptor, KEYBOARD_BYTES)
        except BlockingIOError:
            return None
        except OSError:  # the terminal has been closed
            return b""


@contextlib.contextmanager
def without_waiting(keyboard: int) -> Iterator[int]:
    """Yield a descriptor of the same terminal of which a read never waits; where there is none, `keyboard`.

    A terminal may promise a line and have none: Ctrl+C takes back what nobody has read yet. It is opened once
    more for that, because the shell, too, uses the descriptors that we were given.
    """
    try:
        terminal = os.open(name_of_terminal(keyboard), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:  # a pipe, or a terminal that is not ours to open
        yield keyboard
        return
    try:
        yield terminal
    finally:
        os.close(terminal)


def name_of_terminal(keyboard: int) -> str:
    """Return where a terminal can be opened; its own name belongs to whoever has logged in. Raises OSError."""
    try:
        os.tcgetpgrp(keyboard)
    except OSError:  # it does not control us
        return os.ttyname(keyboard)
    return "/dev/tty"


class Keyboard:
    """The user's lines, from a terminal or a pipe, whole and in order."""

    def __init__(self) -> None:
        self.inbox = Inbox(LineDecoder())
        self.ended = sys.stdin is None

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return sys.stdin.fileno()

    def read(self) -> None:
        """Take in what has been typed; waits only where nothing has been, on a pipe."""
        typed = what_is_typed(self.fileno())
        if typed is not None:
            self.take_in(typed)

    def take_in(self, typed: bytes) -> None:
        """Make lines of what has been typed. Nothing is the end of input, which ends a last line."""
        self.ended = not typed
        self.inbox.feed(typed or b"\n")

    def wait_for_line(self, stop: Stop) -> bool:
        """Wait until a line can be taken; False at the end of input and once the bell has rung."""
        while not self.inbox and not self.ended and stop.wait_for(self):
            self.read()
        return bool(self.inbox) and not stop.is_set()


class Screen:
    """What one user sees: lines of the others as `< text`, notes as `* text`, and the prompt below them."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._on_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
        self._prompting = False

    def __enter__(self) -> "Screen":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Failure):
            self.stop_prompting()
        self._forget_what_is_typed()

    def show(self, text: str) -> None:
        """Show one line of the others."""
        self._write_line(f"< {printable(text)}")

    def note(self, text: str) -> None:
        """Show one line of the program's own."""
        self._write_line(f"* {printable(text)}")

    def prompt(self) -> None:
        """Invite the user to type; on a pipe there is nobody to invite."""
        self._prompting = self._on_terminal
        if self._prompting:
            self._write(CLEAR_LINE + PROMPT)

    def stop_prompting(self) -> None:
        """Take the prompt away."""
        if self._prompting:
            self._prompting = False
            self._write(CLEAR_LINE)

    def _forget_what_is_typed(self) -> None:
        """Drop what nobody has read: the shell that comes next would take it for a command."""
        if not self._on_terminal:
            return
        with contextlib.suppress(OSError, termios.error):  # the terminal has gone
            if os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp():  # in the background it is not ours
                termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    def _write_line(self, line: str) -> None:
        self._write(f"{CLEAR_LINE}{line}\n{PROMPT}" if self._prompting else f"{line}\n")

    def _write(self, text: str) -> None:
        write_unless_stopped(text, self._stop)
