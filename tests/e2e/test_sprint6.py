"""Sprint 6, judged: names, private and general messages, channels and files, on the binary wire of the school.

That wire is the subject's own, so most scenes speak it themselves: alice, bob and carol are raw connections here, and
any server that reads and writes `struct message` can be judged with them. A few scenes need people at terminals.
"""

import hashlib
import re
import signal
import stat
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from grader.actors import Client, Server
from grader.checks import LONG, ROBUST, check
from grader.contract import HOST, Contract
from grader.peers import Impostor
from grader.stage import Stage
from grader.unseen import expect
from grader.words import Words
from tests.e2e.binary import (
    ANSWER_BYTES,
    HEADER,
    MAX_TEXT_BYTES,
    SERVER,
    MessageConnection,
    Talker,
    Type,
    header,
    packed,
)
from tests.e2e.figures import (
    has_announced_all,
    has_closed_all,
    has_threads,
    listens_as_said,
    refuses,
    stays_small,
)
from tests.e2e.floods import FLOOD_SECONDS
from tests.e2e.steps import (
    Bring,
    are_idle,
    ends_quietly,
    has_announced,
    is_stopped_in_time,
    run,
    still_runs,
)
from tests.e2e.visits import OBEYED
from tests.e2e.wire import ENDLESS_BYTES, is_taken_in

SPRINT = "sprint6_messenger"

Connect = Callable[..., Talker]

Talkers = Callable[..., list[Talker]]

Visit = Callable[[], tuple[Client, MessageConnection]]

PRESENT = ", {} present$"

DEPARTURES = 20

STALL_MESSAGES, STALL_BYTES = 4000, 1000
"""What flows past a client that does not read: more than the buffers of both systems hold, and an outbox."""

STRANGERS = 300
"""More connections without a name than any server should keep."""

DRIP_SECONDS, TOO_LONG_SECONDS = 0.5, 20.0
"""How often a byte drips in, and how long nobody should wait for a message that does."""

SPEAKERS, MESSAGES, VISITS = 10, 500, 10

BEFORE_A_NAME = set(Type) - {Type.ECHO, Type.NICK}

BAD_NAMES = (
    "",
    " ",
    "two words",
    "al-ice",
    "é",
    "٣",
    "x\t",
    "/x",
    "\x1b[2J",
    "server",
    "ADMIN",
    "Serveur",
    "tous",
)
"""What is no name: letters and digits of ASCII, and not what users would take for the server."""

BAD_TEXTS = (b"\x1b[2J", b"a\nb", b"a\0b", b"\x7f", "\x9b".encode(), b"\xff", b"\xe2\x82", b"\xed\xa0\x80")
"""What a terminal would obey, or cannot show."""

BAD_MESSAGES = {
    "one byte too long": packed(Type.MSG, "bob", "x" * (MAX_TEXT_BYTES + 1)),
    "much too long": packed(Type.MSG, "bob", "x" * 60_000),
    "no such type": header(0, 16),
    "a negative type, with a payload": header(5, -1) + b"hello",
    "a name without NUL": header(0, sender=b"x" * 128),
    "infos without NUL": header(0, infos=b"x" * 128),
    "infos that are not UTF-8": header(5, Type.MSG, infos=b"\xff") + b"hello",
    **{repr(text): packed(Type.MSG, "bob", text) for text in BAD_TEXTS},
    "control characters in infos": packed(Type.WHOIS, "\x1b[2J"),
    "a file for the server": packed(Type.SEND, "photo.png", b"bytes"),
}
"""Each is answered, and the stream goes on behind it."""

HOSTILE = (b"\x1b[2J\x1b]0;title\x07", "\x9b2J".encode(), b"a\xff", b"a\rb\x7f", "\u202e".encode())
"""What a terminal would obey, or show in another order."""

LOST_STREAMS = (-1, -(2**31), 2**31 - 1, ENDLESS_BYTES + 1)
"""Lengths that cannot be true: nobody can tell where the next message begins."""


@pytest.fixture
def connect(stage: Stage, server: Server) -> Connect:
    """Bring a raw connection, without a name."""

    def bring(name: str, **options: int) -> Talker:
        return Talker(stage, name, server.port, server.host, **options)

    return bring


@pytest.fixture
def talkers(connect: Connect) -> Talkers:
    """Bring raw connections that have a name, one after the other."""

    def bring(*names: str) -> list[Talker]:
        return [connect(name).logs_in() for name in names]

    return bring


@pytest.fixture
def jazz(talkers: Talkers) -> list[Talker]:
    """Three people in a channel, and dave who is in none."""
    alice, bob, carol, dave = people = talkers("alice", "bob", "carol", "dave")
    alice.tells(Type.CREATE, "jazz")
    alice.hears(Type.CREATE, infos="jazz", sender=SERVER)
    for newcomer, there in (bob, [alice]), (carol, [alice, bob]):
        newcomer.tells(Type.JOIN, "jazz")
        newcomer.hears(Type.JOIN, "You have joined jazz", infos="jazz", sender=SERVER)
        for one in there:
            one.hears(Type.JOIN, f"INFO> {newcomer.name} has joined jazz", infos="jazz", sender=SERVER)
    assert not dave.has_heard(), f"{dave.name} hears of a channel in which he is not"
    return people


@pytest.fixture
def person(stage: Stage, server: Server, contract: Contract) -> Bring:
    """Bring a person at a terminal, with a name."""

    def bring(name: str, *options: str) -> Client:
        command = contract.client_command(server.host, server.told_port, name=name)
        client = Client(stage, name, [*command, *options], contract.directory)
        if not contract.tells_names:
            client.types(f"/nick {name}")
        client.sees(f"welcome {name}")
        return client

    return bring


@pytest.fixture
def owner(person: Bring, tmp_path: Path) -> Bring:
    """Bring a person whose client is told where to keep files: a folder of his own."""
    return lambda name: person(name, "--inbox", str(tmp_path / name))


def knows_nothing_more(talker: Talker, words: Words) -> None:
    """Expect that nothing is on its way to somebody: what he says to himself comes back next."""
    marker = words.word()
    talker.tells(Type.ECHO, "", marker)
    talker.hears(Type.ECHO, marker)


