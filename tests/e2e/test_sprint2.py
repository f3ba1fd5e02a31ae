"""Sprint 2, judged: two clients in any order, a thread for each direction.

Scenes of the subject level are played by people at terminals (alice, bob, carol), whatever the wire and the prompts
of their programs are. Those that speak the wire call their raw connections speaker, hearer, newcomer.
"""

import signal
from collections.abc import Callable
from functools import partial

import pytest

from grader.actors import Client, PipedClient, Server
from grader.checks import LONG, ROBUST, check
from grader.contract import HOST, Contract
from grader.peers import Peer, RawConnection
from grader.stage import Stage
from grader.unseen import expect
from grader.wiretap import Wiretap
from grader.words import Words
from tests.e2e.any_wire import (
    finds_its_port_taken,
    leave_the_processor_alone,
    odd_lines,
    survive_long_lines,
)
from tests.e2e.echoes import is_not_sent_his_own
from tests.e2e.figures import (
    has_all,
    has_announced_all,
    has_closed_all,
    has_threads,
    listens_as_said,
    refuses,
    shows_each_once,
    stays_small,
)
from tests.e2e.floods import FLOOD_SECONDS, Flood, flood_until_stalled
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
from tests.e2e.pairs import comes_third, goes_on_with, says_what_nobody_hears
from tests.e2e.steps import (
    Bring,
    Connect,
    almost_leaving,
    are_idle,
    cross_lines,
    depart,
    each_leaving,
    exchange,
    has_announced,
    is_heard,
    keep_a_crowd_waiting,
    needs_netcat,
    restart,
    say_short_after_long,
    takes_part,
    talk,
)
from tests.e2e.visits import ENDS, SERVER_WORDS, Visit, complains_once, pipes_all_lines, shows_escaped
from tests.e2e.wire import (
    BAD_LINES,
    FRAMINGS,
    NOT_THE_WORD,
    ends_in_time,
    is_taken_in,
    stop_while_talking,
    unfinished,
)

SPRINT = "sprint2_threaded_pair"

IN_A_ROW = 8
"""Lines that one says before the other answers."""

DEPARTURES = 10
"""Clients that vanish one after the other: enough to see a descriptor or a thread lost for each."""

PAIR_THREADS = 3
"""The main thread, and one for each direction."""

# Talking


@check(
    "s2-either-first",
    points=3,
    hint="No turns any more: the server reads either client first; and what a client prints it must flush",
)
@pytest.mark.parametrize("first", ["alice", "bob"])
def test_either_first(first: str, alice: Client, bob: Client, words: Words) -> None:
    """Either client may speak first, and the other sees it."""
    speaker, hearer = (alice, bob) if first == "alice" else (bob, alice)
    exchange(speaker, hearer, words.word())


@check(
    "s2-in-a-row",
    after="s2-either-first",
    points=3,
    hint="After sending go back to the keyboard, not to recv: receiving is the other thread's; and read whole lines",
)
@pytest.mark.parametrize("speaking", ["alice", "bob"])
def test_in_a_row(speaking: str, alice: Client, bob: Client, words: Words) -> None:
    """One says several lines in a row; each arrives, once, in order and with its spaces."""
    speaker, hearer = (alice, bob) if speaking == "alice" else (bob, alice)
    lines = [*words.several(IN_A_ROW - 1), words.sentence()]
    for line in lines:
        talk(speaker, hearer, line)
    shows_each_once(hearer, lines)


@check(
    "s2-crossing",
    after="s2-either-first",
    points=2,
    hint="Sending and receiving must not wait for each other, in the client nor in the server",
)
def test_crossing(alice: Client, bob: Client, words: Words) -> None:
    """Lines that cross each other all arrive."""
    cross_lines(alice, bob, words)


@check(
    "s2-while-typing",
    after="s2-either-first",
    points=2,
    hint="A client in fgets or input() must still show what comes: its second thread does that",
)
def test_while_typing(alice: Client, bob: Client, words: Words) -> None:
    """Who is in the middle of a line sees what arrives, and then sends the line whole."""
    start, end = words.word(), words.word()
    alice.begins_to_type(start)
    for _ in range(3):
        talk(bob, alice, words.word())
    alice.types(end)
    bob.sees(start + end)


