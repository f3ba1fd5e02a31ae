"""Sprint 6 at random: visitors rename, join, talk, offer files and leave in every way; what all heard is judged."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from tests.common.children import Child, child, end
from tests.e2e.binary import Type
from tests.races.messengers import Messenger
from tests.races.offers import complaints
from tests.races.visitors import Party, check_end

RUNS, ROUNDS, VISITS = 20, 40, 20


@pytest.fixture
def process() -> Iterator[Child]:
    """The server in a process of its own."""
    program = child("-m", "sprint6_messenger.server", "0")
    yield program
    end(program)


def say_the_end(party: Party[Messenger]) -> None:
    """Let all who are here speak and ask who is there once more; wait until each has heard whatever was said."""
    party.settles()
    wait_for_echoes(party, "all are here")
    for visitor in party.here():
        visitor.says_to_all()
        visitor.asks_who()
    wait_for_echoes(party, "all have spoken")
    wait_for_echoes(party, "all have heard")


def wait_for_echoes(party: Party[Messenger], text: str) -> None:
    """Wait until the server has done what anybody asked for before."""
    for visitor in party.here():
        visitor.asks_for_echo(text)
    party.wait_until(lambda: all(each.has_heard(text) for each in party.here()))


@pytest.mark.parametrize("run", range(RUNS))
def test_all_that_is_heard_fits_into_one_order(run: int, process: Child, chance: random.Random) -> None:  # noqa: ARG001
    with ExitStack() as doors:
        party = Party(process, chance, doors, Messenger)
        party.lives(ROUNDS)
        say_the_end(party)
        visits = [each.visit() for each in party.visitors]
        process.terminate()
        party.wait_until(lambda: all(each.ended for each in party.visitors))
        last_words = [each.heard[-1].text for each in party.here()]
    assert complaints(visits) == []
    assert last_words == ["exit"] * len(last_words)
    check_end(process, len(last_words))


def test_a_name_is_free_as_soon_as_its_departure_is_told(process: Child, chance: random.Random) -> None:
    with ExitStack() as doors:
        party = Party(process, chance, doors, Messenger)
        observer = party.comes("observer")
        observer.asks(Type.CREATE, "jazz")
        observer.sends_all_but()
        party.wait_until(lambda: observer.has_heard("You have created jazz\nYou have joined jazz"))
        for number in range(VISITS):
            guest = party.comes(f"guest{number}")
            guest.asks(Type.NICK, "bob")
            guest.asks(Type.JOIN, "jazz")
            guest.sends_all_but()
            party.wait_until(partial(guest.has_heard, "You have joined jazz"))
            assert guest.has_heard("OK, welcome bob")
            guest.leaves()
            party.wait_until(partial(observer.has_heard, "INFO> bob has quit jazz", number + 1))