# The first milestone


@check(
    "s6-echo",
    points=3,
    hint="Read 264 bytes of header, then pld_len bytes: send both back as they came",
)
def test_echo(connect: Connect, words: Words) -> None:
    """What one sends comes back to him, to each his own, also while somebody says nothing."""
    silent, alice, bob = (connect(name) for name in ("silent", "alice", "bob"))
    for _ in range(3):
        for talker in alice, bob:
            line = words.word()
            talker.tells(Type.ECHO, "", line)
            talker.hears(Type.ECHO, line)
    silent.tells(Type.ECHO, "", "at last")
    silent.hears(Type.ECHO, "at last")


@check(
    "s6-leave",
    points=2,
    hint="When recv returns 0 or fails: out of the list, out of what poll() watches, close; serve the others",
)
def test_leave(connect: Connect, server: Server, words: Words) -> None:
    """However one leaves, in the middle of a message too, the others are served, and a newcomer."""
    alice = connect("alice")
    for how in ("closes", "resets", "half_closes"):
        leaver = connect("leaver")
        leaver.tells(Type.ECHO, "", words.word())
        leaver.takes()
        leaver.sends(header(100)[:200])
        getattr(leaver, how)()
        knows_nothing_more(alice, words)
    knows_nothing_more(connect("newcomer"), words)
    still_runs(server)


@check(
    "s6-one-thread",
    points=2,
    hint="One process, one thread: poll() says who can be read now, and with no timeout it sleeps until then",
)
def test_one_thread(server: Server, connect: Connect, words: Words) -> None:
    """One thread serves everybody, and uses no processor while nobody says anything."""
    people = [connect(f"peer{number}") for number in range(5)]
    for talker in people:
        knows_nothing_more(talker, words)
    process = server.program.usage()
    has_threads(server.program, 1)
    assert not process.children(), "the server has started another process"
    are_idle(server.program)


# Names, and words to one or all


@check(
    "s6-nick",
    points=2,
    hint="Answer NICKNAME_NEW from `Server` with infos = the name when it is granted, empty infos when it is not",
)
def test_nick(talkers: Talkers, connect: Connect) -> None:
    """A name is granted once; who is refused one may ask for another on the same connection."""
    talkers("alice")
    other = connect("other")
    other.tells(Type.NICK, "alice")
    other.is_refused(Type.NICK)
    other.tells(Type.NICK, "other")
    other.hears(Type.NICK, "OK, welcome other", infos="other", sender=SERVER)


@check(
    "s6-login-first",
    points=1,
    hint="Look at the client's name before the type: without one, only NICKNAME_NEW and ECHO_SEND are served",
)
def test_login_first(talkers: Talkers, connect: Connect, words: Words) -> None:
    """Who has no name is served nothing but an echo, reaches nobody and hears nothing."""
    (alice,) = talkers("alice")
    stranger = connect("stranger")
    for kind in sorted(BEFORE_A_NAME):
        stranger.tells(kind, "alice", "hi")
        stranger.hears(kind, "please login with /nick <your pseudo>", infos="", sender=SERVER)
    alice.tells(Type.MSGALL, "", "hi")
    for talker in alice, stranger:
        knows_nothing_more(talker, words)


@check("s6-who", points=1, hint="A line `- NAME` for each client that has a name, also for the one who asks")
def test_who(talkers: Talkers, connect: Connect) -> None:
    """The list tells who is there, once each, and no longer who has left."""
    alice, bob, _carol = talkers("alice", "bob", "carol")
    connect("stranger")
    alice.tells(Type.WHO)
    said = alice.hears(Type.WHO, sender=SERVER)
    head, *names = said.text.split("\n")
    assert head == "Online users are", f"the list begins with {head!r}"
    assert sorted(names) == ["- alice", "- bob", "- carol"], f"the list is {names}"
    bob.half_closes()
    bob.is_hung_up_on()
    alice.tells(Type.WHO)
    names = alice.hears(Type.WHO).text.split("\n")[1:]
    assert sorted(names) == ["- alice", "- carol"], f"bob has left, and the list is {names}"


@check(
    "s6-whois",
    points=1,
    hint="Keep what accept() tells, the address and the port (ntohs), and the time, with each client in the list",
)
def test_whois(talkers: Talkers) -> None:
    """On one user: since when, from which address and port; on nobody: that there is no such user."""
    alice, bob = talkers("alice", "bob")
    alice.tells(Type.WHOIS, "bob")
    said = alice.hears(Type.WHOIS, sender=SERVER).text
    host, port = bob.address()
    assert said.endswith(f" with IP address {host} and port number {port}"), said
    since = said.split(" with ")[0]
    assert re.fullmatch(r"bob connected since \d{4}/\d\d/\d\d@\d\d:\d\d", since), said
    for name in ("bo", "bobb", "nobody"):
        alice.tells(Type.WHOIS, name)
        alice.hears(Type.WHOIS, f"user {name} does not exist", infos="", sender=SERVER)


@check(
    "s6-private",
    points=2,
    hint="Find the client whose name is in infos, and put the speaker's true name into nick_sender",
)
def test_private(talkers: Talkers, words: Words) -> None:
    """A private message reaches one user alone, with the name of who sent it; nobody, and its author is told."""
    alice, bob, carol = talkers("alice", "bob", "carol")
    line = words.word()
    alice.sends(packed(Type.MSG, "bob", line, sender="carol"))  # whoever it says it is from
    bob.hears(Type.MSG, line, sender="alice")
    alice.tells(Type.MSG, "nobody", line)
    alice.hears(Type.MSG, "user nobody does not exist", infos="", sender=SERVER)
    for talker in alice, bob, carol:
        knows_nothing_more(talker, words)


@check("s6-general", points=2, hint="Send it to every client with a name, except the one it comes from")
def test_general(talkers: Talkers, words: Words) -> None:
    """A general message reaches all others, with the name of who sent it."""
    people = talkers("alice", "bob", "carol")
    for speaker in people:
        line = words.word()
        speaker.tells(Type.MSGALL, "", line)
        for hearer in people:
            if hearer is not speaker:
                hearer.hears(Type.MSGALL, line, sender=speaker.name)
    for talker in people:
        knows_nothing_more(talker, words)


