"""The room of sprint 5: who is there, under which name, and who is to be told what. No I/O here.

    join(member)            ---+
    receive(member, line)   ---+--->  [Delivery(recipient, line), ...]
    overdue()               ---+

A member is whatever a strategy likes to call one: the room only hands it back. It does not wait, it does not send;
so it can be tested without a network, and all strategies share it. It is not made for several threads at a time:
a strategy that has them holds a lock.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from common.lines import BadLine
from sprint5_concurrency.names import RESERVED, BadName, checked_name, name_key
from sprint5_concurrency.protocol import (
    BLANK,
    MSG,
    USER,
    Refused,
    encode_error,
    encode_message,
    parse,
    refusal_of,
)

NAME_SECONDS = 10.0
"""How long a newcomer may take to give a name, whatever else it says meanwhile."""

MAX_NAMELESS = 256
"""Connections without a name: they do not count as clients, so they are bounded apart."""

CROWDED_SECONDS = 1.0
"""How long a newcomer may take while so many are nameless: then silent ones cannot keep everybody else out."""

LATE = Refused("name-missing", f"a name comes within {NAME_SECONDS:.0f} seconds", last=True)

CROWDED = Refused("server-full", f"{MAX_NAMELESS} connections are without a name", last=True)
"""What those who are late with it are told: in ordinary times, and in a crowd."""

KEPT_NOTES = 1000
"""Arrivals and departures that wait to be printed; the oldest is dropped when nobody reads them."""

Member = TypeVar("Member", bound=Hashable)


class Delivery(NamedTuple, Generic[Member]):
    """A line, LF included, for one member; `last` says that nothing comes behind it."""

    recipient: Member
    line: bytes
    last: bool = False


class Room(Generic[Member]):
    """Decides what each line does; remembers in `notes` what is to be announced."""

    def __init__(self, max_clients: int, clock: Callable[[], float]) -> None:
        self.max_clients = max_clients
        self.members: dict[Member, str] = {}  # those who have a name; nobody else is sent messages
        self.nameless: dict[Member, float] = {}  # the others, and since when: the first came first
        self.notes: deque[str] = deque(maxlen=KEPT_NOTES)
        self._taken: set[str] = set()
        self._clock = clock

    def has_space(self) -> bool:
        """Tell whether one more newcomer may come in, to give its name."""
        return len(self.nameless) < MAX_NAMELESS

    def join(self, member: Member) -> list[Delivery[Member]]:
        """Take a newcomer in, who must then give a name; dismiss it when there is no place."""
        self.nameless[member] = self._clock()
        return [] if len(self.members) < self.max_clients else [self.refuse(member, self._full())]

    def leave(self, member: Member, how: str = "left") -> None:
        """Forget a member and free its name; without effect on who is not here."""
        self.nameless.pop(member, None)
        if name := self.members.pop(member, None):
            self._taken.remove(name_key(name))
            self.notes.append(f"{name} {how}, {len(self.members)} present")

    def receive(self, member: Member, line: str | BadLine) -> list[Delivery[Member]]:
        """Do what a line asks; return what its speaker, or everybody else, is to be told."""
        try:
            said = self.obey(member, line)
        except Refused as refused:
            return [self.refuse(member, refused)]
        return [Delivery(hearer, said) for hearer in self.members if hearer is not member] if said else []

    def obey(self, member: Member, line: str | BadLine) -> bytes:
        """Do what a line asks; return what all others are to hear, which may be nothing. Raises Refused."""
        if line == "" or not self.knows(member):
            return b""
        if isinstance(line, BadLine):
            raise refusal_of(line)
        word, text = parse(line)
        if word == USER:
            self._name(member, text)
            return b""
        return self._message(member, text)

    def refuse(self, member: Member, refused: Refused) -> Delivery[Member]:
        """Return what the speaker of a refused line is told, and forget it where that ends its visit."""
        if refused.last:
            self.leave(member, f"was hung up on ({refused})")
        return Delivery(member, encode_error(refused), refused.last)

    def knows(self, member: Member) -> bool:
        """Tell whether somebody is here, with a name or without."""
        return member in self.members or member in self.nameless

    def overdue(self) -> list[Delivery[Member]]:
        """Dismiss those who have been nameless for too long."""
        refused, seconds = LATE, NAME_SECONDS
        if not self.has_space():
            refused, seconds = CROWDED, CROWDED_SECONDS
        latest = self._clock() - seconds
        late = []
        for member, since in self.nameless.items():
            if since > latest:
                break
            late.append(member)
        return [self.refuse(member, refused) for member in late]

    def end(self) -> list[Delivery[Member]]:
        """Dismiss everybody."""
        refused = Refused("exit", "the server ends", last=True)
        return [self.refuse(member, refused) for member in [*self.members, *self.nameless]]

    def _name(self, member: Member, text: str) -> None:
        if member in self.members:
            raise Refused("already-named", "a name is given once")
        if len(self.members) == self.max_clients:
            raise self._full()
        name = self._free_name(text)
        del self.nameless[member]
        self.members[member] = name
        self._taken.add(name_key(name))
        self.notes.append(f"{name} arrived from {member}, {len(self.members)} present")

    def _free_name(self, text: str) -> str:
        try:
            name = checked_name(text)
        except BadName as bad:
            code = "name-reserved" if name_key(text) in RESERVED else "name-malformed"
            raise Refused(code, str(bad)) from None
        if name_key(name) in self._taken:
            raise Refused("name-taken", "somebody else has this name")
        return name

    def _message(self, member: Member, text: str) -> bytes:
        if member not in self.members:
            raise Refused("not-named", f"{USER} and a name come before {MSG}")
        if BLANK.fullmatch(text):
            raise Refused("empty-message", f"{MSG} is followed by a text")
        return encode_message(self.members[member], text)

    def _full(self) -> Refused:
        return Refused("server-full", f"{self.max_clients} clients are here", last=True)
