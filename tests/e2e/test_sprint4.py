"""Sprint 4, judged: a room in which everybody has a name, and sees the same.

Scenes of the subject level are played by people at terminals, whatever the wire and the prompts of their programs
are: the course text has them give a name first, sends each line back to its author, answers `coucou` to all, and
tells all who comes and who leaves. Those that speak the wire call their raw connections by the names that they give.
"""

import random
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from grader.actors import Client, PipedClient, Server
from grader.checks import LONG, ROBUST, check
from grader.contract import Contract
from grader.peers import Peer, RawConnection
from grader.stage import Stage
from grader.unseen import expect
from grader.wiretap import Wiretap
from grader.words import Words
from tests.e2e.any_wire import stays_silent
from tests.e2e.figures import has_announced_all, has_threads, listens_as_said, refuses, stays_small
from tests.e2e.floods import FLOOD_SECONDS
from tests.e2e.members import (
    ALPHABETS,
    BAD_NAMES,
    DEPARTURES,
    FORGED,
    NOT_COUCOU,
    NOT_EXIT,
    REFUSAL,
    ROOM_FRAMINGS,
    TWINS,
    WHOLE_DEPARTURES,
    Enter,
    Members,
    all_receive,
    gives_name,
    is_refused,
    says_to_all,
)
from tests.e2e.networks import say_cut, say_held, say_joined
from tests.e2e.steps import (
    Bring,
    Connect,
    are_idle,
    depart,
    each_leaving,
    restart,
    run,
    say_marker,
    say_short_after_long,
    sees_somewhere,
    shows,
    somebody_sees,
    still_runs,
    talk,
)
from tests.e2e.visits import ENDS, Visit, pipes_all_lines, shows_escaped
from tests.e2e.wire import BAD_LINES, ENDLESS_BYTES, ends_in_time, is_taken_in, unfinished
from tests.races.histories import History, arrival, complaints, departure

SPRINT = "sprint4_named_room"

PRESENT = ", {} present$"

MAX_CLIENTS, MAX_NAMELESS, TOO_MANY = 100, 256, 10

SOONEST, LATEST = 7.0, 16.0
"""Around the ten seconds in which a name must be found, generously: machines are loaded."""

DRIP_SECONDS = 0.5

STALL_LINES, STALL_BYTES = 4000, 1000
"""What flows past a client that does not read: more than the buffers of both systems hold together."""

SPEAKERS, LINES, GUEST_EVERY = 8, 100, 4

SEEN_SECONDS = 1.0
"""What one has been shown others are shown by then, if they are; no longer than programs are seen to be at work."""

LAG_SECONDS = 0.3
"""What was said is shown by then to all; at once where all are seen to wait."""

CLIENT_BYTES = 4096
"""The longest line that a client must take: a relayed one is longer than a sent one by the name."""

People = Callable[[int], list[Client]]


@pytest.fixture
def people(newcomer: Bring, words: Words) -> People:
    """Bring so many people, with names that nobody can foresee."""
    return lambda count: [newcomer(words.word()) for _ in range(count)]


def are_heard(people: list[Client], words: Words) -> None:
    """Let each say a word that somebody sees, be it himself; what all were shown up to then is behind them.

    Of a client that draws what its user types that proves nothing: it sees itself.
    """
    for speaker in people:
        marker = say_marker(speaker, words)
        somebody_sees(people, marker)
    stage = people[0].stage
    stage.wait_until(lambda: all(shows(each, marker) for each in people), SEEN_SECONDS)
    stage.settles(LAG_SECONDS)  # some draw what their user types before it is sent
    for each in people:
        each.has_seen_all()


def hearer_of(speaker: Client, other: Client, words: Words) -> Client:
    """Return the other, if it sees what one says; else the speaker himself, to whom the course text sends it."""
    are_heard([speaker, other], words)
    marker = say_marker(speaker, words)
    somebody_sees([speaker, other], marker)
    return other if is_shown(other, marker) else speaker


def is_shown(client: Client, text: str) -> bool:
    """Tell whether a client shows a text that somebody else has seen, or soon will."""
    return client.stage.wait_until(lambda: shows(client, text), SEEN_SECONDS)


# Names, and what everybody is told


