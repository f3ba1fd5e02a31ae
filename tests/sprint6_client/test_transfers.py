"""Files between two ends: of all sizes, and with every kind of end that can go wrong."""

import fcntl
import hashlib
import os
import random
import resource
import signal
import socket
import struct
import termios
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from sprint6_messenger.sending import open_source, place_of
from sprint6_messenger.transfer import CHUNK_BYTES, Broken
from sprint6_messenger.wire import HEADER_BYTES
from tests.sprint6_client.ends import (
    LIMIT,
    Scene,
    descriptors,
    is_hung_up_on,
    message,
    play,
    receive_exactly,
    receive_message,
    send,
)

SEND, ACK, REJECT = 14, 15, 13

NAME = b"photo.png"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A place where alice sends a file to bob."""
    scene = Scene(tmp_path)
    yield scene
    scene.listener.close()


def some_bytes(size: int) -> bytes:
    """Return bytes of all values, with things in them that look like the wire's."""
    return (b"\n/quit\n\0exit\r\n" + bytes(range(256)) + random.Random(size).randbytes(size))[:size]


SIZES = [0, 1, HEADER_BYTES, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 1024 * 1024, 5_000_001]


@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_any_size_arrives_whole(size: int, scene: Scene) -> None:
    data = some_bytes(size)
    sent, received = play(scene.alice(data), scene.bob())
    assert sent == "photo.png: bob has it, SHA-256 checked"
    assert received == f"photo.png: saved as {scene.inbox.path / 'photo.png'}, SHA-256 checked"
    assert scene.saved == {"photo.png": data}


def test_both_see_how_far_it_is(scene: Scene) -> None:
    play(scene.alice(some_bytes(1_000_000)), scene.bob())
    for title in ("photo.png to bob", "photo.png from alice"):
        notes = [note for note in scene.notes if note.startswith(title)]
        assert len(notes) == 4
        assert notes[-1] == f"{title} [{'#' * 20}] 100 % of 1,000,000 bytes"


def test_many_files_at_once_all_arrive(tmp_path: Path) -> None:
    scenes = [Scene(tmp_path / str(number)) for number in range(4)]
    for scene in scenes:
        scene.path.parent.mkdir()
    data = some_bytes(1_000_000)
    play(*(end for scene in scenes for end in (scene.alice(data), scene.bob())))
    for scene in scenes:
        assert scene.saved == {"photo.png": data}
        scene.listener.close()


def test_a_receiver_that_tells_no_checksum_is_accepted_and_the_user_told(scene: Scene) -> None:
    alice = scene.alice(b"some bytes")
    with scene.answers(alice) as bob:
        assert receive_message(bob, alice) == (SEND, NAME, b"some bytes")
        bob.sendall(message(ACK, NAME))
        assert play(alice) == ["photo.png: bob has it (unchecked: bob's end tells no SHA-256)"]


@pytest.mark.parametrize("in_digits", [True, False])
def test_a_receiver_may_write_the_checksum_in_digits_or_bytes(in_digits: bool, scene: Scene) -> None:
    alice = scene.alice(b"some bytes")
    digest = hashlib.sha256(b"some bytes")
    with scene.answers(alice) as bob:
        receive_message(bob, alice)
        bob.sendall(message(ACK, NAME, digest.hexdigest().encode() if in_digits else digest.digest()))
        assert receive_message(bob, alice) == (ACK, NAME, digest.hexdigest().encode())
        assert play(alice) == ["photo.png: bob has it, SHA-256 checked"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (message(ACK, NAME, b"0" * 64), "it was damaged on the way"),
        (message(ACK, NAME, b"\xff\xff"), "it was damaged on the way"),
        (message(REJECT, NAME, b"disk \x1bfull"), "bob's end says: disk \x1bfull"),
        (message(5, NAME, b"hello"), "bob's end sent something else than an answer"),
        (message(99, NAME), "unknown message type 99"),
        (message(ACK, NAME, length=2**31 - 1), "impossible length 2147483647"),
        (message(ACK, NAME)[:100], "bob's end closed the connection without saying that it is saved"),
        (b"", "bob's end closed the connection without saying that it is saved"),
    ],
)
def test_the_sender_is_told_what_went_wrong(reply: bytes, why: str, scene: Scene) -> None:
    alice = scene.alice(b"some bytes")
    with scene.answers(alice) as bob:
        receive_message(bob, alice)
        bob.sendall(reply)
        bob.shutdown(socket.SHUT_WR)
        [result] = play(alice)
    assert result.startswith(f"photo.png: failed: {why}")


