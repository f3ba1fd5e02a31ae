"""The judges, judged: good histories pass them all, and each bad one is caught by the judge that it is about."""

import pytest

from tests.races.histories import (
    History,
    Judge,
    arrival,
    author,
    complaints,
    departure,
    doubled,
    invented,
    lost,
    strayed,
    swapped,
)

ROOM = [
    arrival("alice"),
    "alice: un",
    arrival("bob"),
    "bob: salut",
    "alice: deux",
    arrival("carol"),
    departure("bob"),
    "carol: bonjour",
    "alice: trois",
]
"""What happened; alice saw all of it."""

ALICE = History("alice", ["un", "deux", "trois"], ROOM)
BOB = History("bob", ["salut"], ROOM[2:6], left=True)
CAROL = History("carol", ["bonjour"], ROOM[5:])

GOOD = [ALICE, BOB, CAROL]


def without(history: History, *lines: str) -> History:
    """Return a history in which some lines are not there."""
    return history._replace(seen=[line for line in history.seen if line not in lines])


def behind(history: History, *lines: str) -> History:
    """Return a history with some more lines at its end."""
    return history._replace(seen=[*history.seen, *lines])


def exchanged(history: History, first: str, second: str) -> History:
    """Return a history in which two lines have each other's places."""
    other = {first: second, second: first}
    return history._replace(seen=[other.get(line, line) for line in history.seen])


def cut(history: History, count: int) -> History:
    """Return a history that was cut off behind so many lines."""
    return history._replace(seen=history.seen[:count], whole=False)


GOOD_ONES = {
    "nobody": [],
    "one alone": [History("alice", ["un"], [arrival("alice"), "alice: un"])],
    "three": GOOD,
    "bob was reset, and saw less": [ALICE, cut(BOB, 2), CAROL],
    "bob was killed before he saw anything": [ALICE, cut(BOB, 0), CAROL],
    "bob was reset with a line on the way": [
        ALICE,
        BOB._replace(said=["salut", "ça va ?"], whole=False),
        CAROL,
    ],
    "bob came back under another name": [
        behind(ALICE, arrival("bobby")),
        BOB,
        behind(CAROL, arrival("bobby")),
        History("bobby", [], [arrival("bobby")]),
    ],
    "alice talks like a notice": [
        ALICE._replace(
            said=[*ALICE.said, "bob a quitté le serveur"], seen=[*ROOM, "alice: bob a quitté le serveur"]
        ),
        BOB,
        behind(CAROL, "alice: bob a quitté le serveur"),
    ],
    "three in a room without echo": [
        without(each, *(line for line in ROOM if line.startswith(f"{each.owner}:")))._replace(echoed=False)
        for each in GOOD
    ],
    "two who never met": [
        BOB._replace(said=[], seen=[arrival("bob")]),
        History("carol", [], [arrival("carol")]),
    ],
}