# Channels


@check(
    "s6-channel",
    points=3,
    hint="Keep with each client the channel it is in; relay to those of the same channel",
)
def test_channel(jazz: list[Talker], words: Words) -> None:
    """What is said in a channel reaches its other members, and nobody else."""
    alice, bob, carol, dave = jazz
    line = words.word()
    bob.tells(Type.CHANNEL, "jazz", line)
    for hearer in alice, carol:
        hearer.hears(Type.CHANNEL, line, infos="jazz", sender="bob")
    dave.tells(Type.CHANNEL, "jazz", line)
    dave.is_refused(Type.CHANNEL)
    dave.tells(Type.CHANNELS)
    channels = dave.hears(Type.CHANNELS, sender=SERVER).text
    assert "jazz" in channels, f"the list of channels is {channels!r}"
    for talker in jazz:
        knows_nothing_more(talker, words)


@check(
    "s6-channel-quit",
    points=2,
    hint="Tell the others at each quit, also when a connection ends; destroy it empty",
)
def test_channel_quit(jazz: list[Talker]) -> None:
    """Who quits a channel, or the server, is announced to the others; the last one destroys the channel."""
    alice, bob, carol, dave = jazz
    bob.tells(Type.QUIT, "jazz")
    bob.hears(Type.QUIT, infos="jazz", sender=SERVER)
    for hearer in alice, carol:
        hearer.hears(Type.QUIT, "INFO> bob has quit jazz", infos="jazz", sender=SERVER)
    carol.resets()
    alice.hears(Type.QUIT, "INFO> carol has quit jazz", infos="jazz", sender=SERVER)
    alice.tells(Type.QUIT, "jazz")
    text = "You were the last user in this channel, jazz has been destroyed"
    alice.hears(Type.QUIT, text, infos="jazz", sender=SERVER)
    dave.tells(Type.JOIN, "jazz")
    dave.is_refused(Type.JOIN)


@check("s6-one-channel", points=1, hint="Before somebody enters a channel, take him out of the one he is in")
def test_one_channel(jazz: list[Talker]) -> None:
    """Who creates or joins a channel leaves the one in which he was; a name that is taken changes nothing."""
    alice, bob, carol, dave = jazz
    dave.tells(Type.CREATE, "jazz")
    dave.is_refused(Type.CREATE)
    alice.tells(Type.CREATE, "rock")
    alice.hears(Type.CREATE, infos="rock", sender=SERVER)
    bob.hears(Type.QUIT, "INFO> alice has quit jazz")
    bob.tells(Type.JOIN, "rock")
    bob.hears(Type.JOIN, "You have joined rock")
    carol.hears(Type.QUIT, "INFO> alice has quit jazz")
    carol.hears(Type.QUIT, "INFO> bob has quit jazz")
    alice.hears(Type.JOIN, "INFO> bob has joined rock")


# Files


@check(
    "s6-file-answer", points=2, hint="Pass FILE_REQUEST, FILE_ACCEPT and FILE_REJECT on, with who sends them"
)
@pytest.mark.parametrize("kind", [Type.ACCEPT, Type.REJECT])
def test_file_answer(kind: Type, talkers: Talkers, words: Words) -> None:
    """A user is asked whether he wants a file, and his answer is passed back to the one who offered it."""
    alice, bob, carol = talkers("alice", "bob", "carol")
    alice.tells(Type.REQUEST, "bob", "photo.png")
    bob.hears(Type.REQUEST, "photo.png", sender="alice")
    bob.tells(kind, "alice", "127.0.0.1:4000")
    alice.hears(kind, "127.0.0.1:4000", sender="bob")
    for talker in alice, bob, carol:
        knows_nothing_more(talker, words)


@check(
    "s6-file-unasked",
    points=2,
    level=ROBUST,
    hint="Keep each offer until it is answered; an answer takes it out",
)
def test_file_unasked(talkers: Talkers, words: Words) -> None:
    """An answer that nobody asked for, a second one, a fifth open offer, are refused and not passed on."""
    alice, bob, carol = talkers("alice", "bob", "carol")
    alice.tells(Type.REQUEST, "bob", "photo.png")
    bob.hears(Type.REQUEST, "photo.png")
    carol.tells(Type.ACCEPT, "alice", "127.0.0.1:4000")
    carol.is_refused(Type.ACCEPT)
    for name in ("carol", "nobody", ""):
        bob.tells(Type.ACCEPT, name, "127.0.0.1:4000")
        bob.is_refused(Type.ACCEPT)
    bob.tells(Type.ACCEPT, "alice", "127.0.0.1:4000")
    alice.hears(Type.ACCEPT, "127.0.0.1:4000")
    for kind in (Type.ACCEPT, Type.REJECT):
        bob.tells(kind, "alice", "127.0.0.1:4000")
        bob.is_refused(kind)
    for number in range(4):
        alice.tells(Type.REQUEST, "carol", f"{number}.png")
        carol.hears(Type.REQUEST, f"{number}.png")
    for name in ("carol", "alice", "nobody"):
        alice.tells(Type.REQUEST, name, "photo.png")
        alice.is_refused(Type.REQUEST)
    for talker in alice, bob, carol:
        knows_nothing_more(talker, words)


@check(
    "s6-file-names",
    points=1,
    level=ROBUST,
    hint="Bind an offer to the two clients themselves, not to their names, which may change hands",
)
def test_file_names(talkers: Talkers) -> None:
    """An offer is bound to two connections: who takes a name later can neither answer nor be answered."""
    alice, bob = talkers("alice", "bob")
    alice.tells(Type.REQUEST, "bob", "photo.png")
    bob.hears(Type.REQUEST, "photo.png")
    for talker, name in ((alice, "alicia"), (bob, "bobby")):
        talker.tells(Type.NICK, name)
        talker.hears(Type.NICK, infos=name)
    thief, _other = talkers("bob", "alice")
    thief.tells(Type.ACCEPT, "alice", "127.0.0.1:4000")
    thief.is_refused(Type.ACCEPT)
    bob.tells(Type.ACCEPT, "alice", "127.0.0.1:4000")
    alice.hears(Type.ACCEPT, "127.0.0.1:4000")