def test_who_says_that_he_has_it_before_it_is_sent_is_not_believed(scene: Scene) -> None:
    alice = scene.alice(some_bytes(LIMIT))
    with scene.answers(alice) as bob:
        bob.sendall(message(ACK, NAME))
        assert play(alice) == ["photo.png: failed: bob's end sent something else than an answer"]


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_receiver_that_dies_is_told_to_the_sender(share: float, scene: Scene) -> None:
    alice = scene.alice(some_bytes(LIMIT))
    bob = scene.answers(alice)
    receive_exactly(bob, int(share * LIMIT), alice)
    reset(bob)
    [result] = play(alice)
    assert result.startswith("photo.png: failed: ")


def reset(sock: socket.socket) -> None:
    """End a connection as the system does for a program that is killed with bytes unread."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_nobody_listens_any_more(scene: Scene) -> None:
    scene.listener.close()
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert play(scene.alice(b"x", port)) == ["photo.png: failed: the connection broke: Connection refused"]


def receives(scene: Scene, data: bytes, *, resets: bool = False) -> str:
    """Let bob receive from a stranger these bytes and then the end; return what bob is told."""
    bob = scene.bob()
    with scene.calls() as stranger:
        send(stranger, data, bob)
        if resets:
            play(bob, until=lambda: not has_unread(stranger))
            reset(stranger)
        else:
            stranger.shutdown(socket.SHUT_WR)
        return play(bob)[0]


def has_unread(stranger: socket.socket) -> bool:
    """Whether bytes that a stranger sent have not been acknowledged (TIOCOUTQ)."""
    return fcntl.ioctl(stranger, termios.TIOCOUTQ, b"\0" * 4) != b"\0" * 4


def test_a_sender_that_tells_no_checksum_is_accepted_and_the_user_told(scene: Scene) -> None:
    told = receives(scene, message(SEND, NAME, b"some bytes"))
    assert told.endswith("photo.png (unchecked: alice's end tells no SHA-256)")
    assert scene.saved == {"photo.png": b"some bytes"}


def test_a_file_has_its_name_when_it_is_acknowledged(scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls() as stranger:
        stranger.sendall(message(SEND, NAME, b"some bytes"))
        assert receive_message(stranger, bob) == (
            ACK,
            NAME,
            hashlib.sha256(b"some bytes").hexdigest().encode(),
        )
        assert scene.saved == {"photo.png": b"some bytes"}
        stranger.close()
        play(bob)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_file_that_is_not_whole_leaves_nothing(share: float, scene: Scene) -> None:
    data = some_bytes(LIMIT)
    told = receives(scene, message(SEND, NAME, data[: int(share * LIMIT)], LIMIT))
    assert (
        told
        == f"photo.png: failed: its sender closed the connection after {int(share * LIMIT):,} of {LIMIT:,} bytes"
    )
    assert scene.saved == {}


def test_a_sender_that_is_killed_leaves_nothing(scene: Scene) -> None:
    assert receives(scene, message(SEND, NAME, b"some", 10), resets=True).startswith("photo.png: failed: ")
    assert scene.saved == {}


@pytest.mark.parametrize("length", [0, 4])
def test_more_bytes_than_were_announced_are_refused(length: int, scene: Scene) -> None:
    told = receives(scene, message(SEND, NAME, b"some bytes", length))
    assert told == "photo.png: failed: more bytes came than were announced"
    assert scene.saved == {}


def test_bytes_that_come_behind_the_acknowledgement_take_the_file_back(scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls() as stranger:
        stranger.sendall(message(SEND, NAME, b"some bytes"))
        receive_message(stranger, bob)
        stranger.sendall(message(SEND, NAME, b"more"))
        assert play(bob) == ["photo.png: failed: more bytes came than were announced"]
    assert scene.saved == {}


def test_a_damaged_file_is_not_kept(scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls() as stranger:
        stranger.sendall(message(SEND, NAME, b"some bytes"))
        receive_message(stranger, bob)
        stranger.sendall(message(ACK, NAME, hashlib.sha256(b"other bytes").hexdigest().encode()))
        number, _infos, why = receive_message(stranger, bob)
        assert (number, why[:25]) == (REJECT, b"it was damaged on the way")
        stranger.close()
        assert play(bob)[0].startswith("photo.png: failed: it was damaged on the way")
    assert scene.saved == {}


def test_what_a_stranger_wrote_is_spelled_out_when_he_is_told_why(scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls() as stranger:
        stranger.sendall(message(SEND, b"an\x1bother.png", b"bytes"))
        stranger.shutdown(socket.SHUT_WR)
        play(bob)
        number, _infos, why = receive_message(stranger, bob)
    assert number == REJECT
    assert b"\x1b" not in why
    assert rb"an\x1bother.png" in why


@pytest.mark.parametrize("length", [2**31 - 1, -1, -(2**31), LIMIT + 1])
def test_an_impossible_length_is_refused_before_anything_is_kept_for_it(length: int, scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls() as stranger:
        stranger.sendall(message(SEND, NAME, b"", length))
        tracemalloc.start()
        stranger.shutdown(socket.SHUT_WR)
        [told] = play(bob)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        number, _infos, reply = receive_message(stranger, bob)
        assert (number, stranger.recv(1)) == (REJECT, b"")
    why = f"it announces {length:,} bytes, and the limit is {LIMIT:,}"
    assert (reply.decode(), told) == (why, f"photo.png: failed: {why}")
    assert most < 100_000
    assert not scene.inbox.path.exists()


@pytest.mark.parametrize(
    "first",
    [
        message(SEND, b"another.png", b"bytes"),
        message(ACK, NAME, b"bytes"),
        message(99, NAME),
        b"GET / HTTP/1.1\r\n" + b"x" * 300,
        b"",
        b"half a header",
    ],
)
def test_something_else_than_the_file_is_refused(first: bytes, scene: Scene) -> None:
    assert receives(scene, first).startswith("photo.png: failed: ")
    assert not scene.inbox.path.exists()


def test_a_sender_may_say_why_the_file_does_not_come(scene: Scene) -> None:
    told = receives(scene, message(REJECT, NAME, b"it is \x1bgone"))
    assert told == "photo.png: failed: alice's end says: it is \x1bgone"
    assert not scene.inbox.path.exists()


def test_who_connects_and_says_nothing_is_not_waited_for(scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls():
        play(bob, until=lambda: bob.fileno() != scene.listener.fileno())
        bob.time_out()
    assert bob.result == "photo.png: failed: the connection broke: nothing came in time"


def test_nobody_connects(scene: Scene) -> None:
    bob = scene.bob()
    bob.time_out()
    assert bob.result == "photo.png: failed: alice did not connect within 60 s"
    assert scene.listener.fileno() == -1


def test_who_calls_from_elsewhere_is_hung_up_on(scene: Scene) -> None:
    bob = scene.bob()
    with scene.calls(source="127.0.0.2") as mallory:
        mallory.sendall(message(SEND, NAME, b"not hers"))
        play(bob, scene.alice(b"hers"))
        assert is_hung_up_on(mallory)
    assert scene.saved == {"photo.png": b"hers"}
    assert any("a connection from 127.0.0.2:" in note for note in scene.notes)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 1 MB, as a full disk would."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@pytest.mark.usefixtures("small_disk")
def test_both_are_told_that_a_disk_is_full(scene: Scene) -> None:
    alice, bob = scene.alice(some_bytes(LIMIT)), scene.bob()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    assert play(alice, bob) == [
        "photo.png: failed: bob's end says: cannot save: File too large",
        "photo.png: failed: cannot save: File too large",
    ]
    assert scene.saved == {}


@pytest.mark.parametrize("size", [100, 3 * CHUNK_BYTES, LIMIT])
def test_a_file_that_changes_while_it_is_sent_does_not_arrive(size: int, scene: Scene) -> None:
    alice, bob = scene.alice(some_bytes(LIMIT // 2)), scene.bob()
    play(alice, bob, until=lambda: len(scene.notes) > 1)
    os.truncate(scene.path, size)
    sent, received = play(alice, bob)
    assert sent == "photo.png: failed: the file changed while it was sent"
    assert "its sender closed the connection after" in received
    assert scene.saved == {}


@pytest.mark.parametrize("end", ["alice", "bob"])
def test_who_gives_up_leaves_nothing(end: str, scene: Scene) -> None:
    ends = {"alice": scene.alice(some_bytes(LIMIT)), "bob": scene.bob()}
    play(*ends.values(), until=lambda: len(scene.notes) > 1)
    ends[end].give_up()
    results = play(*ends.values())
    assert any(result.startswith("photo.png: failed: ") for result in results)
    assert "photo.png: given up" in results
    assert scene.saved == {}


def test_a_pipe_or_a_folder_cannot_be_sent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(Broken, match="only regular files can be sent"):
            open_source(path, LIMIT)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/nowhere", "cannot read nowhere: No such file or directory"),
        ("/proc/self/status", "does not say its size"),
        ("/proc/self/mem", "cannot read mem: Input/output error"),
    ],
)
def test_a_file_that_cannot_be_read_cannot_be_sent(path: str, why: str) -> None:
    with pytest.raises(Broken, match=why):
        open_source(Path(path), LIMIT)


def test_a_file_over_the_limit_cannot_be_sent(tmp_path: Path) -> None:
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", LIMIT + 1)
    with pytest.raises(Broken, match="a file may have 8,388,608 bytes, not 8,388,609"):
        open_source(tmp_path / "big", LIMIT)


@pytest.mark.parametrize("name", [b"caf\xe9\n.txt", b"-rf", b".bashrc", b"x" * 200 + b".png"])
def test_a_file_is_offered_under_a_name_that_travels(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    path.touch()
    with open_source(path, LIMIT) as source:
        assert len(source.name.encode()) <= 127
        assert source.name.isprintable()
        assert source.name[0] not in ".-"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:54321", (socket.AF_INET, ("127.0.0.1", 54321))),
        ("[::1]:54321", (socket.AF_INET6, ("::1", 54321))),
    ],
)
def test_a_place_is_an_address_and_a_port(text: str, place: tuple[int, tuple[str, int]]) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "localhost:4444", "1.2.3:4", "127.0.0.1:٣", ":1"],
)
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(Broken, match="no address to send to"):
        place_of(text)


def test_no_descriptor_is_left_open(scene: Scene) -> None:
    before = descriptors()
    play(scene.alice(b"x"), scene.bob())
    assert scene.listener.fileno() == -1
    assert descriptors() == before - 1


def test_a_signal_in_between_changes_nothing(scene: Scene) -> None:
    def be_signalled() -> bool:
        os.kill(os.getpid(), signal.SIGUSR1)
        return False

    usual = signal.signal(signal.SIGUSR1, lambda *_: None)
    data = some_bytes(LIMIT)
    play(scene.alice(data), scene.bob(), until=be_signalled)
    signal.signal(signal.SIGUSR1, usual)
    assert scene.saved == {"photo.png": data}
