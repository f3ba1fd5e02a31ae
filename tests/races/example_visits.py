"""Visits to the messenger: good ones, and bad ones with the judge that each is about."""

from tests.e2e.binary import SERVER, Said, Type
from tests.races import visits
from tests.races.visits import Judge, Visit


def asked(kind: Type, infos: str = "", text: str = "") -> Said:
    """Return a request."""
    return Said(kind, infos, text, "")


def told(kind: Type, infos: str, text: str = "OK") -> Said:
    """Return what the server says itself."""
    return Said(kind, infos, text, SERVER)


def users(*names: str) -> Said:
    """Return an answer to /who."""
    return told(Type.WHO, "", "\n- ".join(("Online users are", *names)))


BOB_JOINS = told(Type.JOIN, "jazz", "INFO> bobx1 has joined jazz")

BOB_QUITS = told(Type.QUIT, "jazz", "INFO> SAM has quit jazz")

TO_JAZZ = Said(Type.CHANNEL, "jazz", "salut", "alicex1")

TO_ALL = Said(Type.MSGALL, "", "bonjour", "SAM")

TO_CAROL = Said(Type.MSG, "saM", "ça va ?", "bobx2")

ALICE = Visit(
    "alice",
    [
        asked(Type.NICK, "alicex1"),
        asked(Type.CREATE, "jazz"),
        asked(Type.CHANNEL, "jazz", "salut"),
        asked(Type.WHO),
        asked(Type.MSGALL, "", "bonsoir"),
    ],
    [
        told(Type.NICK, "alicex1"),
        told(Type.CREATE, "jazz"),
        BOB_JOINS,
        TO_ALL,
        BOB_QUITS,
        users("alicex1", "Sam"),
    ],
)
"""She stays in her channel to the end."""

BOB = Visit(
    "bob",
    [
        asked(Type.NICK, "bobx1"),
        asked(Type.JOIN, "jazz"),
        asked(Type.NICK, "SAM"),
        asked(Type.MSGALL, "", "bonjour"),
        asked(Type.QUIT, "jazz"),
        asked(Type.NICK, "bobx2"),
        asked(Type.MSG, "saM", "ça va ?"),
    ],
    [
        told(Type.NICK, "bobx1"),
        told(Type.JOIN, "jazz"),
        TO_JAZZ,
        told(Type.NICK, "SAM"),
        Said(Type.MSG, "sam", "c'est toi ?", "carolx1"),
        told(Type.QUIT, "jazz"),
        told(Type.NICK, "bobx2"),
    ],
    left=True,
)
"""He is called Sam for a while, and leaves."""

CAROL = Visit(
    "carol",
    [
        asked(Type.NICK, "carolx1"),
        asked(Type.MSG, "sam", "c'est toi ?"),
        asked(Type.WHO),
        asked(Type.NICK, "Sam"),
        asked(Type.MSG, "dave", "et toi ?"),
        asked(Type.WHO),
    ],
    [
        told(Type.NICK, "carolx1"),
        users("alicex1", "SAM", "carolx1"),
        TO_ALL,
        told(Type.NICK, "Sam"),
        TO_CAROL,
        told(Type.MSG, "", "user dave does not exist"),
        Said(Type.MSGALL, "", "bonsoir", "alicex1"),
        users("alicex1", "Sam"),
    ],
)
"""She is in no channel, and is called Sam when bob no longer is."""


def changed(visit: Visit, place: int, *instead: Said) -> Visit:
    """Return a visit in which something else was heard in one place: several things, or nothing."""
    return visit._replace(heard=[*visit.heard[:place], *instead, *visit.heard[place + 1 :]])


def behind(visit: Visit, *more: Said) -> Visit:
    """Return a visit in which more was heard at the end."""
    return visit._replace(heard=[*visit.heard, *more])


def cut_off(visit: Visit, count: int) -> Visit:
    """Return a visit that was cut off when so much had been heard."""
    return visit._replace(heard=visit.heard[:count], left=True, whole=False)


GOOD_ONES = {
    "nobody": [],
    "three": [ALICE, BOB, CAROL],
    "bob was cut off, and heard less": [ALICE, cut_off(BOB, 3), CAROL],
    "bob was cut off before he heard anything": [ALICE, cut_off(BOB, 0), CAROL],
    "carol asks before she has a name": [
        ALICE,
        BOB,
        CAROL._replace(
            asked=[asked(Type.WHO), *CAROL.asked], heard=[told(Type.WHO, "", "please login"), *CAROL.heard]
        ),
    ],
}

