"""Sprint 3, judged: any number of clients in one room, a thread for each.

Scenes of the subject level are played by people at terminals (alice, bob, carol, dave, erin), whatever the wire and
the prompts of their programs are. Those that speak the wire call their raw connections speaker, hearer and so on.
"""

import signal
from collections.abc import Callable
from functools import partial
from itertools import chain

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
from tests.e2e.any_wire import (
    finds_its_port_taken,
    leave_the_processor_alone,
    odd_lines,
    stays_silent,
    survive_long_lines,
)
from tests.e2e.echoes import is_not_sent_back, is_not_sent_his_own
from tests.e2e.figures import (
    REDRAWN,
    has_announced_all,
    has_closed_all,
    has_heard,
    has_threads,
    listens_as_said,
    refuses,
    shows_each_once,
    stays_small,
)
from tests.e2e.floods import FLOOD_SECONDS
from tests.e2e.networks import (
    BROKEN,
    CUTS,
    MEANWHILE,
    SLOW,
    breaks_down,
    say_cut,
    say_into_a_cut,
    say_joined,
    slows_down,
)
from tests.e2e.steps import (
    CROWD,
    Bring,
    Connect,
    almost_leaving,
    are_idle,
    cross_lines,
    crowd_at,
    depart,
    each_leaving,
    exchange,
    has_announced,
    hear,
    needs_netcat,
    restart,
    say_short_after_long,
    somebody_waits,
    takes_part,
    talk,
)
from tests.e2e.visits import ENDS, Visit, complains_once, pipes_all_lines, shows_escaped
from tests.e2e.wire import BAD_LINES, FRAMINGS, NOT_THE_WORD, ends_in_time, is_taken_in, stop_while_talking

SPRINT = "sprint3_n_clients"

NAMES = ("alice", "bob", "carol", "dave", "erin")

Peers = Callable[[int], list[Peer]]

PRESENT = ", {} present$"

SPEAKERS, LINES = 10, 200

DEPARTURES = 50

VISITS = 120
"""Subject 004 wants room for a hundred; most tables have less."""

STALL_LINES, STALL_BYTES = 4000, 1000
"""What flows past a client that does not read: more than the buffers of both systems hold together."""


def room_of(newcomer: Bring, words: Words, count: int) -> list[Client]:
    """Bring so many people. Each says a word that those before it see: then the server knows it.

    The first says one alone only where the server takes in nobody else before: who may not be silent, and who may not
    talk alone, have checks of their own.
    """
    people = [newcomer(NAMES[0])]
    for name in NAMES[1:count]:
        people.append(newcomer(name))
        if somebody_waits(people[0].stage):
            people[0].types(words.word())
        hear(people[-1], people, words.word())
    return people


def all_hear_each_other(people: list[Client], words: Words) -> None:
    """Let each say a line that all others see."""
    for speaker in people:
        hear(speaker, people, words.word())


def all_hear_once(people: list[Client], words: Words) -> None:
    """Let each say a line that all others see once; whoever is on the network is not sent his own."""
    said, *later = ([(speaker, words.word()) for speaker in people] for _ in range(REDRAWN))
    spoken = [*said, *chain.from_iterable(later)]
    for speaker, line in spoken:
        hear(speaker, people, line)
    for each, line in said:
        heard = [line for speaker, line in spoken if speaker is not each]
        first, others = heard[: len(people) - 1], heard[len(people) - 1 :]
        shows_each_once(each, first, others)
        is_not_sent_back(each, line, before=others[0])


# Talking


@check(
    "s3-three",
    points=3,
    hint="Relay to every client in the table but the speaker: a loop over all, not `the other one`",
)
def test_three(newcomer: Bring, words: Words) -> None:
    """What one of three clients says, both others hear."""
    all_hear_each_other(room_of(newcomer, words, 3), words)


@check(
    "s3-five",
    after="s3-three",
    points=2,
    hint=("The table must have room for all; accept must go on while others talk (a thread for each)"),
)
def test_five(newcomer: Bring, words: Words) -> None:
    """Five clients hear each other."""
    all_hear_each_other(room_of(newcomer, words, 5), words)


