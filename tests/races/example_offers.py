"""Visits in which files are offered: good ones, and bad ones with the judge that each is about."""

from tests.e2e.binary import Said, Type
from tests.races import offers, visits
from tests.races.example_visits import asked, behind, changed, cut_off, told, users
from tests.races.visits import Judge, Visit

PHOTO, FILM, SONG = (
    Said(Type.REQUEST, "Dave", text, sender)
    for text, sender in (("photo", "alicex1"), ("film", "alicex1"), ("song", "carolx1"))
)

YES = Said(Type.ACCEPT, "alicex1", "yes", "Dave")

ECHO_OF_YES, ECHO_OF_NO = (Said(Type.ECHO, "", text, "Dave") for text in ("yes", "no"))

NO_OFFER = told(Type.REJECT, "", "zoe has offered you no file, or not within 60 s")

EVE_LEFT = Said(Type.REJECT, "alicex1", "Erin has left", "Erin")

CAROL_LEFT = Said(Type.REJECT, "Dave", "carolx1 has left", "carolx1")

ALICE = Visit(
    "alice",
    [
        asked(Type.NICK, "alicex1"),
        asked(Type.REQUEST, "dave", "photo"),
        asked(Type.REQUEST, "erin", "book"),
        asked(Type.REQUEST, "DAVE", "film"),
        asked(Type.NICK, "SAM"),
        asked(Type.REQUEST, "nobody", "poem"),
        asked(Type.WHO),
    ],
    [
        told(Type.NICK, "alicex1"),
        told(Type.NICK, "SAM"),
        YES,
        told(Type.REQUEST, "", "user nobody does not exist"),
        EVE_LEFT,
        users("SAM", "Dave"),
    ],
)
"""She makes four offers: one is accepted when she has another name, one of them is not answered."""

BOB = Visit(
    "bob",
    [
        asked(Type.NICK, "bobx1"),
        asked(Type.NICK, "Dave"),
        asked(Type.ACCEPT, "aliceX1", "yes"),
        asked(Type.ECHO, "", "yes"),
        asked(Type.REJECT, "zoe", "no"),
        asked(Type.ECHO, "", "no"),
        asked(Type.WHO),
    ],
    [
        told(Type.NICK, "bobx1"),
        told(Type.NICK, "Dave"),
        PHOTO,
        SONG,
        ECHO_OF_YES,
        FILM,
        CAROL_LEFT,
        NO_OFFER,
        ECHO_OF_NO,
        users("SAM", "Dave"),
    ],
)
"""He accepts one of three offers, and refuses one that nobody made."""

CAROL = Visit(
    "carol",
    [asked(Type.NICK, "carolx1"), asked(Type.REQUEST, "dAVE", "song")],
    [told(Type.NICK, "carolx1")],
    left=True,
)
"""She leaves while her offer is open."""

EVE = Visit(
    "eve",
    [asked(Type.NICK, "evex1"), asked(Type.NICK, "Erin")],
    [told(Type.NICK, "evex1"), told(Type.NICK, "Erin"), Said(Type.REQUEST, "Erin", "book", "alicex1")],
    left=True,
)
"""She leaves while she is asked."""


def also_asked(visit: Visit, *more: Said) -> Visit:
    """Return a visit in which more was asked for at the end."""
    return visit._replace(asked=[*visit.asked, *more])


GOOD_ONES = {
    "nobody is offered anything": [],
    "four": [ALICE, BOB, CAROL, EVE],
    "eve was cut off before she was asked": [ALICE, BOB, CAROL, cut_off(EVE, 2)],
    "carol was cut off before she heard anything": [ALICE, BOB, cut_off(CAROL, 0), EVE],
    "eve was cut off before she heard an echo": [
        changed(ALICE, 4, Said(Type.ACCEPT, "alicex1", "I do", "Erin")),
        BOB,
        CAROL,
        cut_off(also_asked(EVE, asked(Type.ACCEPT, "ALICEX1", "I do")), 3),
    ],
    "carol was cut off before she heard that she is answered": [
        ALICE,
        changed(
            also_asked(BOB, asked(Type.REJECT, "carolx1", "non"), asked(Type.ECHO, "", "non")),
            6,
            Said(Type.ECHO, "", "non", "Dave"),
        ),
        cut_off(CAROL, 1),
        EVE,
    ],
}

