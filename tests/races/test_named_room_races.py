"""Sprint 4, hurried: visitors come, talk and leave in every way; what they all saw is judged afterwards."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from tests.common.children import Child, child, end
from tests.races.histories import arrival, complaints, departure
from tests.races.visitors import LineVisitor, Party, check_end

RUNS, ROUNDS, VISITS = 20, 25, 50

HASTY_SERVER = """
import sys
from common.program import run_server
from sprint4_named_room.server import main
sys.argv = ["server", "0"]
sys.setswitchinterval(1e-5)
run_server(main)
"""


@pytest.fixture
def process() -> Iterator[Child]:
    """The server in a process of its own, its threads hasty."""
    program = child("-c", HASTY_SERVER)
    yield program
    end(program)


def say_the_end(party: Party[LineVisitor]) -> None:
    """Let all who are here say the end, and hear it."""
    party.settles()
    party.wait_until(lambda: all(arrival(each.name) in each.lines() for each in party.here()))
    for visitor in party.here():
        visitor.says("the end")
        visitor.sends_all_but()
    last = {f"{each.name}: the end" for each in party.here()}
    party.wait_until(lambda: all(last <= set(each.lines()) for each in party.here()))


@pytest.mark.parametrize("run", range(RUNS))
def test_all_see_the_same_history(run: int, process: Child, chance: random.Random) -> None:  # noqa: ARG001
    with ExitStack() as doors:
        party = Party(process, chance, doors, LineVisitor)
        party.lives(ROUNDS)
        say_the_end(party)
        histories = [each.history() for each in party.visitors]
        process.terminate()
        party.wait_until(lambda: all(each.ended for each in party.visitors))
        last_words = [each.lines()[-1] for each in party.here()]
    assert complaints(histories) == []
    assert last_words == ["exit"] * len(last_words)
    check_end(process, len(last_words))


def test_a_name_is_free_as_soon_as_its_departure_is_told(process: Child, chance: random.Random) -> None:
    with ExitStack() as doors:
        party = Party(process, chance, doors, LineVisitor)
        observer = party.comes("alice")
        party.wait_until(partial(has_seen, observer, arrival("alice"), 1))
        for number in range(VISITS):
            guest = party.comes("bob")
            party.wait_until(partial(has_seen, guest, arrival("bob"), 1))
            guest.leaves()
            party.wait_until(partial(has_seen, observer, departure("bob"), number + 1))


def has_seen(visitor: LineVisitor, line: str, times: int) -> bool:
    """Tell whether a visitor has received a line so often."""
    return visitor.lines().count(line) == times
