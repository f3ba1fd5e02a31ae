"""Limits that no program can talk itself out of: how many processes it may be, how much memory they may hold.

(How much of the processor each may use is a limit that the system watches by itself, see launch.py.)

They are watched from outside the sandbox. What exceeds one loses its whole sandbox, which the system clears at once,
however fast the processes in it multiply. (Limits on the address space would kill honest threads; on processes the
system knows none for root.)
"""

import contextlib
import time
from collections.abc import Iterable
from itertools import islice

import psutil

from grader.family import descendants, members

MOST_PROCESSES = 400
"""A crowd of clients, a server that forks for each, and some more."""

MOST_BYTES = 2 * 1024**3
"""Resident, of all processes in one sandbox."""

LOOK_SECONDS = 0.1
"""How often to look."""


class Watch:
    """Looks at what has come of some processes, now and then."""

    def __init__(self) -> None:
        self._looked = 0.0

    def offenders(self, roots: Iterable[int]) -> dict[int, str]:
        """Return which of these processes exceed a limit with all their descendants, and which limit."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return {}
        self._looked = time.monotonic()
        found = {root: offence(root) for root in roots}
        return {root: limit for root, limit in found.items() if limit}


def offence(root: int) -> str:
    """Return which limit the descendants of a process exceed together; empty when none.

    No more of them are looked at than must be: there may be many, and each moment brings more.
    """
    if len(list(islice(members(root), MOST_PROCESSES + 2))) > MOST_PROCESSES + 1:
        return f"its programs started more than {MOST_PROCESSES} processes"
    resident = 0
    for process in descendants(root):
        with contextlib.suppress(psutil.Error):
            resident += process.memory_info().rss
    return f"its programs held more than {MOST_BYTES >> 30} GiB of memory" if resident > MOST_BYTES else ""
