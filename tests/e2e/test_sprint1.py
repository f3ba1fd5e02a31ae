"""Sprint 1, judged: a server with one thread relays lines between two clients, each in turn.

Scenes of the subject level are played by people at terminals (alice, bob, carol), whatever their programs' wire and
prompts are. Those that speak the wire call their raw connections first, second and newcomer.
"""

import signal
import statistics
import time
from collections.abc import Callable
from functools import partial

import psutil
import pytest

from grader.actors import REST_SECONDS, Client, PipedClient, Server
from grader.checks import LONG, ROBUST, check
from grader.contract import HOST, Contract
from grader.family import is_at_rest
from grader.peers import Peer, RawConnection
from grader.ports import free_port
from grader.stage import Stage
from grader.threads import most_threads
from grader.unseen import expect
from grader.wiretap import Wiretap
from grader.words import Words
from tests.e2e.any_wire import (
    LONG_LINES,
    finds_its_port_taken,
    leave_the_processor_alone,
    odd_lines,
    survive_a_long_line,
)
from tests.e2e.figures import (
    has_all,
    has_announced_all,
    has_closed_all,
    has_threads,
    is_wrong_usage,
    listens_as_said,
    refuses,
    serve_with_one_thread,
    stays_small,
)
from tests.e2e.floods import FLOOD_SECONDS, Flood, flood_until_stalled
from tests.e2e.networks import BROKEN, SLOW, breaks_down, slows_down
from tests.e2e.pairs import begin_anew, comes_third, is_served, leaves_too, wait_until_shown
from tests.e2e.steps import (
    Bring,
    Connect,
    all_listen,
    almost_leaving,
    are_idle,
    exchange,
    has_shown_lines,
    keep_a_crowd_waiting,
    restart,
    shows_no_residue,
    talk,
)
from tests.e2e.visits import (
    SERVER_WORDS,
    UNSENT,
    Visit,
    complains_of_each,
    complains_once,
    says_word,
    shows_escaped,
    shows_plain_lines,
)
from tests.e2e.wire import (
    BAD_LINES,
    ENDLESS_BYTES,
    LONGEST,
    NOT_THE_WORD,
    ODD_TEXTS,
    ends_in_time,
    is_taken_in,
    stop_while_talking,
)

SPRINT = "sprint1_turn_based"


TURNS = 12
"""Long enough that a program which counts its messages, or swaps roles once too often, goes wrong."""

TURNS_SECONDS = 30.0
"""Who sleeps before each line has shown enough by then."""


MESSAGES = 50

HANGING_SECONDS = 0.5
"""A median above this is a fixed wait somewhere; the real figure is printed."""


DEPARTURES = 10
"""Clients of each place that vanish one after the other: enough to see a descriptor lost for each."""


# Talking


@check("s1-first-line", points=2, hint="Relay what client 1 sends to client 2")
def test_first_line(alice: Client, bob: Client, words: Words) -> None:
    """What client 1 types appears at client 2."""
    talk(alice, bob, words.word())


@check(
    "s1-answer",
    after="s1-first-line",
    points=2,
    hint="After relaying 1 to 2 the server must read from 2 and write to "
    "1; does your client 2 know that it may speak?",
)
def test_answer(alice: Client, bob: Client, words: Words) -> None:
    """What client 2 answers appears at client 1."""
    talk(alice, bob, words.word())
    talk(bob, alice, words.word())


@check(
    "s1-turns",
    after="s1-answer",
    points=3,
    hint="Swap the roles after every line, in the server and in both clients, for ever; and read the whole line: "
    "fgets, not scanf",
)
def test_turns(alice: Client, bob: Client, words: Words) -> None:
    """Many lines go to and fro, each to the other client, in order and with its spaces."""
    begun = time.monotonic()
    for _ in range(TURNS):
        talk(alice, bob, words.word())
        talk(bob, alice, words.word())
        if time.monotonic() - begun > TURNS_SECONDS:
            break
    talk(alice, bob, words.sentence())


@check(
    "s1-short-after-long",
    after="s1-answer",
    points=2,
    hint="The end of an older line is shown: a fixed buffer still holds "
    'it ("finnjour"). Use the length recv returns',
)
def test_short_after_long(alice: Client, bob: Client, words: Words) -> None:
    """A short line after a long one carries nothing of the long one."""
    for speaker, hearer in (alice, bob), (bob, alice):
        long, short = words.long_line(17), words.word()[:4]
        for line in long, short:
            talk(speaker, hearer, line)
            talk(hearer, speaker, words.word())
        talk(speaker, hearer, marker := words.word())
        for each in hearer, speaker:
            shows_no_residue(each, long, short, marker)


@check(
    "s1-fin-prefix",
    after="s1-answer",
    points=1,
    hint="Compare the whole line with fin, without its line feed: "
    'strncmp(line, "fin", 3) or startswith takes too much',
)
def test_fin_prefix(alice: Client, bob: Client, words: Words, contract: Contract) -> None:
    """A line that only begins with the word for leaving, or ends with it, is text."""
    for line in almost_leaving(contract.quit, words):
        exchange(alice, bob, line)
    talk(alice, bob, words.word())