BAD_ONES: dict[str, tuple[Judge, list[Visit]]] = {
    "an offer lost": (offers.ends_uneven, [ALICE, changed(BOB, 5), CAROL, EVE]),
    "an offer passed on and refused": (
        offers.ends_uneven,
        [behind(ALICE, told(Type.REQUEST, "", "user DAVE does not exist")), BOB, CAROL, EVE],
    ),
    "an offer twice": (visits.orders_differ, [ALICE, changed(BOB, 5, FILM, FILM), CAROL, EVE]),
    "an offer that nobody made": (
        visits.misnamed,
        [ALICE, behind(BOB, Said(Type.REQUEST, "Dave", "virus", "SAM")), CAROL, EVE],
    ),
    "an offer in another's name": (
        visits.misnamed,
        [ALICE, changed(BOB, 5, Said(Type.REQUEST, "Dave", "film", "carolx1")), CAROL, EVE],
    ),
    "an offer to two": (visits.misdirected, [ALICE, BOB, CAROL, behind(EVE, FILM)]),
    "an offer to who had not yet that name": (
        visits.misdirected,
        [ALICE, changed(changed(BOB, 2), 1, PHOTO, told(Type.NICK, "Dave")), CAROL, EVE],
    ),
    "a fifth and a sixth offer": (
        offers.judged_wrongly,
        [ALICE, changed(BOB, 2, *[PHOTO] * 5), CAROL, EVE],
    ),
    "an answer refused though there is an offer": (
        offers.judged_wrongly,
        [
            ALICE,
            changed(BOB, 4, told(Type.ACCEPT, "", "aliceX1 has offered you no file"), ECHO_OF_YES),
            CAROL,
            EVE,
        ],
    ),
    "an answer to no offer that is not refused": (
        offers.judged_wrongly,
        [ALICE, changed(BOB, 7), CAROL, EVE],
    ),
    "a second answer that is not refused": (
        offers.judged_wrongly,
        [
            ALICE,
            changed(
                also_asked(BOB, asked(Type.REJECT, "alicex1", "non"), asked(Type.ECHO, "", "non")),
                4,
                ECHO_OF_YES,
                Said(Type.ECHO, "", "non", "Dave"),
            ),
            CAROL,
            EVE,
        ],
    ),
    "an answer that is refused, and reaches somebody": (
        offers.answers_astray,
        [behind(ALICE, Said(Type.REJECT, "SAM", "no", "Dave")), BOB, CAROL, EVE],
    ),
    "an answer lost": (offers.answers_astray, [changed(ALICE, 2), BOB, CAROL, EVE]),
    "an answer twice": (offers.answers_astray, [changed(ALICE, 2, YES, YES), BOB, CAROL, EVE]),
    "an answer to another": (offers.answers_astray, [changed(ALICE, 2), BOB, behind(CAROL, YES), EVE]),
    "an answer to two": (offers.answers_astray, [ALICE, BOB, behind(CAROL, YES), EVE]),
    "an answer to a name that the asker has now": (
        offers.answers_astray,
        [changed(ALICE, 2, Said(Type.ACCEPT, "SAM", "yes", "Dave")), BOB, CAROL, EVE],
    ),
    "an answer in another's name": (
        offers.answers_astray,
        [changed(ALICE, 2, Said(Type.ACCEPT, "alicex1", "yes", "Erin")), BOB, CAROL, EVE],
    ),
    "a refusal for a consent": (
        offers.answers_astray,
        [changed(ALICE, 2, Said(Type.REJECT, "alicex1", "yes", "Dave")), BOB, CAROL, EVE],
    ),
    "an answer that nobody gave": (
        offers.answers_astray,
        [behind(ALICE, Said(Type.ACCEPT, "alicex1", "oui", "Dave")), BOB, CAROL, EVE],
    ),
    "a departure not told to who was asked": (
        offers.departures_astray,
        [ALICE, changed(BOB, 6), CAROL, EVE],
    ),
    "a departure told to somebody else": (
        offers.departures_astray,
        [behind(ALICE, CAROL_LEFT), BOB, CAROL, EVE],
    ),
    "a departure of who is here": (
        offers.departures_astray,
        [ALICE, behind(BOB, Said(Type.REJECT, "Dave", "alicex1 has left", "alicex1")), CAROL, EVE],
    ),
    "a departure not told to who has asked": (offers.ends_uneven, [changed(ALICE, 4), BOB, CAROL, EVE]),
    "a departure from an offer twice": (
        offers.ends_uneven,
        [changed(ALICE, 4, EVE_LEFT, EVE_LEFT), BOB, CAROL, EVE],
    ),
    "a departure told though the offer was over": (
        offers.ends_uneven,
        [ALICE, changed(BOB, 6, CAROL_LEFT, CAROL_LEFT), CAROL, EVE],
    ),
}
