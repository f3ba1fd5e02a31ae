"""A tick tells everybody what would have been told line by line, in as few writes as can be."""

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.announcer import Announcer
from common.stop import Stop
from sprint5_concurrency.event_loop import BLOCK_BYTES, TURN_LINES, Tick
from sprint5_concurrency.queued_member import QueuedMember
from sprint5_concurrency.reception import Reception
from sprint5_concurrency.room import Room

NAMES = ("Ann", "Bob", "Zoé")


class Ear(QueuedMember):
    """A member without a socket: what it says next is put in its mouth, what it is sent is kept."""

    def __init__(self) -> None:
        self.dismissed = False
        self.outbox = b""
        self.unheard = b""
        self.ignored = 0
        self.says: bytes | None = None
        self.writes: list[bytes] = []
        self._peer = "an ear"
        self._decoder = None

    def read(self) -> bytes | None:
        """Return what it says."""
        said, self.says = self.says, None
        return said

    def post(self, *parts: bytes | memoryview) -> bool:
        """Keep what it is sent."""
        self.writes.append(b"".join(parts))
        return True

    def dismiss(self) -> None:
        """Remember that."""
        self.dismissed = True

    def hang_up(self) -> None:
        """Remember that."""
        self.dismissed = True

    def heard(self, word: bytes) -> list[bytes]:
        """Return the lines that it was sent which begin with a word."""
        return [line for line in b"".join(self.writes).split(b"\n") if line.startswith(word)]


class Scene:
    """A room with three ears, and one more that has no name yet."""

    def __init__(self, reception: Callable[[Room[QueuedMember]], Reception[QueuedMember]]) -> None:
        self.room: Room[QueuedMember] = Room(100, lambda: 0.0)
        self.reception = reception(self.room)
        self.tick = Tick(self.reception)
        self.ears = [Ear() for _ in range(4)]
        for ear in self.ears:
            self.reception.join(ear)
        for ear, name in zip(self.ears, NAMES, strict=False):
            self.room.obey(ear, f"USER {name}")

    def says(self, number: int, chunk: bytes) -> Ear:
        """Put a chunk into somebody's mouth."""
        self.ears[number].says = chunk
        return self.ears[number]


@pytest.fixture(scope="module")
def begin() -> Iterator[Callable[[], Scene]]:
    """Begin scenes at a door that nobody comes through, with nothing announced."""
    with contextlib.closing(Stop()) as stop, socket.socket() as listener:
        announcer = Announcer(stop)
        yield lambda: Scene(lambda room: Reception(listener, room, announcer))


@pytest.fixture
def scene(begin: Callable[[], Scene]) -> Scene:
    """A room in which nobody has spoken."""
    return begin()


pieces = st.sampled_from(
    "MSG a\n|MSG b\nMSG c\n|MSG é😃\n|MSG \n|MSG \u200b\n|\n|MSG half| a line\n|\r\n|USER Eva\n|USER Dan\n|HELP\n"
    f"|MSG \x1b\n|MSG {'x' * 2048}\n|MSG {'y' * 2000}\n".encode().split(b"|")
)
chunks = st.lists(pieces, min_size=1, max_size=4).map(b"".join)
steps = st.lists(st.tuples(st.integers(0, 3), chunks) | st.none(), max_size=20)


@given(steps=steps)
def test_everybody_is_told_what_line_by_line_would_have_told(
    begin: Callable[[], Scene], steps: list[tuple[int, bytes] | None]
) -> None:
    by_tick, by_line = begin(), begin()
    spoken: set[int] = set()
    for step in steps:
        if step is None or step[0] in spoken:  # in one tick each is heard once
            by_tick.tick.deliver()
            spoken.clear()
        if step:
            spoken.add(step[0])
            by_tick.tick.hear(by_tick.says(*step))
            by_line.reception.hear(by_line.says(*step))
    by_tick.tick.deliver()
    for each, other in zip(by_tick.ears, by_line.ears, strict=True):
        for word in b"MSG ", b"ERR ":
            assert each.heard(word) == other.heard(word)


