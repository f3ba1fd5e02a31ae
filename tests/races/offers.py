"""Offers of files in the visits of the messenger, judged; who asks for a name, and when, is as in visits.py.

Whoever answers an offer asks for an echo of his answer behind it. So what he hears is a ledger of all offers that
were made to him, in the order of the server:

    REQUEST                           one more is open
    ECHO of an answer                 the oldest one of that asker is closed: he, and nobody else, hears the answer,
                                      in the names of the offer
    ... behind an error               it was refused: there was none
    REJECT that says `NAME has left`  one that NAME made is closed; or the hearer's own, to NAME

Each offer has one end. At the end of all those are open that were made by, and to, people who stayed. Nobody offers
files and is offered some, so nobody is told for two reasons that somebody has left.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.e2e.binary import SERVER, Said, Type
from tests.races import visits as others
from tests.races.visits import Judge, Visit, names_of, orders_of_names

ANSWERS = {Type.ACCEPT, Type.REJECT}

MOST_OPEN = 4
"""Offers that may wait for one user's answer."""


@dataclass
class Ledger:
    """What became of the offers to one visitor; of his answers to them, by their texts; of some of his own."""

    open: list[Said] = field(default_factory=list)
    passed_on: dict[str, Said] = field(default_factory=dict)  # as the asker is to hear it
    refused: set[str] = field(default_factory=set)
    own_ended: int = 0  # by the departure of those to whom he made them
    faults: list[str] = field(default_factory=list)

    def of(self, asker: str) -> list[Said]:
        """Return what is open of one who was called so, the oldest first."""
        return [offer for offer in self.open if offer.sender.casefold() == asker.casefold()]


def complaints(visits: Sequence[Visit]) -> list[str]:
    """Return what all judges have to say, those of the visits too."""
    return [complaint for judge in (*others.JUDGES, *JUDGES) for complaint in judge(visits)]


def is_offer(said: Said) -> bool:
    """Tell whether somebody offers a file."""
    return said.type == Type.REQUEST and said.sender != SERVER


def is_departure(said: Said) -> bool:
    """Tell whether an offer has ended because one of the two has left."""
    return said.type == Type.REJECT and said.text == f"{said.sender} has left"


def is_answer(said: Said) -> bool:
    """Tell whether a user answers an offer."""
    return said.type in ANSWERS and said.sender != SERVER and not is_departure(said)


def ledger_of(visit: Visit) -> Ledger:
    """Follow the offers that somebody heard, to each end that he knows of."""
    ledger = Ledger()
    answers = {asked.text: asked for asked in visit.asked if asked.type in ANSWERS}
    is_refused = False
    for said in visit.heard:
        if is_offer(said):
            ledger.open.append(said)
        elif is_departure(said):
            end_by_departure(ledger, said)
        elif said.type in ANSWERS and said.sender == SERVER:
            is_refused = True
            ledger.faults += [
                f"{said}, and yet there is {offer}" for offer in ledger.of(said.text.split()[0])
            ]
        elif said.type == Type.ECHO and said.text in answers:
            end_by_answer(ledger, answers[said.text], is_refused)
            is_refused = False
        if (
            len(ledger.open) > MOST_OPEN + 1
        ):  # one is answered perhaps, and the echo comes with the next piece
            ledger.faults.append(f"{said} is one more than {MOST_OPEN}")
    return ledger


def end_by_departure(ledger: Ledger, said: Said) -> None:
    """Close an offer of somebody who has left; or else one to him."""
    for offer in ledger.of(said.sender):
        if (offer.sender, offer.infos) == (said.sender, said.infos):
            ledger.open.remove(offer)
            return
    ledger.own_ended += 1


def end_by_answer(ledger: Ledger, answer: Said, is_refused: bool) -> None:
    """Close the oldest offer that an answer can be about."""
    if is_refused:
        ledger.refused.add(answer.text)
    elif offers := ledger.of(answer.infos):
        ledger.open.remove(offers[0])
        heard = Said(answer.type, offers[0].sender, answer.text, offers[0].infos)
        ledger.passed_on[answer.text] = heard
    else:
        ledger.faults.append(f"{answer} answers no offer, and was not refused")


def judged_wrongly(visits: Sequence[Visit]) -> Iterator[str]:
    """Find answers refused though there was an offer, or not refused though there was none; and offers too many."""
    for visit in visits:
        for fault in ledger_of(visit).faults:
            yield f"{visit.owner}: {fault}"


def answers_astray(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what reached somebody else than the asker, or in other names than the offer's, or not once."""
    owners = orders_of_names(visits)
    passed_on = {text: said for visit in visits for text, said in ledger_of(visit).passed_on.items()}
    askers = {text: owners.get(said.infos, ("",))[0] for text, said in passed_on.items()}
    heard = Counter(said.text for visit in visits for said in visit.heard if is_answer(said))
    for visit in visits:
        for said in filter(is_answer, visit.heard):
            is_right = passed_on.get(said.text) == said and askers[said.text] == visit.owner
            if heard[said.text] > 1 or not (is_right or may_be_passed_on(said, visit, visits)):
                yield f"{visit.owner} heard {said}, {heard[said.text]} times in all"
        for text in (text for text, asker in askers.items() if asker == visit.owner):
            if visit.whole and not heard[text]:
                yield f"{visit.owner} did not hear {passed_on[text]}"


def may_be_passed_on(said: Said, hearer: Visit, visits: Sequence[Visit]) -> bool:
    """Tell whether an answer may be one of somebody who was cut off before he heard an echo of it."""
    return said.infos in names_of(hearer) and any(
        (asked.type, asked.infos.casefold(), asked.text) == (said.type, said.infos.casefold(), said.text)
        for visit in visits
        if not visit.whole and all(each.text != said.text for each in visit.heard)
        for asked in visit.asked
    )


def departures_astray(visits: Sequence[Visit]) -> Iterator[str]:
    """Find offers that ended with the departure of who is here; and those that did not end with who has left."""
    owners = orders_of_names(visits)
    left = {visit.owner for visit in visits if visit.left}
    for visit in visits:
        for said in filter(is_departure, visit.heard):
            if owners.get(said.sender, ("",))[0] not in left or said.infos not in names_of(visit):
                yield f"{visit.owner} heard {said}, who has not left, or not him"
        for offer in ledger_of(visit).open if not visit.left else []:
            if owners.get(offer.sender, ("",))[0] in left:
                yield f"{visit.owner} was not told that {offer} is over"


def ends_uneven(visits: Sequence[Visit]) -> Iterator[str]:
    """Find who stayed and made more offers, or fewer, than came to an end, were refused, or are open."""
    owners = orders_of_names(visits)
    ledgers = {visit.owner: ledger_of(visit) for visit in visits}
    stayed = [visit for visit in visits if not visit.left]
    still_open = Counter(
        owners.get(offer.sender, ("",))[0] for visit in stayed for offer in ledgers[visit.owner].open
    )
    for visit in stayed:
        made = sum(asked.type == Type.REQUEST for asked in visit.asked)
        refused = sum(said.type == Type.REQUEST and said.sender == SERVER for said in visit.heard)
        answered = sum(map(is_answer, visit.heard))
        ended = refused + answered + ledgers[visit.owner].own_ended
        if made != ended + still_open[visit.owner]:
            yield f"{visit.owner} made {made} offers: {ended} are over, {still_open[visit.owner]} are open"


JUDGES: tuple[Judge, ...] = (judged_wrongly, answers_astray, departures_astray, ends_uneven)