@check(
    "s4-arrival",
    points=3,
    hint="Keep the first line of each client as its name; send the notice to every client in the table",
)
def test_arrival(newcomer: Bring, words: Words) -> None:
    """Everybody there sees the name of each who comes, five clients long."""
    there: list[Client] = []
    for _ in range(5):
        name = words.word()
        there.append(newcomer(name))
        for each in there[:-1]:
            each.sees(name)


@check(
    "s4-echo",
    points=3,
    hint="Send each line back to the client that said it, whole and in order: that is its receipt",
)
def test_echo(people: People, words: Words) -> None:
    """What each of three says comes back to him, with its spaces, ten lines in order."""
    for each in people(3):
        for line in (words.sentence(), *words.several(9)):
            talk(each, each, line)


@check(
    "s4-coucou",
    points=2,
    hint="Compare the line with coucou, and send Bonjour to all in its place, the one who greeted too",
)
def test_coucou(people: People, words: Words) -> None:
    """The line coucou is answered by Bonjour to all."""
    there = people(3)
    for each in there:
        are_heard(there, words)
        each.types("coucou")
        for other in there:
            other.sees("Bonjour")


@check(
    "s4-text",
    points=2,
    hint='Compare whole lines: strncmp(line, "exit", 4) and strstr take too much for a word of the server',
)
def test_text(people: People, words: Words) -> None:
    """A line that only begins with exit or coucou, or ends with it, is text."""
    alice, bob = people(2)
    hearer = hearer_of(alice, bob, words)
    for word in ("exit", "coucou"):
        for line in (word + words.word(), words.word() + word):
            talk(alice, hearer, line)


def types_exit(leaver: Client) -> None:
    """The word of the course text."""
    leaver.types("exit")
    leaver.ends()


@check(
    "s4-exit",
    points=3,
    hint="On exit, and when recv returns 0 or fails: tell all others who has left, close that socket, end its thread",
)
@pytest.mark.parametrize("leave", [types_exit, Client.is_killed])
def test_exit(leave: Callable[[Client], None], people: People, newcomer: Bring, words: Words) -> None:
    """Who types exit, or is killed, is out; all others see the name of the one who left, and go on."""
    alice, bob, carol = people(3)
    are_heard([alice, carol], words)
    leave(bob)
    for other in alice, carol:
        other.sees(bob.name)
    are_heard([alice, carol], words)
    dave = newcomer(words.word())
    alice.sees(dave.name)
    are_heard([alice, carol, dave], words)


@check(
    "s4-short-after-long",
    points=1,
    hint='The end of an older line is shown ("finnjour"): empty the buffer, or use the length that recv returns',
)
def test_short_after_long(people: People, words: Words) -> None:
    """A short line after a long one carries nothing of the long one."""
    alice, bob = people(2)
    say_short_after_long(alice, hearer_of(alice, bob, words), words)


@check(
    "s4-while-typing",
    points=1,
    hint="A client in fgets or input() must still show what arrives: one thread sends, one receives",
)
def test_while_typing(people: People, newcomer: Bring, words: Words) -> None:
    """Who is in the middle of a line sees who comes, and then sends the line whole."""
    alice, bob = people(2)
    hearer = hearer_of(alice, bob, words)
    start, end = words.word(), words.word()
    alice.begins_to_type(start)
    alice.sees(newcomer(words.word()).name)
    alice.types(end)
    sees_somewhere(hearer, start + end)


# More than the course text asks for


@check(
    "s4-to-all",
    points=3,
    level=ROBUST,
    hint="Put the name in front of the line in the server, and send it to every client in the table",
)
def test_to_all(people: People, words: Words) -> None:
    """What one says all others see too, with his name."""
    there = people(3)
    for speaker in there:
        are_heard(there, words)
        line = words.word()
        speaker.types(line)
        for hearer in there:
            if hearer is not speaker:
                hearer.sees_in_any_order(line, speaker.name)


@check(
    "s4-silent",
    points=1,
    level=ROBUST,
    hint="Read a newcomer's name in its own thread, never in the accept loop",
)
def test_silent(server: Server, people: People, words: Words, contract: Contract) -> None:
    """Who is connected and has given no name yet holds up nobody."""
    if not contract.login:
        pytest.skip("needs clients whose users type their names")
    stays_silent(server, contract)
    there = people(2)
    server.leaves_waiting(0)
    are_heard(there, words)


