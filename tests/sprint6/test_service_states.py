"""The service against a model so simple that it must be right, in any order of events.

Members are numbers. The model knows the name of each, its channel, and which offers are open; for each event it
says who must be told something, and the service must tell exactly those.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sprint6_messenger.answers import Delivery
from sprint6_messenger.offers import MAX_PENDING, VALID_SECONDS
from sprint6_messenger.service import Service
from sprint6_messenger.users import Origin
from sprint6_messenger.wire import SERVER_NAME, Message, MessageType

T = MessageType

MAX_USERS = 3

numbers = st.integers(0, 100)

names = st.sampled_from(["alice", "ALICE", "bob", "carol", "dave", "all", "no name"])

channels = st.sampled_from(["jazz", "JAZZ", "rock", "no name"])

Offer = tuple[int, int, str, float]
"""Who asked, who was asked, the name of the asker then, and until when."""


class Machine(RuleBasedStateMachine):
    """People who come, talk, and go."""

    def __init__(self) -> None:
        super().__init__()
        self.service = Service(MAX_USERS)
        self.now = 0.0
        self.members: list[int] = []
        self.names: dict[int, str] = {}
        self.channels: dict[int, str] = {}
        self.offers: list[Offer] = []
        self.count = 0

    def pick(self, number: int) -> int:
        """Return one of those who are connected."""
        return self.members[number % len(self.members)]

    def says(self, member: int, kind: T, infos: str = "", text: str = "") -> list[Delivery]:
        """Let a member say something."""
        return self.service.receive(member, Message(kind, infos, text.encode(), "forged"), self.now)

    def is_refused(self, told: list[Delivery], member: int, kind: T) -> bool:
        """Tell whether an answer is an error, told to nobody but who asked."""
        (only,) = told
        assert only.recipient == member
        assert only.message.type is kind
        return only.message.sender == SERVER_NAME and not only.message.infos

    def owner(self, name: str) -> int | None:
        """Return who has a name."""
        return next((who for who, own in self.names.items() if own.casefold() == name.casefold()), None)

    def mates(self, member: int) -> set[int]:
        """Return the others in a member's channel."""
        channel = self.channels.get(member)
        return {who for who, where in self.channels.items() if where == channel and channel} - {member}

    @rule()
    def connect(self) -> None:
        self.count += 1
        told = self.service.arrive(self.count, Origin("::1", self.count, "2026/09/29@19:23"))
        is_full = len(self.names) == MAX_USERS
        assert [each.last for each in told] == [True] * is_full
        if is_full:
            assert self.service.leave(self.count, self.now) == []
        else:
            self.members.append(self.count)

    @precondition(lambda self: self.members)
    @rule(number=numbers, name=names)
    def nick(self, number: int, name: str) -> None:
        member = self.pick(number)
        told = self.says(member, T.NICKNAME_NEW, name)
        if member not in self.names and len(self.names) == MAX_USERS:
            assert told[0].last
        elif not name.isalnum() or name == "all" or self.owner(name) not in (None, member):
            assert self.is_refused(told, member, T.NICKNAME_NEW)
        else:
            assert not self.is_refused(told, member, T.NICKNAME_NEW)
            self.names[member] = name

    @precondition(lambda self: self.members)
    @rule(number=numbers)
    def leave(self, number: int) -> None:
        member = self.pick(number)
        waiting = [
            offer[1] if offer[0] == member else offer[0]
            for offer in self.open_offers()
            if member in offer[:2]
        ]
        mates = self.mates(member)
        told = self.service.leave(member, self.now)
        assert sorted(map(repr, (each.recipient for each in told))) == sorted(map(repr, [*mates, *waiting]))
        self.members.remove(member)
        self.names.pop(member, None)
        self.channels.pop(member, None)
        self.offers = [offer for offer in self.offers if member not in offer[:2]]

    @precondition(lambda self: self.names)
    @rule(
        number=numbers, kind=st.sampled_from([T.UNICAST_SEND, T.BROADCAST_SEND, T.MULTICAST_SEND]), name=names
    )
    def talk(self, number: int, kind: T, name: str) -> None:
        speaker = sorted(self.names)[number % len(self.names)]
        infos = {T.UNICAST_SEND: name, T.MULTICAST_SEND: self.channels.get(speaker, "")}.get(kind, "")
        hearers = {
            T.UNICAST_SEND: {self.owner(name)} - {None},
            T.BROADCAST_SEND: set(self.names) - {speaker},
            T.MULTICAST_SEND: self.mates(speaker),
        }[kind]
        told = self.says(speaker, kind, infos, "hi")
        if (kind is T.UNICAST_SEND and not hearers) or (kind is T.MULTICAST_SEND and not infos):
            assert self.is_refused(told, speaker, kind)
        else:
            assert {each.recipient for each in told} == hearers
            assert len(told) == len(hearers)
            assert {each.message.sender for each in told} <= {self.names[speaker]}

    @precondition(lambda self: self.names)
    @rule(number=numbers, name=channels)
    def create_or_join(self, number: int, name: str) -> None:
        member = sorted(self.names)[number % len(self.names)]
        exists = name.casefold() in self.channels.values()
        kind = T.MULTICAST_JOIN if exists else T.MULTICAST_CREATE
        if not name.isalnum() or self.channels.get(member) == name.casefold():
            assert self.is_refused(self.says(member, kind, name), member, kind)
            return
        expected = self.mates(member) | {member}
        self.channels[member] = name.casefold()
        told = self.says(member, kind, name)
        assert {each.recipient for each in told} == expected | self.mates(member)

    @precondition(lambda self: self.channels)
    @rule(number=numbers)
    def quit(self, number: int) -> None:
        member = sorted(self.channels)[number % len(self.channels)]
        expected = self.mates(member) | {member}
        told = self.says(member, T.MULTICAST_QUIT, self.channels.pop(member))
        assert {each.recipient for each in told} == expected

    def open_offers(self) -> list[Offer]:
        """Return the offers that are still valid."""
        return [offer for offer in self.offers if self.now < offer[3]]

    @precondition(lambda self: len(self.names) > 1)
    @rule(number=numbers, name=names)
    def offer(self, number: int, name: str) -> None:
        asker = sorted(self.names)[number % len(self.names)]
        asked = self.owner(name)
        told = self.says(asker, T.FILE_REQUEST, name, "photo.jpg")
        offered = sum(offer[0] == asker for offer in self.open_offers())
        to_answer = sum(offer[1] == asked for offer in self.open_offers())
        if asked in (None, asker) or max(offered, to_answer) >= MAX_PENDING:
            assert self.is_refused(told, asker, T.FILE_REQUEST)
        else:
            assert asked is not None
            assert [each.recipient for each in told] == [asked]
            self.offers.append((asker, asked, self.names[asker], self.now + VALID_SECONDS))

    @precondition(lambda self: self.names)
    @rule(number=numbers, name=names, kind=st.sampled_from([T.FILE_ACCEPT, T.FILE_REJECT]))
    def answer(self, number: int, name: str, kind: T) -> None:
        member = sorted(self.names)[number % len(self.names)]
        told = self.says(member, kind, name, "127.0.0.1:80")
        due = [
            offer
            for offer in self.open_offers()
            if offer[1] == member and offer[2].casefold() == name.casefold()
        ]
        if due:
            assert [each.recipient for each in told] == [due[0][0]]
            self.offers.remove(due[0])
        else:
            assert self.is_refused(told, member, kind)

    @rule(seconds=st.sampled_from([1.0, VALID_SECONDS / 2, VALID_SECONDS]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def the_list_is_who_is_there(self) -> None:
        assert self.service.present == len(self.names) <= MAX_USERS
        for member in list(self.names)[:1]:
            (told,) = self.says(member, T.NICKNAME_LIST)
            assert told.message.payload.decode().split("\n")[1:] == [
                f"- {name}" for name in self.names.values()
            ]

    @invariant()
    def a_channel_lives_as_long_as_somebody_is_in_it(self) -> None:
        for member in list(self.names)[:1]:
            (told,) = self.says(member, T.MULTICAST_LIST)
            listed = told.message.payload.decode().split("\n")[1:]
            assert {line.casefold() for line in listed} == {f"- {name}" for name in self.channels.values()}


TestService = Machine.TestCase
TestService.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