@check(
    "s3-one-alone",
    points=1,
    hint="With nobody else in the table a line goes nowhere: no error, no wait, no echo",
)
def test_one_alone(alice: Client, newcomer: Bring, words: Words) -> None:
    """One alone may talk, and who comes later hears what is said from then on."""
    alice.types(words.word())
    bob = newcomer("bob")
    talk(alice, bob, words.word())
    talk(bob, alice, words.word())


@check(
    "s3-no-echo",
    after="s3-three",
    points=2,
    hint="Skip the speaker's own socket when you relay",
)
def test_no_echo(newcomer_by_front: Bring, front: Wiretap | None, server: Server, words: Words) -> None:
    """Nobody is sent his own lines."""
    is_not_sent_his_own(room_of(newcomer_by_front, words, 3), front, server, words)


@check(
    "s3-short-after-long",
    after="s3-three",
    points=1,
    hint='The end of an older line is shown ("finnjour"): use the length that recv returns',
)
def test_short_after_long(newcomer: Bring, words: Words) -> None:
    """A short line after a long one carries nothing of the long one."""
    alice, bob = room_of(newcomer, words, 2)
    say_short_after_long(alice, bob, words)


@check(
    "s3-order",
    after="s3-three",
    points=2,
    hint="One thread reads a client and relays line after line: then its lines keep their order",
)
def test_order(newcomer: Bring, words: Words) -> None:
    """Ten lines in a row by one speaker arrive at each of the others, in order and with their spaces."""
    speaker, *hearers = room_of(newcomer, words, 3)
    lines = [*words.several(9), words.sentence()]
    for line in lines:
        hear(speaker, hearers, line)
    for hearer in hearers:
        shows_each_once(hearer, lines)


@check(
    "s3-crossing",
    after="s3-three",
    points=2,
    hint="Sending and receiving must not wait for each other: a thread for each in the client",
)
def test_crossing(newcomer: Bring, words: Words) -> None:
    """Lines that cross each other all arrive."""
    alice, bob, _carol = room_of(newcomer, words, 3)
    cross_lines(alice, bob, words)


@check(
    "s3-late-comer",
    points=2,
    hint="accept in a loop that never ends, a new thread for each; who talks must not hold it up",
)
def test_late_comer(alice: Client, bob: Client, newcomer: Bring, words: Words) -> None:
    """Who comes in the middle of a conversation takes part from then on."""
    for _ in range(3):
        talk(alice, bob, words.word())
    carol = newcomer("carol")
    hear(carol, [alice, bob], words.word())
    hear(bob, [alice, carol], words.word())


@check(
    "s3-while-typing",
    after="s3-three",
    points=1,
    hint=("A client in fgets or input() must still show what arrives: that is what its second thread is for"),
)
def test_while_typing(alice: Client, bob: Client, words: Words) -> None:
    """Who is in the middle of a line sees what arrives, and then sends the line whole."""
    start, end = words.word(), words.word()
    alice.begins_to_type(start)
    talk(bob, alice, words.word())
    alice.types(end)
    bob.sees(start + end)


@check(
    "s3-silent",
    points=1,
    hint="Read each client in its own thread; never wait for a first word in the accept loop",
)
def test_silent(server: Server, newcomer: Bring, words: Words, contract: Contract) -> None:
    """Clients that say nothing, not even a name, hold up nobody."""
    stays_silent(server, contract)
    alice, bob, carol = (newcomer(name) for name in NAMES[:3])
    hear(carol, [alice, bob], words.word())


@check(
    "s3-fin-prefix",
    after="s3-three",
    points=1,
    hint='Compare the whole line with fin, without its line feed: strncmp(line, "fin", 3) takes too much',
)
def test_fin_prefix(alice: Client, bob: Client, words: Words, contract: Contract) -> None:
    """A line that only begins with the word for leaving, or ends with it, is text."""
    talk(bob, alice, words.word())  # then both are known to be in
    for line in almost_leaving(contract.quit, words):
        exchange(alice, bob, line)


# Leaving


