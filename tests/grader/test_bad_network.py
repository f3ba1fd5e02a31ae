"""A bad network does what it says and nothing else: late, in pieces, silent, half-closed or broken, never damaged."""

import random
import socket
import time
from collections.abc import Iterator

import pytest

from grader.journal import NETWORK
from grader.peers import Impostor, Peer, RawConnection
from grader.stage import Stage
from grader.wiretap import Wiretap, longest_piece

BYTES = random.Random(11).randbytes(2_000)

MOST_PIECES, SMALL_ENDS = 250, 8


class Scene:
    """Alice, the network, and the server's end of her connection."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.impostor = Impostor(stage)
        self.network = Wiretap(stage, self.impostor.port)
        self.alice = self.brings("alice")
        self.server = self.impostor.accepts()

    def brings(self, name: str) -> Peer:
        self.network.expect(name)
        came = self.network.count()
        peer = Peer(self.stage, name, self.network.port)
        assert self.stage.wait_until(lambda: self.network.count() > came)
        return peer


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Stage() as stage:
        yield Scene(stage)


def ends_of(scene: Scene, way: str) -> tuple[RawConnection, RawConnection]:
    return (scene.alice, scene.server) if way == "there" else (scene.server, scene.alice)


@pytest.mark.parametrize("way", ["there", "back"])
def test_in_pieces_every_byte_arrives_in_order(scene: Scene, way: str) -> None:
    source, target = ends_of(scene, way)
    scene.network.dribbles(7, 0.0, "a seed")
    source.sends(BYTES)
    target.receives_bytes(BYTES)


@pytest.mark.parametrize("way", ["there", "back"])
def test_late_means_not_before_its_time_and_in_order(scene: Scene, way: str) -> None:
    source, target = ends_of(scene, way)
    scene.network.delays(0.15)
    begun = time.monotonic()
    source.says("one", "two")
    target.receives("one", "two")
    assert time.monotonic() - begun >= 0.15


def test_much_crosses_in_few_pieces(scene: Scene) -> None:
    scene.network.dribbles(7, 0.0, "a seed")
    scene.network.holds("alice")
    scene.alice.sends(BYTES * 5)
    assert scene.stage.wait_until(lambda: scene.network.kept("alice") == BYTES * 5)
    left = set[int]()

    def is_through() -> bool:
        left.add(len(scene.network.kept("alice")))
        return 0 in left

    scene.network.lets_through(source="alice")
    assert scene.stage.wait_until(is_through)
    assert len(left) < MOST_PIECES
    scene.server.receives_bytes(BYTES * 5)


@pytest.mark.parametrize("size", [7, 50, 256, 10_000, 60_000])
def test_a_message_has_small_pieces_at_both_ends_and_not_many(size: int) -> None:
    sizes, pieces = random.Random(5), list[int]()
    while (passed := sum(pieces)) < size:
        longest = longest_piece(7, passed, size - passed)
        pieces.append(min(size - passed, sizes.randint(1, longest)))
    assert len(pieces) < MOST_PIECES
    assert max(pieces[:SMALL_ENDS] + pieces[-SMALL_ENDS:]) <= 7


def test_a_slow_network_is_as_slow_as_it_says(scene: Scene) -> None:
    scene.network.dribbles(1, 0.01, "a seed")
    begun = time.monotonic()
    scene.alice.sends(b"x" * 16)
    scene.server.receives_bytes(b"x" * 16)
    assert time.monotonic() - begun >= 15 * 0.01


def test_the_end_of_a_late_direction_is_late_too_and_nothing_is_lost(scene: Scene) -> None:
    scene.network.delays(0.1)
    scene.alice.says("last words")
    scene.alice.half_closes()
    scene.server.receives("last words")
    scene.server.is_hung_up_on()


def test_what_is_cut_off_hears_nothing_until_it_is_let_through(scene: Scene) -> None:
    bob = scene.brings("bob")
    scene.network.cuts_off("alice")
    scene.server.says("for alice")
    scene.alice.says("from alice")
    assert scene.stage.wait_until(lambda: scene.network.kept("alice") == b"from alice\n")
    bob.says("bob is not")
    assert scene.stage.wait_until(lambda: scene.network.kept("server") == b"for alice\n")
    assert (bytes(scene.alice.unread), bytes(scene.server.unread)) == (b"", b"")
    scene.network.lets_through()
    scene.alice.receives("for alice")
    scene.server.receives("from alice")


def test_a_half_close_ends_one_way_and_leaves_the_other(scene: Scene) -> None:
    scene.alice.says("before")
    scene.server.receives("before")
    scene.network.half_closes("alice")
    scene.server.is_hung_up_on()
    scene.server.says("answer")
    scene.alice.receives("answer")


def test_a_broken_connection_is_reset_at_both_ends(scene: Scene) -> None:
    scene.network.holds("alice")
    scene.alice.says("never arrives")
    assert scene.stage.wait_until(lambda: scene.network.kept("alice") == b"never arrives\n")
    scene.network.lets_through(5, "alice")
    scene.server.receives_bytes(b"never")
    scene.network.breaks("alice")
    for end in (scene.alice, scene.server):
        end.is_hung_up_on()
        assert end.was_reset


def test_what_a_network_does_is_told(scene: Scene) -> None:
    scene.network.holds("alice")
    scene.network.lets_through(3, "alice")
    told = [str(entry) for entry in scene.stage.journal.of(NETWORK)]
    assert told == ["network holds back what alice sends", "network lets through 3 bytes of alice"]


def test_callbacks_come_in_the_order_of_their_times() -> None:
    with Stage() as stage:
        called: list[str] = []
        for name, seconds in (("second", 0.02), ("first", 0.01), ("third", 0.03)):
            stage.call_later(seconds, lambda name=name: called.append(name))  # type: ignore[misc]
        assert stage.wait_until(lambda: len(called) == 3)
        assert called == ["first", "second", "third"]


def test_a_network_that_has_broken_a_connection_takes_new_ones(scene: Scene) -> None:
    scene.network.breaks("alice")
    bob = scene.brings("bob")
    server = scene.impostor.accepts()
    bob.says("hello")
    server.receives("hello")


def test_a_port_is_free_when_the_scene_is_over() -> None:
    with Stage() as stage:
        port = Scene(stage).network.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
