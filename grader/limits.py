"""Limits that no program can talk itself out of: how many processes it may be, how much memory they may hold.

They are watched from outside the sandbox. What exceeds one loses its whole sandbox, which the system clears at once,
however fast the processes in it multiply. (Limits on the address space would kill honest threads; on processes the
system knows none for root.)
"""

import contextlib
import time
from collections.abc import Iterable

import psutil

MOST_PROCESSES = 400
"""A crowd of clients, a server that forks for each, and some more."""

MOST_BYTES = 2 * 1024**3
"""Resident, of all processes in one sandbox."""

LOOK_SECONDS = 0.1
"""How often to look: a look reads the system's whole process table."""


class Watch:
    """Looks at what has come of some processes, now and then."""

    def __init__(self) -> None:
        self._looked = 0.0

    def offenders(self, roots: Iterable[int]) -> dict[int, str]:
        """Return which of these processes exceed a limit with all their descendants, and which limit."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return {}
        self._looked = time.monotonic()
        children = children_by_parent()
        found = {root: offence(descendants(root, children)) for root in roots}
        return {root: limit for root, limit in found.items() if limit}


def children_by_parent() -> dict[int, list[psutil.Process]]:
    """Return all processes by their parent's id."""
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process)
    return children


def descendants(root: int, children: dict[int, list[psutil.Process]]) -> list[psutil.Process]:
    """Return all that came of a process."""
    found: list[psutil.Process] = []
    waiting = [root]
    while waiting:
        born = children.get(waiting.pop(), [])
        found += born
        waiting += [process.pid for process in born]
    return found


def offence(processes: list[psutil.Process]) -> str:
    """Return which limit some processes exceed together; empty when none."""
    if len(processes) > MOST_PROCESSES:
        return f"its programs started more than {MOST_PROCESSES} processes"
    resident = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            resident += process.memory_info().rss
    return f"its programs held more than {MOST_BYTES >> 30} GiB of memory" if resident > MOST_BYTES else ""