@LONG
@check(
    "s3-leave",
    points=2,
    level=ROBUST,
    hint=(
        "When recv returns 0 or the quit word comes: out of the table (under the lock), close, end the thread"
    ),
)
@each_leaving
def test_leave(
    how: str,
    alice: Client,
    bob: Client,
    carol: Client,
    server: Server,
    newcomer_by_front: Bring,
    words: Words,
    contract: Contract,
) -> None:
    """However one leaves, the others go on, newcomers get in, and each line is heard once."""
    depart(bob, how, contract)
    for _ in range(3):
        talk(alice, carol, words.word())
    people = [alice, carol]
    for name in "dave", "erin":
        people.append(newcomer_by_front(name))
        hear(people[-1], people, words.word())
    all_hear_once(people, words)
    server.goes_on()
    leave_the_processor_alone(server)


@check(
    "s3-come-and-go",
    after="s3-three",
    points=1,
    level=ROBUST,
    hint="Count down, and take out of the table, whoever leaves: else it is full once so many have come, ever",
)
def test_come_and_go(server: Server, newcomer: Bring, peer: Connect, words: Words) -> None:
    """More come and go than any table has room for, and whoever comes then talks to those who stayed."""
    people = room_of(newcomer, words, 2)
    for number in range(1, VISITS + 1):
        visitor = peer("visitor")
        is_accepted = server.stage.wait_for_outside(lambda: not server.waiting())
        expect(
            server.stage, is_accepted, f"visitor {number} of {VISITS} is accepted", "the visitor still waits"
        )
        visitor.closes()
    people.append(newcomer("carol"))
    all_hear_each_other(people, words)


@check(
    "s3-server-end",
    points=2,
    level=ROBUST,
    hint=(
        "On SIGINT tell everybody exit and close; a client that reads 0 or exit must end, also inside fgets"
    ),
)
def test_server_end(alice: Client, bob: Client, carol: Client, server: Server, words: Words) -> None:
    """Ctrl+C at the server ends it and all clients, one in the middle of a line too."""
    hear(alice, [bob, carol], words.word())
    alice.begins_to_type(words.word())
    server.interrupt()
    server.ends()
    for client in alice, bob, carol:
        client.ends()


@check(
    "s3-restart",
    points=1,
    level=ROBUST,
    hint="If bind finds the address in use: set SO_REUSEADDR before it",
)
def test_restart(
    alice: Client,
    bob: Client,
    server: Server,
    start_server: Callable[..., Server],
    start_client: Bring,
    words: Words,
) -> None:
    """A server that was killed with clients connected can be started again on the same port at once."""
    talk(alice, bob, words.word())
    carol, dave = restart(server, start_server, start_client, alice, bob)
    talk(dave, carol, words.word())


# A network that is bad, whatever the wire is


@check(
    "s3-joined",
    after="s3-three",
    points=2,
    level=ROBUST,
    hint=(
        "recv gives what has arrived, which may be three messages: mark where one ends (LF, NUL, a length), "
        "and take them apart"
    ),
)
@pytest.mark.parametrize("way", ["to the server", "from the server"])
def test_joined(way: str, network: Wiretap, pair_on_network: tuple[Client, Client], words: Words) -> None:
    """Three messages that arrive in one segment are three messages."""
    alice, bob = pair_on_network
    exchange(bob, alice, words.word())
    say_joined(network, alice, bob, "alice" if way == "to the server" else "server", words)


@check(
    "s3-cut",
    after="s3-three",
    points=2,
    level=ROBUST,
    hint=(
        "recv may give the beginning of a message: read on until you have its mark, or as many bytes as its "
        "length says, into a buffer of that client's own"
    ),
)
@pytest.mark.parametrize("way", CUTS)
def test_cut(
    way: str,
    network: Wiretap,
    pair_on_network: tuple[Client, Client],
    newcomer_on_network: Bring,
    server: Server,
    words: Words,
) -> None:
    """A message that arrives in two pieces is one message."""
    alice, bob = pair_on_network
    exchange(bob, alice, words.word())
    if way == MEANWHILE:
        people = [alice, bob, newcomer_on_network("carol")]
        hear(people[-1], people, words.word())
        say_into_a_cut(network, people, words, server)
        return
    say_cut(network, alice, bob, "alice" if way == "to the server" else "server", words, server)


