"""The channels: groups of users who talk among themselves. No input or output here.

A user is in one channel at most: what he types goes there, and nobody has to say where each line should go.
A channel lives as long as somebody is in it, so there are never more channels than users.
"""

from dataclasses import dataclass, field, replace

from sprint6_messenger.answers import Delivery, Member, Refusal, answer, answer_lines, from_server, to_all
from sprint6_messenger.names import check_word, key_of
from sprint6_messenger.wire import Message, MessageType

CREATE, LIST = MessageType.MULTICAST_CREATE, MessageType.MULTICAST_LIST

JOIN, QUIT = MessageType.MULTICAST_JOIN, MessageType.MULTICAST_QUIT


@dataclass
class Channel:
    """Those who talk among themselves, in the order in which they came."""

    name: str
    members: dict[Member, None] = field(default_factory=dict)


class Channels:
    """All channels, and who is in which. A refusal is raised as BadName or Refusal; nothing has changed then."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._of: dict[Member, Channel] = {}

    def create(self, member: Member, speaker: str, name: str) -> list[Delivery]:
        """Make a channel, with its creator as its first member."""
        check_word(name)
        if key_of(name) in self._channels:
            raise Refusal(f"channel {name} already exists")
        left = self.leave(member, speaker)
        channel = self._channels[key_of(name)] = Channel(name)
        self._enter(member, channel)
        return left + answer(member, CREATE, f"You have created {name}\nYou have joined {name}", name)

    def list_names(self, member: Member) -> list[Delivery]:
        """Tell a member which channels there are."""
        lines = [f"- {channel.name}" for channel in self._channels.values()]
        return answer_lines(member, LIST, ["Available channels are", *lines])

    def join(self, member: Member, speaker: str, name: str) -> list[Delivery]:
        """Let a member into a channel, and out of the one in which it was."""
        channel = self._find(name)
        if self._of.get(member) is channel:
            raise Refusal(f"you are already in {channel.name}")
        left = self.leave(member, speaker)
        notice = from_server(JOIN, f"INFO> {speaker} has joined {channel.name}", channel.name)
        notices = to_all(channel.members, notice)
        self._enter(member, channel)
        return left + answer(member, JOIN, f"You have joined {channel.name}", channel.name) + notices

    def send(self, member: Member, message: Message) -> list[Delivery]:
        """Relay a text to the others in its author's channel."""
        channel = self._joined(member, message.infos)
        named = replace(message, infos=channel.name)
        return to_all(channel.members if message.payload else (), named, but=member)

    def quit(self, member: Member, speaker: str, name: str) -> list[Delivery]:
        """Let a member out of its channel."""
        channel = self._joined(member, name)
        told = self.leave(member, speaker)
        if channel.members:
            told = answer(member, QUIT, f"You have quit {channel.name}", channel.name) + told
        return told

    def leave(self, member: Member, speaker: str) -> list[Delivery]:
        """Take a member out of the channel in which it is, if any; the last one destroys it, and is told."""
        channel = self._of.pop(member, None)
        if channel is None:
            return []
        del channel.members[member]
        if channel.members:
            notice = from_server(QUIT, f"INFO> {speaker} has quit {channel.name}", channel.name)
            return to_all(channel.members, notice)
        del self._channels[key_of(channel.name)]
        text = f"You were the last user in this channel, {channel.name} has been destroyed"
        return answer(member, QUIT, text, channel.name)

    def _enter(self, member: Member, channel: Channel) -> None:
        channel.members[member] = None
        self._of[member] = channel

    def _find(self, name: str) -> Channel:
        try:
            return self._channels[key_of(name)]
        except KeyError:
            raise Refusal(f"channel {name} does not exist") from None

    def _joined(self, member: Member, name: str) -> Channel:
        channel = self._find(name)
        if self._of.get(member) is not channel:
            raise Refusal(f"you are not in {channel.name}")
        return channel