@check(
    "s4-leave",
    points=2,
    level=ROBUST,
    hint=(
        "A client ends at Ctrl+D (fgets returns NULL) and at Ctrl+C; in the server every way out of its thread goes "
        "through the same few lines: out of the table, notice, close"
    ),
)
@each_leaving
def test_leave(how: str, people: People, server: Server, words: Words, contract: Contract) -> None:
    """However one leaves, all others are told once, and go on."""
    alice, bob, carol = people(3)
    are_heard([alice, carol], words)
    before = alice.shown().count(bob.name.encode())
    depart(bob, how, contract)
    for other in alice, carol:
        other.sees(bob.name)
    are_heard([carol, alice], words)
    told = alice.shown().count(bob.name.encode()) - before
    assert told == 1, f"{alice.name} is told of the departure {told} times, and not once"
    still_runs(server)


@check(
    "s4-server-end",
    points=2,
    level=ROBUST,
    hint="On SIGINT tell everybody exit and close; a client that reads 0 or exit must end, also inside fgets",
)
def test_server_end(people: People, server: Server, words: Words) -> None:
    """Ctrl+C at the server ends it and all clients, one in the middle of a line too."""
    there = people(3)
    there[0].begins_to_type(words.word())
    server.interrupt()
    server.ends()
    for client in there:
        client.ends()


@check(
    "s4-restart",
    points=1,
    level=ROBUST,
    hint="If bind finds the address in use: set SO_REUSEADDR before it",
)
def test_restart(
    people: People, server: Server, start_server: Callable[..., Server], start_client: Bring, words: Words
) -> None:
    """A server that was killed with clients connected can be started again on the same port at once."""
    carol, dave = restart(server, start_server, start_client, *people(2))
    carol.stage.wait_until(lambda: shows(carol, dave.name) or shows(dave, carol.name))  # then both are in
    are_heard([carol, dave], words)


@check(
    "s4-network",
    points=3,
    level=ROBUST,
    hint="recv gives what has arrived, a part of a message or three of them: mark where one ends, read until then",
)
@pytest.mark.parametrize("source", ["client", "server"])
@pytest.mark.parametrize("what", [say_joined, say_cut], ids=["joined", "cut"])
def test_network(
    what: Callable[..., None],
    source: str,
    network: Wiretap,
    pair_on_network: tuple[Client, Client],
    server: Server,
    words: Words,
) -> None:
    """Messages that arrive joined, or in two pieces, are the messages that were sent."""
    alice, bob = pair_on_network
    are_heard([alice, bob], words)
    hearer = hearer_on(network, alice, bob, words)
    further = [server] if what is say_cut else []
    what(network, alice, hearer, alice.name if source == "client" else "server", words, *further)


def hearer_on(network: Wiretap, alice: Client, bob: Client, words: Words) -> Client:
    """Return who alone is sent what one says: bob leaves where it is sent to both."""
    word = words.word()
    say_held(network, alice, "server", [word])
    alice.stage.settles(LAG_SECONDS)
    copies = network.kept("server").count(word.encode())
    network.lets_through(source="server")
    if copies == 1:
        somebody_sees([alice, bob], word)
        return bob if is_shown(bob, word) else alice
    bob.types("exit")
    bob.ends()
    are_heard([alice], words)
    return alice


# The wire: names


@pytest.fixture
def enter(server: Server, peer: Connect) -> Enter:
    """Bring a raw connection that is granted a name; those who are there are told."""

    def bring(name: str, *others: Peer, receive_buffer: int | None = None) -> Peer:
        newcomer = peer(name, receive_buffer)
        gives_name(newcomer, others)
        server.announces(PRESENT.format(len(others) + 1))
        return newcomer

    return bring


@pytest.fixture
def members(enter: Enter, words: Words) -> Members:
    """Bring so many raw connections with names; each has received the arrivals of those behind it."""

    def bring(count: int) -> list[Peer]:
        there: list[Peer] = []
        for _ in range(count):
            there.append(enter(words.word(), *there))
        return there

    return bring


@check(
    "s4-names",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Add the newcomer to the table first, then send the notice to all in it: its own arrival is its first line",
)
def test_names(server: Server, peer: Connect, words: Words) -> None:
    """A name is granted by one's own arrival, before anything else; one's lines may come in the same segment."""
    there: list[Peer] = []
    for name in ALPHABETS:
        newcomer = peer(name)
        is_taken_in(server)
        if there:
            says_to_all(there[0], there, words.word())
        line = words.word()
        newcomer.says(name, line)
        there.append(newcomer)
        all_receive(there, arrival(name), f"{name}: {line}")
        server.announces(PRESENT.format(len(there)))


