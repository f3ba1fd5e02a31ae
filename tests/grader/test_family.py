"""Whether a program is at work, or waits for something; its children and threads count as well."""

import sys

import pytest

from grader.family import is_at_rest
from grader.program import Program
from grader.stage import Stage

WAITS = "import time; print('ready', flush=True); time.sleep(60)"
WORKS = "print('ready', flush=True)\nwhile True: pass"
WORKS_IN_A_THREAD = f"import threading; threading.Thread(target=exec, args=({WORKS!r},)).start()"
WORKS_IN_A_CHILD = f"import os\nif os.fork(): os.wait()\nelse: exec({WORKS!r})"


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


def test_who_has_ended_does_nothing(stage: Stage) -> None:
    program = started(stage, WAITS)
    program.end()
    assert is_at_rest(program.pid)
