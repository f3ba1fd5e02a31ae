"""Histories, judged: each client of a room wrote down what it saw; here is what must be true of that.

    alice   alice+  bob+  alice: 0  bob: 0  carol+  bob-            (+ has come, - has left)
    bob             bob+  alice: 0  bob: 0  carol+
    carol                                   carol+  bob-  carol: 0

There is one history of the room, and each client sees a window of it, from its own arrival to its end, without a
gap. Nobody wrote the whole down, so the judges compare what each one saw with what the others saw and said. They
are pure functions from histories to complaints; no complaint: all is well. Whoever comes has a name of its own and
never says the same twice, so that every line of the room is there once.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise, permutations
from typing import NamedTuple

ARRIVAL, DEPARTURE = "a rejoint le serveur", "a quitté le serveur"

LINE = re.compile(r"(?P<name>[^ :]+)(?:: (?P<text>.*)| (?P<notice>" + f"{ARRIVAL}|{DEPARTURE}))")


class History(NamedTuple):
    """What one client said and saw, in order."""

    owner: str
    said: Sequence[str]
    seen: Sequence[str]
    left: bool = False  # before the end; else it was there until all was over
    whole: bool = True  # it said and saw all up to its end: it was not reset, killed or hung up on
    echoed: bool = True  # the room tells it what it has said itself, too


Judge = Callable[[Sequence[History]], Iterator[str]]


def arrival(name: str) -> str:
    """Return the notice that somebody has come."""
    return f"{name} {ARRIVAL}"


def departure(name: str) -> str:
    """Return the notice that somebody has left."""
    return f"{name} {DEPARTURE}"


@cache
def author(line: str) -> str:
    """Return whom a line is about; empty when it has no form that the room gives to its lines."""
    found = LINE.fullmatch(line)
    return found["name"] if found else ""


def spoken(history: History) -> list[str]:
    """Return what somebody said, as the room tells it."""
    return [f"{history.owner}: {text}" for text in history.said]


def complaints(histories: Sequence[History]) -> list[str]:
    """Return what all judges have to say."""
    return [complaint for judge in JUDGES for complaint in judge(histories)]


def invented(histories: Sequence[History]) -> Iterator[str]:
    """Find what nobody has said or done: damaged lines, lines in a wrong name, departures of who is there."""
    possible = {line for each in histories for line in (*spoken(each), arrival(each.owner))}
    possible |= {departure(each.owner) for each in histories if each.left}
    for history in histories:
        for line in history.seen:
            if line not in possible:
                yield f"{history.owner} saw {line!r}, which never happened"


def doubled(histories: Sequence[History]) -> Iterator[str]:
    """Find what somebody saw twice."""
    for history in histories:
        for line, times in Counter(history.seen).items():
            if times > 1:
                yield f"{history.owner} saw {line!r} {times} times"


def strayed(histories: Sequence[History]) -> Iterator[str]:
    """Find what is outside a stay: before somebody's arrival, behind his departure, or before one's own arrival."""
    for history in histories:
        if history.seen and history.seen[0] != arrival(history.owner):
            yield f"{history.owner} saw {history.seen[0]!r} before its own arrival"
        for name in dict.fromkeys(map(author, history.seen)):
            about = [line for line in history.seen if author(line) == name]
            if arrival(name) in about[1:]:
                yield f"{history.owner} saw {about[0]!r} before that one's arrival"
            if departure(name) in about[:-1]:
                yield f"{history.owner} saw {about[-1]!r} behind that one's departure"


def swapped(histories: Sequence[History]) -> Iterator[str]:
    """Find two lines that somebody saw in another order than another one saw, or said, them."""
    orders = [(each.owner, order) for each in histories for order in (each.seen, spoken(each))]
    places_of = [(owner, {line: place for place, line in enumerate(order)}) for owner, order in orders]
    for history in histories:
        for other, places in places_of:
            common = [line for line in history.seen if line in places]
            for first, second in pairwise(common):
                if places[first] > places[second]:
                    yield f"{history.owner} saw {first!r} before {second!r}, {other} the other way round"


def lost(histories: Sequence[History]) -> Iterator[str]:
    """Find gaps: what somebody did not see though it was there, and what was said and came nowhere."""
    for history in histories:
        if history.whole:
            yield from missing(history, [arrival(history.owner), *spoken(history)], "itself")
        yield from skipped(history, histories)
    for history, other in permutations(histories, 2):
        yield from missing(history, shared(history, other), other.owner)


def missing(history: History, due: Sequence[str], source: str) -> Iterator[str]:
    """Find what somebody should have seen; who was cut off need not have seen what is behind the last it saw."""
    seen = set(history.seen)
    if not history.echoed:
        own = set(spoken(history))
        due = [line for line in due if line not in own]
    if not history.whole:
        last = max((place for place, line in enumerate(due) if line in seen), default=-1)
        due = due[: last + 1]
    for line in due:
        if line not in seen:
            yield f"{history.owner} did not see {line!r}, known from {source}"


def shared(history: History, other: History) -> Sequence[str]:
    """Return what another one saw while somebody was there."""
    came, gone = arrival(history.owner), departure(history.owner)
    if came not in other.seen and not was_there_before(history, other):
        return []
    begin = other.seen.index(came) if came in other.seen else 0
    end = other.seen.index(gone) if gone in other.seen else len(other.seen)
    return other.seen[begin:end]


def was_there_before(history: History, other: History) -> bool:
    """Tell whether somebody, whose arrival another one did not see, was there when that one came."""
    both_stayed = not history.left and not other.left
    return both_stayed or any(author(line) == history.owner for line in other.seen)


def skipped(history: History, histories: Sequence[History]) -> Iterator[str]:
    """Find gaps in what one speaker said, and departures that were never told."""
    seen, known = set(history.seen), set(map(author, history.seen))
    for speaker in histories:
        heard = [place for place, line in enumerate(spoken(speaker)) if line in seen]
        if heard != list(due_places(history, speaker, heard)):
            yield f"{history.owner} saw a part only of what {speaker.owner} said"
        told = departure(speaker.owner) in seen or history.left
        if speaker.left and speaker.owner in known and not told:
            yield f"{history.owner} was never told that {speaker.owner} had left"


def due_places(history: History, speaker: History, heard: Sequence[int]) -> range:
    """Return which of the lines of a speaker somebody should have seen, who has seen some of them."""
    saw_begin = arrival(speaker.owner) in history.seen
    saw_end = speaker.whole and departure(speaker.owner) in history.seen
    begin = 0 if saw_begin else min(heard, default=len(speaker.said))
    return range(begin, len(speaker.said) if saw_end else max(heard, default=-1) + 1)


JUDGES: tuple[Judge, ...] = (invented, doubled, strayed, swapped, lost)
