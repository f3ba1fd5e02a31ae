"""Files in negotiation: who has offered a file to whom, and has no answer yet. No input or output here.

    alice                    server                    bob
      |-- FILE_REQUEST bob --->|-- FILE_REQUEST -------->|   "y or n?", for 60 s
      |<------- FILE_ACCEPT ---|<-- FILE_ACCEPT alice ---|   ADDRESS:PORT
      |======================== FILE_SEND ==============>|   the file itself never passes here

An answer names nobody but the asker. It belongs to that asker's oldest offer, whoever bears the name by now: an
offer is bound to two connections, and keeps the names under which it was made.
"""

from dataclasses import dataclass

from sprint6_messenger.answers import Delivery, Member, Refusal
from sprint6_messenger.names import key_of
from sprint6_messenger.wire import Message, MessageType

VALID_SECONDS = 60.0
"""How long the asked may hesitate."""

MAX_PENDING = 4
"""How many offers one may have open, and how many questions: more would drown those who are asked."""


@dataclass(frozen=True)
class Party:
    """One of the two, under the name that he had when the offer was made."""

    member: Member
    name: str


@dataclass(frozen=True)
class Offer:
    """A question that is open until a time on the clock of whoever asks the service."""

    asker: Party
    asked: Party
    until: float


class Offers:
    """All open offers, the oldest first. What it refuses, it raises as Refusal."""

    def __init__(self) -> None:
        self._open: list[Offer] = []

    def request(self, asker: Party, asked: Party, payload: bytes, now: float) -> list[Delivery]:
        """Pass an offer on to the one who is asked."""
        self._forget_expired(now)
        if asker.member is asked.member:
            raise Refusal("you cannot send a file to yourself")
        if not payload:
            raise Refusal("a file needs a name")
        if sum(offer.asker.member is asker.member for offer in self._open) >= MAX_PENDING:
            raise Refusal(f"you have {MAX_PENDING} offers without an answer: wait for one")
        if sum(offer.asked.member is asked.member for offer in self._open) >= MAX_PENDING:
            raise Refusal(f"user {asked.name} has {MAX_PENDING} offers to answer: try later")
        self._open.append(Offer(asker, asked, now + VALID_SECONDS))
        return [Delivery(asked.member, Message(MessageType.FILE_REQUEST, asked.name, payload, asker.name))]

    def answer(self, member: Member, message: Message, now: float) -> list[Delivery]:
        """Pass an answer back to the one who asked, once."""
        self._forget_expired(now)
        for offer in self._open:
            if offer.asked.member is member and key_of(offer.asker.name) == key_of(message.infos):
                self._open.remove(offer)
                return [answer_to(offer, message.type, message.payload)]
        raise Refusal(f"{message.infos} has offered you no file, or not within {VALID_SECONDS:.0f} s")

    def leave(self, member: Member, now: float) -> list[Delivery]:
        """Close all offers of one who leaves, to him and by him; the other one of each is told."""
        self._forget_expired(now)
        over = [offer for offer in self._open if member in (offer.asker.member, offer.asked.member)]
        self._open = [offer for offer in self._open if offer not in over]
        return [
            rejection(offer.asked, offer.asker)
            if offer.asked.member is member
            else rejection(offer.asker, offer.asked)
            for offer in over
        ]

    def _forget_expired(self, now: float) -> None:
        self._open = [offer for offer in self._open if now < offer.until]


def answer_to(offer: Offer, kind: MessageType, payload: bytes) -> Delivery:
    """Return what the asker is told, in the names of the offer."""
    return Delivery(offer.asker.member, Message(kind, offer.asker.name, payload, offer.asked.name))


def rejection(gone: Party, other: Party) -> Delivery:
    """Return what the other one of an offer is told when one of the two has gone."""
    return Delivery(
        other.member,
        Message(MessageType.FILE_REJECT, other.name, f"{gone.name} has left".encode(), gone.name),
    )