@check(
    "s3-slow-network",
    after="s3-three",
    points=1,
    level=ROBUST,
    hint="However late and in however small pieces it comes: read until a message is whole, and only then go on",
)
@pytest.mark.parametrize("how", SLOW)
def test_slow_network(how: str, network: Wiretap, newcomer_on_network: Bring, words: Words) -> None:
    """On a slow network, all arrives whole and in order, only later."""
    people = room_of(newcomer_on_network, words, 3)
    slows_down(network, how, words)
    for speaker in people:
        for line in words.several(2):
            hear(speaker, people, line)


@check(
    "s3-broken-network",
    after="s3-three",
    points=2,
    level=ROBUST,
    hint=(
        "recv returns 0, or fails with ECONNRESET, when the network is gone: that is an end like any other; "
        "free the place, close, go on"
    ),
)
@pytest.mark.parametrize("how", BROKEN)
def test_broken_network(
    how: str, network: Wiretap, server: Server, newcomer_on_network: Bring, words: Words
) -> None:
    """Somebody whose connection breaks has left: the server goes on, and a newcomer is served."""
    alice, bob, carol = room_of(newcomer_on_network, words, 3)
    breaks_down(network, how, bob)
    for line in words.several(3):
        talk(alice, carol, line)
    dave = newcomer_on_network("dave")
    hear(dave, [alice, carol], words.word())
    hear(alice, [carol, dave], words.word())
    server.goes_on()


# Any wire: nothing happens, lines are long, the port is taken


@check(
    "s3-odd-text",
    after="s3-three",
    points=1,
    level=ROBUST,
    hint='A line is bytes, in UTF-8: send and show them all as they are, with printf("%s", line), never printf(line)',
)
def test_odd_text(newcomer: Bring, words: Words) -> None:
    """Lines with accents, apostrophes and percent signs arrive as they were typed."""
    people = room_of(newcomer, words, 3)
    for line in odd_lines(words):
        hear(people[0], people[1:], line)
    all_hear_each_other(people, words)


@check(
    "s3-rest",
    after="s3-three",
    points=1,
    level=ROBUST,
    hint="Wait in recv, accept, poll or select, which cost nothing: no MSG_DONTWAIT in a loop, no timeout of 0",
)
def test_rest(server: Server, newcomer: Bring, words: Words) -> None:
    """While nothing happens, neither the server nor a client uses the processor."""
    people = room_of(newcomer, words, 3)
    all_hear_each_other(people, words)
    leave_the_processor_alone(server, *people)


@check(
    "s3-long-line",
    after="s3-three",
    points=2,
    level=ROBUST,
    hint=(
        "fgets gives the first part of a line that its buffer cannot hold, without a line feed: look before you "
        "use strchr's result, and never put more into a buffer than it has room for"
    ),
)
def test_long_line(server: Server, newcomer: Bring, words: Words) -> None:
    """No program dies of a long line, whole or cut or refused, and behind it a short one still passes."""
    speaker, *hearers = room_of(newcomer, words, 3)
    survive_long_lines(server, speaker, hearers, words)


@check(
    "s3-port-taken",
    after="s3-three",
    points=1,
    level=ROBUST,
    hint="Look at what bind returns: where it fails say why (perror) and exit(1); keep listening; no SO_REUSEPORT",
)
def test_port_taken(server: Server, newcomer: Bring, words: Words, contract: Contract) -> None:
    """A server listens where it is told; one whose port is taken ends by itself, with a failure, and harms nobody."""
    people = room_of(newcomer, words, 3)
    finds_its_port_taken(server, contract)
    all_hear_each_other(people, words)


# The wire


@pytest.fixture
def peers(server: Server, peer: Connect) -> Peers:
    """Bring so many raw connections and wait until the server counts them."""

    def bring(count: int) -> list[Peer]:
        found = [peer(f"peer{number}") for number in range(1, count + 1)]
        server.announces(PRESENT.format(count))
        return found

    return bring


@check(
    "s3-netcat",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Lines of text ended by LF and nothing else: then nc is a full client",
)
@needs_netcat
def test_netcat(stage: Stage, server: Server, peers: Peers, words: Words) -> None:
    """Nc is a full client."""
    (other,) = peers(1)
    takes_part(stage, server, other, words)