@check(
    "s4-refused",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Judge the name before you keep it; answer *** and the reason, and read the next line as a name again",
)
def test_refused(server: Server, peer: Connect, members: Members, words: Words) -> None:
    """What can be no name is refused with a reason, to its author alone, who may then send another."""
    (member,) = members(1)
    for kind, raw in BAD_NAMES.items():
        newcomer = peer("newcomer")
        newcomer.sends(raw + b"\n")
        assert is_refused(newcomer), f"refused without a reason: {kind}"
        newcomer.name = words.word()
        gives_name(newcomer, [member])
        newcomer.says("exit")
        member.receives(departure(newcomer.name))
    still_runs(server)


@check(
    "s4-taken",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Compare names in one Unicode form (NFC) and without case (casefold), under the lock that guards the table",
)
@pytest.mark.parametrize(("name", "twins"), TWINS)
def test_taken(name: str, twins: tuple[str, ...], peer: Connect, enter: Enter, words: Words) -> None:
    """A name that is taken is refused, in other letters and another Unicode form too; its owner keeps it."""
    owner = enter(name)
    newcomer = peer("newcomer")
    for twin in twins:
        newcomer.says(twin)
        is_refused(newcomer)
    newcomer.name = words.word()
    gives_name(newcomer, [owner])
    says_to_all(owner, [owner, newcomer], words.word())
    owner.says("exit")
    newcomer.receives(departure(name))


@check(
    "s4-freed",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Take the name out in the same step, under the lock, in which the notice goes out; close the socket",
)
def test_freed(server: Server, enter: Enter, members: Members, words: Words) -> None:
    """However one leaves, the others are told once, and the name is free at once: twenty times."""
    (observer,) = members(1)
    descriptors = server.program.usage().num_fds()
    name = words.word()
    for leave in DEPARTURES * 5:
        leaver = enter(name, observer)
        leave(leaver)
        observer.receives(departure(name))
        server.announces(PRESENT.format(1))
        leaver.end()
    has_announced_all(server, *([1] + [2, 1] * 20))
    closed = server.stage.wait_for_outside(lambda: server.program.usage().num_fds() == descriptors)
    assert closed, "the socket of each that leaves must be closed"


def some_are_silent(server: Server, peer: Connect, there: list[Peer], words: Words) -> None:
    """Five say nothing, half a name, or that they leave."""
    silent = [peer(f"silent{number}") for number in range(5)]
    silent[0].sends(b"half a na")
    says_to_all(there[0], there, words.word())
    silent[1].says("exit", words.word(), "not relayed")
    silent[1].is_hung_up_on()
    silent[2].closes()
    silent[3].resets()
    says_to_all(there[1], there, words.word())
    silent[4].name = words.word()
    gives_name(silent[4], there)
    server.announces(PRESENT.format(3))
    has_announced_all(server, *[1, 2, 3])


def very_many_are_silent(server: Server, peer: Connect, there: list[Peer], words: Words) -> None:
    """As many as may, and ten more, who are told so."""
    crowd = [peer(f"silent{number}") for number in range(MAX_NAMELESS + TOO_MANY)]
    assert server.stage.wait_until(lambda: sum(each.hung_up for each in crowd) >= TOO_MANY), (
        f"{len(crowd)} are nameless, and fewer than {TOO_MANY} of them are sent away"
    )
    inside = [each for each in crowd if not each.hung_up]
    for each in crowd:
        if each.hung_up:
            is_refused(each)
    assert len(inside) == MAX_NAMELESS, (
        f"of {len(crowd)} nameless {len(inside)} may stay, and not {MAX_NAMELESS}"
    )
    says_to_all(there[0], there, words.word())
    inside[0].name = words.word()
    gives_name(inside[0], there)
    gives_name(peer(words.word()), [*there, inside[0]])


@check(
    "s4-nameless",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Read the name in the client's own thread, never in the accept loop; count apart who has none, up to 256",
)
@pytest.mark.parametrize("scene", [some_are_silent, very_many_are_silent])
def test_nameless(
    scene: Callable[..., None], server: Server, peer: Connect, members: Members, words: Words
) -> None:
    """Who has no name holds up nobody, hears nothing, comes and goes unnoticed, and takes nobody's place."""
    scene(server, peer, members(2), words)