@check(
    "s2-no-echo",
    after="s2-either-first",
    points=2,
    hint="Relay to the other client only: look the other up in the table, not the one you read from",
)
def test_no_echo(newcomer_by_front: Bring, front: Wiretap | None, server: Server, words: Words) -> None:
    """Nobody is sent his own lines."""
    people = [newcomer_by_front("alice"), newcomer_by_front("bob")]
    is_not_sent_his_own(people, front, server, words)


@check(
    "s2-short-after-long",
    after="s2-either-first",
    points=1,
    hint='The end of an older line is shown ("finnjour"): use the length that recv returns',
)
def test_short_after_long(alice: Client, bob: Client, words: Words) -> None:
    """A short line after a long one carries nothing of the long one."""
    say_short_after_long(alice, bob, words)
    if is_heard(bob, alice, words):
        say_short_after_long(bob, alice, words)


@check(
    "s2-fin-prefix",
    after="s2-either-first",
    points=1,
    hint='Compare the whole line with fin, without its line feed: strncmp(line, "fin", 3) takes too much',
)
def test_fin_prefix(alice: Client, bob: Client, words: Words, contract: Contract) -> None:
    """A line that only begins with the word for leaving, or ends with it, is text."""
    for line in (*almost_leaving(contract.quit, words), words.word()):
        talk(alice, bob, line)


# Leaving, and who comes next


@LONG
@check(
    "s2-leave",
    after="s2-either-first",
    points=2,
    level=ROBUST,
    hint=("When recv returns 0 or the quit word comes: free that place, keep the other client, accept again"),
)
@each_leaving
def test_leave(
    how: str, alice: Client, bob: Client, server: Server, newcomer: Bring, words: Words, contract: Contract
) -> None:
    """However one leaves, a newcomer joins who stays, or both make way for two others; and so when all have left."""
    exchange(alice, bob, words.word())
    depart(bob, how, contract)
    other = alice
    for names in ("carol", "dave"), ("erin", "frank"):
        says_what_nobody_hears(other, words)
        pair = goes_on_with(newcomer, other, words, names)
        leaver, other = reversed(pair)
        depart(leaver, how, contract)
    if other.is_present():
        depart(other, how, contract)
    exchange(newcomer("grace"), newcomer("heidi"), words.word())
    server.goes_on()
    leave_the_processor_alone(server)


@check(
    "s2-third",
    after="s2-either-first",
    points=2,
    level=ROBUST,
    wire=True,
    hint=("Accept only when a place is free; check whether who waited is still there before it takes one"),
)
def test_third(
    alice: Client, bob: Client, server: Server, peer: Connect, newcomer: Bring, words: Words
) -> None:
    """A third client waits unaccepted and is told so; one that gave up takes no place."""
    exchange(alice, bob, words.word())
    carol = newcomer("carol")
    carol.sees("wait")
    quitter = peer("quitter")
    server.leaves_waiting(2)
    bob.types("fin")
    bob.ends()
    exchange(alice, carol, words.word())
    quitter.says("fin")
    quitter.closes()
    carol.types("fin")
    carol.ends()
    dave = newcomer("dave")
    exchange(dave, alice, words.word())
    has_announced_all(server, 1, 2, 1, 2, 1, 2)
    keep_a_crowd_waiting(server)


@check(
    "s2-server-end",
    after="s2-either-first",
    points=2,
    level=ROBUST,
    hint=("On SIGINT tell both exit and close; a client that reads 0 or exit must end, also inside fgets"),
)
def test_server_end(alice: Client, bob: Client, server: Server, words: Words) -> None:
    """Ctrl+C at the server ends it and both clients, one in the middle of a line too."""
    talk(alice, bob, words.word())
    alice.begins_to_type(words.word())
    server.interrupt()
    server.ends()
    alice.ends()
    bob.ends()


