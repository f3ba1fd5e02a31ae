"""Who came of whom: the processes that a process has started, and those that they have started in turn."""

import contextlib
import os
from pathlib import Path

import psutil

CHILDREN_ARE_TOLD = Path("/proc/thread-self/children").exists()
"""Whether the kernel lists a thread's children (proc_tid_children(5)); else all processes must be looked at."""

RUNNING = b"R"
"""The state of a thread that uses the processor, or wants to."""


def family(pid: int) -> list[int]:
    """Return a process and its descendants, parents before their children; none once it has ended.

    Whoever comes or goes meanwhile may be missed: who must have all looks again until there is no news.
    """
    if CHILDREN_ARE_TOLD:
        return [pid, *(member for child in children_of(pid) for member in family(child))]
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def children_of(pid: int) -> list[int]:
    """Return the children of a process as the kernel lists them; none once it has ended."""
    with contextlib.suppress(OSError):
        tasks = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - asked a thousand times a scene
        return [child for task in tasks for child in children_of_thread(f"/proc/{pid}/task/{task}/children")]
    return []


def children_of_thread(file: str) -> list[int]:
    """Return the children in one of the kernel's lists. Raises OSError once the thread has ended."""
    with open(file, "rb", buffering=0) as told:
        return [int(child) for child in told.read().split()]


def is_at_rest(pid: int) -> bool:
    """Tell whether all threads of a process and its descendants wait for something; none is at work. Linux only."""
    return not any(RUNNING in states_of_threads(member) for member in family(pid))


def states_of_threads(pid: int) -> list[bytes]:
    """Return what each thread of a process does, as proc(5) has it; nothing once it has ended."""
    with contextlib.suppress(OSError):
        return [state_of(f"/proc/{pid}/task/{task}/stat") for task in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208
    return []


def state_of(file: str) -> bytes:
    """Return the letter behind a thread's name, which may itself hold blanks and brackets. Raises OSError."""
    with open(file, "rb", buffering=0) as told:
        return told.read().rpartition(b")")[2].split()[0]


def descendants(pid: int) -> list[psutil.Process]:
    """Return all that came of a process, parents before their children."""
    found = []
    for member in family(pid)[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(member))
    return found
