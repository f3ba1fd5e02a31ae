"""Sprint 4, hurried: visitors come, talk and leave in every way; what they all saw is judged afterwards."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import psutil
import pytest

from grader.listening import accept_queues
from tests.common.children import SECONDS, Child, child, end, said
from tests.races.histories import arrival, complaints, departure
from tests.races.visitors import Visitor, listen

RUNS, VISITS = 20, 50

ROUNDS, ELDERS, MOST_VISITORS = 25, 3, 12
"""How often everybody acts, how many stay from the first to the last, and how many are there at most."""

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


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance, from the seed that the run prints."""
    return random.Random(f"{request.config.getoption('--seed')} {request.node.name}")


class Party:
    """All visitors of one room: those who are there, and those who have been."""

    def __init__(self, process: Child, chance: random.Random, doors: ExitStack) -> None:
        self.port = int(said(process).rpartition(":")[2])
        self.visitors: list[Visitor] = []
        self._server = psutil.Process(process.pid)
        self._descriptors = self._server.num_fds()
        self._chance = chance
        self._doors = doors

    def comes(self, name: str) -> Visitor:
        """Let one more come, and give its name."""
        visitor = Visitor(name, self.port, self._chance)
        self._doors.callback(visitor.socket.close)
        self.visitors.append(visitor)
        visitor.sends_all_but()
        return visitor

    def here(self) -> list[Visitor]:
        """Return those who have not left."""
        return [each for each in self.visitors if each.is_here]

    def all_act(self) -> None:
        """Let everybody talk, some leave, and perhaps somebody come."""
        acting = self.here()
        self._chance.shuffle(acting)
        for visitor in acting:
            visitor.talks()
            if visitor not in self.visitors[:ELDERS] and self._chance.random() < 0.15:
                visitor.leaves()
        if len(self.here()) < MOST_VISITORS:
            self.comes(f"guest{len(self.visitors)}")
        listen(self.visitors)

    def ends(self) -> None:
        """Wait until the server knows who has come and left; then let all who are here say the end, and hear it."""
        for visitor in self.here():
            visitor.sends_all_but()
        self.wait_until(self.has_settled)
        self.wait_until(lambda: all(each.ended for each in self.visitors if not each.is_here))
        self.wait_until(lambda: all(arrival(each.name) in each.lines() for each in self.here()))
        for visitor in self.here():
            visitor.says("the end")
            visitor.sends_all_but()
        last = {f"{each.name}: the end" for each in self.here()}
        self.wait_until(lambda: all(last <= set(each.lines()) for each in self.here()))

    def has_settled(self) -> bool:
        """Tell whether the server has taken in whoever waited, and closed whatever was left."""
        nobody_waits = not accept_queues(self._server.pid)[self.port]
        return nobody_waits and self._server.num_fds() == self._descriptors + len(self.here())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Listen until a condition holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the room does not come to rest"
            listen(self.visitors, 0.005)


@pytest.mark.parametrize("run", range(RUNS))
def test_all_see_the_same_history(run: int, process: Child, chance: random.Random) -> None:  # noqa: ARG001
    with ExitStack() as doors:
        party = Party(process, chance, doors)
        for number in range(ELDERS):
            party.comes(f"elder{number}")
        for _ in range(ROUNDS):
            party.all_act()
        party.ends()
        histories = [each.history() for each in party.visitors]
        process.terminate()
        party.wait_until(lambda: all(each.ended for each in party.visitors))
        last_words = [each.lines()[-1] for each in party.here()]
    assert complaints(histories) == []
    assert last_words == ["exit"] * len(last_words)
    check_end(process, len(last_words))


def check_end(process: Child, present: int) -> None:
    """See that a server has ended well, and has counted its members one by one."""
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.wait(SECONDS) == 0
    assert process.stderr.read() == b""
    count = 0
    for line in process.stdout.read().decode().splitlines():
        count += 1 if " arrived " in line else -1
        assert line.endswith(f", {count} present")
    assert count == present


def test_a_name_is_free_as_soon_as_its_departure_is_told(process: Child, chance: random.Random) -> None:
    with ExitStack() as doors:
        party = Party(process, chance, doors)
        observer = party.comes("alice")
        for number in range(VISITS):
            guest = party.comes("bob")
            party.wait_until(partial(has_seen, guest, arrival("bob"), 1))
            guest.leaves()
            party.wait_until(partial(has_seen, observer, departure("bob"), number + 1))


def has_seen(visitor: Visitor, line: str, times: int) -> bool:
    """Tell whether a visitor has received a line so often."""
    return visitor.lines().count(line) == times