# People at terminals


@check(
    "s6-people",
    points=3,
    hint="A client that polls its keyboard and its socket shows what comes while one types",
)
def test_people(person: Bring, words: Words) -> None:
    """People with clients talk in private and in general, see who is there, and what comes while they type."""
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    private, general, half = words.sentence(), words.sentence(), words.word()
    alice.types(f"/msg bob {private}", f"/msgall {general}")
    bob.sees(private, general)
    carol.sees_no(private, before=general)
    alice.begins_to_type(f"/msg bob {half}")
    bob.types("/msg alice answer")
    alice.sees("answer")
    alice.types("xyz", "/who")
    bob.sees(f"{half}xyz")
    alice.sees_in_any_order("- alice", "- bob", "- carol")


@check("s6-people-channel", points=2, hint="The client remembers its channel: a line without / goes there")
def test_people_channel(person: Bring, words: Words) -> None:
    """People in a channel hear each other's lines; who is in none hears his own, and not theirs."""
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    alice.types("/create jazz")
    alice.sees("jazz")
    bob.types("/join jazz")
    alice.sees("bob has joined jazz")
    line, own = words.sentence(), words.sentence()
    bob.types(line)
    alice.sees(line)
    carol.types(own)
    carol.sees(own)
    carol.types("/msgall over")
    alice.sees_no(own, before="over")
    carol.types("/channel_list")
    carol.sees_no(line, before="jazz")


@check(
    "s6-people-file",
    points=3,
    hint=(
        "The client is told where to keep files (--inbox DIR); the sender connects to where the other's FILE_ACCEPT "
        "says, FILE_SEND, waits for FILE_ACK"
    ),
)
def test_people_file(owner: Bring, tmp_path: Path, words: Words) -> None:
    """A file that is accepted arrives byte for byte, one that is not wanted does not; both can go on talking."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(bytes(range(256)) * 1000 + b"/quit\nMSG x\n")
    saved = tmp_path / "bob" / "photo.png"
    alice, bob = owner("alice"), owner("bob")
    for answer, is_wanted in (("n", False), ("y", True)):
        alice.types(f"/send bob {photo}")
        bob.sees("photo.png")
        bob.types(answer)
        marker = words.word()
        bob.types(f"/msg alice {marker}")
        alice.sees(marker)
        if is_wanted:
            assert alice.stage.wait_for_outside(saved.exists), "a file that is accepted is not saved"
        assert saved.exists() == is_wanted, "a file that is not wanted is saved"
    assert saved.read_bytes() == photo.read_bytes(), "the file that is saved is not the one that was sent"


# The client, towards servers and senders of any kind


@pytest.fixture
def visit(stage: Stage, contract: Contract) -> Visit:
    """Start a client whose server is the check; return both."""

    def begin() -> tuple[Client, MessageConnection]:
        impostor = Impostor(stage)
        alice = Client(stage, "alice", contract.client_command(HOST, impostor.port), contract.directory)
        return alice, MessageConnection(stage, "server", impostor.takes_in())

    return begin


@check(
    "s6-client-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint="A line that begins with / and is no command, or lacks something, is told to its user: return before send",
)
@pytest.mark.parametrize(
    "line", ["/nope", "/msg bob", "/msg", "/nick", "/nick a b", "/join", "/msgall", "/send bob"]
)
def test_client_usage(line: str, visit: Visit) -> None:
    """Of a command that is none, or not whole, nothing is sent; the next line counts."""
    alice, server = visit()
    alice.types(line, "/who")
    server.hears(Type.WHO)
    assert alice.is_running()


@check(
    "s6-client-safe",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Show control characters spelled out, of text and of names, whoever sends them: no byte acts on a terminal",
)
@pytest.mark.parametrize("kind", [Type.WHO, Type.MSG, Type.MSGALL, Type.CHANNEL, Type.ECHO, Type.REQUEST])
def test_client_safe(kind: Type, visit: Visit, words: Words) -> None:
    """Nothing that a server sends acts on the terminal, in no field, and what it says next is shown."""
    alice, server = visit()
    for raw in HOSTILE:
        server.sends(HEADER.pack(len(raw), b"bob" + raw, kind, b"jazz" + raw) + raw)
    marker = words.word()
    server.sends(packed(Type.MSG, "alice", marker, sender="bob"))
    alice.sees(marker)
    assert not [raw for raw in OBEYED if raw in alice.shown()]


@check(
    "s6-client-lost",
    points=2,
    level=ROBUST,
    wire=True,
    hint="recv() returned 0: say so on stderr and exit 1; after ECHO_SEND `exit` from Server, exit 0",
)
def test_client_lost(visit: Visit) -> None:
    """A server that closes, resets or talks nonsense ends the client with code 1, one that says exit with 0."""
    for how, code in (("closes", 1), ("resets", 1), ("nonsense", 1), ("exit", 0)):
        alice, server = visit()
        if how == "nonsense":
            server.sends(header(-1) + b"x" * 1000)
        elif how == "exit":
            server.sends(packed(Type.ECHO, "", "exit", SERVER))
        else:
            getattr(server, how)()
        alice.ends(code)


def offers(sender: Talker, receiver: Client, name: str) -> None:
    """Offer a file; what is said behind the offer is shown behind the question."""
    sender.tells(Type.REQUEST, receiver.name, name)
    sender.tells(Type.MSG, receiver.name, "is offered")
    receiver.sees(Path(name).name, "is offered")


def says_yes(receiver: Client, sender: Talker) -> Talker:
    """Let one want a file; return the connection on which the other is to send it."""
    receiver.types("y")
    said = sender.hears(Type.ACCEPT, sender=receiver.name).text
    host, _, port = said.rpartition(":")
    assert port.isdecimal(), said
    return Talker(sender.stage, "sender", int(port), host)


def saved(directory: Path) -> dict[str, bytes]:
    """Return the files in an inbox."""
    return {path.name: path.read_bytes() for path in directory.iterdir()} if directory.exists() else {}


def is_over(receiver: Client, talker: Talker, words: Words) -> None:
    """Expect that the end of a transfer leaves the receiver able to talk."""
    marker = words.word()
    receiver.types(f"/msg {talker.name} {marker}")
    talker.hears(Type.MSG, marker)


@check(
    "s6-file-consent",
    points=3,
    level=ROBUST,
    wire=True,
    hint="A question is a state of the client, not a wait: go on with poll(), and take y or n when it is typed",
)
def test_file_consent(owner: Bring, talkers: Talkers, tmp_path: Path, words: Words) -> None:
    """Before a person says y nothing is answered and nothing kept, and he talks and hears on; a n is a no."""
    (alice,) = talkers("alice")
    bob = owner("bob")
    offers(alice, bob, "photo.png")
    line = words.word()
    alice.tells(Type.MSG, "bob", line)
    bob.sees(line)
    is_over(bob, alice, words)
    bob.types("n")
    alice.hears(Type.REJECT, sender="bob")
    assert not saved(tmp_path / "bob")


@check(
    "s6-file-safe",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Keep what stands behind the last / of the name; open with O_CREAT | O_EXCL and 0600; name (1) if it exists",
)
def test_file_safe(owner: Bring, talkers: Talkers, tmp_path: Path) -> None:
    """Whatever a file is called, it lands in the inbox, for its owner only, and in no other file's place."""
    (alice,) = talkers("alice")
    bob, inbox = owner("bob"), tmp_path / "bob"
    inbox.mkdir()
    (inbox / "photo.png").write_bytes(b"an older one")
    for name, data in (
        ("photo.png", b"one"),
        (f"{tmp_path}/photo.png", b"two"),
        ("../../photo.png", b"three"),
    ):
        offers(alice, bob, name)
        sender = says_yes(bob, alice)
        sender.sends(packed(Type.SEND, Path(name).name, data))
        sender.hears(Type.ACK)
        sender.closes()
    assert alice.stage.wait_for_outside(lambda: len(saved(inbox)) == 4), saved(inbox)
    assert sorted(saved(inbox).values()) == [b"an older one", b"one", b"three", b"two"]
    assert saved(inbox)["photo.png"] == b"an older one", "it is overwritten"
    assert not (tmp_path / "photo.png").exists(), "it has left the inbox"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in inbox.iterdir() if path.name != "photo.png"}
    assert modes == {0o600}, "it is not for its owner only"


