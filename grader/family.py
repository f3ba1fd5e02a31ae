"""Who came of whom, and what they do: the processes that a process has started, those that they have started in turn,
and the threads of each, as the system's own tables tell of them (proc(5)).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

CHILDREN_ARE_TOLD = Path("/proc/thread-self/children").exists()
"""Whether the kernel lists a thread's children (proc_tid_children(5)); else all processes must be looked at."""

AT_WORK = (b"R", b"D")
"""The states of a thread that uses the processor, or wants to, and of one that is in the middle of a system call."""

ENDED = b"Z"
"""The state of a thread that has ended and is not buried yet."""


def family(pid: int) -> list[int]:
    """Return a process and its descendants, parents before their children; none once it has ended.

    Whoever comes or goes meanwhile may be missed: who must have all looks again until there is no news.
    """
    return list(members(pid))


def members(pid: int) -> Iterator[int]:
    """Yield the same one by one, each as it is found: who has seen enough of a family that grows stops there."""
    if not CHILDREN_ARE_TOLD:
        yield from members_by_psutil(pid)
        return
    known = [pid]
    while known:
        member = known.pop()
        yield member
        known += reversed(children_of(member))


def members_by_psutil(pid: int) -> list[int]:
    """Return a process and its descendants, found among all processes of the system."""
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
    return not any(state in AT_WORK for member in family(pid) for state in states_of_threads(member))


def tasks_of(pid: int) -> list[Path]:
    """Return the threads of a program and of its children, the eldest first, as the system's directories."""
    return [task for member in family(pid) for task in threads_of(member)]


def threads_of(pid: int) -> list[Path]:
    """Return where the system tells of each living thread of a process, the eldest first; none once it has ended."""
    with contextlib.suppress(OSError):
        tasks = sorted(map(int, os.listdir(f"/proc/{pid}/task")))  # noqa: PTH208 - as above
        return [Path(f"/proc/{pid}/task/{task}") for task in tasks if is_alive(f"/proc/{pid}/task/{task}")]
    return []


def is_alive(task: str) -> bool:
    """Tell whether a thread has not ended: the first of a process may end before the others."""
    with contextlib.suppress(OSError):
        return state_of(f"{task}/stat") != ENDED
    return False


def turns(task: Path) -> list[bytes]:
    """Return how often a thread has given up the processor, and lost it; nothing once it has ended."""
    with contextlib.suppress(OSError):
        return [line for line in (task / "status").read_bytes().splitlines() if b"ctxt_switches" in line]
    return []


def wanted_by(pid: int) -> dict[Path, tuple[int, bytes]]:
    """Return of each thread of a program, and of its children, how much of the processor it has wanted so far.

    That is nanoseconds in which it ran or could have run (schedstat in proc(5)), and how often it has given it up by
    itself. Whoever loops without waiting wants all, whatever others leave of it, and gives up nothing.
    """
    wanted = {}
    for task in tasks_of(pid):
        with contextlib.suppress(OSError):  # it has ended, or the kernel does not count
            ran, could_have_run, _slices = (task / "schedstat").read_text().split()
            given_up = b"".join(turns(task)[:1])
            wanted[task] = (int(ran) + int(could_have_run), given_up)
    return wanted


def states_of_threads(pid: int) -> list[bytes]:
    """Return what each thread of a process does, as proc(5) has it; nothing once it has ended."""
    with contextlib.suppress(OSError):
        return [state_of(f"/proc/{pid}/task/{task}/stat") for task in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208
    return []


def state_of(file: str) -> bytes:
    """Return the letter behind a thread's name, which may itself hold blanks and brackets. Raises OSError."""
    with open(file, "rb", buffering=0) as told:
        return told.read().rpartition(b")")[2].split()[0]


def files_of(pid: int) -> list[str]:
    """Return what a process has open, as proc(5) names it; nothing once it has ended."""
    if found := links_in(f"/proc/{pid}/fd"):
        return found
    living = threads_of(pid)[:1]  # the first thread of all may have ended, and then has nothing open
    return [file for thread in living for file in links_in(f"{thread}/fd")]


def links_in(directory: str) -> list[str]:
    """Return where the links in a directory lead; nothing where it cannot be read."""
    found = []
    with contextlib.suppress(OSError):  # the process has gone
        for name in os.listdir(directory):  # noqa: PTH208 - as above
            with contextlib.suppress(OSError):  # just closed; the others count
                found.append(os.readlink(f"{directory}/{name}"))  # noqa: PTH115
    return found


def descendants(pid: int) -> list[psutil.Process]:
    """Return all that came of a process, parents before their children."""
    found = []
    for member in family(pid)[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(member))
    return found
