"""Starting a program in a session of its own: on a pseudo-terminal, as a person would, or on three pipes."""

import contextlib
import errno
import fcntl
import os
import pty
import re
import resource
import shutil
import signal
import struct
import sys
import termios
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

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

SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY", re.IGNORECASE)
"""In the name of a setting: it is for whoever grades alone, and a submission could have it printed in its report."""

KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP)
"""What a terminal's keys and its end send, and background jobs are made to ignore."""

STANDARD = (0, 1, 2)
"""stdin, stdout, stderr."""

CHANGED_BY_US = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)
"""Signals that Python ignores, and one that whoever started us may ignore."""


class Child:
    """A process that was started here and is buried here, once it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, minus the number of the signal that killed it, or None while it runs.

        It is buried only when that is known: an alarm may end this function at any point.
        """
        if self._exit_code is None:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended:
                was_killed = ended.si_code != os.CLD_EXITED
                self._exit_code = -ended.si_status if was_killed else ended.si_status
                os.waitpid(self.pid, 0)
        return self._exit_code

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended. Raises psutil.TimeoutExpired."""
        if self.poll() is None:
            self._exit_code = psutil.Process(self.pid).wait(seconds)


@dataclass(frozen=True)
class Started:
    """A process that has just been started, our ends of its streams, by name, and its terminal, if it has one.

    None of them ever blocks.
    """

    process: Child
    keyboard: int
    streams: dict[str, int]
    terminal: str = ""


def plain_environment() -> dict[str, str]:
    """Return the environment that every program gets: the caller's, but for secrets and what would hide its faults.

    Where none says which letters there are, it is a terminal of today that people sit at.
    """
    told = {name: each for name, each in os.environ.items() if name not in HIDDEN and not SECRET.search(name)}
    kept = {"LANG": "C.UTF-8"} | told
    interpreter = str(Path(sys.executable).parent)
    return kept | {"TERM": "xterm", "PATH": interpreter + os.pathsep + kept.get("PATH", os.defpath)}


def on_terminal(command: Sequence[str], directory: Path | None, environment: dict[str, str]) -> Started:
    """Start a program whose stdin, stdout and stderr are one terminal, which controls it. Raises OSError."""
    ours, theirs = pty.openpty()
    with closed_after(theirs), closed_on_error(ours):
        prepare_terminal(theirs)
        # The first terminal that the leader of a new session opens is the one whose Ctrl+C reaches it.
        terminal = os.ttyname(theirs)
        opened = (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0)
        streams = [opened, *((os.POSIX_SPAWN_DUP2, 0, place) for place in STANDARD[1:])]
        process = start(command, directory, environment, streams)
    os.set_blocking(ours, False)
    return Started(process, ours, {"screen": ours}, terminal)


def on_pipes(command: Sequence[str], directory: Path | None, environment: dict[str, str]) -> Started:
    """Start a program whose stdin, stdout and stderr are pipes. Raises OSError."""
    (stdin, keyboard), (stdout_seen, stdout), (stderr_seen, stderr) = os.pipe(), os.pipe(), os.pipe()
    with closed_after(stdin, stdout, stderr), closed_on_error(keyboard, stdout_seen, stderr_seen):
        ends = zip((stdin, stdout, stderr), STANDARD, strict=True)
        streams = [(os.POSIX_SPAWN_DUP2, theirs, place) for theirs, place in ends]
        process = start(command, directory, environment, streams)
    for ours in (keyboard, stdout_seen, stderr_seen):
        os.set_blocking(ours, False)
    return Started(process, keyboard, {"stdout": stdout_seen, "stderr": stderr_seen})


def start(
    command: Sequence[str],
    directory: Path | None,
    environment: dict[str, str],
    streams: Sequence[tuple[Any, ...]],
) -> Child:
    """Start a program in a session of its own, with these streams and none of our descriptors. Raises OSError.

    It obeys a terminal's keys. No copy is made of our memory, as fork(2) would: that takes longer than a start.
    """
    keep_descriptors()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # or nobody would know how a child has ended
    with working_in(directory):
        pid = os.posix_spawn(
            found(command[0], environment),
            [*command],
            environment,
            file_actions=streams,
            setsid=True,
            setsigdef=[*KEYS, *CHANGED_BY_US],
        )
    limit_processor(pid)
    return Child(pid)


def found(program: str, environment: dict[str, str]) -> str:
    """Return where a program is: a name alone is looked for where its environment says. Raises FileNotFoundError."""
    if os.sep in program:
        return program
    if path := shutil.which(program, path=environment["PATH"]):
        return path
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)


@contextlib.contextmanager
def working_in(directory: Path | None) -> Iterator[None]:
    """Be in a directory for the block, if one is given. Raises OSError, but never behind the block."""
    if directory is None:
        yield
        return
    here = os.open(os.curdir, getattr(os, "O_PATH", os.O_RDONLY))
    try:
        os.fchdir(here)  # there is a way back
        os.chdir(directory)
        try:
            yield
        finally:
            os.fchdir(here)
    finally:
        os.close(here)


def limit_processor(pid: int) -> None:
    """Let the system end a process, and each that it starts, once it has used the processor for too long.

    SIGXCPU comes first, which says why, and SIGKILL a second later to those that do not mind.
    """
    if sys.platform != "linux":  # others cannot set a limit for somebody else
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended, or may do more than we
        resource.prlimit(pid, resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 1))


def keep_descriptors() -> None:
    """Let nobody inherit a descriptor of ours, whoever has opened it; the standard three are replaced."""
    opened = {int(each.name) for each in Path("/dev/fd").iterdir()}
    for descriptor in opened.difference(STANDARD):
        with contextlib.suppress(OSError):  # the one by which they were listed is closed again
            os.set_inheritable(descriptor, False)


def prepare_terminal(descriptor: int) -> None:
    """Make a terminal wide, and silent: what is typed is not echoed, so that what is seen was written."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    settings = termios.tcgetattr(descriptor)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)


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