def test_a_tick_writes_once_to_each(scene: Scene) -> None:
    for number, chunk in enumerate([b"MSG 1\nMSG 2\n", b"MSG 3\n", b"MSG 4\n"]):
        scene.tick.hear(scene.says(number, chunk))
    scene.tick.deliver()
    ann, bob, zoe, nameless = scene.ears
    assert ann.writes == ["MSG Bob 3\nMSG Zoé 4\n".encode()]
    assert bob.writes == ["MSG Ann 1\nMSG Ann 2\nMSG Zoé 4\n".encode()]
    assert zoe.writes == [b"MSG Ann 1\nMSG Ann 2\nMSG Bob 3\n"]
    assert nameless.writes == []


def test_a_newcomer_hears_nothing_of_what_was_said_before_it_had_a_name(scene: Scene) -> None:
    scene.tick.hear(scene.says(0, b"MSG before\n"))
    scene.tick.hear(scene.says(3, b"USER Eva\nMSG hello\n"))
    scene.tick.hear(scene.says(1, b"MSG behind\n"))
    scene.tick.deliver()
    assert scene.ears[3].heard(b"MSG") == [b"MSG Bob behind"]
    assert scene.ears[2].heard(b"MSG") == [b"MSG Ann before", b"MSG Eva hello", b"MSG Bob behind"]


def test_a_block_does_not_grow_beyond_bounds(scene: Scene) -> None:
    line = b"MSG " + b"x" * 1000 + b"\n"
    for _ in range(4):
        scene.tick.hear(scene.says(0, line * 60))
    assert max(map(len, scene.ears[1].writes)) < 2 * BLOCK_BYTES
    assert len(scene.ears[1].writes) >= 2


def test_one_turn_is_a_bounded_number_of_lines(scene: Scene) -> None:
    ann, bob, *_others = scene.ears
    lines = b"".join(b"MSG %d\nwrong\n" % number for number in range(2 * TURN_LINES))
    ann.says, bob.says = lines + b"MSG half", b"MSG meanwhile\n"
    turns = 0
    while ann.unheard or not turns:
        turns += 1
        scene.tick.hear(ann)
        scene.tick.hear(bob)
        scene.tick.deliver()
    scene.tick.hear(scene.says(0, b" a line\n"))
    scene.tick.deliver()
    assert turns > 4
    assert len(ann.heard(b"ERR unknown-command ")) == 2 * TURN_LINES
    assert len([write for write in ann.writes if write]) == turns, (
        "what Bob said, and the answers of each full turn"
    )
    assert ann.writes[0].count(b"\n") <= TURN_LINES
    assert [line for line in bob.heard(b"MSG ") if line != b"MSG Ann half a line"] == [
        b"MSG Ann %d" % number for number in range(2 * TURN_LINES)
    ]
    assert bob.heard(b"MSG ")[-1] == b"MSG Ann half a line"


def test_who_leaves_in_a_tick_has_said_what_it_said(scene: Scene) -> None:
    scene.tick.hear(scene.says(0, b"MSG last words\n"))
    assert not scene.tick.hear(scene.says(0, b""))
    scene.tick.deliver()
    assert scene.ears[1].heard(b"MSG") == [b"MSG Ann last words"]
    assert scene.ears[0].writes == []


def test_who_needs_more_memory_than_there_is_is_dropped_and_the_tick_goes_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise MemoryError

    scene.tick.hear(scene.says(0, b"MSG before\n"))
    with monkeypatch.context() as patch:
        patch.setattr(Room, "obey", fail)
        assert not scene.tick.hear(scene.says(3, b"USER Eva\n")), "event_loop closes it"
    scene.tick.deliver()
    assert scene.ears[3] not in scene.room.nameless
    assert scene.ears[1].heard(b"MSG ") == [b"MSG Ann before"]
