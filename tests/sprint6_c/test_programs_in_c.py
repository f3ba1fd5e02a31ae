"""Programs that others wrote in C for this wire: their clients at our server, and our client at their servers.

Nothing but terminals is looked at, and each program is the one that its user would start.
"""

import re
import shutil
from pathlib import Path

import pytest

from grader.actors import Client
from tests.sprint6_c.places import CLIENTS, SERVERS, Place

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc (Debian: gcc libc6-dev)")

LONG = "héé €😃 %s%n {0} " + 900 * "x" + " end"

REDRAWN = b"\r\x1b[K"
"""How our own screen takes a prompt away."""

every_way = pytest.mark.parametrize("way", CLIENTS.values(), ids=CLIENTS)

every_server = pytest.mark.parametrize("their_server", SERVERS.values(), ids=SERVERS, indirect=True)


def is_clean(person: Client) -> None:
    """Expect that nothing on a screen is a control character, or a spelled-out one that nobody typed."""
    shown = person.shown().replace(REDRAWN, b"").replace(b"\r\n", b"\n")
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\\x", shown), shown


def can_do_everything(first: Client, second: Client) -> None:
    """Let two people talk in all ways, each of them as the one who begins, and look at their screens."""
    for one, other in ((first, second), (second, first)):
        talk(one, other)
        talk_in_a_channel(one, other)
    is_clean(first)
    is_clean(second)


def talk(one: Client, other: Client) -> None:
    """Let two people use all that the course text asks for, each as author and as reader."""
    for speaker, hearer in ((one, other), (other, one)):
        for text in (f"private of {speaker.name} {LONG}", "y"):
            speaker.types(f"/msg {hearer.name} {text}")
            hearer.sees(text)
        speaker.types(f"/msgall general of {speaker.name}")
        hearer.sees(f"general of {speaker.name}")
        speaker.types("/who")
        speaker.sees("Online users are")
        speaker.sees(f"- {speaker.name}")
        speaker.types(f"/whois {hearer.name}", "/whois nobody")
        speaker.sees(f"{hearer.name} connected since", "with IP address 127.0.0.1 and port number")
        speaker.sees("user nobody does not exist")
        speaker.types("/msg nobody hello")
        speaker.sees("user nobody does not exist")


def talk_in_a_channel(one: Client, other: Client) -> None:
    """Let two people meet in a channel, and leave it, one after the other."""
    one.types("/create jazz")
    one.sees("jazz")
    other.types("/join nowhere")
    other.sees("nowhere does not exist")
    other.types("/channel_list")
    other.sees("- jazz")
    other.types("/join jazz")
    other.sees("You have joined jazz")
    one.sees(f"{other.name} has joined jazz")
    for speaker, hearer in ((one, other), (other, one)):
        speaker.types(f"in jazz of {speaker.name}")
        hearer.sees(f"in jazz of {speaker.name}")
    other.types("/quit jazz")
    other.sees("You have quit jazz")
    one.sees(f"{other.name} has quit jazz")
    one.types("/quit jazz")
    one.sees("You were the last user in this channel, jazz has been destroyed")
    for each in one, other:
        each.types(f"echo of {each.name}")
        each.sees(f"echo of {each.name}")


@every_way
def test_their_client_and_ours_talk_at_our_server(way: str, our_server: Place) -> None:
    can_do_everything(our_server.ours("alice"), our_server.theirs("carol", way))


@every_way
def test_who_chats_without_a_name_is_told_and_reaches_nobody(way: str, our_server: Place) -> None:
    alice, stranger = our_server.ours("alice"), our_server.stranger("stranger", way)
    stranger.types("to myself")
    stranger.sees("to myself")
    for line in (
        "/who",
        "/whois alice",
        "/msgall hello",
        "/msg alice hello",
        "/create jazz",
        "/channel_list",
    ):
        stranger.types(line)
        stranger.sees("please login with /nick <your pseudo>")
    stranger.types("/nick Admin")
    stranger.sees("reserved")
    stranger.types("/nick stranger", "/msg alice now with a name")
    alice.sees_no("hello", before="stranger: now with a name")
    is_clean(alice)


@every_way
def test_a_file_from_their_client_arrives(way: str, our_server: Place, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    alice, carol = our_server.ours("alice"), our_server.theirs("carol", way)
    carol.types(f"/send alice {photo}")
    alice.sees("carol offers you the file photo.png: do you want it? (y/n)")
    alice.types("y")
    alice.sees("saved as", "photo.png (unchecked: carol's end tells no SHA-256)")
    carol.sees("alice has received the file")
    assert (our_server.home("alice") / "photo.png").read_bytes() == photo.read_bytes()


@every_way
def test_a_file_for_their_client_arrives(way: str, our_server: Place, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    alice, carol = our_server.ours("alice"), our_server.theirs("carol", way)
    for answer, told in (
        ("n", "carol does not take photo.png"),
        ("y", "carol has it (unchecked: carol's end tells no SHA-256)"),
    ):
        alice.types(f"/send carol {photo}")
        carol.sees("alice wants you to accept the file photo.png. Do you accept? [Y/N]")
        carol.types(answer)
        alice.sees(told)
    carol.sees("I have received photo.png")
    assert (our_server.home("carol") / "photo.png").read_bytes() == photo.read_bytes()


@every_server
def test_our_client_can_do_everything_at_their_server(their_server: Place) -> None:
    can_do_everything(their_server.ours("alice"), their_server.ours("bob"))


@every_server
def test_who_speaks_at_their_server_is_shown_by_our_client(their_server: Place) -> None:
    alice, carol = their_server.ours("alice"), their_server.theirs("carol")
    carol.types("/msg alice salut", "/msgall bonjour")
    alice.sees("< carol: salut", "< carol to all: bonjour")
    carol.types("/create jazz")
    carol.sees("You have joined jazz")
    alice.types("/join jazz")
    alice.sees("You have joined jazz")
    carol.types("oui")
    alice.sees("< carol in jazz: oui")
    is_clean(alice)


@every_server
def test_files_at_their_server(their_server: Place, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    alice, bob = their_server.ours("alice"), their_server.ours("bob")
    for answer, told in (("n", "bob does not take photo.png"), ("y", "bob has it, SHA-256 checked")):
        alice.types(f"/send bob {photo}")
        bob.sees("alice offers you the file photo.png: do you want it? (y/n)")
        bob.types(answer)
        alice.sees(told)
    bob.sees("saved as", "SHA-256 checked")
    assert (their_server.home("bob") / "photo.png").read_bytes() == photo.read_bytes()
    alice.types(f"/send nobody {photo}")
    alice.sees("user nobody does not exist")


@every_server
def test_their_server_ends_and_our_client_says_so(their_server: Place) -> None:
    alice = their_server.ours("alice")
    their_server.server.kill()
    alice.sees("server lost")
    alice.ends(1)


def a_photo(directory: Path) -> Path:
    """Write a file in which every byte stands; return it."""
    photo = directory / "photo.png"
    photo.write_bytes(bytes(range(256)) * 1000 + b"/quit\nMSG x\n")
    return photo