@LONG
@check(
    "s4-late",
    points=2,
    level=ROBUST,
    wire=True,
    hint="One deadline from accept on, not one for each recv: poll with what is left of the ten seconds",
)
def test_late(server: Server, peer: Connect, members: Members, words: Words) -> None:
    """Ten seconds without a name, whatever was sent meanwhile: told, hung up on, and nobody else notices."""
    there = members(2)
    silent, dripping, refused = late = [peer(name) for name in ("silent", "dripping", "refused")]
    started = time.monotonic()
    while time.monotonic() < started + LATEST and not all(each.hung_up for each in late):
        dripping.sends(b"x")
        refused.says("9lives")
        server.stage.wait_until(lambda: all(each.hung_up for each in late), DRIP_SECONDS)
    assert all(each.hung_up for each in late), "who gives no name is hung up on after ten seconds"
    assert time.monotonic() - started > SOONEST, "ten seconds are ten seconds"
    for each in silent, dripping:
        is_refused(each)
    says_to_all(there[0], there, words.word())
    assert refused.unread.startswith(REFUSAL.encode()), "a name that is refused is not answered with a reason"


# The wire: lines


@check(
    "s4-forged",
    points=2,
    level=ROBUST,
    wire=True,
    hint="The server writes the name in front of every line: then no user's line can look like a notice",
)
def test_forged(members: Members, words: Words) -> None:
    """Whatever looks like a notice, or like another's line, arrives as text of its author."""
    there = members(3)
    author, other, _third = there
    for text in FORGED:
        says_to_all(author, there, text.format(name=author.name, other=other.name))
    says_to_all(other, there, words.word())


def greets(server: Server, there: list[Peer]) -> None:
    """One greets, in one piece and in several; all are answered, and nobody is sent the greeting."""
    for pieces in ([b"coucou\n"], [b"coucou\r\n"], [b"cou", b"cou\n"], [b"coucou", b"\n"]):
        for piece in pieces:
            there[0].sends(piece)
            is_taken_in(server)
        all_receive(there, "Bonjour")


def leaves(server: Server, there: list[Peer]) -> None:
    """One leaves, by a word that comes in two pieces, with more behind it."""
    leaver, *others = there
    leaver.sends(b"ex")
    is_taken_in(server)
    leaver.sends(b"it\nnot relayed\nexit\n")
    leaver.is_hung_up_on()
    assert not leaver.was_reset, "closed with bytes unread: that destroys what is on its way"
    all_receive(others, departure(leaver.name))


@check(
    "s4-words",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Compare the whole line with coucou, or exit, once its LF is there: it may come in two segments",
)
@pytest.mark.parametrize(("scene", "texts"), [(greets, NOT_COUCOU), (leaves, NOT_EXIT)])
def test_words(
    scene: Callable[..., None], texts: tuple[str, ...], server: Server, members: Members, words: Words
) -> None:
    """Only coucou, exactly, is answered by Bonjour, and only exit ends its sender; neither is relayed."""
    there = members(3)
    for text in texts:
        says_to_all(there[0], there, text)
    scene(server, there)
    says_to_all(there[1], there[1:], words.word())


@check(
    "s4-framing",
    points=3,
    level=ROBUST,
    wire=True,
    hint="One recv is not one line: keep what is left of each client in a buffer of its own, split at LF",
)
@pytest.mark.parametrize("scene", ROOM_FRAMINGS)
def test_framing(scene: Callable[..., list[str]], server: Server, members: Members, words: Words) -> None:
    """Lines cut or joined in any way arrive at all whole, in order, once, byte for byte, behind the name."""
    speaker, *hearers = members(3)
    said = scene(server, speaker, words)
    lines = [f"{speaker.name}: {text}" for text in said]
    all_receive(hearers, *lines)
    if scene is unfinished:
        all_receive(hearers, departure(speaker.name))
    else:
        speaker.receives(*lines)
    says_to_all(hearers[0], hearers, words.word())


@check(
    "s4-bad-lines",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Answer *** and the reason to the sender alone, skip to the next LF, read on; hang up only without any LF",
)
def test_bad_lines(members: Members, words: Words) -> None:
    """A bad line is answered to its author alone, and the next one works; 64 KiB without LF: hung up on."""
    sender, other = there = members(2)
    for kind, raw in BAD_LINES.items():
        if kind != "endless":
            sender.sends(raw)
            assert is_refused(sender), f"refused without a reason: {kind}"
            says_to_all(sender, there, words.word())
    sender.sends(b"x" * (ENDLESS_BYTES + 1))
    is_refused(sender)
    sender.is_hung_up_on()
    other.receives(departure(sender.name))
    says_to_all(other, [other], words.word())