@check(
    "s2-restart",
    after="s2-either-first",
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
    talk(carol, dave, words.word())


# A network that is bad, whatever the wire is


@check(
    "s2-joined",
    after="s2-either-first",
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
    "s2-cut",
    after="s2-either-first",
    points=2,
    level=ROBUST,
    hint=(
        "recv may give the beginning of a message: read on until you have its mark, or as many bytes as its "
        "length says, into a buffer of that client's own"
    ),
)
@pytest.mark.parametrize("way", CUTS)
def test_cut(
    way: str, network: Wiretap, pair_on_network: tuple[Client, Client], server: Server, words: Words
) -> None:
    """A message that arrives in two pieces is one message."""
    alice, bob = pair_on_network
    exchange(bob, alice, words.word())
    if way == MEANWHILE:
        say_into_a_cut(network, [alice, bob], words, server)
        return
    say_cut(network, alice, bob, "alice" if way == "to the server" else "server", words, server)


@check(
    "s2-slow-network",
    after="s2-either-first",
    points=1,
    level=ROBUST,
    hint="However late and in however small pieces it comes: read until a message is whole, and only then go on",
)
@pytest.mark.parametrize("how", SLOW)
def test_slow_network(
    how: str, network: Wiretap, pair_on_network: tuple[Client, Client], words: Words
) -> None:
    """On a slow network, all arrives whole and in order, only later."""
    alice, bob = pair_on_network
    exchange(alice, bob, words.word())
    slows_down(network, how, words)
    for speaker, hearer in ((alice, bob), (bob, alice)):
        for line in words.several(3):
            talk(speaker, hearer, line)


@check(
    "s2-broken-network",
    after="s2-either-first",
    points=2,
    level=ROBUST,
    hint=(
        "recv returns 0, or fails with ECONNRESET, when the network is gone: that is an end like any other; "
        "free the place, close, go on"
    ),
)
@pytest.mark.parametrize("how", BROKEN)
def test_broken_network(
    how: str,
    network: Wiretap,
    pair_on_network: tuple[Client, Client],
    server: Server,
    newcomer_on_network: Bring,
    words: Words,
) -> None:
    """Somebody whose connection breaks has left: the server goes on, and a newcomer is served."""
    alice, bob = pair_on_network
    exchange(alice, bob, words.word())
    breaks_down(network, how, bob)
    says_what_nobody_hears(alice, words)
    goes_on_with(newcomer_on_network, alice, words, ("carol", "dave"))
    server.goes_on()


# Any wire: lines are odd or long, nothing happens, the port is taken


@check(
    "s2-one-more",
    after="s2-either-first",
    points=1,
    level=ROBUST,
    hint="While both places are taken accept nobody, or close whoever comes: never write over a place that is taken",
)
def test_one_more(
    alice: Client, bob: Client, newcomer: Bring, peer: Connect, words: Words, contract: Contract
) -> None:
    """A third who comes while two talk disturbs neither of them."""
    exchange(alice, bob, words.word())
    comes_third("carol", newcomer, peer, contract)
    for _ in range(2):
        exchange(alice, bob, words.word())


@check(
    "s2-odd-text",
    after="s2-either-first",
    points=1,
    level=ROBUST,
    hint='A line is bytes, in UTF-8: send and show them all as they are, with printf("%s", line), never printf(line)',
)
def test_odd_text(alice: Client, bob: Client, words: Words) -> None:
    """Lines with accents, apostrophes and percent signs arrive as they were typed."""
    for line in (*odd_lines(words), words.word()):
        talk(alice, bob, line)


@check(
    "s2-rest",
    after="s2-either-first",
    points=1,
    level=ROBUST,
    hint="Wait in recv, accept, poll or select, which cost nothing: no MSG_DONTWAIT in a loop, no timeout of 0",
)
def test_rest(alice: Client, bob: Client, server: Server, words: Words) -> None:
    """While nothing happens, neither the server nor a client uses the processor."""
    talk(alice, bob, words.word())
    leave_the_processor_alone(server, alice, bob)


@check(
    "s2-long-line",
    after="s2-either-first",
    points=2,
    level=ROBUST,
    hint=(
        "fgets gives the first part of a line that its buffer cannot hold, without a line feed: look before you "
        "use strchr's result, and never put more into a buffer than it has room for"
    ),
)
def test_long_line(alice: Client, bob: Client, server: Server, words: Words) -> None:
    """No program dies of a long line, whole or cut or refused, and behind it a short one still passes."""
    talk(alice, bob, words.word())
    survive_long_lines(server, alice, [bob], words)


@check(
    "s2-port-taken",
    after="s2-either-first",
    points=1,
    level=ROBUST,
    hint="Look at what bind returns: where it fails say why (perror) and exit(1); keep listening; no SO_REUSEPORT",
)
def test_port_taken(alice: Client, bob: Client, server: Server, words: Words, contract: Contract) -> None:
    """A server listens where it is told; one whose port is taken ends by itself, with a failure, and harms nobody."""
    talk(alice, bob, words.word())
    finds_its_port_taken(server, contract)
    talk(alice, bob, words.word())


# The wire


@pytest.fixture
def pair(server: Server, peer: Connect) -> tuple[Peer, Peer]:
    """Two raw connections that have their places."""
    first, second = peer("first"), peer("second")
    server.announces(", 2 present$")
    return first, second


@check(
    "s2-netcat",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Lines of text ended by LF and nothing else: then nc is a full client",
)
@needs_netcat
def test_netcat(stage: Stage, server: Server, peer: Connect, words: Words) -> None:
    """Nc is a full client."""
    takes_part(stage, server, peer("other"), words)


@check(
    "s2-framing",
    after="s2-netcat",
    points=3,
    level=ROBUST,
    wire=True,
    hint=("One recv is not one line: keep what is left of each client in a buffer of its own, split at LF"),
)
@pytest.mark.parametrize("scene", FRAMINGS)
def test_framing(
    scene: Callable[..., list[str]], server: Server, pair: tuple[Peer, Peer], peer: Connect, words: Words
) -> None:
    """Lines cut or joined in any way arrive whole, in order, once, byte for byte."""
    speaker, hearer = pair
    said = scene(server, speaker, words)
    marker = words.word()
    (peer("newcomer") if scene is unfinished else speaker).says(marker)
    hearer.receives(*said, marker)


@check(
    "s2-bad-lines",
    after="s2-netcat",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "Check each line before you relay it; who sends a bad one is hung up on, the other does not notice"
    ),
)
def test_bad_lines(server: Server, pair: tuple[Peer, Peer], peer: Connect, words: Words) -> None:
    """A line too long, without end, or with bad bytes ends its sender and is never relayed."""
    sender, hearer = pair
    for name, raw in BAD_LINES.items():
        sender.sends(raw)
        sender.is_hung_up_on()
        sender = peer(f"after {name}")
        marker = words.word()
        sender.says(marker)
        hearer.receives(marker)
    server.goes_on()


