"""The service: everything that the server decides, without input or output.

    receive(member, message)  --->  [Delivery(recipient, message), ...]

It never sees a socket. So it can be tested message by message, and the server around it only waits, reads and
writes. All members see all events in one order: the order in which this class is called.
"""

from dataclasses import dataclass

from common.lines import BadLine, check_text
from sprint6_messenger.answers import Delivery, Member, Refusal, answer, answer_lines, last_word, to_all
from sprint6_messenger.channels import Channels
from sprint6_messenger.names import BadName
from sprint6_messenger.offers import Offers, Party
from sprint6_messenger.users import Origin, User, Users
from sprint6_messenger.wire import BadMessage, LostStream, Message, MessageType, decode_text

BLANK = " \t"
"""What a text may hold besides what it says."""

LOGIN = "please login with /nick <your pseudo>"


@dataclass(frozen=True)
class Request:
    """What a user asks for, and when, on a clock that never jumps."""

    user: User
    message: Message
    now: float


class Service:
    """Who is here, and what is done with each of their messages."""

    def __init__(self, max_users: int) -> None:
        self._max_users = max_users
        self._origins: dict[Member, Origin] = {}
        self._users = Users()
        self._channels = Channels()
        self._offers = Offers()

    @property
    def present(self) -> int:
        """How many users are here; who has no name does not count."""
        return len(self._users)

    def name_of(self, member: Member) -> str:
        """Return the name of a member; "" when it has none."""
        user = self._users.get(member)
        return user.name if user else ""

    def arrive(self, member: Member, origin: Origin) -> list[Delivery]:
        """Take in a member, which has no name yet; refuse it when there is no place for one more user."""
        self._origins[member] = origin
        return self._refuse_if_full(member)

    def leave(self, member: Member, now: float) -> list[Delivery]:
        """Forget a member; the others in its channel, and who waits for its answer, are told."""
        self._origins.pop(member, None)
        user = self._users.remove(member)
        if user is None:
            return []
        told = self._channels.leave(member, user.name) + self._offers.leave(member, now)
        return [delivery for delivery in told if delivery.recipient is not member]

    def refuse(self, member: Member, bad: BadMessage) -> list[Delivery]:
        """Answer what was no message; when nothing behind it can be read either, that is the last word."""
        if isinstance(bad, LostStream):
            return [last_word(member, f"error: {bad}")]
        return answer(member, bad.type, f"error: {bad}")

    def receive(self, member: Member, message: Message, now: float) -> list[Delivery]:
        """Do what a message asks for, or tell its author why not."""
        try:
            return self._serve(member, cleaned(message, self.name_of(member)), now)
        except (BadLine, BadMessage) as bad:
            return answer(member, message.type, f"error: {bad}")
        except (BadName, Refusal) as refused:
            return answer(member, message.type, str(refused))

    def _serve(self, member: Member, message: Message, now: float) -> list[Delivery]:
        if message.type is MessageType.ECHO_SEND:
            return [Delivery(member, message)] if message.payload else []
        if message.type is MessageType.NICKNAME_NEW:
            return self._name(member, message.infos)
        user = self._users.get(member)
        if user is None:
            raise Refusal(LOGIN)
        return self._do(Request(user, message, now))

    def _name(self, member: Member, name: str) -> list[Delivery]:
        if not self.name_of(member) and (refusal := self._refuse_if_full(member)):
            return refusal
        self._users.grant(member, self._origins[member], name)
        return answer(member, MessageType.NICKNAME_NEW, f"OK, welcome {name}", name)

    def _refuse_if_full(self, member: Member) -> list[Delivery]:
        if self.present < self._max_users:
            return []
        return [last_word(member, f"server full: {self._max_users} clients")]

    def _do(self, request: Request) -> list[Delivery]:
        """Find who does what a user asks for."""
        what = {
            MessageType.NICKNAME_LIST: self._list_users,
            MessageType.NICKNAME_INFOS: self._tell_of_user,
            MessageType.UNICAST_SEND: self._say_to_one,
            MessageType.BROADCAST_SEND: self._say_to_all,
            MessageType.MULTICAST_CREATE: self._create,
            MessageType.MULTICAST_LIST: self._list_channels,
            MessageType.MULTICAST_JOIN: self._join,
            MessageType.MULTICAST_SEND: self._say_in_channel,
            MessageType.MULTICAST_QUIT: self._quit,
            MessageType.FILE_REQUEST: self._offer_file,
            MessageType.FILE_ACCEPT: self._answer_offer,
            MessageType.FILE_REJECT: self._answer_offer,
        }
        return what.get(request.message.type, self._send_file)(request)

    def _list_users(self, request: Request) -> list[Delivery]:
        lines = ["Online users are", *(f"- {name}" for name in self._users.names())]
        return answer_lines(request.user.member, request.message.type, lines)

    def _tell_of_user(self, request: Request) -> list[Delivery]:
        about = self._users.find(request.message.infos)
        return answer(request.user.member, request.message.type, about.information(), about.name)

    def _say_to_one(self, request: Request) -> list[Delivery]:
        hearer = self._users.find(request.message.infos)
        return to_all([hearer.member], request.message) if request.message.payload else []

    def _say_to_all(self, request: Request) -> list[Delivery]:
        hearers = self._users.members() if request.message.payload else []
        return to_all(hearers, request.message, but=request.user.member)

    def _create(self, request: Request) -> list[Delivery]:
        return self._channels.create(request.user.member, request.user.name, request.message.infos)

    def _list_channels(self, request: Request) -> list[Delivery]:
        return self._channels.list_names(request.user.member)

    def _join(self, request: Request) -> list[Delivery]:
        return self._channels.join(request.user.member, request.user.name, request.message.infos)

    def _say_in_channel(self, request: Request) -> list[Delivery]:
        return self._channels.send(request.user.member, request.message)

    def _quit(self, request: Request) -> list[Delivery]:
        return self._channels.quit(request.user.member, request.user.name, request.message.infos)

    def _offer_file(self, request: Request) -> list[Delivery]:
        asked = self._users.find(request.message.infos)
        return self._offers.request(party(request.user), party(asked), request.message.payload, request.now)

    def _answer_offer(self, request: Request) -> list[Delivery]:
        return self._offers.answer(request.user.member, request.message, request.now)

    def _send_file(self, _request: Request) -> list[Delivery]:
        raise Refusal("a file goes straight to its receiver, not through the server")


def cleaned(message: Message, speaker: str) -> Message:
    """Return a message as it may be relayed: its text checked, its speaker the true one. Raises what it breaks.

    A text of blanks says nothing, so it is none.
    """
    check_text(message.infos)
    text = decode_text(message.payload)
    return Message(message.type, message.infos, text.encode() if text.strip(BLANK) else b"", speaker)


def party(user: User) -> Party:
    """Return a user as one side of an offer."""
    return Party(user.member, user.name)