@check(
    "s6-file-broken",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Count the bytes: fewer than announced is no file. Remove name.part on every way out that is not success",
)
@pytest.mark.parametrize(("announced", "sent"), [(1000, 500), (1000, 0), (-1, 10), (2**31 - 1, 10), (10, 20)])
def test_file_broken(
    announced: int, sent: int, owner: Bring, talkers: Talkers, tmp_path: Path, words: Words
) -> None:
    """A file of which not all comes, or more, or of an impossible length leaves nothing; its user talks on."""
    (alice,) = talkers("alice")
    bob = owner("bob")
    offers(alice, bob, "photo.png")
    sender = says_yes(bob, alice)
    sender.sends(header(announced, Type.SEND, infos=b"photo.png") + b"x" * sent)
    sender.half_closes()
    assert sender.stage.wait_until(lambda: sender.hung_up), "the connection stays open"
    is_over(bob, alice, words)
    assert alice.stage.wait_for_outside(lambda: not saved(tmp_path / "bob")), saved(tmp_path / "bob")


@check(
    "s6-file-checksum",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Compute SHA-256 while the bytes pass; compare with the other's FILE_ACK, if it has one; no match, no file",
)
def test_file_checksum(owner: Bring, talkers: Talkers, tmp_path: Path, words: Words) -> None:
    """When the two ends have not got the same SHA-256, the receiver keeps no file, and says so."""
    (alice,) = talkers("alice")
    bob = owner("bob")
    offers(alice, bob, "photo.png")
    sender = says_yes(bob, alice)
    sender.sends(packed(Type.SEND, "photo.png", b"some bytes"))
    assert sender.hears(Type.ACK).text == hashlib.sha256(b"some bytes").hexdigest()
    sender.sends(packed(Type.ACK, "photo.png", hashlib.sha256(b"other bytes").hexdigest()))
    sender.hears(Type.REJECT)
    sender.closes()
    assert alice.stage.wait_for_outside(lambda: not saved(tmp_path / "bob")), saved(tmp_path / "bob")
    is_over(bob, alice, words)


# The wire


def cut(server: Server, speaker: Talker, words: Words) -> list[str]:
    """A message in two pieces, cut at the borders of its fields and at each byte of its text."""
    line = f"héé €😃 {words.word()}"
    raw = packed(Type.MSG, "bob", line)
    places = [1, 3, 4, 5, 131, 132, 133, 135, 136, 137, 263, *range(HEADER.size, len(raw))]
    for place in places:
        speaker.sends(raw[:place])
        is_taken_in(server)
        speaker.sends(raw[place:])
    return [line] * len(places)


def bit_by_bit(server: Server, speaker: Talker, words: Words) -> list[str]:
    """A message in many pieces of a few bytes."""
    line = words.word()
    raw = packed(Type.MSG, "bob", line)
    for start in range(0, len(raw), 7):
        speaker.sends(raw[start : start + 7])
        is_taken_in(server)
    return [line]


def joined(server: Server, speaker: Talker, words: Words) -> list[str]:  # noqa: ARG001 - one signature for all
    """Five hundred messages in one piece."""
    lines = words.several(500)
    speaker.sends(b"".join(packed(Type.MSG, "bob", line) for line in lines))
    return lines


def leftovers(server: Server, speaker: Talker, words: Words) -> list[str]:  # noqa: ARG001
    """What programs in C leave at the end of a text, and of a name."""
    lines = words.several(4)
    for line, end in zip(lines, ("\n", "\0", "\n\0", "\0\0\0"), strict=True):
        speaker.tells(Type.MSG, "bob\0garbage", line + end)
    return lines