# The wire: many at once


@check(
    "s4-full",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Compare the table's length with the limit under the lock, before adding; say why, close, announce nothing",
)
def test_full(server: Server, peer: Connect, start_client: Bring, words: Words) -> None:
    """A hundred get in; one more is told `*** server full: 100 clients`; a freed place can be taken at once."""
    there = [peer(words.word()) for _ in range(MAX_CLIENTS)]
    for each in there:
        each.says(each.name)
    server.announces(PRESENT.format(MAX_CLIENTS))
    for _ in range(5):
        server.program.signal(signal.SIGSTOP)
        refused = peer("refused")
        refused.says(words.word(), "may I?")
        server.program.signal(signal.SIGCONT)
        refused.receives(f"*** server full: {MAX_CLIENTS} clients")
        refused.is_hung_up_on()
        assert not refused.was_reset, "closed with bytes unread: that may destroy what the newcomer was told"
        refused.closes()
    client = start_client("late", server.port, actor=PipedClient)
    client.sees(f"server full: {MAX_CLIENTS} clients")
    client.ends(1)
    there[0].says("exit")
    server.announces(PRESENT.format(MAX_CLIENTS - 1))
    lucky = peer(words.word())
    gives_name(lucky)
    server.announces(PRESENT.format(MAX_CLIENTS))
    hundred = list(range(1, MAX_CLIENTS + 1))
    has_announced_all(server, *[*hundred, MAX_CLIENTS - 1, MAX_CLIENTS])


@check(
    "s4-stalled",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Never sendall under the lock: send with MSG_DONTWAIT, and hang up on whoever has no room left",
)
def test_stalled(server: Server, members: Members, enter: Enter, words: Words) -> None:
    """Who stops reading is hung up on; the others get every line, in order, and the server keeps its size."""
    speaker, hearer = there = members(2)
    stalled = enter("stalled", *there, receive_buffer=4096)
    stalled.stops_reading()
    before = server.program.usage().memory_info().rss
    seen = talk_until_told(speaker, hearer, departure(stalled.name), words.long_line(STALL_BYTES))
    server.announces(PRESENT.format(2))
    stays_small(server, before)
    stalled.reads()
    stalled.stage.wait_until(lambda: stalled.hung_up, FLOOD_SECONDS)
    expect(server.stage, stalled.hung_up, "who does not read is hung up on", "the connection is still there")
    assert "".join(f"{line}\n" for line in seen).encode().startswith(bytes(stalled.unread)), "it lost lines"
    hearer.says("still here")
    hearer.receives(f"{hearer.name}: still here")


def talk_until_told(speaker: Peer, hearer: Peer, notice: str, text: str) -> list[str]:
    """Let one talk, no faster than it is heard, until the other is told something; return what that one received."""
    seen: list[str] = []
    for number in range(STALL_LINES):
        line = f"{number:08} {text}"
        speaker.says(line)
        while not seen or seen[-1] != f"{speaker.name}: {line}":
            seen.append(hearer.receives_line())
            assert seen[-1] in (notice, f"{speaker.name}: {line}"), f"nobody has said {seen[-1][:40]!r} here"
        if notice in seen:
            return seen
    raise AssertionError(f"{hearer.name} was never told {notice!r}")


@check(
    "s4-storm",
    points=4,
    level=ROBUST,
    wire=True,
    hint="Decide and send to all under one lock: two threads that send at the same time give everybody another order",
)
def test_storm(server: Server, members: Members, peer: Connect, words: Words) -> None:
    """Eight speak at once while others come and go: all see the same, in the same order, and nothing is lost."""
    speakers = members(SPEAKERS)
    welcomes = {each.name: [arrival(other.name) for other in speakers[n:]] for n, each in enumerate(speakers)}
    descriptors, chance = server.program.usage().num_fds(), random.Random(words.seed)
    guests: dict[Peer, Callable[[Peer], None]] = {}
    for number in range(LINES):
        for speaker in speakers:
            speaker.says(str(number))
        if number % GUEST_EVERY == 0:
            guest = peer(words.word())
            guests[guest] = chance.choice(DEPARTURES)
            guest.says(guest.name, "0")
            guests[guest](guest)
    wait_for_guests_to_go(server, descriptors)
    for speaker in speakers:
        speaker.says("end")
    all_hear_the_end(speakers, [guest for guest, leave in guests.items() if leave in WHOLE_DEPARTURES])
    said = [*map(str, range(LINES)), "end"]
    histories = [History(each.name, said, welcomes[each.name] + lines_of(each)) for each in speakers]
    for guest, leave in guests.items():
        whole = leave in WHOLE_DEPARTURES
        histories.append(History(guest.name, ["0"], lines_of(guest), left=True, whole=whole))
    found = complaints(histories)
    assert not found, "; ".join(found[:3])