@check(
    "s2-exit-word",
    after="s2-netcat",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "fin and exit, whole and exact, end only who sends them; relaying exit would end the other's client"
    ),
)
@pytest.mark.parametrize("word", ["fin", "exit"])
def test_exit_word(word: str, server: Server, pair: tuple[Peer, Peer], peer: Connect, words: Words) -> None:
    """Either word, fin or exit, ends its sender and is never relayed, nor what follows it; all else is text."""
    leaver, hearer = pair
    leaver.sends(word[:1].encode())
    is_taken_in(server)
    leaver.sends(f"{word[1:]}\n{words.word()}\n".encode())
    leaver.is_hung_up_on()
    speaker = peer("newcomer")
    for text in NOT_THE_WORD:
        speaker.says(text)
        hearer.receives(text)


@check(
    "s2-empty-place",
    after="s2-netcat",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "With nobody to hear it a line waits (a condition variable), until somebody sits there; "
        "nothing is said twice"
    ),
)
@pytest.mark.parametrize("speaker_leaves", [False, True], ids=["speaker stays", "speaker leaves"])
def test_empty_place(speaker_leaves: bool, server: Server, peer: Connect, words: Words) -> None:
    """A line for an empty place waits for a newcomer, also when its speaker has left; nothing is said again."""
    first, waited, later = peer("first"), words.word(), words.word()
    server.announces(", 1 present$")
    first.says(waited)
    is_taken_in(server)
    if speaker_leaves:
        first.says("fin")
        first.half_closes()
    second = peer("second")
    second.receives(waited)
    if speaker_leaves:
        first.is_hung_up_on()
        first = peer("first again")
    second.says("fin")
    second.is_hung_up_on()
    third = peer("third")
    first.says(later)
    third.receives(later)


@check(
    "s2-ghost",
    after="s2-netcat",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Read each client from the moment it comes: one that leaves alone must not keep its place",
)
def test_ghost(server: Server, peer: Connect, words: Words) -> None:
    """A first client that leaves before the second comes leaves no ghost behind."""
    ways: list[Callable[[Peer], None]] = [Peer.closes, Peer.resets, lambda alone: alone.says("fin")]
    for count, leave in enumerate(ways):
        alone = peer("alone")
        server.stage.wait_until(partial(has_announced, server, 6 * count + 1))
        leave(alone)
        server.stage.wait_until(partial(has_announced, server, 6 * count + 2))
        first, second = peer("first"), peer("second")
        server.stage.wait_until(partial(has_announced, server, 6 * count + 4))
        line = words.word()
        first.says(line)
        second.receives(line)
        first.says("fin")
        second.says("fin")
        first.is_hung_up_on()
        second.is_hung_up_on()


