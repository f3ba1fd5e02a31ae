"""The room: who is there under which name, and who gets to read what. No input or output here.

Whoever calls it tells what happened, and sends what it answers, in that order:

    join(bob)                                     he may now give a name
    receive(bob, "bob")        -> to all, bob too: "bob a rejoint le serveur"
    receive(bob, "salut")      -> to all, bob too: "bob: salut"
    leave(bob)                 -> to the others:   "bob a quitté le serveur"

A member is any handle that its caller can send to. The room only compares them, so that a test can play
with numbers what a server plays with connections.
"""

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from sprint4_named_room.names import BadName, checked_name, name_key

ARRIVAL, DEPARTURE = "a rejoint le serveur", "a quitté le serveur"
"""Notices (subject 004). A user's line has its author's name and a colon in front, so that none can be forged."""

GREETING, ANSWER = "coucou", "Bonjour"
"""This line, exactly, is answered to all in the place of being relayed (subject 004)."""

BLANK = " \t"
"""A line of nothing else says nothing. All that is not here is text, whether the eye sees it or not."""

REFUSAL = "*** "
"""What stands in front of what the server has to say to one client only; no name begins with it."""

MAX_NAMELESS = 256
"""Connections that have not yet given a name: they take no member's place, but cost a descriptor each."""

Member = TypeVar("Member", bound=Hashable)


class Full(Exception):
    """Says that somebody cannot be taken in, and must be closed."""


class Delivery(NamedTuple, Generic[Member]):
    """One line for one recipient."""

    recipient: Member
    line: str


def encode_relayed(line: str) -> bytes:
    """Return the bytes of a line that the room has made of a good one: by a name longer than a client may send."""
    return f"{line}\n".encode()


class Room(Generic[Member]):
    """Everybody who is there: the members, who have a name, and those who have not given one yet."""

    def __init__(self, max_members: int, max_nameless: int = MAX_NAMELESS) -> None:
        self.names: dict[Member, str] = {}
        self.nameless: dict[Member, None] = {}  # a set that keeps the order
        self._taken: set[str] = set()
        self._max_members = max_members
        self._max_nameless = max_nameless

    def join(self, newcomer: Member) -> None:
        """Let a newcomer in, who may now give a name. Raises Full."""
        self._check_place()
        if len(self.nameless) >= self._max_nameless:
            raise Full(f"server full: {self._max_nameless} without a name")
        self.nameless[newcomer] = None

    def receive(self, speaker: Member, line: str) -> list[Delivery[Member]]:
        """Return who gets what because somebody said a line, its first ones being names. Raises Full."""
        if speaker in self.nameless:
            return self._receive_name(speaker, line)
        if line == GREETING:
            return self._to_all(ANSWER)
        return self._to_all(f"{self.names[speaker]}: {line}") if line.strip(BLANK) else []

    def leave(self, leaver: Member) -> list[Delivery[Member]]:
        """Return who gets what because somebody has left, however; whoever has no name leaves in silence."""
        self.nameless.pop(leaver, None)
        if not (name := self.names.pop(leaver, None)):
            return []
        self._taken.remove(name_key(name))
        return self._to_all(f"{name} {DEPARTURE}")

    def everybody(self) -> list[Member]:
        """Return all who are there, with and without a name."""
        return [*self.names, *self.nameless]

    def _receive_name(self, newcomer: Member, text: str) -> list[Delivery[Member]]:
        try:
            name = self._free_name(text)
        except BadName as bad:
            return [Delivery(newcomer, f"{REFUSAL}{bad}")]
        self._check_place()
        del self.nameless[newcomer]
        self.names[newcomer] = name
        self._taken.add(name_key(name))
        return self._to_all(f"{name} {ARRIVAL}")

    def _free_name(self, text: str) -> str:
        name = checked_name(text)
        if name_key(name) in self._taken:
            raise BadName("this name is taken")
        return name

    def _check_place(self) -> None:
        if len(self.names) >= self._max_members:
            raise Full(f"server full: {self._max_members} clients")

    def _to_all(self, line: str) -> list[Delivery[Member]]:
        return [Delivery(member, line) for member in self.names]
