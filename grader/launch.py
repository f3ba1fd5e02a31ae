"""Starting a program in a session of its own: on a pseudo-terminal, as a person would, or on three pipes."""

import contextlib
import fcntl
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROWS, COLUMNS = 50, 200
"""Wide enough that no line of a scene is folded by the terminal."""

PROCESSOR_SECONDS = 60
"""Of the processor's time, for one process: many times what any scene needs."""

HIDDEN = (
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONHOME",
    "LINES",
    "COLUMNS",
    "NO_COLOR",
)
"""Settings of the grader's own environment that would change what a program does: a missing flush must show, and
what is compiled at the first of a hundred starts need not be compiled again."""


@dataclass(frozen=True)
class Started:
    """A process that has just been started, and our ends of its streams, by name; none of them ever blocks."""

    process: "subprocess.Popen[bytes]"
    keyboard: int
    streams: dict[str, int]


def plain_environment() -> dict[str, str]:
    """Return the environment that every program gets: the caller's, but for what would hide its faults.

    Where none says which letters there are, it is a terminal of today that people sit at.
    """
    kept = {"LANG": "C.UTF-8"} | {name: value for name, value in os.environ.items() if name not in HIDDEN}
    interpreter = str(Path(sys.executable).parent)
    return kept | {"TERM": "xterm", "PATH": interpreter + os.pathsep + kept.get("PATH", os.defpath)}


def on_terminal(command: Sequence[str], directory: Path | None, environment: dict[str, str]) -> Started:
    """Start a program whose stdin, stdout and stderr are one terminal. Raises OSError."""
    ours, theirs = pty.openpty()
    prepare_terminal(theirs)
    with closed_after(theirs), closed_on_error(ours):
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=directory,
            env=environment,
            start_new_session=True,
            preexec_fn=sit_at_terminal,  # noqa: PLW1509 - the stage needs no threads, so none can hold a lock here
        )
    os.set_blocking(ours, False)
    return Started(process, ours, {"screen": ours})


def on_pipes(command: Sequence[str], directory: Path | None, environment: dict[str, str]) -> Started:
    """Start a program whose stdin, stdout and stderr are pipes. Raises OSError."""
    (stdin, keyboard), (stdout_seen, stdout), (stderr_seen, stderr) = os.pipe(), os.pipe(), os.pipe()
    with closed_after(stdin, stdout, stderr), closed_on_error(keyboard, stdout_seen, stderr_seen):
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=directory,
            env=environment,
            start_new_session=True,
            preexec_fn=start_afresh,  # noqa: PLW1509 - as above
        )
    for ours in (keyboard, stdout_seen, stderr_seen):
        os.set_blocking(ours, False)
    return Started(process, keyboard, {"stdout": stdout_seen, "stderr": stderr_seen})


def prepare_terminal(descriptor: int) -> None:
    """Make a terminal wide, and silent: what is typed is not echoed, so that what is seen was written."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    settings = termios.tcgetattr(descriptor)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)


def sit_at_terminal() -> None:
    """Make stdin the controlling terminal of this new session, so that Ctrl+C typed there reaches it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    start_afresh()


def start_afresh() -> None:
    """Obey a terminal's keys and its end, which background jobs are made to ignore; and limit the processor's time.

    The system then ends this program, and each that it starts, once it has used the processor for too long.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))


@contextlib.contextmanager
def closed_after(*descriptors: int) -> Iterator[None]:
    """Close descriptors at the end: a started program has copies of its own."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@contextlib.contextmanager
def closed_on_error(*descriptors: int) -> Iterator[None]:
    """Close descriptors when a program cannot be started: then nobody will use them."""
    try:
        yield
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise
