"""The room, without a server around it: members are numbers, and nothing is sent anywhere."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sprint4_named_room.names import name_key
from sprint4_named_room.room import Delivery, Full, Room

ALICE, BOB, CAROL, DAVE = range(4)


def room_of(*names: str) -> Room[int]:
    """Return a room in which 0, 1, 2 ... have these names."""
    room: Room[int] = Room(max_members=100)
    for member, name in enumerate(names):
        room.join(member)
        room.receive(member, name)
    return room


def to(line: str, *members: int) -> list[Delivery[int]]:
    """Return the same line for each of these."""
    return [Delivery(member, line) for member in members]


def test_a_name_is_granted_by_the_notice_which_all_get() -> None:
    room = room_of("alice")
    room.join(BOB)
    assert room.receive(BOB, "bob") == to("bob a rejoint le serveur", ALICE, BOB)


def test_who_has_no_name_gets_nothing() -> None:
    room = room_of("alice")
    room.join(BOB)
    assert room.receive(ALICE, "salut") == to("alice: salut", ALICE)


def test_a_line_comes_back_to_its_author() -> None:
    room = room_of("alice", "bob")
    assert room.receive(BOB, "salut") == to("bob: salut", ALICE, BOB)


def test_a_departure_is_told_to_those_who_stay() -> None:
    room = room_of("alice", "bob", "carol")
    assert room.leave(BOB) == to("bob a quitté le serveur", ALICE, CAROL)
    assert room.leave(BOB) == []


def test_who_leaves_without_a_name_leaves_in_silence() -> None:
    room = room_of("alice")
    room.join(BOB)
    assert room.leave(BOB) == []
    assert room.everybody() == [ALICE]


def test_coucou_is_answered_to_all() -> None:
    room = room_of("alice", "bob")
    assert room.receive(BOB, "coucou") == to("Bonjour", ALICE, BOB)


@pytest.mark.parametrize("line", ["coucou ", " coucou", "COUCOU", "coucou!", "coucou\u200b"])
def test_what_only_looks_like_coucou_is_text(line: str) -> None:
    assert room_of("alice").receive(ALICE, line) == to(f"alice: {line}", ALICE)


@pytest.mark.parametrize(
    "line", ["bob a quitté le serveur", "bob: salut", "*** server full", "exit", "Bonjour", "fin", "%s {0}"]
)
def test_nobody_can_forge_what_the_server_says(line: str) -> None:
    assert room_of("alice", "bob").receive(ALICE, line) == to(f"alice: {line}", ALICE, BOB)


@pytest.mark.parametrize("line", [" ", "\t", " \t  \t"])
def test_a_blank_line_says_nothing(line: str) -> None:
    assert room_of("alice", "bob").receive(ALICE, line) == []


@pytest.mark.parametrize("line", ["\u2028", "\u2029", "\u00a0", "\u3000", " \u2028\t"], ids=ascii)
def test_only_spaces_and_tabs_are_blank(line: str) -> None:
    assert room_of("alice").receive(ALICE, line) == to(f"alice: {line}", ALICE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alice", "this name is taken"),
        ("ALICE", "this name is taken"),
        ("Serveur", "this name is reserved"),
        ("a b", "a name is made of letters, digits, - _ and ."),
        (" ", "a name has 2 to 31 characters"),
    ],
)
def test_a_name_that_is_refused_can_be_followed_by_a_better_one(text: str, reason: str) -> None:
    room = room_of("alice")
    room.join(BOB)
    assert room.receive(BOB, text) == to(f"*** {reason}", BOB)
    assert room.receive(BOB, "bob") == to("bob a rejoint le serveur", ALICE, BOB)


def test_a_name_is_free_once_its_bearer_has_left() -> None:
    room = room_of("alice", "bob")
    room.leave(BOB)
    room.join(CAROL)
    assert room.receive(CAROL, "BOB") == to("BOB a rejoint le serveur", ALICE, CAROL)


def test_one_more_than_the_room_holds_is_refused_at_the_door() -> None:
    room: Room[int] = Room(max_members=1)
    room.join(ALICE)
    room.receive(ALICE, "alice")
    with pytest.raises(Full, match=r"^server full: 1 clients$"):
        room.join(BOB)
    room.leave(ALICE)
    room.join(BOB)


def test_of_two_newcomers_the_first_to_find_a_name_takes_the_last_place() -> None:
    room: Room[int] = Room(max_members=1)
    room.join(ALICE)
    room.join(BOB)
    room.receive(BOB, "bob")
    with pytest.raises(Full, match=r"^server full: 1 clients$"):
        room.receive(ALICE, "alice")
    assert room.leave(ALICE) == []
    assert room.everybody() == [BOB]


def test_those_without_a_name_take_nobodys_place_and_are_bounded_apart() -> None:
    room: Room[int] = Room(max_members=1, max_nameless=2)
    room.join(ALICE)
    room.join(BOB)
    with pytest.raises(Full, match=r"^server full: 2 without a name$"):
        room.join(CAROL)
    room.leave(BOB)
    room.join(CAROL)
    assert room.receive(CAROL, "carol") == to("carol a rejoint le serveur", CAROL)


PEOPLE = st.integers(0, 7)
NAMES = st.sampled_from(["alice", "Alice", "bob", "élise", "e\u0301lise", "admin", "a b", "9", "exit"])
LINES = NAMES | st.sampled_from(["coucou", "alice: moi", "bob a quitté le serveur", " ", "*** bob"])


class RoomMachine(RuleBasedStateMachine):
    """Anybody comes, speaks and goes at any time; each member's history is kept, and must make sense."""

    MOST, NAMELESS = 3, 2

    def __init__(self) -> None:
        super().__init__()
        self.room: Room[int] = Room(self.MOST, self.NAMELESS)
        self.nameless: set[int] = set()
        self.members: dict[int, str] = {}
        self.history: list[str] = []  # what everybody present must have seen, in order
        self.seen: dict[int, list[str]] = {}
        self.since: dict[int, int] = {}

    def send(self, deliveries: list[Delivery[int]]) -> list[str]:
        """Hand out what the room decided; return the lines that those without a name got."""
        strays = []
        for member, line in deliveries:
            if member in self.seen:
                self.seen[member].append(line)
            else:
                strays.append(line)
        return strays

    @rule(person=PEOPLE)
    def come(self, person: int) -> None:
        if person in self.nameless or person in self.members:
            return
        if len(self.members) == self.MOST or len(self.nameless) == self.NAMELESS:
            with pytest.raises(Full):
                self.room.join(person)
        else:
            self.room.join(person)
            self.nameless.add(person)

    @precondition(lambda self: self.nameless)
    @rule(data=st.data(), text=NAMES)
    def give_a_name(self, data: st.DataObject, text: str) -> None:
        person = data.draw(st.sampled_from(sorted(self.nameless)))
        try:
            deliveries = self.room.receive(person, text)
        except Full:
            assert len(self.members) == self.MOST
            return
        if deliveries and deliveries[0].line.startswith("*** "):
            assert [member for member, _line in deliveries] == [person]
            return
        self.nameless.remove(person)
        self.members[person] = deliveries[0].line.removesuffix(" a rejoint le serveur")
        self.seen[person], self.since[person] = [], len(self.history)
        self.history.append(deliveries[0].line)
        assert self.send(deliveries) == []

    @precondition(lambda self: self.members)
    @rule(data=st.data(), line=LINES)
    def speak(self, data: st.DataObject, line: str) -> None:
        person = data.draw(st.sampled_from(sorted(self.members)))
        if line.strip():
            self.history.append("Bonjour" if line == "coucou" else f"{self.members[person]}: {line}")
        assert self.send(self.room.receive(person, line)) == []

    @rule(person=PEOPLE)
    def go(self, person: int) -> None:
        self.nameless.discard(person)
        if name := self.members.pop(person, None):
            self.history.append(f"{name} a quitté le serveur")
            del self.seen[person]
        assert self.send(self.room.leave(person)) == []

    @invariant()
    def everybody_sees_the_same_history_from_their_arrival_on(self) -> None:
        for member, lines in self.seen.items():
            assert lines == self.history[self.since[member] :]

    @invariant()
    def nobody_is_a_ghost_and_no_two_have_one_name(self) -> None:
        assert self.room.names == self.members
        assert set(self.room.everybody()) == self.nameless | set(self.members)
        assert len({name_key(name) for name in self.members.values()}) == len(self.members) <= self.MOST


TestRoomMachine = RoomMachine.TestCase