def longest(server: Server, speaker: Talker, words: Words) -> list[str]:  # noqa: ARG001
    """A payload as long as a text may be, behind one with nothing in it."""
    line = words.long_line(MAX_TEXT_BYTES)
    speaker.tells(Type.MSG, "bob", "")
    speaker.tells(Type.MSG, "bob", line)
    return [line]


def unfinished(server: Server, speaker: Talker, words: Words) -> list[str]:  # noqa: ARG001
    """What is not whole when the connection ends is dropped."""
    line = words.word()
    speaker.sends(packed(Type.MSG, "bob", line) + packed(Type.MSG, "bob", "half a line")[:-1])
    speaker.half_closes()
    speaker.is_hung_up_on()
    return [line]


@check(
    "s6-framing",
    points=3,
    level=ROBUST,
    hint="Keep what is left of each client in a buffer of its own, until 264 bytes, then pld_len more, are there",
)
@pytest.mark.parametrize("scene", [cut, bit_by_bit, joined, leftovers, longest, unfinished])
def test_framing(scene: Callable[..., list[str]], server: Server, talkers: Talkers, words: Words) -> None:
    """Messages cut or joined in any way arrive whole, in order, once, byte for byte."""
    alice, bob, carol = talkers("alice", "bob", "carol")
    for line in scene(server, alice, words):
        bob.hears(Type.MSG, line, sender="alice")
    marker = words.word()
    carol.tells(Type.MSG, "bob", marker)
    bob.hears(Type.MSG, marker)


@check(
    "s6-bad-messages",
    points=2,
    level=ROBUST,
    hint="Judge the header before you read on; skip the payload of a message that you refuse, and stay in step",
)
def test_bad_messages(talkers: Talkers, words: Words) -> None:
    """A message that is none is answered with an error, reaches nobody, and the next one is served."""
    alice, bob = talkers("alice", "bob")
    for name, raw in BAD_MESSAGES.items():
        alice.sends(raw)
        said = alice.takes()
        assert (said.sender, said.infos) == (SERVER, ""), f"{name}: {said}"
        assert said.text.isprintable(), f"{name}: an answer is shown as it comes"
        marker = words.word()
        alice.tells(Type.MSG, "bob", marker)
        bob.hears(Type.MSG, marker)


@check(
    "s6-lost-stream",
    points=2,
    level=ROBUST,
    hint="Check 0 <= pld_len <= your limit before malloc; for a length that cannot be true say why, and close",
)
@pytest.mark.parametrize("length", LOST_STREAMS)
def test_lost_stream(length: int, server: Server, talkers: Talkers, words: Words) -> None:
    """A length that cannot be true ends its sender, costs no memory, and disturbs nobody."""
    alice, bob, liar = talkers("alice", "bob", "liar")
    before = server.program.usage().memory_info().rss
    liar.sends(header(length, Type.MSG, infos=b"bob") + b"x" * 1000)
    liar.is_told_to_leave()
    marker = words.word()
    alice.tells(Type.MSG, "bob", marker)
    bob.hears(Type.MSG, marker)
    stays_small(server, before)


@check(
    "s6-long-list",
    points=1,
    level=ROBUST,
    hint="Begin a new answer before a line makes it longer than 1,024",
)
def test_long_list(talkers: Talkers) -> None:
    """A long list comes in several answers, cut at line ends, none longer than what each client reads."""
    names = [f"user{number:02}{'x' * 100}" for number in range(30)]
    alice = talkers(*names)[0]
    alice.tells(Type.WHO)
    lines: list[str] = []
    while len(lines) < 1 + len(names):
        said = alice.hears(Type.WHO, sender=SERVER)
        assert len(said.text.encode()) <= ANSWER_BYTES
        lines += said.text.split("\n")
    assert lines[0] == "Online users are", f"the list begins with {lines[0]!r}"
    assert sorted(lines[1:]) == [f"- {name}" for name in names], "each is listed once, in a line of its own"


# Names that change


@check(
    "s6-names",
    points=1,
    level=ROBUST,
    hint="isalnum on every byte, strcasecmp on all names, a reserved list",
)
def test_names(talkers: Talkers, connect: Connect) -> None:
    """What is no name, or another's in another case, is refused; the old name stays until a new one is granted."""
    alice, bob = talkers("alice", "bob")
    for name in (*BAD_NAMES, "ALICE", "Alice"):
        bob.tells(Type.NICK, name)
        bob.is_refused(Type.NICK)
    alice.tells(Type.MSG, "bob", "still bob")
    bob.hears(Type.MSG, "still bob")
    longest_name = "x" * 127
    bob.tells(Type.NICK, longest_name)
    bob.hears(Type.NICK, infos=longest_name)
    alice.tells(Type.MSG, longest_name, "now x")
    bob.hears(Type.MSG, "now x")
    newcomer = connect("newcomer")
    newcomer.tells(Type.NICK, "bob")
    newcomer.hears(Type.NICK, infos="bob")


@check(
    "s6-name-freed",
    points=1,
    level=ROBUST,
    hint="When a client goes, take it out of the list at once: its name is free from then on",
)
def test_name_freed(server: Server, talkers: Talkers, words: Words) -> None:
    """A name can be taken again when its user has left, however he left."""
    (alice,) = talkers("alice")
    for how in ("closes", "resets", "half_closes") * 5:
        (bob,) = talkers("bob")
        marker = words.word()
        alice.tells(Type.MSG, "bob", marker)
        bob.hears(Type.MSG, marker)
        getattr(bob, how)()
        assert server.stage.wait_for_outside(partial(is_unknown, alice, "bob")), f"still there when it {how}"


def is_unknown(talker: Talker, name: str) -> bool:
    """Ask whether somebody is there."""
    talker.tells(Type.WHOIS, name)
    return not talker.takes().infos


# Many, slow and silent ones


