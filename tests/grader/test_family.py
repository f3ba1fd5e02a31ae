"""Whether a program is at work, or waits for something; its children and threads count as well."""

import signal
import sys
from pathlib import Path

import pytest

from grader.family import ENDED, family, is_at_rest, states_of_threads, threads_of, wanted_by
from grader.leftovers import is_dead
from grader.limits import MOST_PROCESSES, offence
from grader.listening import listening_ports
from grader.program import Program
from grader.stage import Stage

WAITS = "import time; print('ready', flush=True); time.sleep(60)"
POLLS = "import time; print('ready', flush=True)\nwhile True: time.sleep(0.0001)"
WORKS = "print('ready', flush=True)\nwhile True: pass"
WORKS_IN_A_THREAD = f"import threading; threading.Thread(target=exec, args=({WORKS!r},)).start()"
WORKS_IN_A_CHILD = f"import os\nif os.fork(): os.wait()\nelse: exec({WORKS!r})"

MUCH = 10_000_000
"""Nanoseconds: many times what passes between two pauses of who polls."""


def started(stage: Stage, source: str) -> Program:
    """Start a program and wait until it is where it will stay."""
    program = Program(stage, "program (a) b", [sys.executable, "-c", source], terminal=False)
    assert stage.wait_until(lambda: b"ready" in program.written["stdout"])
    return program


def test_who_waits_is_at_rest(stage: Stage) -> None:
    program = started(stage, WAITS)
    assert stage.wait_for_outside(lambda: is_at_rest(program.pid))


@pytest.mark.parametrize(
    "source", [WORKS, WORKS_IN_A_THREAD, WORKS_IN_A_CHILD], ids=["itself", "thread", "child"]
)
def test_who_works_is_not(stage: Stage, source: str) -> None:
    program = started(stage, source)
    assert not any(is_at_rest(program.pid) for _ in range(100))


THREAD_GOES_ON = """
import ctypes, os, socket, threading
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listener.accept).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def is_led_by_the_dead(program: Program) -> bool:
    """Tell whether the first thread of a program has ended."""
    return states_of_threads(program.pid)[:1] == [ENDED]


def test_a_program_whose_first_thread_has_ended_lives_in_the_others(stage: Stage) -> None:
    program = started(stage, THREAD_GOES_ON)
    assert stage.wait_for_outside(lambda: is_led_by_the_dead(program))
    assert len(threads_of(program.pid)) == 1
    assert len(listening_ports(program.pid)) == 1
    assert not is_dead(program.usage())


def test_what_has_lost_its_first_thread_is_ended_too(stage: Stage) -> None:
    program = started(stage, THREAD_GOES_ON)
    assert stage.wait_for_outside(lambda: is_led_by_the_dead(program))
    program.end()
    assert program.exit_code == -signal.SIGKILL


IN_A_CALL = (
    "import ctypes, time; print('ready', flush=True)\nif ctypes.CDLL(None).vfork() == 0: time.sleep(60)"
)
"""Its first process does not go on until the second has ended, and cannot be woken (vfork(2))."""


def test_who_is_in_the_middle_of_a_call_is_not_at_rest(stage: Stage) -> None:
    program = started(stage, IN_A_CALL)
    assert stage.wait_for_outside(lambda: len(family(program.pid)) > 1)
    assert not any(is_at_rest(program.pid) for _ in range(100))


def test_who_has_ended_does_nothing(stage: Stage) -> None:
    program = started(stage, WAITS)
    program.end()
    assert is_at_rest(program.pid)


DEEP = 1100
"""More generations than Python lets functions call each other."""


def generations(count: int) -> dict[int, list[int]]:
    """Return who would be whose child where each process but the last has one."""
    return {pid: [pid + 1] for pid in range(1, count)}


def test_a_family_of_many_generations_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    children = generations(DEEP)
    monkeypatch.setattr("grader.family.children_of", lambda pid: children.get(pid, []))
    assert family(1) == list(range(1, DEEP + 1))


def test_parents_come_before_their_children_and_the_eldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    children = {1: [2, 5], 2: [3, 4], 5: [6]}
    monkeypatch.setattr("grader.family.children_of", lambda pid: children.get(pid, []))
    assert family(1) == [1, 2, 3, 4, 5, 6]


def test_of_a_family_that_grows_no_more_is_looked_at_than_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def endless_children_of(pid: int) -> list[int]:
        looked_at.append(pid)
        return [pid + 1]

    monkeypatch.setattr("grader.family.children_of", endless_children_of)
    assert f"more than {MOST_PROCESSES} processes" in offence(1)
    assert len(looked_at) <= MOST_PROCESSES + 1


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="asks how long threads could have run")
@pytest.mark.parametrize(("source", "spins"), [(WORKS, True), (POLLS, False)], ids=["works", "polls"])
def test_who_works_wants_the_processor_and_never_gives_it_up(stage: Stage, source: str, spins: bool) -> None:
    program = started(stage, source)
    ((wanted, pauses),) = wanted_by(program.pid).values()
    assert stage.wait_for_outside(lambda: next(iter(wanted_by(program.pid).values()))[0] > wanted + MUCH)
    assert (next(iter(wanted_by(program.pid).values()))[1] == pauses) == spins
