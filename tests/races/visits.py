"""Visits to the messenger, judged: each visitor wrote down what it asked for and heard; here is what must be true.

Nobody sees all that happens there: who is in no channel hears of no channel, and a new name is told to its bearer
alone. But the server does one thing after the other, so all that is heard anywhere must fit into one order:

    stays      what one heard of a channel, while inside, is a history of that channel (histories.py judges those)
    names      each has one name after the other; nobody meets a later one first, and every list is of one moment
    words      each that was said reaches whoever was to hear it, once, from whoever said it, under his name then

Visitors make this easy: no text is said twice, and no name is asked for twice, for each time some letters are written
large that were small before. Whoever is about to enter a channel first takes a name that begins with his own and
`x`: that is his stay's. Names that others may ask for too he takes only behind that.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, pairwise, permutations
from typing import NamedTuple

from tests.e2e.binary import SERVER, Said, Type
from tests.races import histories
from tests.races.histories import History, arrival, departure

TO_ONE = {Type.MSG, Type.REQUEST}

RELAYED = {*TO_ONE, Type.MSGALL, Type.CHANNEL}

ENTRY = {Type.CREATE, Type.JOIN}

ANSWERED = {Type.NICK, Type.WHO, Type.CREATE, Type.JOIN}
"""Requests that have one answer each, whatever it is."""


class Visit(NamedTuple):
    """What one visitor asked for and heard, in order."""

    owner: str
    asked: Sequence[Said]
    heard: Sequence[Said]
    left: bool = False  # before the end; else it was there until all was over
    whole: bool = True  # it asked and heard all up to its end: it was not cut off


class Moment(NamedTuple):
    """One message that somebody heard, the name that he had then, and his stay: the first name of it, the channel."""

    said: Said
    name: str
    stay: str
    channel: str


Judge = Callable[[Sequence[Visit]], Iterator[str]]


# What a message is about


def is_relayed(said: Said) -> bool:
    """Tell whether a message was said by somebody, not by the server."""
    return said.type in RELAYED and said.sender != SERVER


def is_notice(said: Said) -> bool:
    """Tell whether somebody else has come into a channel or gone."""
    return said.text.startswith("INFO> ") and said.sender == SERVER


def is_granted(said: Said) -> bool:
    """Tell whether the server has done what somebody asked for."""
    return bool(said.infos) and said.sender == SERVER and not is_notice(said)


def named_in(said: Said) -> list[str]:
    """Return whom a message mentions: its speaker, who has come or gone, or all who are in a list."""
    if is_relayed(said):
        return [said.sender]
    if is_notice(said):
        return [said.text.split()[1]]
    if said.type == Type.NICK and is_granted(said):
        return [said.infos]
    return listed(said)


def listed(said: Said) -> list[str]:
    """Return the names in an answer to /who."""
    return [line[2:] for line in said.text.split("\n")[1:]] if said.type == Type.WHO else []


def names_of(visit: Visit) -> list[str]:
    """Return the names that somebody asked for, in order."""
    return [asked.infos for asked in visit.asked if asked.type == Type.NICK]


def is_of_stay(visit: Visit, name: str) -> bool:
    """Tell whether a name is one that nobody else asks for, taken before one enters a channel."""
    return name.startswith(f"{visit.owner}x")


def moments(visit: Visit) -> Iterator[Moment]:
    """Follow what somebody heard, and who and where he was by what the server had granted him."""
    name = stay = channel = ""
    for said in visit.heard:
        if is_granted(said):
            if said.type == Type.NICK:
                name = said.infos
                stay = name if is_of_stay(visit, name) else stay
            elif said.type in ENTRY:
                channel = said.infos
            elif said.type == Type.QUIT and said.infos == channel:
                channel = ""
        yield Moment(said, name, stay, channel)


# Stays in channels


def stays_of(visits: Sequence[Visit]) -> dict[str, str]:
    """Return the first name of the stay to which each name belongs."""
    stays: dict[str, str] = {}
    for visit in visits:
        stay = ""
        for name in names_of(visit):
            stay = stays[name] = name if is_of_stay(visit, name) else stay
    return stays


def line_of(said: Said, stays: dict[str, str]) -> str:
    """Return what a message tells of a channel, as a history has it."""
    (name,) = named_in(said)
    place = f"{stays.get(name)}@{said.infos}"
    if is_relayed(said):
        return f"{place}: {said.text}"
    return arrival(place) if said.type == Type.JOIN else departure(place)


def lines_by_stay(visit: Visit, stays: dict[str, str]) -> dict[str, list[str]]:
    """Return what somebody heard of each channel, by stay, and his own arrival before it."""
    seen: dict[str, list[str]] = {}
    for said, _name, stay, channel in moments(visit):
        place = f"{stay}@{channel}"
        if said.type in ENTRY and is_granted(said):
            seen[place] = [arrival(place)]
        elif is_of_channel(said) and said.infos == channel:
            seen.setdefault(place, []).append(line_of(said, stays))
    return seen


def is_of_channel(said: Said) -> bool:
    """Tell whether the members of a channel are told something of each other."""
    return is_notice(said) or (said.type == Type.CHANNEL and is_relayed(said))


def texts_by_stay(visit: Visit) -> dict[str, list[str]]:
    """Return what somebody said in each channel that he wished to be in, by stay."""
    texts: dict[str, list[str]] = {}
    stay = place = ""
    for asked in visit.asked:
        if asked.type == Type.NICK and is_of_stay(visit, asked.infos):
            stay = asked.infos
        elif asked.type in ENTRY:
            place = f"{stay}@{asked.infos}"
            texts.setdefault(place, [])
        elif asked.type == Type.QUIT:
            place = ""
        elif asked.type == Type.CHANNEL and place == f"{stay}@{asked.infos}":
            texts[place].append(asked.text)
    return texts


def histories_of(visit: Visit, stays: dict[str, str]) -> Iterator[History]:
    """Return what somebody said and heard in each of his stays; who was cut off may have been in without knowing."""
    seen = lines_by_stay(visit, stays)
    last = [f"{stay}@{channel}" for _said, _name, stay, channel in moments(visit)][-1:]
    for place, texts in texts_by_stay(visit).items():
        has_ended = place in seen and place not in last
        if place in seen or not visit.whole:
            whole, left = visit.whole or has_ended, visit.left or has_ended
            yield History(place, texts, seen.get(place, []), left, whole, echoed=False)


def channels_disagree(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what cannot be the history of one channel."""
    stays = stays_of(visits)
    of_channel: dict[str, list[History]] = {}
    for history in (each for visit in visits for each in histories_of(visit, stays)):
        of_channel.setdefault(history.owner.partition("@")[2], []).append(history)
    for all_of_one in of_channel.values():
        yield from histories.complaints(all_of_one)


