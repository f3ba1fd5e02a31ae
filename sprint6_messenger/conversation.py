r"""What the user sees of a message that arrives. No input or output here: a message in, lines out.

    from a user      < alice: salut            (private)
                     < alice to all: salut
                     < alice in jazz: salut
    from the server  * Online users are
    the echo         < salut

A line of a user always begins with `<` and his name, and a text of several lines has it before each: nobody can
write what looks like a note of the server. What would act on a terminal is shown as `\x1b` by the screen.
"""

import re
from collections import deque
from dataclasses import dataclass, replace

from sprint6_messenger.wire import MAX_NAME_BYTES, SERVER_NAME, Message, MessageType, decode_text_leniently

EXIT = "exit"
"""The last word of a server that ends, as an ECHO_SEND."""

CHANNEL_CHANGES = (MessageType.MULTICAST_CREATE, MessageType.MULTICAST_JOIN, MessageType.MULTICAST_QUIT)

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that let what follows be shown in another order than it was written in."""

NEWS = "INFO>"
"""How a server begins what it tells about others in a channel."""

ADDRESSEES = {
    MessageType.UNICAST_SEND: "",
    MessageType.BROADCAST_SEND: " to all",
    MessageType.MULTICAST_SEND: " in CHANNEL",
}
"""To whom a user speaks."""


@dataclass(frozen=True)
class Line:
    """One line for the screen."""

    text: str
    is_note: bool = True


class Conversation:
    """One user's name, channel, and what he is still to be answered."""

    def __init__(self) -> None:
        self.name = ""
        self.channel = ""
        self.last_word = ""  # what the server said unasked, if it said nothing since
        self._wanted_name = ""
        self._changes: list[Message] = []  # of channel, asked for and not yet answered
        self._echoes: deque[str] = deque()

    @property
    def is_undecided(self) -> bool:
        """Whether an answer is due that decides into which channel the next line goes."""
        return bool(self._changes)

    def say(self, message: Message) -> Message:
        """Return a message as it is sent: with the user's name."""
        if message.type is MessageType.NICKNAME_NEW:
            self._wanted_name = message.infos
        elif message.type in CHANNEL_CHANGES:
            self._changes.append(message)
        elif message.type is MessageType.ECHO_SEND:
            self._echoes.append(message.payload.decode())
        return replace(message, sender=self.name)

    def hear(self, message: Message) -> list[Line]:
        """Take in a message; return what it shows."""
        message = self._with_speaker(message)
        text = decode_text_leniently(message.payload)
        self.last_word = ""
        if message.type is MessageType.ECHO_SEND:
            return self._hear_echo(message, text)
        self._heed_name(message, text)
        self._heed_channel(message, text)
        return [shown(message, line) for line in text.split("\n") if text]

    def _with_speaker(self, message: Message) -> Message:
        """Return a message with who speaks as its sender: some servers put that into infos, the channel nowhere."""
        if message.type not in ADDRESSEES or message.sender:
            return message
        if message.type is MessageType.MULTICAST_SEND and message.infos.casefold() == self.channel.casefold():
            return message  # here it is the channel, and nobody knows who speaks
        return replace(message, sender=message.infos, infos=self.channel)

    def _hear_echo(self, message: Message, text: str) -> list[Line]:
        """Tell the user's own words from those that the server says by itself: that it is full, or ends."""
        is_own = bool(self._echoes) and self._echoes[0] == text
        if is_own:
            self._echoes.popleft()
        elif message.sender == SERVER_NAME:
            self.last_word = text
            text = "the server has ended the conversation" if text == EXIT else text
        return [Line(unturned(line), is_note=bool(self.last_word)) for line in text.split("\n")]

    def _heed_name(self, message: Message, text: str) -> None:
        """Note the name that is granted; some servers say so in the text only."""
        if message.type is MessageType.NICKNAME_NEW:
            granted = message.infos or (self._wanted_name if "welcome" in text.casefold() else "")
            self.name = granted if 0 < len(granted.encode()) <= MAX_NAME_BYTES else self.name

    def _heed_channel(self, message: Message, text: str) -> None:
        """Note in which channel the user is; what happens to others in it changes nothing."""
        if message.type not in CHANNEL_CHANGES or is_news_of_others(text):
            return
        if change := self._answered_change(message):
            self._changes.remove(change)
            if message.infos or is_about_the_user(text):
                self._move(message.type, message.infos or change.infos)
        elif message.type is MessageType.MULTICAST_QUIT:
            self._move(message.type, message.infos)

    def _answered_change(self, message: Message) -> Message | None:
        """Return what a message answers; an error names no channel."""
        return next(
            (
                change
                for change in self._changes
                if change.type is message.type and message.infos.casefold() in ("", change.infos.casefold())
            ),
            None,
        )

    def _move(self, kind: MessageType, channel: str) -> None:
        if kind is not MessageType.MULTICAST_QUIT:
            self.channel = channel
        elif channel.casefold() == self.channel.casefold():
            self.channel = ""


def is_about_the_user(text: str) -> bool:
    """Whether a text about a channel speaks to the user himself."""
    return text.removeprefix(NEWS).lstrip().startswith("You ")


def is_news_of_others(text: str) -> bool:
    """Whether a text tells what another user does in a channel."""
    return text.startswith(NEWS) and not is_about_the_user(text)


def shown(message: Message, text: str) -> Line:
    """Return one line of a message as it is shown."""
    if message.type not in ADDRESSEES or message.sender == SERVER_NAME:
        return Line(unturned(text))
    addressee = ADDRESSEES[message.type].replace("CHANNEL", message.infos)
    return Line(unturned(f"{message.sender}{addressee}: {text}"), is_note=False)


def unturned(text: str) -> str:
    r"""Return a text in which what would reorder it on the screen is spelled out, as `\u202e`."""
    return TURNING.sub(lambda turning: f"\\u{ord(turning[0]):04x}", text)
