"""The room of sprint 5: who is there, what each line does, whose time is over. No network, and a clock of our own."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from common.lines import BadLine, EndlessLine
from sprint5_concurrency.names import name_key
from sprint5_concurrency.protocol import BLANK
from sprint5_concurrency.room import CROWDED_SECONDS, MAX_NAMELESS, NAME_SECONDS, Delivery, Room

MAX_CLIENTS = 3


class Clock:
    """Stands still until it is told to go on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A room, its clock, and members that are called by letters."""

    def __init__(self, max_clients: int = MAX_CLIENTS) -> None:
        self.clock = Clock()
        self.room: Room[str] = Room(max_clients, self.clock)

    def enter(self, *names: str) -> None:
        """Let members in, each under its own name."""
        for name in names:
            assert self.room.join(name) == []
            assert self.room.receive(name, f"USER {name}") == []

    def told(self, member: str, line: str | BadLine) -> dict[str, str]:
        """Let a member say a line; return what each is told."""
        return {each.recipient: each.line.decode() for each in self.room.receive(member, line)}

    def code(self, member: str, line: str | BadLine) -> str:
        """Let a member say a line that is refused; return the code."""
        ((recipient, reply),) = self.told(member, line).items()
        assert recipient == member
        word, code, _words = reply.split(" ", 2)
        assert (word, reply[-1]) == ("ERR", "\n")
        return code


@pytest.fixture
def scene() -> Scene:
    """A room with places for three."""
    return Scene()


def test_what_one_says_all_others_hear(scene: Scene) -> None:
    scene.enter("Ann", "Bob", "Cid")
    assert scene.told("Ann", "MSG salut !") == {"Bob": "MSG Ann salut !\n", "Cid": "MSG Ann salut !\n"}


def test_who_has_no_name_hears_nothing(scene: Scene) -> None:
    scene.enter("Ann", "Bob")
    scene.room.join("newcomer")
    assert set(scene.told("Ann", "MSG salut")) == {"Bob"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MSG", "empty-message"),
        ("MSG ", "empty-message"),
        ("MSG  ", "empty-message"),
        ("MSG \t ", "empty-message"),
        ("USER other", "already-named"),
        ("HELP", "unknown-command"),
        ("exit", "unknown-command"),
        (BadLine("not UTF-8"), "bad-text"),
        (BadLine("longer than 2048 bytes"), "line-too-long"),
    ],
)
def test_a_wrong_line_is_answered_and_nothing_else_changes(
    scene: Scene, line: str | BadLine, code: str
) -> None:
    scene.enter("Ann", "Bob")
    assert scene.code("Ann", line) == code
    assert scene.told("Ann", "MSG still here") == {"Bob": "MSG Ann still here\n"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("bob", "name-taken"),
        ("BOB", "name-taken"),
        ("Z\u0065\u0301", "name-taken"),
        ("server", "name-reserved"),
        ("ADMIN", "name-reserved"),
        ("", "name-malformed"),
        ("b", "name-malformed"),
        ("two words", "name-malformed"),
        ("-bob", "name-malformed"),
        ("b\u202eob", "name-malformed"),
        ("\u0435van", "name-malformed"),
        ("x" * 32, "name-malformed"),
    ],
)
def test_a_refused_name_can_be_followed_by_a_good_one(scene: Scene, text: str, code: str) -> None:
    scene.enter("Bob", "Zé")
    scene.room.join("newcomer")
    assert scene.code("newcomer", f"USER {text}") == code
    assert scene.code("newcomer", "MSG a") == "not-named"
    assert scene.told("newcomer", "USER Eva") == {}
    assert scene.told("newcomer", "MSG a")["Bob"] == "MSG Eva a\n"


def test_a_name_is_free_again_at_once(scene: Scene) -> None:
    scene.enter("Ann", "Bob")
    scene.room.leave("Ann")
    scene.room.join("other")
    assert scene.told("other", "USER ann") == {}


def test_empty_lines_are_nothing(scene: Scene) -> None:
    scene.enter("Ann", "Bob")
    assert scene.told("Ann", "") == {}


def test_a_stranger_is_nobody(scene: Scene) -> None:
    scene.enter("Ann")
    scene.room.leave("stranger")
    assert scene.told("stranger", "MSG a") == {}


def test_a_full_room_dismisses_who_comes_and_who_had_come(scene: Scene) -> None:
    scene.room.join("early")
    scene.enter("Ann", "Bob", "Cid")
    for delivery in scene.room.join("late") + scene.room.receive("early", "USER Eva"):
        assert delivery.last
        assert delivery.line.startswith(b"ERR server-full 3 clients ")
    assert scene.told("early", "USER Eva") == {}
    assert list(scene.room.members) == ["Ann", "Bob", "Cid"]
    scene.room.leave("Bob")
    scene.enter("Eva")


def test_a_line_without_end_ends_the_visit_of_its_speaker(scene: Scene) -> None:
    scene.enter("Ann", "Bob")
    (delivery,) = scene.room.receive("Ann", EndlessLine("no line feed"))
    assert delivery == Delivery("Ann", b"ERR line-too-long no line feed\n", last=True)
    assert scene.told("Ann", "MSG a") == {}
    assert list(scene.room.members) == ["Bob"]


@pytest.mark.parametrize(("early", "is_here"), [(0.001, True), (0.0, False), (-0.001, False)])
def test_the_time_for_a_name_is_absolute(scene: Scene, early: float, is_here: bool) -> None:
    scene.room.join("slow")
    for _ in range(9):
        scene.clock.now += (NAME_SECONDS - early) / 9
        scene.room.receive("slow", "MSG a")
    late = scene.room.overdue()
    assert [each.recipient for each in late] == ([] if is_here else ["slow"])
    assert all(each.last and each.line.startswith(b"ERR name-missing ") for each in late)
    scene.room.receive("slow", "USER Eva")
    assert ("slow" in scene.room.members) == is_here


def test_who_has_a_name_has_time(scene: Scene) -> None:
    scene.enter("Ann")
    scene.clock.now += 1e6
    assert scene.room.overdue() == []


def test_a_crowd_of_the_nameless_does_not_keep_others_out_for_long() -> None:
    scene = Scene(1000)
    for number in range(MAX_NAMELESS):
        assert scene.room.has_space()
        scene.room.join(f"silent {number}")
    assert not scene.room.has_space()
    assert scene.room.overdue() == []
    scene.clock.now += CROWDED_SECONDS
    late = scene.room.overdue()
    assert len(late) == MAX_NAMELESS
    assert all(each.last and each.line.startswith(b"ERR server-full ") for each in late), "the truth"
    assert scene.room.has_space()


def test_the_end_is_told_to_everybody(scene: Scene) -> None:
    scene.enter("Ann", "Bob")
    scene.room.join("nameless")
    told = scene.room.end()
    assert {each.recipient for each in told} == {"Ann", "Bob", "nameless"}
    assert all(each.last and each.line.startswith(b"ERR exit ") for each in told)
    assert scene.room.end() == []


def test_only_who_has_a_name_is_announced(scene: Scene) -> None:
    scene.room.join("nameless")
    scene.enter("Ann", "Bob")
    scene.room.leave("nameless")
    scene.room.leave("Ann")
    scene.room.leave("Ann")
    scene.room.leave("Bob", "was hung up on")
    assert list(scene.room.notes) == [
        "Ann arrived from Ann, 1 present",
        "Bob arrived from Bob, 2 present",
        "Ann left, 1 present",
        "Bob was hung up on, 0 present",
    ]


class AnyVisits(RuleBasedStateMachine):
    """Members come, take names, speak and go, in any order; a plain table of names says what must come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.handles: Iterator[str] = (f"member {number}" for number in range(10**6))
        self.names: dict[str, str] = {}  # of each that is here; "" while it has none

    @rule()
    def come(self) -> None:
        handle = next(self.handles)
        told = self.scene.room.join(handle)
        if len(self.present()) == MAX_CLIENTS:
            assert [each.last for each in told] == [True]
        else:
            assert told == []
            self.names[handle] = ""

    @precondition(lambda self: self.names)
    @rule(data=st.data(), name=st.sampled_from(["Ann", "ann", "Bob", "Eva", "Zoé", "b", "all"]))
    def take_name(self, data: st.DataObject, name: str) -> None:
        handle = data.draw(st.sampled_from(sorted(self.names)))
        told = self.scene.room.receive(handle, f"USER {name}")
        taken = {name_key(each) for each in self.names.values()}
        if not self.names[handle] and len(self.present()) == MAX_CLIENTS:
            assert [each.last for each in told] == [True]
            del self.names[handle]
        elif self.names[handle] or name_key(name) in taken | {"b", "all"}:
            assert [(each.recipient, each.last) for each in told] == [(handle, False)]
        else:
            assert told == []
            self.names[handle] = name

    @precondition(lambda self: self.names)
    @rule(data=st.data(), text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
    def speak(self, data: st.DataObject, text: str) -> None:
        handle = data.draw(st.sampled_from(sorted(self.names)))
        told = self.scene.told(handle, f"MSG {text}")
        name = self.names[handle]
        if name and BLANK.sub("", text):
            others = [each for each in self.present() if each != handle]
            assert told == dict.fromkeys(others, f"MSG {name} {text}\n")
        else:
            assert list(told) == [handle]

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        handle = data.draw(st.sampled_from(sorted(self.names)))
        self.scene.room.leave(handle)
        del self.names[handle]

    def present(self) -> list[str]:
        """Return those who have a name."""
        return [handle for handle, name in self.names.items() if name]

    @invariant()
    def the_count_is_right(self) -> None:
        assert set(self.scene.room.members) == set(self.present())
        assert len(self.present()) <= MAX_CLIENTS
        if self.scene.room.notes:
            assert self.scene.room.notes[-1].endswith(f", {len(self.present())} present")


TestAnyVisits = AnyVisits.TestCase
TestAnyVisits.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
