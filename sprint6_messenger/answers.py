"""What the server says, and to whom: the words that the parts of the service share. No input or output here."""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from sprint6_messenger.wire import MAX_ANSWER_BYTES, SERVER_NAME, Message, MessageType

EXIT = "exit"
"""The last word of a server that ends."""

Member = Hashable
"""Whoever is at the other end: an opaque handle, which only the server around the service can read or write."""


class Delivery(NamedTuple):
    """One message for one recipient; behind the `last`, its connection is to be closed."""

    recipient: Member
    message: Message
    last: bool = False


class Refusal(Exception):
    """Ends a request with an error; its text is what the one who asked is told."""


def from_server(kind: MessageType, text: str, infos: str = "") -> Message:
    """Return a message of the server's own."""
    return Message(kind, infos, text.encode(), SERVER_NAME)


def last_word(member: Member, text: str) -> Delivery:
    """Return what a member is told before its connection is closed."""
    return Delivery(member, from_server(MessageType.ECHO_SEND, text), last=True)


def answer(member: Member, kind: MessageType, text: str, infos: str = "") -> list[Delivery]:
    """Return an answer for one member; as an error it has no infos."""
    return [Delivery(member, from_server(kind, text, infos))]


def answer_lines(member: Member, kind: MessageType, lines: Iterable[str]) -> list[Delivery]:
    """Return as many answers as the lines need, none longer than what each client reads."""
    return [Delivery(member, from_server(kind, text)) for text in cut_at_line_ends(lines)]


def cut_at_line_ends(lines: Iterable[str], most: int = MAX_ANSWER_BYTES) -> list[str]:
    """Return texts of whole lines, each of at most `most` bytes unless a single line is longer."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1].encode()) + 1 + len(line.encode()) <= most:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def to_all(members: Iterable[Member], message: Message, but: Member = None) -> list[Delivery]:
    """Return the same message for each member but one; being the same object, it need be encoded only once."""
    return [Delivery(member, message) for member in members if member is not but]