def wait_for_guests_to_go(server: Server, descriptors: int) -> None:
    """Wait until a server has taken in all that wait, and closed all that left."""
    usage = server.program.usage()
    assert server.stage.wait_for_outside(
        lambda: not server.waiting() and usage.num_fds() == descriptors, FLOOD_SECONDS
    ), "the socket of each that leaves must be closed"


def all_hear_the_end(speakers: list[Peer], guests: list[Peer]) -> None:
    """Wait until each speaker has received the last line of all, and each guest all up to its end, if they come.

    What was sent to one may arrive later than what was sent to another after it, after its sender has closed too:
    the system sends ten segments before it waits for an answer, which may take 0.04 s (a delayed ACK).
    """

    def hears_all(hearer: Peer) -> bool:
        return all(f"{each.name}: end\n".encode() in hearer.unread for each in speakers)

    speakers[0].stage.wait_until(
        lambda: all(map(hears_all, speakers)) and all(each.hung_up for each in guests), FLOOD_SECONDS
    )


def lines_of(peer: Peer) -> list[str]:
    """Return the whole lines that a peer has received and nobody has looked at."""
    return bytes(peer.unread).decode(errors="replace").split("\n")[:-1]


@check(
    "s4-threads",
    points=2,
    level=ROBUST,
    wire=True,
    hint="One thread for each client, ended with it; when accept fails with EMFILE pause, do not spin, do not die",
)
def test_threads(server: Server, members: Members, peer: Connect, words: Words) -> None:
    """A main thread and one for each client, ended with it; none burns the processor, out of descriptors neither."""
    process = server.program.usage()
    has_threads(server.program, 1)
    there = members(4)
    silent = peer("silent")
    server.stage.wait_for_outside(lambda: process.num_threads() == 6)
    has_threads(server.program, 6)
    are_idle(server.program)
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), limits[1]))
    newcomer = peer(words.word())
    newcomer.says(newcomer.name)
    are_idle(server.program)
    says_to_all(there[0], there, words.word())
    process.rlimit(psutil.RLIMIT_NOFILE, limits)
    all_receive([*there, newcomer], arrival(newcomer.name))
    for each in (*there, newcomer, silent):
        each.closes()
    server.stage.wait_for_outside(lambda: process.num_threads() == 1)
    has_threads(server.program, 1)