@check(
    "s6-stalled",
    points=3,
    level=ROBUST,
    hint="Never let a send wait: keep what is not taken, watch for POLLOUT, and hang up when you keep too much",
)
def test_stalled(server: Server, talkers: Talkers, connect: Connect, words: Words) -> None:
    """Who stops reading is hung up on; the others get every message, in order, and the server keeps its size."""
    speaker, hearer = talkers("speaker", "hearer")
    stalled = connect("stalled", receive_buffer=4096).logs_in()
    stalled.stops_reading()
    before = server.program.usage().memory_info().rss
    text = words.long_line(STALL_BYTES)
    said = bytearray()
    for number in range(STALL_MESSAGES):  # each waits for the one before it, as people do
        line = f"{number:08} {text}"
        speaker.tells(Type.MSGALL, "", line)
        hearer.hears(Type.MSGALL, line)
        said += packed(Type.MSGALL, "", line, "speaker")
    stays_small(server, before)
    stalled.reads()
    stalled.stage.wait_until(lambda: stalled.hung_up, FLOOD_SECONDS)
    expect(server.stage, stalled.hung_up, "who does not read is hung up on", "the connection is still there")
    assert said.startswith(bytes(stalled.unread)), "it lost messages while it stayed"


@check(
    "s6-asks-and-asks",
    points=1,
    level=ROBUST,
    hint="Answers wait in an outbox, which is bounded; read nobody faster than he reads",
)
def test_asks_and_asks(server: Server, talkers: Talkers, connect: Connect, words: Words) -> None:
    """Who asks on and on and reads no answer costs neither memory nor the others' time, and is hung up on."""
    alice, bob = talkers("alice", "bob")
    greedy = connect("greedy", receive_buffer=4096).logs_in()
    greedy.stops_reading()
    before = server.program.usage().memory_info().rss
    questions = packed(Type.ECHO, "", "x" * 2000) * 4000
    sent = 0
    while sent < len(questions):
        sent += greedy.sends_what_fits(questions[sent:])
        line = words.word()
        alice.tells(Type.MSG, "bob", line)
        bob.hears(Type.MSG, line)
    assert server.stage.wait_for_outside(partial(is_unknown, alice, "greedy")), "it is still there"
    stays_small(server, before)


@check(
    "s6-storm",
    points=2,
    level=ROBUST,
    hint="Keep each message whole in each outbox, and read on only as fast as those who read can follow",
)
def test_storm(talkers: Talkers) -> None:
    """Ten who speak at once, hundreds of messages each, all hear everything once, in each one's order."""
    people = talkers(*(f"peer{number}" for number in range(SPEAKERS)))
    for speaker in people:
        speaker.sends(b"".join(packed(Type.MSGALL, "", str(number)) for number in range(MESSAGES)))
    for hearer in people:
        heard: dict[str, list[str]] = {each.name: [] for each in people if each is not hearer}
        for _ in range(MESSAGES * len(heard)):
            said = hearer.takes()
            heard[said.sender].append(said.text)
        assert all(texts == [str(number) for number in range(MESSAGES)] for texts in heard.values())


@check(
    "s6-strangers",
    points=2,
    level=ROBUST,
    hint="Count only who has a name; bound the others apart, and hang up on who has been silent longest",
)
def test_strangers(connect: Connect, words: Words) -> None:
    """Connections without a name keep nobody out, however many they are."""
    strangers = [connect(f"stranger{number}") for number in range(STRANGERS)]
    alice, bob = connect("alice").logs_in(), connect("bob").logs_in()
    line = words.word()
    alice.tells(Type.MSG, "bob", line)
    bob.hears(Type.MSG, line)
    strangers[-1].logs_in()
    strangers[0].is_told_to_leave()


@LONG
@check(
    "s6-unfinished",
    points=1,
    level=ROBUST,
    hint="Note when a message begins; if it is not whole ten seconds later, hang up, whatever drips in meanwhile",
)
def test_unfinished(connect: Connect, server: Server) -> None:
    """A stranger who does not finish a message is told and hung up on; one who is silent may take his time."""
    silent, half, dripping = connect("silent"), connect("half"), connect("dripping")
    started = time.monotonic()
    half.sends(b"h")
    while not dripping.unread and time.monotonic() - started < TOO_LONG_SECONDS:
        dripping.sends(b"\0")
        server.stage.wait_until(lambda: bool(dripping.unread), DRIP_SECONDS)
    for talker in half, dripping:
        talker.is_told_to_leave()
    assert time.monotonic() - started < TOO_LONG_SECONDS
    silent.logs_in()


@check(
    "s6-order",
    points=3,
    level=ROBUST,
    hint="One thread reads, decides and puts into outboxes, in this order",
)
def test_order(talkers: Talkers, words: Words) -> None:
    """All members of a channel see who comes, speaks and goes in one order, and nobody speaks before or after."""
    watchers = talkers("alice", "bob", "carol")
    for watcher, kind in zip(watchers, (Type.CREATE, Type.JOIN, Type.JOIN), strict=True):
        watcher.tells(kind, "jazz")
        watcher.hears(kind, infos="jazz")
    guests = talkers(*(f"guest{number}" for number in range(5)))
    for _ in range(VISITS):
        for guest in guests:
            line = words.word()
            visit = (Type.JOIN, ""), (Type.CHANNEL, line), (Type.QUIT, "")
            guest.sends(b"".join(packed(kind, "jazz", text) for kind, text in visit))
    seen = [history(watcher, 3 * VISITS * len(guests)) for watcher in watchers]
    assert seen[0] == seen[1] == seen[2], "three members of a channel see different histories"
    inside: set[str] = set()
    for event, name in seen[0]:
        assert (name in inside) == (event != Type.JOIN), f"{name} is heard while not in the channel"
        (inside.discard if event == Type.QUIT else inside.add)(name)


def history(watcher: Talker, count: int) -> list[tuple[int, str]]:
    """Take what a member of a channel sees of the guests: what they do, and who."""
    events: list[tuple[int, str]] = []
    while len(events) < count:
        said = watcher.takes()
        name = (
            said.sender if said.type == Type.CHANNEL else said.text.removeprefix("INFO> ").partition(" ")[0]
        )
        if name.startswith("guest"):
            events.append((said.type, name))
    return events


# The server as a program