@check(
    "s3-framing",
    after="s3-netcat",
    points=3,
    level=ROBUST,
    wire=True,
    hint=("One recv is not one line: keep what is left of each client in a buffer of its own, split at LF"),
)
@pytest.mark.parametrize("scene", FRAMINGS)
def test_framing(scene: Callable[..., list[str]], server: Server, peers: Peers, words: Words) -> None:
    """Lines cut or joined in any way arrive at all others whole, in order, once, byte for byte."""
    speaker, *hearers = peers(3)
    said = scene(server, speaker, words)
    marker = words.word()
    for hearer in hearers:
        hearer.receives(*said)
    hearers[0].says(marker)
    hearers[1].receives(marker)


@check(
    "s3-bad-lines",
    after="s3-netcat",
    points=2,
    level=ROBUST,
    wire=True,
    hint=("Check each line before you relay it; who sends a bad one is hung up on, nobody else notices"),
)
def test_bad_lines(server: Server, peers: Peers, peer: Connect, words: Words) -> None:
    """A line too long, without end, or with bad bytes ends its sender and is never relayed."""
    hearer, other = peers(2)
    for name, raw in BAD_LINES.items():
        sender = peer(name)
        server.announces(PRESENT.format(3))
        sender.sends(raw)
        sender.is_hung_up_on()
        marker = words.word()
        other.says(marker)
        hearer.receives(marker)


@check(
    "s3-exit-word",
    after="s3-netcat",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "fin and exit, whole and exact, end only who sends them; relaying exit would end the others' clients"
    ),
)
@pytest.mark.parametrize("word", ["fin", "exit"])
def test_exit_word(word: str, server: Server, peers: Peers, words: Words) -> None:
    """Either word, fin or exit, ends its sender and is never relayed, nor what follows it; all else is text."""
    leaver, speaker, hearer = peers(3)
    leaver.sends(word[:1].encode())
    is_taken_in(server)
    leaver.sends(f"{word[1:]}\n{words.word()}\n".encode())
    leaver.is_hung_up_on()
    for text in NOT_THE_WORD:
        speaker.says(text)
        hearer.receives(text)


@check(
    "s3-counts",
    points=2,
    level=ROBUST,
    wire=True,
    hint=("Change the table and count under the lock; announce each departure once, however the client went"),
)
def test_counts(server: Server, peer: Connect) -> None:
    """Where it listens, and at each arrival and departure a line that ends with `, N present`: each once."""
    server.announces("^listening on ")
    listens_as_said(server)
    descriptors = server.program.usage().num_fds()
    for number in range(DEPARTURES):
        client = peer(f"peer{number}")
        client.sends(b"half a li")
        server.stage.wait_until(partial(has_announced, server, 2 * number + 1))
        (client.resets if number % 2 else client.closes)()
        server.stage.wait_until(partial(has_announced, server, 2 * number + 2))
    has_announced_all(server, *[1, 0] * DEPARTURES)
    has_closed_all(server, descriptors)


def has_received(peer: Peer, count: int) -> bool:
    """Tell whether a peer has received so many bytes."""
    return len(peer.unread) >= count


@check(
    "s3-full",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "Compare the table's length with the limit under the lock, before adding; say why, close, "
        "do not announce"
    ),
)
def test_full(start_server: Callable[..., Server], start_client: Bring, stage: Stage) -> None:
    """One too many is told `*** server full: N clients` and closed; a place that is freed can be taken at once."""
    server = start_server("--max-clients", "3")
    inside = [Peer(stage, f"peer{number}", server.port) for number in range(3)]
    server.announces(PRESENT.format(3))
    for _ in range(5):
        server.program.signal(signal.SIGSTOP)
        refused = Peer(stage, "refused", server.port)
        refused.says("may I?")
        server.program.signal(signal.SIGCONT)
        refused.receives("*** server full: 3 clients")
        refused.is_hung_up_on()
        assert not refused.was_reset, "closed with bytes unread: that may destroy what the newcomer was told"
        refused.closes()
    client = start_client("late", server.port, actor=PipedClient)
    client.sees("*** server full: 3 clients")
    client.ends(1)
    complains_once(client)
    inside[0].closes()
    server.stage.wait_until(partial(has_announced, server, 4))
    Peer(stage, "lucky", server.port).says("hello")
    inside[1].receives("hello")
    server.stage.wait_until(partial(has_announced, server, 5))
    has_announced_all(server, 1, 2, 3, 2, 3)