def everybody_reads(server: Server, members: Members, enter: Enter, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """Four are there, and one who has no name yet."""
    there = members(4)
    silent = peer("silent")
    is_taken_in(server)
    ends_in_time(server, signal.SIGINT, there)
    server.stage.wait_until(lambda: silent.hung_up)
    assert silent.hung_up, "the server has ended, and one without a name is still connected"


def one_does_not_read(server: Server, members: Members, enter: Enter, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """What was said cannot be delivered to one of three, and neither can the goodbye."""
    there = members(2)
    stuck = enter("stuck", *there, receive_buffer=4096)
    stuck.stops_reading()
    says_to_all(there[0], there, *[words.long_line(1000)] * 50)
    ends_in_time(server, signal.SIGTERM, there)


def one_talks(server: Server, members: Members, enter: Enter, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """Lines have arrived and are not yet read: the goodbye must not be destroyed by a reset."""
    speaker, _other = members(2)
    server.program.signal(signal.SIGSTOP)
    speaker.says(*words.several(1000))  # more than a server takes in at once
    server.interrupt()
    server.program.signal(signal.SIGCONT)
    while (line := speaker.receives_line()) != "exit":
        assert line.startswith(f"{speaker.name}: "), f"what {speaker.name} says came back as {line[:40]!r}"
    speaker.is_hung_up_on()
    assert not speaker.was_reset, "the server closed with bytes unread: that resets the connection"
    speaker.closes()
    server.ends(0)


@check(
    "s4-shutdown",
    points=2,
    level=ROBUST,
    wire=True,
    hint="On SIGINT or SIGTERM: accept no more, send exit to all, close, exit 0; wait for nobody that does not read",
)
@pytest.mark.parametrize("scene", [everybody_reads, one_does_not_read, one_talks])
def test_shutdown(
    scene: Callable[..., None],
    server: Server,
    members: Members,
    enter: Enter,
    peer: Connect,
    words: Words,
) -> None:
    """SIGINT or SIGTERM, once or twice: the bare line exit to everybody, code 0, also when somebody does not read."""
    scene(server, members, enter, peer, words)


@check(
    "s4-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Check arguments first (argparse exits with 2); catch OSError of bind: one line on stderr, exit 1",
)
def test_usage(
    stage: Stage, contract: Contract, server: Server, start_server: Callable[..., Server], start_client: Bring
) -> None:
    """Wrong usage ends with code 2, a port that is taken with 1, each told in one line; IPv6 works on both sides."""
    server.announces("^listening on ")
    listens_as_said(server)
    for words in (["--max-clients", "0"], ["--max-clients", "many"], ["surplus"]):
        code, told = run(stage, [*contract.server_command(0), *words], contract)
        assert (code, len(told)) == (2, 1), (words, told)
    refuses(stage, contract.server_command(server.told_port), contract, 1)
    for host, name in ("::1", "six"), ("localhost", "local"):
        other = start_server("--bind", host, host=host)
        start_client(name, other.port, host)
        other.announces(PRESENT.format(1))


# The client


def grants(server: RawConnection, name: str = "alice") -> None:
    """Stand in for a server that grants a client the name that it gives."""
    server.receives(name)
    server.says(arrival(name))


@check(
    "s4-client-names",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Send what the user types as a name until one's own arrival comes; show each *** line, let him try again",
)
@pytest.mark.parametrize("actor", [Client, PipedClient])
def test_client_names(actor: type[Client], members: Members, newcomer: Bring, words: Words) -> None:
    """A user whose name is refused sees why, and gives another; on a pipe as on a terminal."""
    (other,) = members(1)
    client = newcomer(other.name, actor)
    client.sees(REFUSAL)
    client.types("9lives")
    client.sees(REFUSAL)
    name, line = words.word(), words.word()
    client.types(name)
    client.sees(arrival(name))
    client.types(line)
    client.sees(f"{name}: {line}")
    other.receives(arrival(name), f"{name}: {line}")
    client.types("exit")
    client.ends(0)
    other.receives(departure(name))


@check(
    "s4-client-hostile",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Show control characters escaped, take lines of 4,096 bytes, and end with 1 when the server is lost",
)
@pytest.mark.parametrize("actor", [Client, PipedClient])
def test_client_hostile(actor: type[Client], visit: Visit) -> None:
    """Whatever a server sends is shown as text that no terminal obeys; a server that is lost is told, code 1."""
    client, server = visit(actor=actor)
    grants(server)
    shows_escaped(client, server)
    longest = "bob: " + "y" * (CLIENT_BYTES - len("bob: z\n")) + "z"
    server.says(longest)
    client.sees(longest)
    server.sends(b"x" * (ENDLESS_BYTES + 1))
    client.ends(1)


@check(
    "s4-client-codes",
    points=2,
    level=ROBUST,
    wire=True,
    hint="0: exit, end of input; 130: Ctrl+C, after sending exit; 1: the server is lost",
)
@pytest.mark.parametrize("scene", ENDS)
def test_client_codes(scene: Callable[[Client, RawConnection, str], int], visit: Visit) -> None:
    """The client says exit when it leaves, and its exit code tells why it ended."""
    client, server = visit(actor=Client)
    grants(server)
    server.says("bob: bonjour")
    client.sees("bob: bonjour")
    client.ends(scene(client, server, "exit"))


@check(
    "s4-client-input",
    points=2,
    level=ROBUST,
    wire=True,
    hint="At the end of input say exit behind all lines, and read on until the server closes; then exit 0",
)
def test_client_input(stage: Stage, start_client: Bring) -> None:
    """All that is piped into a client arrives before it leaves with code 0, also while it is being talked to."""
    pipes_all_lines(stage, start_client, "exit", grants)
