"""How long a program has used the processor: to the fraction of a millisecond, so that a short look is enough."""

import sys

import psutil
import pytest

from grader.program import Program
from grader.stage import Stage

RESTS = "print('ready', flush=True); input()"

BURNS = "print('ready', flush=True)\nwhile True: pass"

LOOK_SECONDS = 0.2


def used_in_a_look(stage: Stage, source: str) -> float:
    """Start a program, and return how long it uses the processor while nothing is asked of it."""
    program = Program(stage, "program", [sys.executable, "-c", source], terminal=False)
    assert stage.wait_until(lambda: b"ready" in program.written["stdout"])
    before = program.processor_seconds()
    stage.wait_until(lambda: False, LOOK_SECONDS)  # a rate needs a period
    return program.processor_seconds() - before


def test_a_program_at_rest_and_one_in_a_loop_are_told_apart(stage: Stage) -> None:
    rest, burnt = used_in_a_look(stage, RESTS), used_in_a_look(stage, BURNS)
    assert rest < 0.005 < burnt


def test_what_has_ended_has_no_clock(stage: Stage) -> None:
    program = Program(stage, "program", [sys.executable, "-c", ""], terminal=False)
    assert program.wait_end()
    with pytest.raises((OSError, psutil.Error)):
        program.processor_seconds()