@check(
    "s1-fin",
    after="s1-answer",
    points=3,
    hint="Compare with fin after removing the line feed (and what an "
    "older, longer line left in the buffer), then end",
)
@pytest.mark.parametrize("leaver", ["alice", "bob"])
def test_fin(
    leaver: str, alice: Client, bob: Client, server: Server, words: Words, contract: Contract
) -> None:
    """Who types fin, also after a longer line, ends its own client, and the server goes on."""
    exchange(alice, bob, words.long_line(17))
    if leaver == "bob":
        talk(alice, bob, words.word())
    {"alice": alice, "bob": bob}[leaver].leaves(contract.quit)
    server.goes_on()


@check(
    "s1-after-fin",
    after="s1-answer",
    points=3,
    hint="After fin close that client's socket and go back to accept: "
    "the server must outlive every conversation",
)
@pytest.mark.parametrize("leavers", ["alice", "bob", "one after the other", "both"])
def test_after_fin(
    leavers: str, alice: Client, bob: Client, newcomer: Bring, words: Words, contract: Contract
) -> None:
    """After fin the server serves whoever comes next, be somebody still there or not."""
    exchange(alice, bob, words.word())
    leaver, other = (alice, bob) if leavers != "bob" else (bob, alice)
    if leaver is bob:
        talk(alice, bob, words.word())
    leaver.leaves(contract.quit)
    if leavers == "both":
        leaves_too(other, contract.quit)
        other = newcomer("frank")
    speaker, hearer = is_served(newcomer, other, words, contract.first)
    if leavers == "one after the other":
        hearer.leaves(contract.quit)
        is_served(newcomer, speaker, words, contract.first, names=("erin", "gina"))


@check(
    "s1-last-line",
    after="s1-after-fin",
    points=2,
    hint="Keep the last line that was sent to each place, and send it to whoever takes that place (course text 001)",
)
def test_last_line(alice: Client, bob: Client, newcomer: Bring, words: Words, contract: Contract) -> None:
    """Where a conversation goes on with a newcomer, it is shown the last line that its place was sent."""
    line = words.word()
    exchange(alice, bob, words.word())
    talk(alice, bob, line)
    connection = alice.connections()
    bob.leaves(contract.quit)
    carol = newcomer("carol")
    wait_until_shown(carol, line, alice)
    if alice.connections() & connection:
        carol.sees(line)
        talk(carol, alice, words.word())
        return
    # Here fin ends the whole conversation: a new one begins, with nothing to be shown.
    if not alice.is_present():
        begin_anew(carol, newcomer("dave"), words.word(), contract.first)


@check(
    "s1-killed",
    after="s1-answer",
    points=3,
    hint="recv returns 0 when a client is gone; writing to it kills the "
    "server by SIGPIPE: ignore that signal, check send",
)
@pytest.mark.parametrize("victim", ["alice", "bob"])
def test_killed(
    victim: str,
    alice: Client,
    bob: Client,
    server: Server,
    newcomer: Bring,
    words: Words,
    contract: Contract,
) -> None:
    """A client that is killed, in turn or out of turn, harms neither the server nor those who come next."""
    exchange(alice, bob, words.word())
    dead, other = (alice, bob) if victim == "alice" else (bob, alice)
    dead.is_killed()
    if dead is bob:
        alice.types(words.word())
    is_served(newcomer, other, words, contract.first)
    server.goes_on()


@check(
    "s1-server-end",
    after="s1-answer",
    points=2,
    hint="On SIGINT send exit to both clients and close; a client that "
    "receives it, or finds recv 0, closes and ends",
)
def test_server_end(alice: Client, bob: Client, server: Server, words: Words) -> None:
    """Ctrl+C at the server ends the server and both clients."""
    exchange(alice, bob, words.word())
    server.interrupt()
    server.ends()
    bob.ends_with_its_user()
    alice.types(words.word())  # one that reads its keyboard and nothing else notices now
    alice.ends_with_its_user()


@check(
    "s1-one-thread",
    after="s1-answer",
    points=1,
    hint="No fork and no thread in this sprint: poll or select waits for both clients",
)
def test_one_thread(own_threads: int, alice: Client, bob: Client, server: Server, words: Words) -> None:
    """One server process with one thread serves both clients."""
    talk(alice, bob, words.word())
    thread = serve_with_one_thread(server, own_threads)
    talk(bob, alice, words.word())
    serve_with_one_thread(server, own_threads, thread)


@pytest.fixture
def own_threads(server: Server) -> int:
    """How many threads the server has before anybody comes: more than one are its language's, not its author's."""
    pid = server.program.pid
    server.stage.wait_for_outside(lambda: is_at_rest(pid), REST_SECONDS)
    return most_threads(pid)


# A network that is bad, whatever the wire is


