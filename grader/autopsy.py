"""How a program stands at the moment when something did not come: what it waits for, what it has not read.

All of it is read from the system's own tables (proc(5)); the program does not notice.
"""

import contextlib
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import psutil

from grader.calls import Call, call_of
from grader.family import tasks_of, turns
from grader.journal import spell
from grader.listening import accept_queues, connections_of
from grader.program import Program
from grader.stage import Stage
from grader.tcptable import CLOSE_WAIT, LISTENING, Socket

MEANING = {
    "futex": "waits for a lock, a condition or a thread",
    "sleep": "sleeps",
    "wait": "waits for a child",
    "pause": "waits for a signal",
}

CONDITION = "waits for a condition, a semaphore or a thread"
"""The same where it is seen to be no mutex."""

LOCK = "waits for a lock that a thread holds"
"""The same where it is seen to be one: a mutex of C or C++."""

CLOCK_REALTIME = 256
"""Set in the second argument of futex(2) where glibc waits for a condition, a semaphore or a thread."""

PRIVATE, WAIT, CONTENDED = 128, 0, 2
"""For a mutex glibc waits with this operation, which may have that flag, while the mutex has this value."""

PYTHON = "python"
"""A program whose locks are semaphores."""

AT_KEYBOARD = "waits in read on its keyboard"
"""What a thread does that waits for a line, as wait_of tells it."""

RUNTIMES = re.compile(r"(java|node|dotnet|mono|ruby|beam\.smp|tclsh|wish)([-.\d].*)?")
"""Programs that bring threads of their own, most of which always wait for work: for a condition, so it seems."""

STUDENTS_THREADS = ("Thread-",)
"""How Java calls the threads that a program has asked for; those of a pool may be without work."""

LOCK_SECONDS = 0.05
"""A thread that gets its lock within this time waits for nothing that is kept from it."""

FIRST_WORDS, LAST_WORDS, WORD_CHARACTERS = 3, 6, 300
"""Of many lines on stderr the first say what has happened, in most languages, and the last in the others."""


def examine(stage: Stage) -> list[dict[str, Any]]:
    """Return how each program of a stage stands, in the order in which they came."""
    return [stand(program) for program in stage.cast if isinstance(program, Program)]


def stand(program: Program) -> dict[str, Any]:
    """Return how one program stands, and what it has said so far."""
    program.has_ended()  # reads all that it wrote before it did
    code = program.exit_code
    tasks = waits(program) if code is None else {}
    queues = accept_queues(program.pid) if code is None else {}
    complaints = [line for line in program.written.get("stderr", b"").split(b"\n") if line]
    return {
        "name": program.name,
        "code": code,
        "how": program.how_it_ended(),
        "words": [spell(bytes(line))[:WORD_CHARACTERS] for line in shortened(complaints)],
        "shown": {stream: bytes(text).decode("latin-1")[-4096:] for stream, text in program.written.items()},
        "threads": list(tasks.values()),
        "titles": titles(list(tasks)),
        "keys_unread": program.keys_unread(),
        "unread": unread(program.pid) if code is None else 0,
        "end_unread": has_end_unread(program.pid) if code is None else False,
        "listens": bool(queues),
        "waiting": sum(queues.values()),
        "seconds": cpu_seconds(program) if code is None else 0.0,
    }


def shortened(lines: Sequence[bytes | bytearray]) -> list[bytes | bytearray]:
    """Return the first and the last of many lines."""
    if len(lines) <= FIRST_WORDS + LAST_WORDS:
        return list(lines)
    return [*lines[:FIRST_WORDS], b"...", *lines[-LAST_WORDS:]]


def cpu_seconds(program: Program) -> float:
    """Return how much of the processor a living program has used."""
    with contextlib.suppress(psutil.Error, OSError):  # it has just ended
        return program.processor_seconds()
    return 0.0


def titles(tasks: Sequence[Path]) -> list[str]:
    """Return what to call each thread of a program; where it has several processes, that is told too."""
    processes = [list(threads) for _process, threads in groupby(tasks, key=lambda task: task.parent)]
    if len(processes) <= 1:
        return [f"thread {number}" for number in range(1, len(tasks) + 1)]
    return [
        f"process {number}, {title}" if len(threads) > 1 else f"process {number}"
        for number, threads in enumerate(processes, 1)
        for title in titles(threads)
    ]