@check(
    "s2-vanished",
    after="s2-netcat",
    points=3,
    level=ROBUST,
    wire=True,
    hint=(
        "recv that returns 0 or fails means gone, whatever the errno; ignore SIGPIPE; close the "
        "socket, free the place"
    ),
)
@pytest.mark.parametrize("leave", [Peer.closes, Peer.resets], ids=["FIN", "RST"])
def test_vanished(
    leave: Callable[[Peer], None], server: Server, pair: tuple[Peer, Peer], peer: Connect, words: Words
) -> None:
    """Whoever vanishes in the middle of a line frees its place, and leaves neither text nor descriptor nor thread."""
    stays, leaver = pair
    descriptors = server.program.usage().num_fds()
    for count in range(DEPARTURES):
        leaver.sends(b"half a line")
        is_taken_in(server)
        leave(leaver)
        leaver = peer(f"newcomer {count}")
        line = words.word()
        stays.says(line)
        server.stage.wait_until(partial(has_announced, server, 2 * count + 4))
        leaver.says(line.upper())
        stays.receives(line.upper())
    has_closed_all(server, descriptors)
    has_threads(server.program, PAIR_THREADS)
    talk_and_vanish(server, stays, leaver, leave)
    first, second = peer("first again"), peer("second again")
    first.says(line := words.word())
    while second.receives_line() != line:  # what was said before somebody left may come first
        continue


def talk_and_vanish(server: Server, first: Peer, second: Peer, leave: Callable[[Peer], None]) -> None:
    """Let both say several lines and vanish before the server looks: they must not hold both places for ever."""
    server.program.signal(signal.SIGSTOP)
    for each in first, second:
        each.says("one", "two", "three")
    for each in first, second:
        leave(each)
    server.program.signal(signal.SIGCONT)


@check(
    "s2-flood",
    after="s2-netcat",
    points=3,
    level=ROBUST,
    wire=True,
    hint=(
        "Let the relaying thread wait in send, with nothing in between: TCP then slows the speaker by itself"
    ),
)
def test_flood(server: Server, peer: Connect, words: Words) -> None:
    """Both send and nobody reads: memory stays bounded; when one reads that direction flows; at last all arrives."""
    before = server.program.usage().memory_info().rss
    first, second = (Flood(peer(name, receive_buffer=4096), words) for name in ("first", "second"))
    server.announces(", 2 present$")
    flood_until_stalled(server, [first, second])
    stays_small(server, before)
    second.peer.reads()
    server.stage.wait_for_outside(partial(first.has_reached, second.peer), FLOOD_SECONDS)
    has_all(second.peer, first.data)
    has_all(first.peer, b"")
    first.peer.reads()
    server.stage.wait_for_outside(partial(second.has_reached, first.peer), FLOOD_SECONDS)
    has_all(first.peer, second.data)


@check(
    "s2-one-way",
    after="s2-netcat",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "A thread for each direction, and no lock held while sending: then one that waits holds up "
        "nobody else"
    ),
)
def test_one_way(server: Server, peer: Connect, words: Words) -> None:
    """One that does not read slows only the one who talks to it, who may die meanwhile; its own lines go through."""
    stalled = peer("stalled", receive_buffer=4096)
    talker = Flood(peer("talker"), words)
    server.announces(", 2 present$")
    stalled.stops_reading()
    server.stage.wait_for_outside(talker.is_stuck)
    talker.peer.reads()
    for _ in range(5):
        line = words.word()
        stalled.says(line)
        talker.peer.receives(line)
    talker.peer.resets()
    server.announces(", 1 present$")
    newcomer = peer("newcomer")
    stalled.says(line := words.word())
    newcomer.receives(line)


@check(
    "s2-ready",
    points=1,
    level=ROBUST,
    wire=True,
    hint=("Print getsockname()'s port, with flush=True; then one line for each who takes or leaves a place"),
)
def test_ready(
    server: Server, pair: tuple[Peer, Peer], start_server: Callable[..., Server], start_client: Bring
) -> None:
    """The server prints where it listens (IPv6 too), and at each coming and going a line with `, N present`."""
    for leaver in pair:
        leaver.closes()
    server.announces(", 0 present$")
    listens_as_said(server)
    has_announced_all(server, 1, 2, 1, 0)
    for host in "::1", "localhost":
        other = start_server("--bind", host, host=host)
        start_client(host, other.port, host)
        other.announces(", 1 present$")


