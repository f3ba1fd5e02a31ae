"""Whether a program is ready for its user: it waits for its keyboard, or it lets time pass before it will.

A person types when the prompt is there. Some programs sleep before it, and then throw away what was typed meanwhile.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from grader.calls import call_of
from grader.family import is_at_rest, tasks_of, turns
from grader.threads import descriptors

TERMINALS = ("/dev/pts/", "/dev/tty")

SOCKETS = ("socket:",)
"""How the system names what a program has open (proc(5))."""


def awaits_keyboard(pid: int) -> bool:
    """Tell whether a thread of a program, or of a child of it, waits for what is typed at its terminal."""
    return any(waits_for_kind(task, TERMINALS) for task in tasks_of(pid))


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


def is_still(pid: int) -> bool:
    """Tell whether no thread of a program, or of a child of it, is at work, nor has been while it was looked at."""
    before = run_until_now(pid)
    return is_at_rest(pid) and run_until_now(pid) == before


def runs_an_errand(pid: int) -> bool:
    """Tell whether a program waits for a child that will soon be through, as in system("clear").

    A child that waits for the user, or for others, is the program itself, which a script has started.
    """
    tasks = tasks_of(pid)
    return any(map(waits_for_a_child, tasks)) and not any(
        waits_for_kind(task, TERMINALS + SOCKETS) for task in tasks
    )


def waits_for_a_child(task: Path) -> bool:
    """Tell whether a thread waits for a child's end."""
    with contextlib.suppress(OSError):  # as above
        return call_of(task).name == "wait"
    return False


def waits_for_kind(task: Path, kinds: tuple[str, ...]) -> bool:
    """Tell whether a thread waits for what comes from something of these kinds, in whatever call."""
    with contextlib.suppress(OSError):  # as above
        call = call_of(task)
        return call.name != "write" and any(
            str((task / "fd" / str(each)).readlink()).startswith(kinds) for each in descriptors(task, call)
        )
    return False
