"""What the user types, understood: a line becomes a message for the server, or an order to the client.

No input or output here, and nothing is guessed: what is not understood is told at once and sent to nobody. Blanks
around what a command takes mean nothing; but a text ends as it was typed, and a line that begins with a blank is a
text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from sprint6_messenger.wire import MAX_NAME_BYTES, BadMessage, Message, MessageType, encode

LEAVING = ("/quit", "exit", "fin")
"""What a user types to leave: the school's word, and those of the former sprints."""

YES, NO = ("y", "yes"), ("n", "no")
"""Answers to the question whether a file is wanted."""

LETTERS_AND_DIGITS = re.compile("[A-Za-z0-9]+")
"""What names of users and channels are made of, as the school asks."""


class Usage(ValueError):
    """Says what is wrong with a line that the user typed."""


class Order(Enum):
    """What the client does by itself."""

    HELP = auto()
    LEAVE = auto()


@dataclass(frozen=True)
class FileOffer:
    """Offer the file at `path` to a user."""

    user: str
    path: str


Action = Message | Order | FileOffer


@dataclass(frozen=True)
class Command:
    """A word that begins with `/`: how it is typed, what it is for, and what it becomes."""

    usage: str
    purpose: str
    make: Callable[[str], Action]


def understand(line: str, channel: str) -> Action:
    """Return what a line asks for; without a command it is text for `channel`, or an echo in none. Raises Usage."""
    if not line.startswith("/"):
        return Order.LEAVE if line in LEAVING else sendable(text_for(channel, line))
    word, rest = parted(line)
    if word in LEAVING and not rest:
        return Order.LEAVE
    if word not in COMMANDS:
        raise Usage(f"unknown command {word}: /help lists them all")
    try:
        return sendable(COMMANDS[word].make(rest))
    except Usage as wrong:
        raise Usage(f"{wrong}; write {COMMANDS[word].usage}") from None


def parted(text: str) -> tuple[str, str]:
    """Return the first word, and all from the second on: "" when that is but blanks, else up to its last blank."""
    word, *rest = text.split(maxsplit=1) or [""]
    return word, "".join(rest)


def text_for(channel: str, text: str) -> Message:
    """Return the message of a line without a command."""
    kind = MessageType.MULTICAST_SEND if channel else MessageType.ECHO_SEND
    return Message(kind, channel, text.encode())


def sendable(action: Action) -> Action:
    """Return an action, if the wire can carry it. Raises Usage."""
    if isinstance(action, Message):
        try:
            encode(action)
        except BadMessage as bad:
            raise Usage(str(bad)) from None
    return action


def help_lines() -> list[str]:
    """Return what there is to type."""
    told = [(command.usage, command.purpose) for command in COMMANDS.values()]
    told += [(", ".join(LEAVING), "leave"), ("anything else", "to your channel; in none, back to yourself")]
    width = max(len(usage) for usage, _purpose in told)
    return [f"{usage:<{width}}  {purpose}" for usage, purpose in told]


def alone(kind: MessageType) -> Callable[[str], Message]:
    """Make a command that takes nothing."""

    def make(rest: str) -> Message:
        if rest:
            raise Usage("nothing may follow")
        return Message(kind)

    return make


def about(kind: MessageType, *, new: bool = False) -> Callable[[str], Message]:
    """Make a command that takes one name; a new one must be made of letters and digits."""

    def make(rest: str) -> Message:
        return Message(kind, new_name(rest) if new else one_word(rest))

    return make


def one_word(text: str) -> str:
    """Return the one word of a text. Raises Usage."""
    word, more = parted(text)
    if not word or more:
        raise Usage("one word must follow")
    if len(word.encode()) > MAX_NAME_BYTES:
        raise Usage(f"at most {MAX_NAME_BYTES} bytes")
    return word


def new_name(text: str) -> str:
    """Return a name that somebody or something may take. Raises Usage."""
    name = one_word(text)
    if not LETTERS_AND_DIGITS.fullmatch(name):
        raise Usage("letters and digits only, without accents")
    return name


def to_all(rest: str) -> Message:
    """Speak to everybody."""
    if not rest:
        raise Usage("a text must follow")
    return Message(MessageType.BROADCAST_SEND, payload=rest.encode())


def to_one(rest: str) -> Message:
    """Speak to one user."""
    user, text = parted(rest)
    if not text:
        raise Usage("a name and a text must follow")
    return Message(MessageType.UNICAST_SEND, one_word(user), text.encode())


def offer(rest: str) -> FileOffer:
    """Offer a file; its path may hold spaces, and stand in quotes."""
    user, path = parted(rest.rstrip())
    if len(path) > 1 and path[0] == path[-1] == '"':
        path = path[1:-1]
    if not path:
        raise Usage("a name and a path must follow")
    return FileOffer(one_word(user), path)


def no_more(rest: str) -> Order:
    """Show what there is to type."""
    if rest:
        raise Usage("nothing may follow")
    return Order.HELP


COMMANDS = {
    command.usage.partition(" ")[0]: command
    for command in (
        Command("/nick NAME", "take a name, or change it", about(MessageType.NICKNAME_NEW, new=True)),
        Command("/who", "who is online", alone(MessageType.NICKNAME_LIST)),
        Command("/whois NAME", "since when, and from where", about(MessageType.NICKNAME_INFOS)),
        Command("/msg NAME TEXT", "to one user", to_one),
        Command("/msgall TEXT", "to everybody", to_all),
        Command(
            "/create CHANNEL", "make a channel, and join it", about(MessageType.MULTICAST_CREATE, new=True)
        ),
        Command("/channel_list", "which channels there are", alone(MessageType.MULTICAST_LIST)),
        Command("/join CHANNEL", "join a channel", about(MessageType.MULTICAST_JOIN)),
        Command("/quit CHANNEL", "leave a channel", about(MessageType.MULTICAST_QUIT)),
        Command("/send NAME PATH", "offer a file to one user", offer),
        Command("/help", "this list", no_more),
    )
}
"""All commands, by their word. `/quit` with nothing behind it, which leaves, is none of them."""
