"""The stage waits for what happens, in time, for everybody at once, and leaves the processor to others."""

import itertools
import os
import sys
import time

import pytest

from grader.lull import LULL_LOOKS, LULL_SECONDS, Lull, Posture
from grader.program import Program
from grader.stage import IN_VAIN, LATE, Stage
from grader.unseen import Unseen

FEW = 5
"""Times that a wait in which nothing happens may look whether anything has."""

LOOK_SECONDS = 0.02
"""What a look at the tables of a large system takes."""

LOOKS = 3

SECONDS = 30.0
"""Against hanging only."""


class Pipe:
    """Something to watch, and to end."""

    def __init__(self, stage: Stage, ended: list["Pipe"]) -> None:
        self.stage = stage
        self.read_end, self.write_end = os.pipe()
        self._ended = ended
        stage.bring(self)

    def end(self) -> None:
        self._ended.append(self)
        os.close(self.read_end)
        os.close(self.write_end)


def test_a_condition_that_holds_needs_no_time() -> None:
    with Stage() as stage:
        assert stage.wait_until(lambda: True, seconds=0)
        assert stage.wait_for_outside(lambda: True, seconds=0)
        assert not stage.wait_until(lambda: False, seconds=0)


def test_while_one_is_waited_for_all_are_heard() -> None:
    with Stage() as stage:
        source = "import sys; print(sys.argv[1], flush=True); input()"
        programs = [
            Program(stage, name, [sys.executable, "-c", source, name], terminal=terminal)
            for name, terminal in (("alice", True), ("bob", False), ("carol", True))
        ]
        assert stage.wait_until(
            lambda: all(each.name.encode() in b"".join(each.written.values()) for each in programs)
        )


def test_all_end_last_come_first_even_when_one_cannot() -> None:
    ended: list[Pipe] = []
    stage = Stage()
    first, second = Pipe(stage, ended), Pipe(stage, ended)
    os.close(second.read_end)
    with pytest.raises(OSError, match="Bad file descriptor"):
        stage.close()
    assert ended == [second, first]
    os.close(second.write_end)
    stage.close()
    assert ended == [second, first]


def test_who_was_ended_by_another_is_not_called_any_more() -> None:
    ended: list[Pipe] = []
    heard: list[Pipe] = []
    with Stage() as stage:
        pipes = [Pipe(stage, ended), Pipe(stage, ended)]

        def hear(pipe: Pipe) -> None:
            heard.append(pipe)
            for each in pipes:
                stage.unwatch(each.read_end)

        for pipe in pipes:
            stage.watch(pipe.read_end, lambda pipe=pipe: hear(pipe))  # type: ignore[misc]
            os.write(pipe.write_end, b"x")
        assert stage.wait_until(lambda: bool(heard))
        assert len(heard) == 1


def test_who_only_listens_wakes_up_for_nothing() -> None:
    looks = itertools.count()
    with Stage() as stage:
        Program(stage, "silent", ["sleep", "60"], terminal=True)
        assert not stage.wait_until(lambda: next(looks) < 0, 0.2)
    assert next(looks) <= FEW


def test_who_looks_again_rests_longer_than_a_look_took() -> None:
    rests: list[float] = []
    looked = [time.monotonic()]

    def look() -> bool:
        rests.append(time.monotonic() - looked[0])
        begun = time.process_time()
        while time.process_time() - begun < LOOK_SECONDS:
            continue
        looked[0] = time.monotonic()
        return len(rests) > LOOKS

    with Stage() as stage:
        assert stage.wait_for_outside(look, SECONDS)
    assert min(rests[1:]) >= 2 * LOOK_SECONDS


def as_ever() -> str:
    """Tell that all programs stand as they always did."""
    return "all wait"


def test_where_nothing_changes_a_wait_is_in_vain() -> None:
    with Stage(SECONDS, as_ever) as stage:
        assert not stage.wait_until(lambda: False)
        assert stage.why_not == IN_VAIN
        assert not stage.wait_for_outside(lambda: False)
        assert stage.why_not == IN_VAIN
        assert stage.settles(SECONDS)


@pytest.mark.parametrize("posture", [itertools.count().__next__, lambda: None, None])
def test_where_anything_changes_or_may_change_it_goes_on(posture: Posture | None) -> None:
    with Stage(3 * LULL_SECONDS * LULL_LOOKS, posture) as stage:
        assert not stage.wait_until(lambda: False)
        assert stage.why_not == LATE


def test_time_that_must_pass_does() -> None:
    with Stage(SECONDS, as_ever) as stage:
        assert not stage.let_pass(2 * LULL_SECONDS * LULL_LOOKS)
        assert stage.why_not == LATE


def test_what_the_stage_itself_will_do_is_waited_for() -> None:
    rung: list[str] = []
    with Stage(SECONDS, as_ever) as stage:
        stage.call_later(2 * LULL_SECONDS * LULL_LOOKS, lambda: rung.append("alarm"))
        assert stage.wait_until(lambda: bool(rung))


def test_why_not_is_told_of_the_last_wait_only() -> None:
    with Stage(SECONDS, as_ever) as stage:
        assert not stage.wait_until(lambda: False)
        assert stage.wait_until(lambda: True)
        assert stage.why_not == LATE


def test_where_nothing_was_awaited_nothing_was_in_vain() -> None:
    with Stage(SECONDS, as_ever) as stage:
        assert stage.settles(SECONDS)
        assert stage.why_not == LATE


def test_what_is_unseen_is_told_with_why_nobody_waited_longer() -> None:
    with Stage(SECONDS, as_ever) as stage:
        assert not stage.wait_until(lambda: False)
        assert f"got: it is still running; {IN_VAIN}\n" in str(
            Unseen(stage, "it ends", "it is still running")
        )
        assert str(Unseen(stage, "it ends", IN_VAIN)).count(IN_VAIN) == 1


def test_a_long_look_is_followed_by_a_longer_rest() -> None:
    def looks() -> str:
        begun = time.process_time()
        while time.process_time() - begun < LOOK_SECONDS:
            continue
        return "all wait"

    lull = Lull(looks, looks=1, seconds=0.0)
    assert not lull.lasts(news=0)
    assert lull.pause > LOOK_SECONDS


def test_while_anybody_is_heard_nothing_is_in_vain() -> None:
    with Stage(SECONDS, as_ever) as stage:
        source = "import time\nfor _ in range(40): print('.', end='', flush=True); time.sleep(0.02)"
        program = Program(stage, "alice", [sys.executable, "-c", source], terminal=True)
        assert stage.wait_until(lambda: program.written["screen"].count(b".") == 40)