def overheard(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what somebody heard of a channel in which he was not."""
    for visit in visits:
        for said, _name, _stay, channel in moments(visit):
            if is_of_channel(said) and said.infos != channel:
                yield f"{visit.owner} heard {said} while in {channel or 'no channel'}"


def orders_differ(visits: Sequence[Visit]) -> Iterator[str]:
    """Find two things, in channels or said to all, that two visitors heard each way round; or one heard twice."""
    stays = stays_of(visits)
    whole_orders = []
    for visit in visits:
        seen = [
            line_of(said, stays) if is_of_channel(said) else said.text
            for said in visit.heard
            if is_of_channel(said) or is_relayed(said)
        ]
        whole_orders.append(History(visit.owner, (), seen))
    yield from histories.swapped(whole_orders)
    yield from histories.doubled(whole_orders)


# Names


def orders_of_names(visits: Sequence[Visit]) -> dict[str, tuple[str, int]]:
    """Return for each name who asked for it, and the place that it has among his names."""
    return {name: (visit.owner, place) for visit in visits for place, name in enumerate(names_of(visit))}


def aged(visits: Sequence[Visit]) -> Iterator[str]:
    """Find who was met under a name that he had given up, or that nobody ever asked for."""
    orders = orders_of_names(visits)
    for visit in visits:
        latest: dict[str, int] = {}
        for said in visit.heard:
            for name in named_in(said):
                owner, place = orders.get(name, ("", 0))
                if not owner or place < latest.get(owner, 0):
                    yield f"{visit.owner} met {name!r} in {said}, which nobody is called any more or ever was"
                latest[owner] = place


def torn(visits: Sequence[Visit]) -> Iterator[str]:
    """Find lists of users that lack one who was there, who asked too, or have one twice, or two of one name."""
    orders = orders_of_names(visits)
    stayed = {visit.owner for visit in visits if not visit.left}
    for visit in visits:
        met = [{orders[name][0] for name in named_in(said) if name in orders} for said in visit.heard]
        for place, (said, name, _stay, _channel) in enumerate(moments(visit)):
            if said.type == Type.WHO and is_list(said):
                there = set().union(*met[:place]) & set().union(stayed, *met[place + 1 :])
                owners = [orders[each][0] for each in listed(said) if each in orders]
                is_whole = name in listed(said) and there <= set(owners)
                if not is_whole or has_twice(owners) or has_twice(map(str.casefold, listed(said))):
                    yield f"{visit.owner} got a list of no moment: {listed(said)}"


def has_twice(things: Iterable[str]) -> bool:
    """Tell whether something is there more than once."""
    return any(times > 1 for times in Counter(things).values())


def is_list(said: Said) -> bool:
    """Tell whether an answer to /who has users in it: who has no name is told to take one."""
    return said.sender == SERVER and bool(listed(said))


def snapshots_cross(visits: Sequence[Visit]) -> Iterator[str]:
    """Find two lists of users of which neither can be the earlier one."""
    orders = orders_of_names(visits)
    lists = [
        dict(orders[name] for name in listed(said) if name in orders)
        for visit in visits
        for said in visit.heard
        if is_list(said)
    ]
    for one, other in combinations(lists, 2):
        moved_on = {one[owner] < other[owner] for owner in one.keys() & other if one[owner] != other[owner]}
        if len(moved_on) > 1:
            yield f"one list is both before and behind another: {one}, {other}"


def outstayed(visits: Sequence[Visit]) -> Iterator[str]:
    """Find last lists of users that have other users than those who stayed; each of them asked when all was over."""
    orders = orders_of_names(visits)
    stayed = sorted(visit.owner for visit in visits if not visit.left)
    for visit in visits:
        last = [said for said in visit.heard if is_list(said)][-1:]
        if (
            not visit.left
            and sorted(orders.get(name, name)[0] for said in last for name in listed(said)) != stayed
        ):
            yield f"{visit.owner} got {last} as a list of those who stayed, who are {stayed}"


# Words


def origins_of(visits: Sequence[Visit]) -> dict[str, tuple[Visit, int]]:
    """Return who said each text, and the place that it has among his requests."""
    return {
        asked.text: (visit, place)
        for visit in visits
        for place, asked in enumerate(visit.asked)
        if asked.type in RELAYED
    }


def misnamed(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what nobody has said so, or not under this name."""
    origins = origins_of(visits)
    for visit in visits:
        for said in filter(is_relayed, visit.heard):
            author, place = origins.get(said.text, (visit, 0))
            asked = author.asked[place] if said.text in origins else None
            if not asked or (asked.type, asked.infos.casefold()) != (said.type, said.infos.casefold()):
                yield f"{visit.owner} heard {said}, which nobody said so"
            elif author is visit and said.type != Type.MSG:
                yield f"{visit.owner} heard itself: {said}"
            elif said.sender not in names_at(author, place):
                yield f"{visit.owner} heard {said} from {author.owner}, who was not called so then"


def names_at(visit: Visit, place: int) -> list[str]:
    """Return what somebody may have been called when he said something: exactly, when he heard all answers."""
    asked = names_of(visit._replace(asked=visit.asked[:place]))
    granted = {said.infos for said in visit.heard if said.type == Type.NICK and is_granted(said)}
    return [name for name in asked if name in granted][-1:] if visit.whole else asked


def out_of_turn(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what somebody heard in another order than it was said."""
    origins = origins_of(visits)
    for visit in visits:
        heard: dict[str, list[int]] = {}
        for said in filter(is_relayed, visit.heard):
            author, place = origins.get(said.text, (visit, 0))
            heard.setdefault(author.owner, []).append(place)
        for speaker, order in heard.items():
            if any(first >= second for first, second in pairwise(order)):
                yield f"{visit.owner} heard {speaker} in another order than he spoke"


def broadcasts_lost(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what was said to all, and not heard by one who heard something before it, and was still there."""
    heard_by = {
        visit.owner: [said.text for said in visit.heard if said.type == Type.MSGALL] for visit in visits
    }
    for visit, other in permutations(visits, 2):
        heard, known = set(heard_by[visit.owner]), heard_by[other.owner]
        places = [place for place, text in enumerate(known) if text in heard]
        if not places:
            continue
        end = places[-1] if visit.left or other.left else len(known)
        own = {asked.text for asked in visit.asked}
        for text in known[places[0] : end]:
            if text not in heard and text not in own:
                yield f"{visit.owner} did not hear {text!r}, known from {other.owner}"


def misdirected(visits: Sequence[Visit]) -> Iterator[str]:
    """Find private messages and offers to who did not have that name, or not any more."""
    for visit in visits:
        for said, name, _stay, _channel in moments(visit):
            if said.type in TO_ONE and is_relayed(said) and said.infos.casefold() != name.casefold():
                yield f"{visit.owner} heard {said} while called {name!r}"


def undelivered(visits: Sequence[Visit]) -> Iterator[str]:
    """Find private messages that neither arrived nor were answered by an error, or both, or twice."""
    arrived = Counter(said.text for visit in visits for said in visit.heard if said.type == Type.MSG)
    cut_off = {name.casefold() for visit in visits if not visit.whole for name in names_of(visit)}
    for visit in visits:
        for asked in visit.asked:
            if asked.type != Type.MSG:
                continue
            outcomes = arrived[asked.text] + sum(is_refusal(said, asked) for said in visit.heard)
            may_be_lost = not visit.whole or asked.infos.casefold() in cut_off
            if outcomes > 1 or (not outcomes and not may_be_lost):
                yield f"{asked} from {visit.owner} had {outcomes} outcomes"


def is_refusal(said: Said, asked: Said) -> bool:
    """Tell whether an answer says that nobody has the name to which something was to go."""
    return said.type == Type.MSG and said.text == f"user {asked.infos} does not exist"


def wrongly_refused(visits: Sequence[Visit]) -> Iterator[str]:
    """Find what was refused while the one to whom it was to go had that name, before and behind."""
    for visit in visits:
        met = [set(named_in(said)) for said in visit.heard]
        for place, said in enumerate(visit.heard):
            if said.type in TO_ONE and said.sender == SERVER and said.text.endswith("does not exist"):
                there = set().union(*met[:place]) & set().union(*met[place:])
                if said.text.split()[1].casefold() in map(str.casefold, there):
                    yield f"{visit.owner} was told {said}, who was there"


def unanswered(visits: Sequence[Visit]) -> Iterator[str]:
    """Find who was not answered each request, and once."""
    for visit in visits:
        asked = Counter(each.type for each in visit.asked)
        answers = Counter(each.type for each in visit.heard if each.sender == SERVER and not is_notice(each))
        for kind in ANSWERED:
            if answers[kind] > asked[kind] or (visit.whole and answers[kind] < asked[kind]):
                yield f"{visit.owner} asked {asked[kind]} {kind.name} and got {answers[kind]} answers"


JUDGES: tuple[Judge, ...] = (
    channels_disagree,
    overheard,
    orders_differ,
    aged,
    torn,
    snapshots_cross,
    outstayed,
    misnamed,
    out_of_turn,
    broadcasts_lost,
    misdirected,
    undelivered,
    wrongly_refused,
    unanswered,
)