@check(
    "s2-threads",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "main and one thread for each direction; wait in recv, accept, or on a condition, never in a "
        "loop that asks again"
    ),
)
def test_threads(server: Server, pair: tuple[Peer, Peer]) -> None:
    """The server has its main thread and two for the pair, and none of them burns CPU."""
    first, _second = pair
    has_threads(server.program, PAIR_THREADS)
    first.closes()
    server.announces(", 1 present$")
    are_idle(server.program)
    threads = server.program.usage().num_threads()
    expect(server.stage, threads <= PAIR_THREADS, f"the server has at most {PAIR_THREADS} threads", threads)


def everybody_reads(server: Server, peer: Connect, words: Words) -> None:  # noqa: ARG001 - one signature for all
    """Two talk, a third waits."""
    pair = [peer("hearer"), peer("other")]
    server.announces(", 2 present$")
    third = peer("third")
    ends_in_time(server, signal.SIGINT, pair)
    third.is_hung_up_on()


def one_does_not_read(server: Server, peer: Connect, words: Words) -> None:
    """A line on its way cannot be delivered."""
    hearer, stuck = peer("hearer"), peer("stuck", receive_buffer=4096)
    server.announces(", 2 present$")
    stuck.stops_reading()
    server.stage.wait_for_outside(Flood(hearer, words).is_stuck)
    third = peer("third")
    ends_in_time(server, signal.SIGTERM, [hearer])
    third.is_hung_up_on()


def one_talks(server: Server, peer: Connect, words: Words) -> None:
    """A line has arrived and is not yet read."""
    speaker, _other = peer("speaker"), peer("other")
    server.announces(", 2 present$")
    stop_while_talking(server, speaker, words)


@check(
    "s2-shutdown",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "On SIGINT or SIGTERM: stop accepting, send exit to both, close, exit 0; never wait for one "
        "that does not read"
    ),
)
@pytest.mark.parametrize("scene", [everybody_reads, one_does_not_read, one_talks])
def test_shutdown(scene: Callable[..., None], server: Server, peer: Connect, words: Words) -> None:
    """SIGINT and SIGTERM, twice too: exit to whoever reads, code 0, soon, also when somebody does not read."""
    scene(server, peer, words)


@check(
    "s2-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint=("Check arguments first (argparse exits with 2); catch OSError of bind: one line on stderr, exit 1"),
)
def test_usage(stage: Stage, contract: Contract, server: Server) -> None:
    """Wrong usage ends with code 2, a port that is taken with 1, each told in one line."""
    for command in (contract.server_command(65_536), contract.client_command(HOST, 0)):
        refuses(stage, command, contract, 2)
    refuses(stage, contract.server_command(server.told_port), contract, 1)


# The client


@check(
    "s2-client-codes",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "0: fin, exit, end of input; 130: Ctrl+C, after fin; 1: server lost. The receiving thread "
        "must wake the other one"
    ),
)
@pytest.mark.parametrize("scene", ENDS)
def test_client_codes(scene: Callable[[Client, RawConnection], int], visit: Visit) -> None:
    """The client says fin when it leaves, and its exit code tells why it ended."""
    client, server = visit("bonjour", actor=Client)
    client.sees("< bonjour")
    client.ends(scene(client, server))


@check(
    "s2-client-screen",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "Show `< text`, flushed, control characters escaped; what the other says is text, whatever it "
        "is, but the server's exit"
    ),
)
def test_client_screen(visit: Visit) -> None:
    """Whatever comes is shown as text that no terminal obeys; a server that is lost is told in one line."""
    for actor in Client, PipedClient:
        client, server = visit(actor=actor)
        for text in SERVER_WORDS:
            server.says(text)
            client.sees(f"< {text}")
        shows_escaped(client, server)
        server.sends(b"x" * 100_000)
        client.ends(1)
        if actor is PipedClient:
            complains_once(client)


@check(
    "s2-client-input",
    points=2,
    level=ROBUST,
    wire=True,
    hint=(
        "At the end of input say fin behind all lines, wait for the server to close, exit 0; read the "
        "socket meanwhile"
    ),
)
def test_client_input(stage: Stage, start_client: Bring) -> None:
    """All good lines piped into a client arrive before it leaves with code 0, also while it is being talked to."""
    pipes_all_lines(stage, start_client)