def waits(program: Program) -> dict[Path, str]:
    """Return in words what each thread of a program, and of its children, waits for.

    Threads of a language's runtime that wait for work are left out.
    """
    tasks = tasks_of(program.pid)
    before = {task: turns(task) for task in tasks}
    found = {
        task: wait for task in tasks if (wait := wait_of(task)) != MEANING["futex"] or not is_of_runtime(task)
    }
    held = [task for task, wait in found.items() if wait in (MEANING["futex"], LOCK)]
    # Who has the processor again within that time waits for nothing that is kept.
    program.stage.wait_for_outside(lambda: all(turns(task) != before[task] for task in held), LOCK_SECONDS)
    return {
        task: "runs" if task in held and turns(task) != before[task] else wait for task, wait in found.items()
    }


def is_of_runtime(task: Path) -> bool:
    """Tell whether a thread belongs to the runtime of a language, and not to a student's program."""
    with contextlib.suppress(OSError):  # it has ended
        program = (task / "exe").readlink().name
        return belongs_to_runtime(program, (task / "comm").read_bytes().decode(errors="replace"))
    return False


def belongs_to_runtime(program: str, thread: str) -> bool:
    """Tell the same by the name of the program's file and the thread's own."""
    return bool(RUNTIMES.fullmatch(program)) and not thread.startswith(STUDENTS_THREADS)


def wait_of(task: Path) -> str:
    """Return in words what one thread waits for."""
    try:
        call = call_of(task)
    except OSError:
        return "cannot be looked at"
    return "runs" if call.number < 0 else in_words(task, call)


def in_words(task: Path, call: Call) -> str:
    """Return in words what a thread waits for that is in a call."""
    if call.descriptor >= 0:
        return f"waits in {call.name} on {what_is(task, call.descriptor)}"
    if call.name == "futex" and has_locks_of_glibc(task):
        return futex_in_words(call)
    return MEANING.get(call.name, f"waits in {call.name or f'system call {call.number}'}")


def has_locks_of_glibc(task: Path) -> bool:
    """Tell whether a thread belongs to a program that has no locks of its language's own."""
    with contextlib.suppress(OSError):  # it has ended
        program = (task / "exe").readlink().name
        return not (program.startswith(PYTHON) or RUNTIMES.fullmatch(program))
    return False


def futex_in_words(call: Call) -> str:
    """Return in words what a thread of a program in C waits for that waits for another."""
    operation, value = call.arguments[1:3]
    if operation & CLOCK_REALTIME:
        return CONDITION
    return LOCK if (operation & ~PRIVATE, value) == (WAIT, CONTENDED) else MEANING["futex"]


def what_is(task: Path, descriptor: int) -> str:
    """Return in words what a descriptor of a thread's process is."""
    try:
        target = str((task / "fd" / str(descriptor)).readlink())
    except OSError:
        return f"descriptor {descriptor}"
    if target.startswith("socket:["):
        return socket_in_words(int(task.parts[2]), int(target[len("socket:[") : -1]))
    if descriptor <= 2 or "/pts/" in target:
        return {0: "its keyboard", 1: "its screen", 2: "its screen"}.get(descriptor, "its terminal")
    return target


def socket_in_words(pid: int, inode: int) -> str:
    """Return in words what a socket is connected to."""
    for each in connections_of(pid):
        if each.inode == inode:
            if each.state == LISTENING:
                return f"the listening socket (port {each.port})"
            return f"the connection {each.port} - {each.remote_port}"
    return "a socket that is not connected"


def unread(pid: int) -> int:
    """Return how many bytes lie unread in the connections of a program and of its children."""
    sockets = [each for each in connections_of(pid) if each.state != LISTENING]
    return sum(each.queue - is_end_unread(each) for each in sockets)


def has_end_unread(pid: int) -> bool:
    """Tell whether a program, or a child of it, has not read yet that a connection is over."""
    return any(is_end_unread(each) for each in connections_of(pid))


def is_end_unread(each: Socket) -> bool:
    """Tell whether the end of a connection lies unread, which the system counts as a byte."""
    return each.state == CLOSE_WAIT and each.queue > 0
