"""Whether a program is ready for its user: it waits for its keyboard, or it lets time pass before it will.

A person types when the prompt is there. Some programs sleep before it, and then throw away what was typed meanwhile.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from grader.calls import call_of
from grader.family import tasks_of, turns
from grader.threads import descriptors

TERMINALS = ("/dev/pts/", "/dev/tty")


def awaits_keyboard(pid: int) -> bool:
    """Tell whether a thread of a program, or of a child of it, waits for what is typed at its terminal."""
    return any(waits_for_terminal(task) for task in tasks_of(pid))


def naps(pid: int) -> dict[Path, list[bytes]]:
    """Return the threads of a program, and of its children, that let time pass, with how often each has run.

    None does where another waits for the keyboard: whoever is ready need not be waited for.
    """
    asleep = {task: run for task, run in run_until_now(pid).items() if sleeps(task)}
    return {} if asleep and awaits_keyboard(pid) else asleep


def run_until_now(pid: int) -> dict[Path, list[bytes]]:
    """Return the threads of a program, and of its children, with how often each has run."""
    return {task: turns(task) for task in tasks_of(pid)}


def has_one_run(before: Mapping[Path, list[bytes]]) -> bool:
    """Tell whether one of these threads has had the processor since, or has ended."""
    return any(turns(task) != run for task, run in before.items())


def is_sleeping(pid: int) -> bool:
    """Tell whether a thread of a program, or of a child of it, lets time pass."""
    return any(map(sleeps, tasks_of(pid)))


def sleeps(task: Path) -> bool:
    """Tell whether a thread lets time pass."""
    with contextlib.suppress(OSError):  # it has ended, or may not be looked at
        return call_of(task).name == "sleep"
    return False


def waits_for_terminal(task: Path) -> bool:
    """Tell whether a thread waits for keys, in whatever call."""
    with contextlib.suppress(OSError):  # as above
        call = call_of(task)
        return call.name != "write" and any(is_terminal(task, each) for each in descriptors(task, call))
    return False


def is_terminal(task: Path, descriptor: int) -> bool:
    """Tell whether a descriptor of a thread is a terminal. Raises OSError."""
    return str((task / "fd" / str(descriptor)).readlink()).startswith(TERMINALS)