@check(
    "s3-stalled",
    points=3,
    level=ROBUST,
    wire=True,
    hint=("Never sendall under the lock: send with MSG_DONTWAIT, and hang up on whoever has no room left"),
)
def test_stalled(server: Server, peers: Peers, peer: Connect, words: Words) -> None:
    """Who stops reading is hung up on; the others get every line, in order, and the server keeps its size."""
    speaker, hearer = peers(2)
    stalled = peer("stalled", receive_buffer=4096)
    server.announces(PRESENT.format(3))
    stalled.stops_reading()
    before = server.program.usage().memory_info().rss
    text = words.long_line(STALL_BYTES)
    said = ""
    for number in range(STALL_LINES):  # each line waits for the one before it, as people do
        said += (line := f"{number:08} {text}") + "\n"
        speaker.says(line)
        hearer.receives(line)
    server.announces(PRESENT.format(2))
    stays_small(server, before)
    stalled.reads()
    stalled.stage.wait_until(lambda: stalled.hung_up, FLOOD_SECONDS)
    expect(server.stage, stalled.hung_up, "who does not read is hung up on", "the connection is still there")
    assert said.encode().startswith(bytes(stalled.unread)), "it lost lines while it stayed"


@check(
    "s3-crowd",
    points=2,
    level=ROBUST,
    wire=True,
    hint="listen(1024), accept until nobody waits, and serve each in its own thread",
)
def test_crowd(start_server: Callable[..., Server], stage: Stage) -> None:
    """Two hundred that connect at the same time all get in, and all leave."""
    server = start_server("--max-clients", str(CROWD + 2))
    with crowd_at(server):
        server.announces(PRESENT.format(CROWD))
        speaker, hearer = (Peer(stage, name, server.port) for name in ("speaker", "hearer"))
        server.announces(PRESENT.format(CROWD + 2))
        speaker.says("hello")
        hearer.receives("hello")
    for last in speaker, hearer:
        last.closes()
    server.announces(" 0 present$")


@check(
    "s3-storm",
    points=3,
    level=ROBUST,
    wire=True,
    hint=(
        "Two threads changed the table, or one socket, at the same time: hold one lock while you "
        "relay a line to all"
    ),
)
def test_storm(server: Server, peers: Peers, peer: Connect) -> None:
    """Ten speak at once while others come and go: nothing is lost, doubled or swapped."""
    speakers = peers(SPEAKERS)
    for number in range(LINES):
        for me, speaker in enumerate(speakers):
            speaker.says(f"{me} {number}")
        if number % 20 == 0:
            peer(f"guest{number}").closes()
    for me, hearer in enumerate(speakers):
        others = set(range(SPEAKERS)) - {me}
        lines = sum(len(f"{other} {number}\n") for other in others for number in range(LINES))
        hearer.stage.wait_until(partial(has_received, hearer, lines), FLOOD_SECONDS)
        heard = hearer.unread.decode().split("\n")
        for other in others:
            said, theirs = f"{other} ", [f"{other} {number}" for number in range(LINES)]
            has_heard(hearer, speakers[other], theirs, [line for line in heard if line.startswith(said)])
    server.goes_on()


@check(
    "s3-descriptors",
    points=1,
    level=ROBUST,
    wire=True,
    hint="accept fails with EMFILE while the newcomer stays queued: pause, do not spin, do not die",
)
def test_descriptors(server: Server, peers: Peers, peer: Connect) -> None:
    """Out of descriptors: members go on, the processor is not burnt, newcomers get in once there is room."""
    speaker, hearer = peers(2)
    process = server.program.usage()
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), limits[1]))
    peer("newcomer")
    are_idle(server.program)
    speaker.says("still here")
    hearer.receives("still here")
    process.rlimit(psutil.RLIMIT_NOFILE, limits)
    server.announces(PRESENT.format(3))