BAD_ONES: dict[str, tuple[Judge, list[History]]] = {
    "a line that nobody said": (invented, [behind(ALICE, "bob: non"), BOB, CAROL]),
    "a line in another's name": (invented, [behind(ALICE, "bob: un"), BOB, CAROL]),
    "half a line": (invented, [behind(ALICE, "alice: tro"), BOB, CAROL]),
    "two lines as one": (invented, [behind(ALICE, "alice: unalice: deux"), BOB, CAROL]),
    "something without a name": (invented, [behind(ALICE, "un"), BOB, CAROL]),
    "a departure of who is there": (invented, [behind(ALICE, departure("carol")), BOB, CAROL]),
    "an arrival of nobody": (invented, [behind(ALICE, arrival("dave")), BOB, CAROL]),
    "a line twice": (doubled, [behind(ALICE, "alice: trois"), BOB, CAROL]),
    "a departure twice": (doubled, [behind(ALICE, departure("bob")), BOB, CAROL]),
    "a line twice for all": (
        doubled,
        [behind(ALICE, "carol: bonjour"), BOB, behind(CAROL, "carol: bonjour")],
    ),
    "a line before its author's arrival": (strayed, [exchanged(ALICE, arrival("bob"), "bob: salut")]),
    "a line behind its author's departure": (strayed, [exchanged(ALICE, departure("bob"), "bob: salut")]),
    "a line before one's own arrival": (strayed, [CAROL._replace(seen=["alice: deux", *CAROL.seen])]),
    "no arrival of one's own": (strayed, [without(CAROL, arrival("carol"))]),
    "lines of two, each way round": (swapped, [ALICE, exchanged(BOB, "bob: salut", "alice: deux"), CAROL]),
    "notices, each way round": (swapped, [ALICE, exchanged(BOB, "alice: deux", arrival("carol")), CAROL]),
    "lines of one, not as he said them": (swapped, [exchanged(ALICE, "alice: deux", "alice: trois")]),
    "a line that one did not see": (lost, [ALICE, BOB, without(CAROL, "alice: trois")]),
    "a line that all but its author saw": (lost, [without(ALICE, "alice: deux"), BOB, CAROL]),
    "a line that nobody saw": (lost, [without(ALICE, "alice: un"), BOB, CAROL]),
    "the last line of who left with a word": (
        lost,
        [ALICE, BOB._replace(said=["salut", "au revoir"]), CAROL],
    ),
    "all that one said from its arrival to its departure": (
        lost,
        [without(ALICE, "bob: salut"), History("bob", ["salut"], [arrival("bob")], left=True), CAROL],
    ),
    "the first line of one whose arrival was seen": (
        lost,
        [
            without(ALICE, "bob: salut"),
            BOB._replace(said=["salut", "hein ?"], seen=[arrival("bob")], echoed=False),
            History("dave", [], [arrival("dave"), arrival("bob"), "bob: hein ?"], echoed=False),
        ],
    ),
    "a line of another in a room without echo": (
        lost,
        [ALICE._replace(echoed=False), without(BOB._replace(echoed=False), "alice: deux"), CAROL],
    ),
    "a gap before one was cut off": (lost, [ALICE, cut(without(BOB, "bob: salut"), 2), CAROL]),
    "a gap in what who was cut off had said": (
        lost,
        [
            ALICE,
            BOB._replace(said=["salut", "euh", "oui"], whole=False, seen=[*BOB.seen, "bob: oui"]),
        ],
    ),
    "an arrival that one was not told": (lost, [without(ALICE, arrival("carol")), BOB, CAROL]),
    "a departure that one was not told": (lost, [ALICE, BOB, without(CAROL, departure("bob"))]),
    "a departure that nobody was told": (
        lost,
        [without(ALICE, departure("bob")), BOB, without(CAROL, departure("bob"))],
    ),
    "nothing at all for one who was there": (lost, [ALICE, BOB, CAROL._replace(seen=[])]),
}


@pytest.mark.parametrize("histories", GOOD_ONES.values(), ids=GOOD_ONES)
def test_good_histories_pass(histories: list[History]) -> None:
    assert complaints(histories) == []


@pytest.mark.parametrize(("judge", "histories"), BAD_ONES.values(), ids=BAD_ONES)
def test_bad_histories_are_caught_by_the_judge_that_they_are_about(
    judge: Judge, histories: list[History]
) -> None:
    assert list(judge(histories))
    assert complaints(histories)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("bob: salut", "bob"),
        ("bob: ", "bob"),
        (arrival("bob"), "bob"),
        (departure("bob"), "bob"),
        ("alice: bob a quitté le serveur", "alice"),
        ("*** this name is taken", ""),
        ("Bonjour", ""),
        ("bob a quitté", ""),
        ("", ""),
    ],
)
def test_a_line_is_about_its_author(line: str, name: str) -> None:
    assert author(line) == name
