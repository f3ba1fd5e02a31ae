"""How programs are found to stand: who waits for a lock for ever, and who only for a moment."""

import sys

from grader.autopsy import MEANING, waits
from grader.program import Program
from grader.stage import Stage

KEPT = """
import threading
lock = threading.Lock()
lock.acquire()
threading.Thread(target=lock.acquire).start()
input()
"""

HANDED_ON = """
import threading
PLACES = 8
turns = [threading.Semaphore(0) for _ in range(PLACES)]
def hand(place):
    while True:
        turns[place].acquire()
        turns[place - 1].release()
for place in range(PLACES):
    threading.Thread(target=hand, args=[place]).start()
turns[0].release()
input()
"""
"""Seven wait at any time, and none for long."""


def threads_of(stage: Stage, source: str) -> Program:
    """Start a program of some threads."""
    return Program(stage, "server", [sys.executable, "-c", source], terminal=True)


def test_a_lock_that_nobody_gives_back_is_waited_for(stage: Stage) -> None:
    program = threads_of(stage, KEPT)
    assert stage.wait_for_outside(lambda: waits(program)[1:] == [MEANING["futex"]])


def test_locks_that_are_handed_on_are_not(stage: Stage) -> None:
    program = threads_of(stage, HANDED_ON)
    assert stage.wait_for_outside(lambda: len(waits(program)) == 9)
    assert stage.wait_for_outside(lambda: MEANING["futex"] not in waits(program))