@check(
    "s1-slow-network",
    after="s1-answer",
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
    for line in words.several(3):
        exchange(alice, bob, line)


@check(
    "s1-broken-network",
    after="s1-answer",
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
    contract: Contract,
) -> None:
    """Somebody whose connection breaks has left: the server goes on, and a newcomer is served."""
    alice, bob = pair_on_network
    exchange(alice, bob, words.word())
    breaks_down(network, how, alice)
    is_served(newcomer_on_network, bob, words, contract.first)
    server.goes_on()
    leave_the_processor_alone(server)


# Any wire: lines are odd or long, nothing happens, the port is taken


@check(
    "s1-one-more",
    after="s1-answer",
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
    "s1-odd-text",
    after="s1-answer",
    points=1,
    level=ROBUST,
    hint='A line is bytes, in UTF-8: send and show them all as they are, with printf("%s", line), never printf(line)',
)
def test_odd_text(alice: Client, bob: Client, words: Words) -> None:
    """Lines with accents, apostrophes and percent signs arrive as they were typed."""
    accents, signs = odd_lines(words)
    talk(alice, bob, signs)
    talk(bob, alice, accents)


@check(
    "s1-rest",
    after="s1-answer",
    points=1,
    level=ROBUST,
    hint="Wait in recv, accept, poll or select, which cost nothing: no MSG_DONTWAIT in a loop, no timeout of 0",
)
def test_rest(alice: Client, bob: Client, server: Server, words: Words) -> None:
    """While nothing happens, neither the server nor a client uses the processor."""
    exchange(alice, bob, words.word())
    leave_the_processor_alone(server, alice, bob)


@check(
    "s1-long-line",
    after="s1-answer",
    points=2,
    level=ROBUST,
    hint=(
        "fgets gives the first part of a line that its buffer cannot hold, without a line feed: look before you "
        "use strchr's result, and never put more into a buffer than it has room for"
    ),
)
@pytest.mark.parametrize("size", LONG_LINES)
def test_long_line(size: int, alice: Client, bob: Client, server: Server, words: Words) -> None:
    """No program dies of a long line, whole or cut or refused, and behind it a short one still passes."""
    survive_a_long_line(server, alice, bob, size, words)


@check(
    "s1-port-taken",
    after="s1-answer",
    points=1,
    level=ROBUST,
    hint="Look at what bind returns: where it fails say why (perror) and exit(1); keep listening; no SO_REUSEPORT",
)
def test_port_taken(alice: Client, bob: Client, server: Server, words: Words, contract: Contract) -> None:
    """A server listens where it is told; one whose port is taken ends by itself, with a failure, and harms nobody."""
    exchange(alice, bob, words.word())
    finds_its_port_taken(server, contract)
    exchange(alice, bob, words.word())


# The wire: numbers, roles, places


@pytest.fixture
def first(peer: Connect) -> Peer:
    """Client 1, as bytes."""
    first = peer("first")
    first.receives("1")
    return first


@pytest.fixture
def second(first: Peer, peer: Connect) -> Peer:
    """Client 2, as bytes; it is client 1's turn."""
    second = peer("second")
    second.receives("2", "rec")
    first.receives("emi")
    return second


@check(
    "s1-roles",
    points=3,
    level=ROBUST,
    wire=True,
    hint="1 to the first at once; when the second comes 2 to it, then emi to "
    "1, rec to 2; after that lines and nothing else",
)
def test_roles(first: Peer, second: Peer, words: Words) -> None:
    """Each client is told its number and its first role, and then lines pass with nothing more said."""
    for speaker, hearer in (first, second), (second, first), (first, second), (second, first):
        speaker.says(line := words.word())
        hearer.receives(line)


def leave(client: Peer) -> None:
    """End a connection and wait until the server has closed it too, so that its place is free."""
    client.half_closes()
    client.is_hung_up_on()
    client.closes()


def is_given_turn(client: Peer, number: str, last_line: str) -> None:
    """Expect the number, the role (the course's text calls `emi` reception here) and the last line."""
    client.receives(number)
    role = client.receives_line()
    expect(client.stage, role in ("emi", "rec"), f"{client.name} is told its role, emi or rec", repr(role))
    client.receives(last_line)


def joins_in_turn(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """The one whose turn it is leaves: emi, and the last line that was sent to its place."""
    first.says(line := words.word())
    second.receives(line)
    leave(second)
    newcomer = peer("newcomer")
    is_given_turn(newcomer, "2", line)
    newcomer.says(answer := words.word())
    first.receives(answer)


def joins_out_of_turn(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """The one who waits leaves: rec, and nothing else until it is spoken to."""
    leave(second)
    newcomer = peer("newcomer")
    newcomer.receives("2", "rec")
    first.says(line := words.word())
    newcomer.receives(line)


def joins_before_a_word(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """Client 1 leaves before it has said anything: 1, emi, and no last line."""
    leave(first)
    newcomer = peer("newcomer")
    newcomer.receives("1", "emi")
    for speaker, hearer in (newcomer, second), (second, newcomer):
        speaker.says(line := words.word())
        hearer.receives(line)


def joins_until_the_place_speaks(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """Each newcomer is given the last line, until one has answered; then rec and nothing else."""
    first.says(line := words.word())
    second.receives(line)
    leave(second)
    for name in "third", "fourth":
        is_given_turn(newcomer := peer(name), "2", line)
        leave(newcomer)
    is_given_turn(newcomer := peer("fifth"), "2", line)
    newcomer.says(answer := words.word())
    first.receives(answer)
    leave(newcomer)
    peer("sixth").receives("2", "rec")


def joins_an_empty_place(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """A line to an empty place is kept and passes the turn: the next line waits for an answer."""
    leave(second)
    kept, held, answer = words.several(3)
    first.says(kept, held)
    newcomer = peer("newcomer")
    is_given_turn(newcomer, "2", kept)
    newcomer.says(answer)
    first.receives(answer)
    newcomer.receives(held)


def joins_when_the_last_words_are_said(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """A line to an empty place keeps nobody from leaving: who comes then begins afresh."""
    leave(second)
    first.says(words.word(), "fin")
    first.is_hung_up_on()
    peer("newcomer").receives("1")


@check(
    "s1-newcomer",
    after="s1-roles",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Keep turn and last line by place, not by client: number, then emi "
    "and the last line if it is its turn, else rec",
)
@pytest.mark.parametrize(
    "scene",
    [
        joins_in_turn,
        joins_out_of_turn,
        joins_before_a_word,
        joins_until_the_place_speaks,
        joins_an_empty_place,
        joins_when_the_last_words_are_said,
    ],
)
def test_newcomer(scene: Callable[..., None], first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """A newcomer takes over number, role and last line of the one who left, so that nothing is lost."""
    scene(first, second, peer, words)


def both_leave(server: Server, first: Peer, peer: Connect, words: Words) -> None:  # noqa: ARG001 - one server each
    """Both go after a line; nothing of their conversation is left."""
    second = peer("second")
    second.receives("2", "rec")
    first.receives("emi")
    first.says(line := words.word())
    second.receives(line)
    leave(first)
    leave(second)


def only_one_leaves(server: Server, first: Peer, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """Client 1 goes before client 2 has come."""
    leave(first)


def both_leave_unseen(server: Server, first: Peer, peer: Connect, words: Words) -> None:
    """The last of two goes while the server is busy, before the newcomer comes."""
    second = peer("second")
    second.receives("2", "rec")
    first.receives("emi")
    first.says(line := words.word())
    second.receives(line)
    leave(first)
    server.program.signal(signal.SIGSTOP)
    second.closes()


def only_one_leaves_unseen(server: Server, first: Peer, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """Client 1 goes while the server is busy, before client 2 comes."""
    server.program.signal(signal.SIGSTOP)
    first.closes()


def only_one_dies_unseen(server: Server, first: Peer, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """The same in the middle of a line: its end stands behind that."""
    server.program.signal(signal.SIGSTOP)
    first.sends(words.word().encode())
    first.closes()


@check(
    "s1-afresh",
    after="s1-roles",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Watch client 1 while you wait for client 2, or it becomes a ghost; "
    "when nobody is left, forget turn and last lines",
)
@pytest.mark.parametrize(
    "scene",
    [both_leave, only_one_leaves, both_leave_unseen, only_one_leaves_unseen, only_one_dies_unseen],
)
def test_afresh(scene: Callable[..., None], server: Server, first: Peer, peer: Connect, words: Words) -> None:
    """When all have gone, the next two begin afresh as clients 1 and 2."""
    scene(server, first, peer, words)
    third = peer("third")
    server.program.signal(signal.SIGCONT)
    third.receives("1")
    third.says(line := words.word())  # before anybody is there to hear it: held like any other
    fourth = peer("fourth")
    fourth.receives("2", "rec", line)
    third.receives("emi")


def waits_for_a_place(server: Server, second: Peer, peer: Connect) -> None:
    """Two wait, in the order in which they came."""
    third = peer("third")
    server.leaves_waiting(1)
    fourth = peer("fourth")
    server.leaves_waiting(2)
    leave(second)
    third.receives("2", "rec")
    server.leaves_waiting(1)
    leave(third)
    fourth.receives("2", "rec")


def gives_up_waiting(server: Server, second: Peer, peer: Connect) -> None:
    """Who leaves before a place is free takes none."""
    peer("third").closes()
    peer("fourth").resets()
    fifth = peer("fifth")
    leave(second)
    fifth.receives("2", "rec")
    server.leaves_waiting(0)


def many_wait(server: Server, second: Peer, peer: Connect) -> None:  # noqa: ARG001 - one signature for all
    """A crowd comes at once."""
    keep_a_crowd_waiting(server)


@check(
    "s1-third",
    points=2,
    level=ROBUST,
    wire=True,
    hint="While both places are taken do not accept; look at whom you "
    "accept later: it may have gone in the meantime",
)
@pytest.mark.parametrize("scene", [waits_for_a_place, gives_up_waiting, many_wait])
def test_third(scene: Callable[..., None], server: Server, second: Peer, peer: Connect) -> None:
    """A third client waits, unaccepted, and takes the first place that is freed."""
    scene(server, second, peer)


def speaks_out_of_turn(first: Peer, second: Peer, words: Words) -> None:
    """Client 2 says two lines before client 1 says any."""
    one, two, other, another = words.several(4)
    second.says(other, another)
    first.says(one)
    first.receives(other)
    second.receives(one)
    first.says(two)
    first.receives(another)
    second.receives(two)


def speaks_at_length(first: Peer, second: Peer, words: Words) -> None:
    """Client 1 says three lines at once."""
    lines, answers = words.several(3), words.several(3)
    first.says(*lines)
    for line, answer in zip(lines, answers, strict=True):
        second.receives(line)
        second.says(answer)
        first.receives(answer)


def leaves_behind_a_line(first: Peer, second: Peer, words: Words) -> None:
    """Client 2 says a line and fin before its turn: the line is relayed first."""
    question, answer = words.several(2)
    second.says(answer, "fin")
    first.says(question)
    second.receives(question)
    first.receives(answer)
    second.is_hung_up_on()


def closes_behind_lines(first: Peer, second: Peer, words: Words) -> None:
    """Client 2 says three lines and closes before its turn: each is relayed when its turn comes."""
    answers = words.several(3)
    second.says(*answers)
    second.closes()
    for answer in answers:
        first.says(words.word())
        first.receives(answer)


@check(
    "s1-held-lines",
    after="s1-roles",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Keep what comes out of turn in a list per client and relay one "
    "line per turn; do not drop it, do not swap two",
)
@pytest.mark.parametrize(
    "scene", [speaks_out_of_turn, speaks_at_length, leaves_behind_a_line, closes_behind_lines]
)
def test_held_lines(scene: Callable[..., None], first: Peer, second: Peer, words: Words) -> None:
    """Lines sent out of turn are held, in order, until the turn comes."""
    scene(first, second, words)


@check(
    "s1-exit-word",
    after="s1-roles",
    points=2,
    level=ROBUST,
    wire=True,
    hint="fin and exit, whole and exact, end only who sends them, at "
    "once, in turn or not; nothing behind them counts",
)
@pytest.mark.parametrize("word", [b"fin\n", b"exit\n", b"fin\r\n"])
def test_exit_word(
    word: bytes, server: Server, first: Peer, second: Peer, peer: Connect, words: Words
) -> None:
    """Either word, fin or exit, ends its sender and is never relayed, and nothing that follows it either."""
    second.sends(word[:1])  # out of turn, in two segments
    is_taken_in(server)
    second.sends(word[1:])
    second.is_hung_up_on()
    hearer = peer("newcomer")
    hearer.receives("2", "rec")
    first.sends(word + words.word().encode() + b"\n")
    first.is_hung_up_on()
    speaker = peer("another")
    speaker.receives("1", "emi")
    for text in NOT_THE_WORD:
        speaker.says(text)
        hearer.receives(text)
        speaker, hearer = hearer, speaker


# The wire: lines, good and bad


def cut_at_every_byte(server: Server, first: Peer, second: Peer, words: Words) -> None:
    """The same line in two pieces, once for each place where it can be cut; also within a character."""
    line = f"héé €😃 {words.word()}"
    data = line.encode() + b"\r\n"
    for cut in range(1, len(data)):
        first.sends(data[:cut])
        is_taken_in(server)
        first.sends(data[cut:])
        second.receives(line)
        first, second = second, first


def byte_by_byte(server: Server, first: Peer, second: Peer, words: Words) -> None:
    """A line of which each byte comes alone, and its answer."""
    for speaker, hearer in (first, second), (second, first):
        line = words.word()
        for byte in f"{line}\n".encode():
            speaker.sends(bytes([byte]))
            is_taken_in(server)
        hearer.receives(line)


def joined(server: Server, first: Peer, second: Peer, words: Words) -> None:  # noqa: ARG001 - one server each
    """Two hundred lines of each in one piece."""
    lines, answers = words.several(200), words.several(200)
    first.says(*lines)
    second.says(*answers)
    second.receives(*lines)
    first.receives(*answers)


def empty(server: Server, first: Peer, second: Peer, words: Words) -> None:  # noqa: ARG001
    """Lines with nothing in them take no turn; lines of spaces are text."""
    first.sends(b"\n\r\n" + b"\n" * 10_000)
    for text in (words.word(), *ODD_TEXTS):
        first.says(text)
        second.receives(text)
        first, second = second, first
        second.sends(b"\r\n\n")


@check(
    "s1-framing",
    after="s1-roles",
    points=3,
    level=ROBUST,
    wire=True,
    hint="One recv is not one line: collect bytes, split at each LF, "
    "drop one CR before it, decode whole lines only",
)
@pytest.mark.parametrize("scene", [cut_at_every_byte, byte_by_byte, joined, empty])
def test_framing(scene: Callable[..., None], server: Server, first: Peer, second: Peer, words: Words) -> None:
    """Lines cut or joined in any way arrive whole, in order, once, byte for byte."""
    scene(server, first, second, words)


@check(
    "s1-bad-lines",
    after="s1-roles",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Check each line: UTF-8, no control character but TAB, 2048 bytes "
    "with LF and CR; hang up at 64 KiB without LF",
)
def test_bad_lines(first: Peer, second: Peer, peer: Connect, words: Words) -> None:
    """The longest line passes; one too long, without end, or with bad bytes ends its sender and is never relayed."""
    line = words.word()
    for longest in (LONGEST[:-1] + b"\n", LONGEST + b"\n", LONGEST[:-1] + b"\r\n"):
        first.sends(longest)
        second.receives_bytes(longest.replace(b"\r", b""))
        second.says(line)
        first.receives(line)
    for name, raw in BAD_LINES.items():
        first.sends(raw)
        first.is_hung_up_on()
        first = peer(f"after {name}")
        is_given_turn(first, "1", line)
    first.says(line)
    second.receives(line)


# Departures, floods, the end


def resets_in_mid_line(server: Server, client: Peer) -> None:
    """RST behind half a line."""
    client.sends(b"half a line")
    is_taken_in(server)
    client.resets()


def closes_in_mid_line(server: Server, client: Peer) -> None:  # noqa: ARG001 - one signature for all
    """FIN behind half a line."""
    client.sends(b"half a line")
    client.closes()


def closes(server: Server, client: Peer) -> None:  # noqa: ARG001
    """FIN and nothing else."""
    client.closes()


@check(
    "s1-vanished",
    after="s1-roles",
    points=3,
    level=ROBUST,
    wire=True,
    hint="recv that returns 0 or fails (ECONNRESET) means gone: close that "
    "socket, free its place, forget its half line",
)
@pytest.mark.parametrize("departure", [resets_in_mid_line, closes_in_mid_line, closes])
def test_vanished(
    departure: Callable[..., None], server: Server, first: Peer, second: Peer, peer: Connect, words: Words
) -> None:
    """Whoever vanishes, in the middle of a line too, frees its place at once and leaves no text behind."""
    descriptors = server.program.usage().num_fds()
    for count in range(DEPARTURES):
        departure(server, second)
        second = peer(f"second after {count}")
        second.receives("2", "rec")
        departure(server, first)
        first = peer(f"first after {count}")
        first.receives("1", "emi")
    first.says(line := words.word())
    second.receives(line)
    has_closed_all(server, descriptors)


def flooding_pair(server: Server, peer: Connect, words: Words) -> list[Flood]:
    """Bring two that send and do not read, and let them come to a standstill."""
    first, second = peer("first", receive_buffer=4096), peer("second", receive_buffer=4096)
    first.receives("1", "emi")
    second.receives("2", "rec")
    floods = [Flood(first, words), Flood(second, words)]
    flood_until_stalled(server, floods)
    return floods


def neither_reads(server: Server, peer: Connect, words: Words) -> None:
    """Memory stays bounded; once they read, everything arrives in order."""
    before = server.program.usage().memory_info().rss
    first, second = flooding_pair(server, peer, words)
    stays_small(server, before)
    first.peer.reads()
    second.peer.reads()
    server.stage.wait_for_outside(
        lambda: (
            all([first.goes_on(), second.goes_on()])
            and len(first.peer.unread) >= len(second.data)
            and len(second.peer.unread) >= len(first.data)
        ),
        FLOOD_SECONDS,
    )
    has_all(first.peer, second.data)
    has_all(second.peer, first.data)


def one_dies(server: Server, peer: Connect, words: Words) -> None:
    """The other dies while one does not read: its place is free at once."""
    first, _second = flooding_pair(server, peer, words)
    first.peer.resets()
    peer("newcomer").receives("1")


@check(
    "s1-flood",
    after="s1-roles",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Never sendall in your one thread: send what fits, keep the rest, "
    "poll POLLOUT; read no more from who waits for it",
)
@pytest.mark.parametrize("scene", [neither_reads, one_dies])
def test_flood(scene: Callable[..., None], server: Server, peer: Connect, words: Words) -> None:
    """Clients that send and do not read slow each other and nothing else; no line is lost, no memory eaten."""
    scene(server, peer, words)


def nobody_is_there(server: Server, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """An empty server."""
    ends_in_time(server, signal.SIGINT, [])


def one_is_alone(server: Server, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """Client 1 waits for a partner."""
    alone = peer("alone")
    alone.receives("1")
    ends_in_time(server, signal.SIGTERM, [alone])


def one_is_talking(server: Server, peer: Connect, words: Words) -> None:
    """What client 1 says is not yet read when the server is stopped."""
    first = peer("first")
    first.receives("1")
    stop_while_talking(server, first, words)


def one_more_waits(server: Server, peer: Connect, words: Words) -> None:  # noqa: ARG001
    """A third client waits for a place: it is closed without a word."""
    first, second = peer("first"), peer("second")
    second.receives("2", "rec")
    first.receives("1", "emi")
    third = peer("third")
    server.leaves_waiting(1)
    ends_in_time(server, signal.SIGINT, [first, second])
    third.is_hung_up_on()


def nobody_reads(server: Server, peer: Connect, words: Words) -> None:
    """Two are stuck: what was said to them cannot be delivered."""
    flooding_pair(server, peer, words)
    ends_in_time(server, signal.SIGTERM, [])


@check(
    "s1-shutdown",
    points=3,
    level=ROBUST,
    wire=True,
    hint="SIGINT and SIGTERM: say exit to both, close, exit code 0, with "
    "a limit on every wait; ignore a second signal",
)
@pytest.mark.parametrize(
    "scene", [nobody_is_there, one_is_alone, one_is_talking, one_more_waits, nobody_reads]
)
def test_shutdown(scene: Callable[..., None], server: Server, peer: Connect, words: Words) -> None:
    """Told to stop, the server says exit to both and ends with code 0, soon, whatever is going on."""
    scene(server, peer, words)


@check(
    "s1-restart",
    after="s1-answer",
    points=2,
    level=ROBUST,
    hint="Set SO_REUSEADDR on the listening socket before bind: "
    "connections of the dead server still hold its port",
)
def test_restart(
    alice: Client,
    bob: Client,
    server: Server,
    start_server: Callable[..., Server],
    start_client: Bring,
    words: Words,
    contract: Contract,
) -> None:
    """A server that was killed with clients connected can be started again on the same port at once."""
    exchange(alice, bob, words.word())
    carol, dave = restart(server, start_server, start_client, alice, bob)
    begin_anew(carol, dave, words.word(), contract.first)


# The server's command line, its words, its figures


def says_where_it_listens(server: Server, start_server: Callable[..., Server], start_client: Bring) -> None:
    """IPv4, IPv6 and a name."""
    server.announces("^listening on ")
    listens_as_said(server)
    has_announced_all(server)
    for host in "::1", "localhost":
        other = start_server("--bind", host, host=host)
        first_line = other.announces("")
        client = start_client(host, other.port, host)
        other.announces(", 1 present$")
        places = ["[::1]"] if host == "::1" else ["[::1]", HOST]
        lines = [f"listening on {place}:{other.port}" for place in places]
        expect(
            other.stage, first_line in lines, f"the server's first line is {' or '.join(lines)}", first_line
        )
        expect(other.stage, client.is_running(), "the client goes on", client.program.ending())


def says_who_is_there(server: Server, start_server: Callable[..., Server], start_client: Bring) -> None:  # noqa: ARG001
    """Two come, a third waits and a fourth gives up waiting, all leave."""
    first, second, third, fourth = (
        Peer(server.stage, name, server.port) for name in ("first", "second", "third", "fourth")
    )
    second.receives("2", "rec")
    first.receives("1", "emi")
    fourth.closes()
    leave(second)
    third.receives("2", "rec")
    leave(third)
    leave(first)
    server.announces(", 0 present$")
    has_announced_all(server, 1, 2, 1, 2, 1, 0)


@check(
    "s1-ready",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Print getsockname()'s port, with flush=True; then one line for each who takes or leaves a place",
)
@pytest.mark.parametrize("scene", [says_where_it_listens, says_who_is_there])
def test_ready(
    scene: Callable[..., None], server: Server, start_server: Callable[..., Server], start_client: Bring
) -> None:
    """The server prints where it listens, and at each coming and going a line that ends with `, N present`."""
    scene(server, start_server, start_client)


@check(
    "s1-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Check arguments before anything else (argparse exits with 2); "
    "catch OSError of bind: one line on stderr, exit 1",
)
def test_usage(stage: Stage, contract: Contract, server: Server) -> None:
    """Wrong usage ends a program with code 2, a port that cannot be had the server with code 1 and one line."""
    for words in (
        contract.server_command(65_536),
        contract.server_command(-1),
        [*contract.server_command(0), "surplus"],
        [*contract.server_command(0), "--nonsense"],
        contract.client_command(HOST, 0),
        contract.client_command(HOST, 65_536),
        [*contract.client_command(HOST, 4444), "surplus"],
    ):
        is_wrong_usage(stage, words, contract)
    for words in (
        contract.server_command(server.told_port),
        [*contract.server_command(0), "--bind", "203.0.113.1"],
        ["sh", "-c", '"$@" >&-', "sh", *contract.server_command(0)],
    ):
        refuses(stage, words, contract, 1)
    server.goes_on()


def waits_with_clients(server: Server, request: pytest.FixtureRequest, words: Words) -> None:
    """Two talk, one more waits for a place; each program has one thread."""
    alice, bob, carol = (request.getfixturevalue(name) for name in ("alice", "bob", "carol"))
    exchange(alice, bob, words.word())
    server.leaves_waiting(1)
    programs = [server.program, alice.program, bob.program, carol.program]
    for program in programs:
        has_threads(program, 1)
    are_idle(*programs)


def waits_to_relay(server: Server, request: pytest.FixtureRequest, words: Words) -> None:
    """One has said its line before its turn and closed its side: its end can be read again and again."""
    second = request.getfixturevalue("second")
    second.says(words.word())
    second.half_closes()
    is_taken_in(server)
    are_idle(server.program)


def waits_for_descriptors(server: Server, request: pytest.FixtureRequest, words: Words) -> None:  # noqa: ARG001
    """A newcomer cannot be accepted for want of a descriptor, and gets in once there is one."""
    first, peer = request.getfixturevalue("first"), request.getfixturevalue("peer")
    process = server.program.usage()
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), limits[1]))
    second = peer("second")
    are_idle(server.program)
    server.leaves_waiting(1)
    process.rlimit(psutil.RLIMIT_NOFILE, limits)
    second.receives("2", "rec")
    first.receives("emi")


def relays_at_once(server: Server, request: pytest.FixtureRequest, words: Words) -> None:
    """Fifty messages from keyboard to screen."""
    alice, bob = request.getfixturevalue("alice"), request.getfixturevalue("bob")
    seconds = []
    for line in words.several(MESSAGES):
        all_listen(server.stage)
        start = time.monotonic()
        alice.types(line)
        bob.sees(line)
        seconds.append(time.monotonic() - start)
        alice, bob = bob, alice
    median = statistics.median(seconds)
    print(f"median of {MESSAGES} messages, from keyboard to screen: {median * 1000:.2f} ms")
    wanted = f"half of the messages take less than {HANGING_SECONDS} s"
    expect(server.stage, median < HANGING_SECONDS, wanted, f"{median:.3f} s")


@check(
    "s1-figures",
    after="s1-first-line",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Let poll wait without a timeout, and not for what you will not "
    "read now; no sleep anywhere, TCP_NODELAY on",
)
@pytest.mark.parametrize("scene", [waits_with_clients, waits_to_relay, waits_for_descriptors, relays_at_once])
def test_figures(
    scene: Callable[..., None], server: Server, request: pytest.FixtureRequest, words: Words
) -> None:
    """Programs that wait use no CPU and one thread, and a message takes no longer than its way."""
    scene(server, request, words)


# The client


@LONG
@check(
    "s1-at-prompt",
    after="s1-answer",
    points=2,
    level=ROBUST,
    hint="A client in input() or fgets hears nothing else: wait for "
    "keyboard and socket together, with poll or select",
)
@pytest.mark.parametrize("typing", [False, True], ids=["at its prompt", "in the middle of a line"])
def test_at_prompt(typing: bool, alice: Client, bob: Client, server: Server, words: Words) -> None:
    """A client at its prompt, or in the middle of a line, ends by itself when the server does."""
    exchange(alice, bob, words.word())
    if typing:
        alice.begins_to_type(words.word())
    server.interrupt()
    server.ends()
    alice.ends()
    bob.ends()


def leaves_by_word(visit: Visit, stage: Stage, start_client: Bring) -> None:  # noqa: ARG001 - one signature for all
    """fin, and exit which means the same."""
    for word in "fin", "exit":
        client, server = visit("1", "emi", actor=Client)
        client.types(word)
        says_word(server)
        client.ends(0)


def leaves_at_end_of_input(visit: Visit, stage: Stage, start_client: Bring) -> None:  # noqa: ARG001
    """All that was typed before, the last line without LF too, is delivered first; then fin."""
    client, server = visit("1", "emi")
    client.types("one", "two")
    client.begins_to_type("three")
    client.ends_input()
    for line in "one", "two", "three":
        server.receives(line)
        server.says("go on")
    says_word(server)
    client.ends(0)


def leaves_with_control_c(visit: Visit, stage: Stage, start_client: Bring) -> None:  # noqa: ARG001
    """In turn, out of turn, and before it has a place."""
    for lines in ("1", "emi"), ("2", "rec"), ():
        client, server = visit(*lines, actor=Client)
        stage.wait_for_outside(partial(has_shown_lines, client, 1 + len(lines)))
        client.presses_control_c()
        says_word(server)
        client.ends(130)


def is_told_to_leave(visit: Visit, stage: Stage, start_client: Bring) -> None:  # noqa: ARG001
    """The server says exit, in whichever role."""
    for role in "emi", "rec":
        client, server = visit("1", role, "exit", actor=Client)
        server.closes()
        client.ends(0)


def finds_no_server(visit: Visit, stage: Stage, start_client: Bring) -> None:  # noqa: ARG001
    """Nobody listens; the name is none."""
    for host in HOST, "x" * 64:
        client = start_client("alice", free_port(), host, actor=PipedClient)
        client.ends(1)
        complains_once(client)


def loses_the_server(visit: Visit, stage: Stage, start_client: Bring) -> None:  # noqa: ARG001
    """It closes or resets in whichever role, or talks without end."""
    for role in "emi", "rec":
        for depart in (
            RawConnection.closes,
            RawConnection.resets,
            lambda server: server.sends(b"x" * (ENDLESS_BYTES + 1)),
        ):
            client, server = visit("1", role)
            depart(server)
            client.ends(1)
            complains_once(client)


@check(
    "s1-client-codes",
    points=3,
    level=ROBUST,
    wire=True,
    hint="0: fin, exit, end of input; 130: Ctrl+C, after sending fin; 1: "
    "refused, unknown, lost, with one line on stderr",
)
@pytest.mark.parametrize(
    "scene",
    [
        leaves_by_word,
        leaves_at_end_of_input,
        leaves_with_control_c,
        is_told_to_leave,
        finds_no_server,
        loses_the_server,
    ],
)
def test_client_codes(scene: Callable[..., None], visit: Visit, stage: Stage, start_client: Bring) -> None:
    """The client says fin when it leaves, after all that was typed, and its exit code tells why it ended."""
    scene(visit, stage, start_client)


def shows_bytes_escaped(visit: Visit) -> None:
    """At a terminal and on a pipe."""
    for actor in Client, PipedClient:
        client, server = visit("1", "rec", actor=actor)
        shows_escaped(client, server)


def shows_words_as_text(visit: Visit) -> None:
    """The other may say what the server says: only exit is the server's alone."""
    client, server = visit("2", "rec")
    for text in SERVER_WORDS:
        server.says(text)
        client.sees(f"< {text}\n")
        client.types(text.upper() + "!")
        server.receives(text.upper() + "!")


def shows_whole_lines(visit: Visit) -> None:
    """On a pipe: whole lines, at once, with no prompt and no escape sequence."""
    client, server = visit("1", "emi")
    assert isinstance(client, PipedClient)
    client.types("question")
    server.receives("question")
    server.says("answer")
    client.sees("< answer\n")
    shows_plain_lines(client)


def shows_what_goes_on(visit: Visit) -> None:
    """At a terminal: that it waits, its number, whose turn it is, the prompt only in turn."""
    client, server = visit(actor=Client)
    client.stage.wait_until(lambda: bool(client.shown()))
    expect(
        client.stage, bool(client.shown()), "the client says that it waits for a place", "nothing is shown"
    )
    server.says("2", "rec")
    client.sees("2")
    client.sees_no("> ", before="turn")
    server.says("bonjour")
    client.sees("< bonjour", "turn", "> ")


@check(
    "s1-client-screen",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Show `< text`, flushed, control characters escaped; roles count "
    "once, afterwards each line is text but exit",
)
@pytest.mark.parametrize(
    "scene", [shows_bytes_escaped, shows_words_as_text, shows_whole_lines, shows_what_goes_on]
)
def test_client_screen(scene: Callable[..., None], visit: Visit) -> None:
    """The client shows who it is, whose turn it is, and what comes as text that no terminal obeys."""
    scene(visit)


@check(
    "s1-client-typed",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Check what was typed as the server will: say on stderr why it "
    "cannot be sent, send nothing, and keep the turn",
)
def test_client_typed(visit: Visit, words: Words) -> None:
    """What must not travel is told to the user and not sent; empty lines neither; it stays the user's turn."""
    client, server = visit("1", "rec")
    assert isinstance(client, PipedClient)
    client.types(early := words.word())  # read only when the turn comes
    server.says(words.word())
    server.receives(early)
    for raw in UNSENT:
        server.says(words.word())
        client.program.types(raw + b"\n")
        client.types("", LONGEST.decode())
        server.receives(LONGEST.decode())
    client.stage.wait_until(lambda: len(client.complaints) >= len(UNSENT))
    complains_of_each(client)
