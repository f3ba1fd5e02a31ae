"""What a program leaves behind: every process that came of it, found again however it tried to get away.

A process belongs to a program if it lives in its session, carries its mark in the environment, or descends from one
that does. One that did away with all three (`env -i setsid ... &`) has become an orphan; we adopt orphans, so it is
a child of ours that nobody else explains, and goes with the first program to end that is older than it.
"""

import contextlib
import ctypes
import itertools
import os
import sys
import time
from collections.abc import Iterator

import psutil

from grader.family import descendants, threads_of

MARK = "MESSAGERIE_PROGRAM"
"""The environment variable by which a program's descendants are known, daemons among them."""

END_SECONDS = 5.0
"""How long killed programs may take to be gone; longer, and the system itself is in trouble."""

LOOKS = 2
"""How often in a row nothing must be found: who changes its parent while the table is read is missed once."""

BETWEEN_LOOKS_SECONDS = 0.002

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans among our descendants become our children, so that a daemon cannot get away."""

NUMBERS = itertools.count()


class Household:
    """The processes of one program, from before its start to after its end."""

    living: list["Household"] = []  # noqa: RUF012 - shared on purpose: who belongs to one is no stray of another

    def __init__(self) -> None:
        adopt_orphans()
        self.mark = f"{os.getpid()}.{next(NUMBERS)}"
        self.leader = 0
        self._elders = set(descendants(os.getpid()))
        self.living.append(self)

    def leave(self) -> None:
        """Kill and bury all members; the leader is left to be buried by whoever started it. May be called twice."""
        deadline = time.monotonic() + END_SECONDS
        quiet_looks = 0
        while quiet_looks < LOOKS and time.monotonic() < deadline:
            members = self.members()
            for member in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            quiet_looks = 0 if members else quiet_looks + 1
            adopted = [member for member in members if member.pid != self.leader]
            psutil.wait_procs(adopted, timeout=BETWEEN_LOOKS_SECONDS)
        if self in self.living:
            self.living.remove(self)

    @contextlib.contextmanager
    def left_on_error(self) -> Iterator[None]:
        """Leave it when its program cannot be started: it has no members."""
        try:
            yield
        except BaseException:
            self.living.remove(self)
            raise

    def members(self) -> list[psutil.Process]:
        """Return all members, dead but unburied ones too, but not a dead leader."""
        homes: dict[int, Household | None] = {}
        found = []
        for process in descendants(os.getpid()):  # parents come before their children
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                homes[process.pid] = self._home_of(process, homes)
                if homes[process.pid] is self and not (process.pid == self.leader and is_dead(process)):
                    found.append(process)
        return found

    def _home_of(self, process: psutil.Process, homes: dict[int, "Household | None"]) -> "Household | None":
        session = os.getsid(process.pid)
        for home in self.living:
            if session == home.leader:
                return home
        mark = mark_of(process)
        for home in self.living:
            if mark == home.mark:
                return home
        parent = process.ppid()
        if parent in homes:
            return homes[parent]
        is_stray = session != os.getsid(0) and process not in self._elders
        return self if is_stray else None


def adopt_orphans() -> None:
    """Make orphans among our descendants our children, where the system can (Linux): a daemon stays in sight."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def mark_of(process: psutil.Process) -> str:
    """Return the mark that a process carries; empty where it carries none, or hides it."""
    try:
        return str(process.environ().get(MARK, ""))
    except psutil.Error:
        return ""


def is_dead(process: psutil.Process) -> bool:
    """Tell whether a process has ended and is not buried yet. Raises psutil.NoSuchProcess when it is.

    Where only its first thread has ended, it has not, though it looks so.
    """
    return bool(process.status() == psutil.STATUS_ZOMBIE and not threads_of(process.pid))
