"""Files from one person to another, with the real programs: what both see, and what is in the inbox at the end."""

import os
import random
import signal
import socket
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from grader.actors import Server
from grader.listening import listening_ports
from grader.words import Words
from tests.sprint6_client.ends import is_hung_up_on, message
from tests.sprint6_client.people import Person, arrives, begin, offer

BIG = 32 * 1024 * 1024
"""So many bytes are still under way when something is done to one of the two."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file of some megabytes."""
    return make(tmp_path / "photo.png", 3_000_000)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file that takes a while."""
    return make(tmp_path / "film.mkv", BIG)


def make(path: Path, size: int) -> Path:
    """Make a file."""
    path.write_bytes(content(path.name, size))
    return path


@cache
def content(name: str, size: int) -> bytes:
    """Return bytes without any order, always the same for a name: to make many takes a while."""
    return random.Random(name).randbytes(size)


def test_a_file_arrives_and_both_are_told(alice: Person, bob: Person, photo: Path) -> None:
    begin(alice, bob, photo)
    for one, title in ((alice, "photo.png to bob"), (bob, "photo.png from alice")):
        one.sees(f"{title} [##########", f"{title} [####################] 100 %")
    arrives(alice, bob, photo)
    assert bob.saved == {"photo.png": photo.read_bytes()}


def test_an_empty_file_arrives(alice: Person, bob: Person, tmp_path: Path) -> None:
    empty = make(tmp_path / "empty", 0)
    begin(alice, bob, empty)
    arrives(alice, bob, empty)
    assert bob.saved == {"empty": b""}


def test_a_file_that_is_not_wanted_is_not_sent(alice: Person, bob: Person, photo: Path) -> None:
    offer(alice, bob, photo)
    bob.types("n")
    alice.sees("bob does not take photo.png")
    assert bob.saved == {}


def test_chat_goes_on_while_a_question_waits(alice: Person, bob: Person, photo: Path, words: Words) -> None:
    offer(alice, bob, photo)
    said, answered = words.word(), words.word()
    alice.types(f"/msg bob {said}")
    bob.sees(f"< alice: {said}")
    bob.types(f"/msg alice {answered}")
    alice.sees(f"< bob: {answered}")
    bob.types("Y")
    arrives(alice, bob, photo)


def test_chat_goes_on_while_a_file_is_under_way(alice: Person, bob: Person, film: Path, words: Words) -> None:
    begin(alice, bob, film)
    alice.sees("film.mkv to bob [")
    for line in words.several(20):
        alice.types(f"/msg bob {line}")
        bob.sees(f"< alice: {line}")
        bob.types(f"/msg alice {line}")
        alice.sees(f"< bob: {line}")


def test_four_files_at_once(alice: Person, bob: Person, tmp_path: Path) -> None:
    paths = [make(tmp_path / f"file{number}", 2_000_000) for number in range(4)]
    alice.types(*(f"/send bob {path}" for path in paths), f"/send bob {paths[0]}")
    alice.client.complains("not sent: 4 files at once: wait for one of them")
    for path in paths:
        bob.sees(f"{path.name}: do you want it? (y/n)")
        bob.types("y")
    bob.client.stage.wait_for_outside(lambda: bob.client.shown().count(b"SHA-256 checked") == 4)
    assert bob.saved == {path.name: path.read_bytes() for path in paths}


def test_both_can_send_at_once(alice: Person, bob: Person, tmp_path: Path) -> None:
    hers, his = make(tmp_path / "hers", 2_000_000), make(tmp_path / "his", 2_000_000)
    offer(alice, bob, hers)
    offer(bob, alice, his)
    alice.types("y")
    bob.types("y")
    alice.client.stage.wait_for_outside(lambda: alice.client.shown().count(b"SHA-256 checked") == 2)
    bob.client.stage.wait_for_outside(lambda: bob.client.shown().count(b"SHA-256 checked") == 2)
    assert (alice.saved, bob.saved) == ({"his": his.read_bytes()}, {"hers": hers.read_bytes()})


def test_the_same_name_twice_is_two_files(alice: Person, bob: Person, photo: Path) -> None:
    for _ in range(2):
        begin(alice, bob, photo)
        arrives(alice, bob, photo)
    assert bob.saved == dict.fromkeys(("photo.png", "photo (1).png"), photo.read_bytes())


def test_a_file_for_nobody_or_oneself_is_not_sent(alice: Person, photo: Path) -> None:
    alice.types(f"/send alice {photo}")
    alice.complains("not sent: you have that file already")
    alice.types(f"/send nobody {photo}")
    alice.sees("user nobody does not exist")


def test_what_is_no_file_is_told_at_once(alice: Person, tmp_path: Path) -> None:
    for path, why in ((tmp_path, "only regular files"), (tmp_path / "nothing", "No such file")):
        alice.types(f"/send bob {path}")
        alice.complains(f"not sent: .*{why}")


def test_a_file_over_the_limit_is_not_offered(person: Callable[..., Person], photo: Path) -> None:
    alice = person("alice", "--max-file", "1000")
    alice.types(f"/send bob {photo}")
    alice.complains("not sent: a file may have 1,000 bytes, not 3,000,000")


def test_a_file_over_the_others_limit_is_not_taken(
    alice: Person, person: Callable[..., Person], photo: Path
) -> None:
    bob = person("bob", "--max-file", "1000")
    begin(alice, bob, photo)
    bob.sees("failed: it announces 3,000,000 bytes, and the limit is 1,000")
    alice.sees(
        "photo.png to bob: failed: bob's end says: it announces 3,000,000 bytes, and the limit is 1,000"
    )
    assert bob.saved == {}


@pytest.mark.parametrize(
    ("becomes", "why"), [("nothing", "cannot read photo.png: No such file"), ("pipe", "only")]
)
def test_a_file_that_is_gone_when_it_is_wanted_is_told_to_both(
    becomes: str, why: str, alice: Person, bob: Person, photo: Path
) -> None:
    offer(alice, bob, photo)
    photo.unlink()
    if becomes == "pipe":
        os.mkfifo(photo)
    bob.types("y")
    alice.sees(f"photo.png to bob: failed: {why}")
    bob.sees(f"photo.png from alice: failed: alice's end says: {why}")
    assert bob.saved == {}


@pytest.mark.parametrize("whose", ["alice", "bob"])
def test_who_is_killed_in_the_middle_is_told_to_the_other(
    whose: str, alice: Person, bob: Person, film: Path, words: Words
) -> None:
    begin(alice, bob, film)
    victim, other = (alice, bob) if whose == "alice" else (bob, alice)
    other.sees("film.mkv", "[")
    victim.client.is_killed()
    other.sees("failed: ")
    other.types(line := words.word())
    other.sees(f"< {line}")
    assert "film.mkv" not in bob.saved
    assert whose == "bob" or bob.saved == {}


@pytest.mark.parametrize("how", ["/quit", "Ctrl+C"])
def test_who_leaves_in_the_middle_gives_up_and_leaves_nothing(
    how: str, alice: Person, bob: Person, film: Path
) -> None:
    begin(alice, bob, film)
    bob.sees("film.mkv from alice [")
    if how == "/quit":
        bob.types(how)
        bob.client.ends(0)
    else:
        bob.client.program.signal(signal.SIGINT)
        bob.client.ends(130)
    alice.sees("film.mkv to bob: failed: ")
    assert bob.saved == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_leaves_nothing_half_done(
    number: signal.Signals, alice: Person, bob: Person, film: Path
) -> None:
    begin(alice, bob, film)
    bob.sees("film.mkv from alice [")
    bob.client.program.signal(number)
    bob.client.ends(128 + number)
    alice.sees("film.mkv to bob: failed: ")
    assert bob.saved == {}


def test_a_file_survives_the_server(alice: Person, bob: Person, server: Server, film: Path) -> None:
    begin(alice, bob, film)
    bob.sees("film.mkv from alice [")
    server.kill()
    server.ends()
    arrives(alice, bob, film)
    for one in (alice, bob):
        one.client.ends(1)
        assert one.client.complaints == ["error: server lost: it closed the connection"]
    assert bob.saved == {"film.mkv": film.read_bytes()}


def test_a_full_disk_is_told_to_both(alice: Person, person: Callable[..., Person], photo: Path) -> None:
    bob = person("bob", shell='ulimit -f 1000; exec "$@"')
    begin(alice, bob, photo)
    bob.sees("photo.png from alice: failed: cannot save: File too large")
    alice.sees("photo.png to bob: failed: bob's end says: cannot save: File too large")
    assert bob.saved == {}
    bob.types("/who")
    bob.sees("- alice")


def test_an_inbox_that_cannot_be_is_told_to_both(alice: Person, bob: Person, photo: Path) -> None:
    bob.inbox.touch()
    begin(alice, bob, photo)
    bob.sees("photo.png from alice: failed: cannot save in")
    alice.sees("photo.png to bob: failed: bob's end says: cannot save in")


def test_a_link_in_the_inbox_is_not_followed(alice: Person, bob: Person, photo: Path, tmp_path: Path) -> None:
    bob.inbox.mkdir()
    (bob.inbox / "photo.png").symlink_to(tmp_path / "victim")
    begin(alice, bob, photo)
    arrives(alice, bob, photo)
    assert not (tmp_path / "victim").exists()
    assert (bob.inbox / "photo (1).png").read_bytes() == photo.read_bytes()


def test_a_name_that_leaves_the_folder_does_not(alice: Person, bob: Person, tmp_path: Path) -> None:
    path = make(tmp_path / ".bashrc", 10)
    alice.types(f"/send bob {path}")
    bob.sees("alice offers you the file _bashrc")
    bob.types("y")
    bob.sees("saved as")
    assert set(bob.saved) == {"_bashrc"}


def test_a_renamed_sender_is_still_the_sender(alice: Person, bob: Person, photo: Path) -> None:
    offer(alice, bob, photo)
    alice.types("/nick alicia")
    alice.sees("welcome alicia")
    bob.types("y")
    bob.sees("photo.png from alice: saved as")
    assert set(bob.saved) == {"photo.png"}


def test_who_leaves_before_the_answer_is_told(alice: Person, bob: Person, photo: Path) -> None:
    offer(alice, bob, photo)
    bob.types("/quit")
    alice.sees("bob does not take photo.png: bob has left")


def test_who_is_asked_is_told_when_the_asker_leaves(alice: Person, bob: Person, photo: Path) -> None:
    offer(alice, bob, photo)
    alice.client.is_killed()
    bob.sees("photo.png of alice is no longer offered: alice has left")
    bob.types("y")
    bob.sees("< y")  # it answers nothing any more
    assert not listening_ports(bob.client.program.pid)
    assert bob.saved == {}


def test_who_is_killed_before_he_connects_is_not_waited_for(alice: Person, bob: Person, photo: Path) -> None:
    offer(alice, bob, photo)
    alice.client.program.signal(signal.SIGSTOP)
    bob.types("y")
    bob.client.stage.wait_for_outside(lambda: bool(listening_ports(bob.client.program.pid)))
    bob.types("/who")
    bob.sees("- alice")  # the server has passed on what was said before
    alice.client.is_killed()
    bob.sees("photo.png from alice: failed: alice has not connected, and is not here any more")
    assert not listening_ports(bob.client.program.pid)
    assert bob.saved == {}


def test_who_calls_from_elsewhere_is_hung_up_on(alice: Person, bob: Person, photo: Path) -> None:
    offer(alice, bob, photo)
    alice.client.program.signal(signal.SIGSTOP)  # so that mallory is first
    bob.types("y")
    bob.client.stage.wait_for_outside(lambda: bool(listening_ports(bob.client.program.pid)))
    [port] = listening_ports(bob.client.program.pid)
    with socket.create_connection(("127.0.0.1", port), 20, source_address=("127.0.0.2", 0)) as mallory:
        mallory.sendall(message(14, b"photo.png", b"not hers"))
        assert is_hung_up_on(mallory)
    bob.sees("a connection from 127.0.0.2:", "was refused: alice is elsewhere")
    alice.client.program.signal(signal.SIGCONT)
    arrives(alice, bob, photo)
    assert bob.saved == {"photo.png": photo.read_bytes()}


def test_the_client_has_one_thread_while_files_are_under_way(alice: Person, bob: Person, film: Path) -> None:
    begin(alice, bob, film)
    bob.sees("film.mkv from alice [")
    assert [one.client.program.usage().num_threads() for one in (alice, bob)] == [1, 1]
    assert threading.active_count() == 1