BAD_ONES: dict[str, tuple[Judge, list[Visit]]] = {
    "a line lost in a channel": (
        visits.channels_disagree,
        [
            ALICE,
            BOB._replace(asked=[*BOB.asked[:4], asked(Type.CHANNEL, "jazz", "merci"), *BOB.asked[4:]]),
            CAROL,
        ],
    ),
    "a line twice in a channel": (
        visits.channels_disagree,
        [ALICE, changed(BOB, 2, TO_JAZZ, TO_JAZZ), CAROL],
    ),
    "a departure twice": (visits.channels_disagree, [changed(ALICE, 4, BOB_QUITS, BOB_QUITS), BOB, CAROL]),
    "a departure not told": (visits.channels_disagree, [changed(ALICE, 4), BOB, CAROL]),
    "an arrival not told": (visits.channels_disagree, [changed(ALICE, 2), BOB, CAROL]),
    "one's own arrival not told": (visits.channels_disagree, [ALICE, changed(BOB, 1), CAROL]),
    "a line behind one's own departure": (visits.overheard, [ALICE, behind(BOB, TO_JAZZ), CAROL]),
    "a line of a channel in which one never was": (visits.overheard, [ALICE, BOB, behind(CAROL, TO_JAZZ)]),
    "a departure told to all": (visits.overheard, [ALICE, BOB, behind(CAROL, BOB_QUITS)]),
    "a line to all twice": (visits.orders_differ, [ALICE, BOB, changed(CAROL, 2, TO_ALL, TO_ALL)]),
    "two lines to all, each way round": (
        visits.orders_differ,
        [
            behind(ALICE, Said(Type.MSGALL, "", "un", "bobx2"), Said(Type.MSGALL, "", "deux", "Sam")),
            BOB,
            behind(CAROL, Said(Type.MSGALL, "", "deux", "Sam"), Said(Type.MSGALL, "", "un", "bobx2")),
        ],
    ),
    "a departure and a line to all, each way round": (
        visits.orders_differ,
        [
            changed(changed(ALICE, 4, TO_ALL), 3, BOB_QUITS),
            BOB,
            CAROL,
            Visit("dave", [], [TO_ALL, BOB_QUITS]),
        ],
    ),
    "a list with a name given up": (
        visits.aged,
        [ALICE, BOB, behind(CAROL, users("alicex1", "bobx1", "Sam"))],
    ),
    "a line under a name given up": (
        visits.aged,
        [behind(ALICE, Said(Type.MSGALL, "", "encore", "bobx1")), BOB, CAROL],
    ),
    "a name that nobody asked for": (visits.aged, [ALICE, BOB, changed(CAROL, 1, users("carolx1", "eve"))]),
    "a list without who asks": (visits.torn, [changed(ALICE, 5, users("Sam")), BOB, CAROL]),
    "a list without who stayed": (visits.torn, [ALICE, BOB, behind(CAROL, users("SAM", "Sam"))]),
    "a list with one twice": (
        visits.torn,
        [ALICE, BOB, changed(CAROL, 1, users("alicex1", "bobx1", "SAM", "carolx1"))],
    ),
    "two lists of which neither is the first": (
        visits.snapshots_cross,
        [
            changed(ALICE, 5, users("alicex1", "bobx1", "Sam")),
            BOB,
            changed(CAROL, 1, users("alicex1", "SAM", "carolx1")),
        ],
    ),
    "a list with two of one name": (
        visits.torn,
        [ALICE, BOB, behind(CAROL, users("alicex1", "SAM", "Sam"))],
    ),
    "a last list with who has left": (
        visits.outstayed,
        [ALICE, BOB, behind(CAROL, users("alicex1", "bobx2", "Sam"))],
    ),
    "a line that nobody said": (
        visits.misnamed,
        [ALICE, BOB, behind(CAROL, Said(Type.MSGALL, "", "non", "alicex1"))],
    ),
    "a line under the name before": (
        visits.misnamed,
        [changed(ALICE, 3, Said(Type.MSGALL, "", "bonjour", "bobx1")), BOB, CAROL],
    ),
    "a line in another's name": (
        visits.misnamed,
        [changed(ALICE, 3, Said(Type.MSGALL, "", "bonjour", "carolx1")), BOB, CAROL],
    ),
    "a private line to all": (
        visits.misnamed,
        [ALICE, BOB, changed(CAROL, 4, Said(Type.MSGALL, "", "ça va ?", "bobx2"))],
    ),
    "one's own line": (visits.misnamed, [ALICE, behind(BOB, TO_ALL), CAROL]),
    "two lines of one, not as he said them": (
        visits.out_of_turn,
        [ALICE, BOB, changed(changed(CAROL, 4, TO_ALL), 2, TO_CAROL)],
    ),
    "a line to all lost in the middle": (
        visits.broadcasts_lost,
        [
            behind(ALICE, *(Said(Type.MSGALL, "", text, "bobx2") for text in ("un", "deux"))),
            BOB,
            behind(CAROL, Said(Type.MSGALL, "", "deux", "bobx2")),
        ],
    ),
    "a line to all lost at the end": (
        visits.broadcasts_lost,
        [behind(ALICE, Said(Type.MSGALL, "", "un", "bobx2")), BOB, CAROL],
    ),
    "a private line to who had that name before": (
        visits.misdirected,
        [ALICE, behind(BOB, TO_CAROL), changed(CAROL, 4)],
    ),
    "a private line to who had not yet that name": (
        visits.misdirected,
        [ALICE, BOB, changed(changed(CAROL, 4), 3, TO_CAROL, told(Type.NICK, "Sam"))],
    ),
    "a private line lost": (visits.undelivered, [ALICE, BOB, changed(CAROL, 4)]),
    "a private line to two": (visits.undelivered, [behind(ALICE, TO_CAROL), BOB, CAROL]),
    "a private line that arrived, and was refused": (
        visits.undelivered,
        [ALICE, behind(BOB, told(Type.MSG, "", "user saM does not exist")), CAROL],
    ),
    "a private line refused though its hearer was there": (
        visits.wrongly_refused,
        [
            behind(ALICE, told(Type.MSG, "", "user sam does not exist"), users("alicex1", "Sam")),
            BOB,
            CAROL,
        ],
    ),
    "a name not answered": (visits.unanswered, [ALICE, changed(BOB, 6), CAROL]),
    "a list twice": (visits.unanswered, [behind(ALICE, ALICE.heard[5]), BOB, CAROL]),
}
