"""Who comes next in sprints 1 and 2, and finds somebody to talk to.

Where one leaves, the other may stay and wait for a newcomer, or the conversation may end for both, and the next two
begin anew: both are right. And in sprint 1 who stays may be told to speak first, or the newcomer may.
"""

import contextlib
import os

from grader.actors import Client
from grader.contract import Contract
from grader.family import family, is_at_rest
from grader.keyboard import is_sleeping, run_until_now
from grader.listening import has_read_all
from grader.program import Program
from grader.standstill import in_transit
from grader.unseen import Unseen
from grader.words import Words
from tests.e2e.steps import Bring, Connect, exchange, shows, talk

SECOND = 2

LEAVING_SECONDS = 0.5
"""One who is not listened to out of turn stays, whatever is typed; one who is has left by then."""


MAKING_WAY_SECONDS = 3.5
"""Some sleep before they close a connection. Programs that never rest are not waited for any longer."""


def is_served(
    newcomer: Bring, other: Client, words: Words, first: int, names: tuple[str, str] = ("carol", "dave")
) -> tuple[Client, Client]:
    """Bring a newcomer to talk to who stayed, or to one more; return who spoke, and who heard it."""
    carol = newcomer(names[0])
    other.comes_to_rest()
    said = words.word() if other.is_present() else ""
    if said and talks_with_who_stayed(carol, other, said, words.word()):
        return carol, other
    return begin_anew(carol, newcomer(names[1]), words.word(), first, said)


def leaves_too(other: Client, word: str) -> None:
    """Let who may have stayed go as well: by the word for leaving, or, where nobody hears it, without one."""
    if other.is_present():
        other.types(word)
        other.stage.wait_for_outside(lambda: not other.is_present(), LEAVING_SECONDS)
    if other.is_present():
        other.is_killed()


def talks_with_who_stayed(carol: Client, other: Client, line: str, greeting: str) -> bool:
    """Let a newcomer say a line that the other hears, or speaks before; tell whether the other is there."""
    carol.types(line)
    wait_until_shown(other, line, other)
    if other.is_present() and not shows(other, line):
        other.types(greeting)
        wait_until_shown(carol, greeting, other)
        carol.types(line)  # what she has typed out of turn may have been thrown away
    if not other.is_present():
        return False
    other.sees(line)
    return True


def wait_until_shown(hearer: Client, line: str, other: Client) -> None:
    """Wait until one has shown a line, or the other has left."""
    hearer.stage.wait_for_outside(lambda: shows(hearer, line) or not other.is_present())


def begin_anew(carol: Client, dave: Client, line: str, first: int, said: str = "") -> tuple[Client, Client]:
    """Let the first two of a new conversation talk; return who has spoken, and who has heard it.

    What the one has said already, before the other came, arrives too, in its turn; or it has been thrown away.
    """
    if first == SECOND:
        talk(dave, carol, line)
    if said:
        wait_until_shown(dave, said, dave)
    has_arrived = bool(said) and shows(dave, said)
    if first == SECOND and not has_arrived:
        return dave, carol
    if not has_arrived:
        talk(carol, dave, line)
    return carol, dave


def says_what_nobody_hears(other: Client, words: Words) -> None:
    """Let who may have stayed say some lines: who writes to a client that has gone is told so by a signal."""
    if not makes_way(other):
        other.types(*words.several(3))


def goes_on_with(
    newcomer: Bring, other: Client, words: Words, names: tuple[str, str]
) -> tuple[Client, Client]:
    """Bring a newcomer to talk, in any order, to who has stayed, or to one more; return both."""
    has_left = makes_way(other)
    carol = newcomer(names[0])
    partner = newcomer(names[1]) if has_left else other
    exchange(carol, partner, words.word())
    return carol, partner


def makes_way(other: Client) -> bool:
    """Tell whether who may stay has left, once nothing is on its way, and nobody has been at work meanwhile."""
    stage = other.stage
    pids = [each.pid for each in stage.cast if isinstance(each, Program)]

    def is_decided() -> bool:
        before = [run_until_now(pid) for pid in pids]
        members = [member for pid in pids for member in family(pid)]
        is_passed_on = has_read_all(os.getpid()) and not in_transit(members)
        is_at_end = is_passed_on and all(map(is_at_rest, pids)) and not any(map(is_sleeping, pids))
        return is_at_end and [run_until_now(pid) for pid in pids] == before

    other.comes_to_rest()
    stage.wait_for_outside(is_decided, MAKING_WAY_SECONDS)
    return not other.is_present()


def comes_third(name: str, newcomer: Bring, peer: Connect, contract: Contract) -> None:
    """Let somebody come for whom there is no place: a client, if none is told its place, or else a connection."""
    if contract.tells_places:
        peer(name)
        return
    with contextlib.suppress(Unseen):  # hung up on at once, before that was seen
        newcomer(name)