@check(
    "s6-counts",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Print one flushed line when somebody gets his first name, and one when he goes, however he goes",
)
def test_counts(server: Server, connect: Connect) -> None:
    """Where it listens, and at each arrival and departure a line that ends with `, N present`: each once."""
    server.announces("^listening on ")
    listens_as_said(server)
    descriptors = server.program.usage().num_fds()
    for number in range(DEPARTURES):
        connect("stranger").closes()
        talker = connect(f"peer{number}").logs_in()
        talker.tells(Type.NICK, f"peer{number}x")
        talker.hears(Type.NICK)
        talker.sends(packed(Type.ECHO, "", "half")[:-1])
        assert server.stage.wait_until(partial(has_announced, server, 2 * number + 1))
        (talker.resets if number % 2 else talker.closes)()
        assert server.stage.wait_until(partial(has_announced, server, 2 * number + 2))
    has_announced_all(server, *[1, 0] * DEPARTURES)
    has_closed_all(server, descriptors)


@check(
    "s6-full",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Compare the number of names with the limit before you grant one; say why in an ECHO_SEND, then close",
)
def test_full(start_server: Callable[..., Server], stage: Stage) -> None:
    """One too many is told why and closed; a place that is freed can be taken at once."""
    server = start_server("--max-clients", "2")
    early, alice, bob = (Talker(stage, name, server.port) for name in ("early", "alice", "bob"))
    for member in alice, bob:
        member.logs_in()
    server.announces(PRESENT.format(2))
    for _ in range(3):
        server.program.signal(signal.SIGSTOP)
        late = Talker(stage, "late", server.port)
        late.tells(Type.NICK, "late")
        server.program.signal(signal.SIGCONT)
        late.is_told_to_leave("server full: 2 clients")
        late.closes()
    early.tells(Type.NICK, "early")
    early.is_told_to_leave("server full: 2 clients")
    alice.closes()
    server.announces(PRESENT.format(1))
    Talker(stage, "lucky", server.port).logs_in()
    server.announces(PRESENT.format(2))
    has_announced_all(server, *[1, 2, 1, 2])


def everybody_reads(server: Server, talkers: Talkers, connect: Connect) -> None:
    """Two have a name, one has none."""
    stranger = connect("stranger")
    stranger.tells(Type.ECHO, "", "hello")
    stranger.hears(Type.ECHO, "hello")
    ends_in_time(server, signal.SIGINT, [stranger, *talkers("alice", "bob")])


def one_does_not_read(server: Server, talkers: Talkers, connect: Connect) -> None:
    """What was said cannot be delivered to one of three, and neither can the goodbye."""
    alice, bob = talkers("alice", "bob")
    stuck = connect("stuck", receive_buffer=4096).logs_in()
    stuck.stops_reading()
    for _ in range(100):
        alice.tells(Type.MSGALL, "", "x" * 2000)
        bob.hears(Type.MSGALL)
    ends_in_time(server, signal.SIGTERM, [alice, bob])


def one_talks(server: Server, talkers: Talkers, connect: Connect) -> None:  # noqa: ARG001 - one signature for all
    """Messages have arrived and are not yet read: the goodbye must not be destroyed by a reset."""
    (alice,) = talkers("alice")
    server.program.signal(signal.SIGSTOP)
    alice.sends(packed(Type.MSGALL, "", "x" * 2000) * 50)
    server.interrupt()
    server.program.signal(signal.SIGCONT)
    alice.is_told_to_leave("exit")
    alice.closes()
    ends_quietly(server)


def ends_in_time(server: Server, number: signal.Signals, readers: list[Talker]) -> None:
    """Stop a server: all who read are told."""
    with is_stopped_in_time(server, number):
        for reader in readers:
            reader.is_told_to_leave("exit")


@check(
    "s6-shutdown",
    points=2,
    level=ROBUST,
    hint="On SIGINT or SIGTERM: ECHO_SEND `exit` from Server to all, close, exit 0; never wait for one that is stuck",
)
@pytest.mark.parametrize("scene", [everybody_reads, one_does_not_read, one_talks])
def test_shutdown(scene: Callable[..., None], server: Server, talkers: Talkers, connect: Connect) -> None:
    """SIGINT or SIGTERM, once or twice: exit to everybody, code 0, also when somebody does not read."""
    scene(server, talkers, connect)


@check(
    "s6-descriptors",
    points=1,
    level=ROBUST,
    hint="accept fails with EMFILE while the newcomer stays queued: do not ask poll() for it again at once",
)
def test_descriptors(server: Server, talkers: Talkers, connect: Connect, words: Words) -> None:
    """Out of descriptors: members go on, the processor is not burnt, newcomers get in once there is room."""
    alice, bob = talkers("alice", "bob")
    process = server.program.usage()
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), limits[1]))
    newcomer = connect("newcomer")
    are_idle(server.program)
    line = words.word()
    alice.tells(Type.MSG, "bob", line)
    bob.hears(Type.MSG, line)
    process.rlimit(psutil.RLIMIT_NOFILE, limits)
    newcomer.logs_in()


@check(
    "s6-restart", points=1, level=ROBUST, hint="If bind finds the address in use: set SO_REUSEADDR before it"
)
def test_restart(server: Server, talkers: Talkers, start_server: Callable[..., Server], stage: Stage) -> None:
    """A server that was killed with clients connected can be started again on the same port at once."""
    talkers("alice", "bob")
    server.kill()
    server.ends()
    again = start_server(port=server.port)
    Talker(stage, "alice", again.port).logs_in()


@check(
    "s6-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Check arguments first (argparse exits with 2); catch OSError of bind: one line on stderr, exit 1",
)
def test_usage(stage: Stage, contract: Contract, server: Server, start_server: Callable[..., Server]) -> None:
    """Wrong usage ends with code 2, a port that is taken with 1, each told in one line; IPv6 works too."""
    for words in (["--max-clients", "0"], ["--max-clients", "many"], ["surplus"]):
        code, complaints = run(stage, [*contract.server_command(0), *words], contract)
        assert (code, len(complaints)) == (2, 1), (words, complaints)
    refuses(stage, contract.server_command(server.told_port), contract, 1)
    for host in "::1", "localhost":
        other = start_server("--bind", host, host=host)
        Talker(stage, "alice", other.port, host).logs_in()