@check(
    "s3-threads",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "One thread for each client, ended with it; wait in recv, never in a loop that asks again and again"
    ),
)
def test_threads(server: Server, peers: Peers) -> None:
    """The server has its main thread and one for each client, which ends with it, and none of them burns CPU."""
    process = server.program.usage()
    has_threads(server.program, 1)
    members = peers(5)
    has_threads(server.program, 6)
    are_idle(server.program)
    for member in members:
        member.closes()
    server.stage.wait_for_outside(lambda: process.num_threads() == 1)
    has_threads(server.program, 1)


def everybody_reads(server: Server, peers: Peers, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """Five are there."""
    ends_in_time(server, signal.SIGINT, peers(5))


def one_does_not_read(server: Server, peers: Peers, peer: Connect, words: Words) -> None:
    """What was said cannot be delivered to one of three, and neither can the goodbye."""
    speaker, hearer = peers(2)
    stuck = peer("stuck", receive_buffer=4096)
    server.announces(PRESENT.format(3))
    stuck.stops_reading()
    speaker.says(*[words.long_line(1000)] * 50)
    hearer.stage.wait_until(lambda: len(hearer.unread) == 50 * 1001)
    hearer.unread.clear()
    ends_in_time(server, signal.SIGTERM, [speaker, hearer])


def one_talks(server: Server, peers: Peers, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """A line has arrived and is not yet read."""
    stop_while_talking(server, peers(2)[0], words)


@check(
    "s3-shutdown",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "On SIGINT or SIGTERM: stop accepting, send exit to all, close, exit 0; never wait for "
        "one that does not read"
    ),
)
@pytest.mark.parametrize("scene", [everybody_reads, one_does_not_read, one_talks])
def test_shutdown(
    scene: Callable[..., None],
    server: Server,
    peers: Peers,
    peer: Connect,
    words: Words,
) -> None:
    """SIGINT or SIGTERM, once or twice: exit to everybody, code 0, also when somebody does not read."""
    scene(server, peers, peer, words)


@check(
    "s3-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint=("Check arguments first (argparse exits with 2); catch OSError of bind: one line on stderr, exit 1"),
)
def test_usage(
    stage: Stage, contract: Contract, server: Server, start_server: Callable[..., Server], start_client: Bring
) -> None:
    """Wrong usage ends with code 2, a port that is taken with 1, each told in one line; IPv6 works on both sides."""
    for words in (["--max-clients", "0"], ["--max-clients", "many"], ["surplus"]):
        refuses(stage, [*contract.server_command(0), *words], contract, 2)
    refuses(stage, contract.server_command(server.told_port), contract, 1)
    for host in "::1", "localhost":
        other = start_server("--bind", host, host=host)
        start_client(host, other.port, host)
        other.announces(PRESENT.format(1))


# The client


@check(
    "s3-client-hostile",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "Show control characters escaped, keep each half line until its LF comes, and end with 1 "
        "when the server is lost"
    ),
)
def test_client_hostile(visit: Visit) -> None:
    """Whatever a server sends is shown as text that no terminal obeys; a server that is lost is told, code 1."""
    for actor in Client, PipedClient:
        client, server = visit(actor=actor)
        shows_escaped(client, server)
        server.closes()
        client.ends(1)


@check(
    "s3-client-codes",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "0: fin, exit, end of input; 130: Ctrl+C, after sending fin; 1: the "
        "server is lost. The receiving thread must wake the one that reads the keyboard"
    ),
)
@pytest.mark.parametrize("scene", ENDS)
def test_client_codes(scene: Callable[[Client, RawConnection], int], visit: Visit) -> None:
    """The client says fin when it leaves, and its exit code tells why it ended."""
    client, server = visit("bonjour", actor=Client)
    client.sees("< bonjour")
    client.ends(scene(client, server))


@check(
    "s3-client-input",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "At the end of input say fin behind all lines, wait for the server to close, exit 0; read "
        "the socket meanwhile"
    ),
)
def test_client_input(stage: Stage, start_client: Bring) -> None:
    """All that is piped into a client arrives before it leaves with code 0, also while it is being talked to."""
    pipes_all_lines(stage, start_client)
