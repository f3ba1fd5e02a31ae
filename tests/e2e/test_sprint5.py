"""Sprint 5, judged: one room, whatever the server's way of waiting is.

The course text fixes the wire, so raw connections play all that it asks of a server: `USER name` once, then
`MSG text`, which the others receive as `MSG name text`. The course's own server is judged with each of its strategies
where its way of waiting might matter; a submission has its own.
"""

import signal
import time
from collections.abc import Callable
from functools import partial

import psutil
import pytest

from grader.actors import Client, PipedClient, Server
from grader.checks import LONG, ROBUST, check
from grader.contract import HOST, Contract
from grader.listening import connections_of
from grader.stage import Stage
from grader.tcptable import ESTABLISHED
from grader.unseen import Unseen, expect
from grader.words import Words
from tests.e2e.figures import has_announced_all, listens_as_said, refuses, stays_small
from tests.e2e.floods import FLOOD_SECONDS
from tests.e2e.steps import (
    IDLE_CPU_SECONDS,
    IDLE_SECONDS,
    Bring,
    are_idle,
    cpu_seconds,
    has_announced,
    is_stopped_in_time,
    needs_netcat,
    run,
    still_runs,
    talk,
)
from tests.e2e.talkers import HELLO_SECONDS, LONGEST, People, Talker, said
from tests.e2e.visits import Visit
from tests.e2e.wire import BAD_LINES, ENDLESS_BYTES, ODD_TEXTS, is_taken_in

SPRINT = "sprint5_concurrency"

STRATEGIES = ("busy_loop", "thread_per_client", "thread_pool", "poll_loop", "event_loop", "asyncio_streams")

DEFAULT = "event_loop"

PRESENT = ", {} present$"

BUSY_SHARE = 0.5
"""What a loop that asks again and again may use of a processor while nothing happens, its pause included."""

NAME_SECONDS = 10
"""What a newcomer has to give a name; and how much later it may be hung up on, on a slow machine."""

SILENT = 300
"""More silent newcomers than are kept without a name at a time."""

BAD_NAMES = (
    "",
    "a",
    "two words",
    "-x",
    "9lives",
    "x" * 32,
    "ev\u200ban",
    "ev\u202ean",
    "\u0435van",
    "serveur",
)

SAME_NAMES = ("Alice", "alice", "ALICE")

STALL_LINES, STALL_STEP, STALL_BYTES = 4000, 10, 1500
"""What flows past a member that does not read: more than the buffers of both systems hold together."""

FLOOD_LINES = 80_000
"""Two bytes each: some chunks for any server, and little enough for what both systems keep of a connection."""

SPEAKERS, LINES, GUESTS = 8, 100, 10

DEPARTURES = 50

BOUNDED_SECONDS = 5.0
"""Who is one too many without a name is told so after a second; those ten seconds late empty the house anyway."""

HEARD_SECONDS = 0.3
"""A server has read a line, and told whom it concerns, by then; at once where it is seen to wait again."""

each_strategy = pytest.mark.usefixtures("in_each_strategy")
"""Marks a check that is played in each way in which the course's own server waits; a submission has its own way."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each way to wait."""
    if "in_each_strategy" in metafunc.fixturenames and not metafunc.config.getoption("--submission"):
        metafunc.parametrize("strategy", STRATEGIES, indirect=True)


@pytest.fixture
def in_each_strategy(strategy: str) -> str:
    """What the marked checks use."""
    return strategy


@pytest.fixture
def strategy(request: pytest.FixtureRequest) -> str:
    """How the course's own server waits."""
    return getattr(request, "param", DEFAULT)


@pytest.fixture
def server(start_server: Callable[..., Server], strategy: str) -> Server:
    """A server that listens, and waits in that way."""
    return start_server(*([] if strategy == DEFAULT else ["--strategy", strategy]))


@pytest.fixture
def people(stage: Stage, server: Server) -> People:
    """Brings raw clients with names to the server."""
    return People(stage, server.port, server.host)


def all_talk(people: list[Talker], words: Words) -> None:
    """Let each say a line that all others hear."""
    for speaker in people:
        speaker.tells(people, words.word())


# Talking


@check(
    "s5-relay",
    points=3,
    hint="Keep the name of each client, and relay `MSG name text` to all the others",
)
@each_strategy
def test_relay(people: People, words: Words) -> None:
    """What one says with MSG, all others receive as MSG, its name and the text."""
    all_talk(people.come(3), words)


@check(
    "s5-alone",
    points=1,
    hint="Skip the speaker's own socket; with nobody else there a line goes nowhere",
)
def test_alone(people: People, words: Words) -> None:
    """One alone may speak, and is never sent its own lines."""
    alice, bob = people.come(2)
    bob.closes()
    alice.says(f"MSG {words.word()}")
    alice.stage.settles(HEARD_SECONDS)  # or the line might find carol there
    carol = people.newcomer("Carol")
    carol.enters([alice])
    all_talk([alice, carol], words)


@check(
    "s5-text",
    points=2,
    hint="The text is all that stands behind `MSG `, just as it is; the name is the one that you keep",
)
def test_text(people: People, words: Words) -> None:
    """A text is relayed as it is, whatever it looks like: nobody speaks under another's name."""
    alice, *others = people.come(3)
    alice.tells(others, "MSG Bob hello", "Bob hello", "USER Dave", "ERR exit", "exit", " two  spaces ")
    alice.tells(others, *(text for text in ODD_TEXTS if text.strip()), "héé €😃", words.word())


@check(
    "s5-many",
    points=2,
    hint="The table must have room for all, and nobody may wait for one who says nothing",
)
@each_strategy
def test_many(people: People, words: Words) -> None:
    """Fifty clients that come at the same time hear each other."""
    crowd = [people.newcomer(f"Client-{number}") for number in range(50)]
    for newcomer in crowd:
        newcomer.gives_name()
    first, last = people.newcomer("First"), people.newcomer("Last")
    first.enters([])
    last.enters([first, *crowd])
    all_talk([first, last, *crowd[::10]], words)


@check(
    "s5-order",
    points=2,
    hint="Whoever reads a client relays its lines one after the other; what was not yet sent comes first",
)
@each_strategy
def test_order(people: People, words: Words) -> None:
    """A thousand lines in one piece arrive at all others, in order."""
    everybody = people.come(3)
    everybody[0].tells(everybody, *words.several(1000))


@check(
    "s5-silent",
    points=2,
    hint=(
        "Never wait for a name where you accept: it is a line like any other, and comes when it comes; and relay "
        "nothing to who has none"
    ),
)
@each_strategy
def test_silent(people: People, words: Words) -> None:
    """Newcomers that say nothing, or half a name, hold up nobody, and hear nothing."""
    everybody = people.come(2)
    silent = [people.newcomer(f"silent{number}") for number in range(20)]
    silent[0].sends(b"USER hal")
    all_talk(everybody, words)
    late = people.newcomer("Late")
    late.enters(everybody)
    all_talk([*everybody, late], words)
    hearing = [each.name for each in silent if each.unread]
    assert not hearing, f"without a name they are sent something: {', '.join(hearing)}"


def closes(leaver: Talker) -> None:
    """It closes."""
    leaver.closes()


def half_closes(leaver: Talker) -> None:
    """It says that it will send no more."""
    leaver.half_closes()


def resets(leaver: Talker) -> None:
    """It dies."""
    leaver.resets()


@check(
    "s5-leave",
    points=2,
    hint="When recv returns 0, or fails: out of the table, close, and the others go on",
)
@each_strategy
@pytest.mark.parametrize("leave", [closes, half_closes, resets])
def test_leave(leave: Callable[[Talker], None], people: People, server: Server, words: Words) -> None:
    """However one leaves, the others go on and newcomers get in."""
    alice, bob, carol = people.come(3)
    carol.tells([alice, bob], words.word())
    leave(carol)
    for _ in range(3):
        all_talk([alice, bob], words)
    dave = people.newcomer("Dave")
    dave.enters([alice, bob])
    all_talk([alice, bob, dave], words)
    still_runs(server)


@check(
    "s5-storm",
    points=3,
    hint="Two threads changed the table, or one socket, at the same time: hold one lock while you relay a line",
)
@each_strategy
def test_storm(people: People) -> None:
    """Eight speak at once while others come and go: nothing is lost, doubled or swapped."""
    speakers = people.come(SPEAKERS)
    for number in range(LINES):
        for speaker in speakers:
            speaker.says(f"MSG {number}")
        if number % (LINES // GUESTS) == 0:
            guest = people.newcomer(f"Guest-{number}")
            guest.gives_name()
            (guest.resets if number % 20 else guest.closes)()
    for hearer in speakers:
        others = [speaker for speaker in speakers if speaker is not hearer]
        expected = {other.name: [said(other, str(number)) for number in range(LINES)] for other in others}
        size = sum(len(line) for lines in expected.values() for line in lines)
        hearer.stage.wait_until(partial(has_received, hearer, size), FLOOD_SECONDS)
        heard = bytes(hearer.unread).splitlines(keepends=True)
        for name, lines in expected.items():
            come = [line for line in heard if b" %b " % name.encode() in line]
            assert come == lines, (
                f"{hearer.name} misses lines of {name}, or has them twice or in another order"
            )
        assert len(heard) == len(others) * LINES, f"{hearer.name} is sent lines that nobody has said"


def has_received(talker: Talker, count: int) -> bool:
    """Tell whether one has received so many bytes."""
    return len(talker.unread) >= count


# The wire


@check(
    "s5-cut",
    points=2,
    level=ROBUST,
    wire=True,
    hint="One recv is not one line: keep what is left of each client in a buffer of its own, split at LF",
)
@each_strategy
def test_cut(people: People, server: Server) -> None:
    """A line cut in two anywhere, also within a character, arrives whole, once, byte for byte."""
    alice, bob = people.come(2)
    data = "MSG héé €😃\r\n".encode()
    for place in range(1, len(data)):
        alice.sends(data[:place])
        is_taken_in(server)
        alice.sends(data[place:])
        bob.receives("MSG Alice héé €😃")


@check(
    "s5-limits",
    points=2,
    level=ROBUST,
    wire=True,
    hint="2,048 bytes limit what a client sends, LF and CR counted; what is relayed is longer by the name",
)
def test_limits(people: People, words: Words) -> None:
    """The longest line arrives whole; empty lines are nothing, and half a line is dropped with its speaker."""
    alice, bob = people.come(2)
    alice.sends(LONGEST + b"\n" + LONGEST[:-1] + b"\r\n")
    bob.receives_bytes(b"MSG Alice " + LONGEST[4:] + b"\nMSG Alice " + LONGEST[4:-1] + b"\n")
    alice.sends(b"\n\r\n" * 5000)
    alice.tells([bob], words.word())
    alice.sends(b"MSG half a line")
    alice.half_closes()
    alice.is_hung_up_on()
    carol = people.newcomer("Carol")
    carol.gives_name()
    carol.tells([bob], words.word())


@check(
    "s5-bad-lines",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Check each line before you relay it: answer `ERR bad-text ...` or `ERR line-too-long ...`, and go on",
)
@each_strategy
def test_bad_lines(people: People, words: Words) -> None:
    """A bad line is answered with ERR and never relayed; the next good one by the same speaker is."""
    alice, bob = people.come(2)
    for name, raw in BAD_LINES.items():
        if name != "endless":
            alice.is_refused(b"MSG " + raw, "line-too-long" if "too long" in name else "bad-text")
            alice.tells([bob], words.word())


@check(
    "s5-endless",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Bound what you keep of a line whose LF does not come; at 64 KiB say ERR and hang up",
)
@each_strategy
def test_endless(people: People, server: Server, words: Words) -> None:
    """Who sends 64 KiB without LF is told, and hung up on; the others go on."""
    alice, bob, carol = people.come(3)
    server.announces(PRESENT.format(3))
    before = server.program.usage().memory_info().rss
    carol.is_refused(b"x" * (ENDLESS_BYTES + 1), "line-too-long")
    carol.is_hung_up_on()
    server.announces(PRESENT.format(2))
    all_talk([alice, bob], words)
    stays_small(server, before)


@check(
    "s5-errors",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Whatever you do not do, answer `ERR code words`, with one word as the code, and keep the connection",
)
@each_strategy
def test_errors(people: People, words: Words) -> None:
    """MSG before USER, USER twice, MSG with nothing, other words: each is answered with ERR, and no more."""
    (alice,) = people.come(1)
    bob = people.newcomer("Bob")
    bob.is_refused("MSG hello", "not-named")
    bob.enters([alice])
    bob.is_refused("USER Eve", "already-named")
    for line in ("MSG", "MSG ", "MSG   ", "MSG \t"):
        bob.is_refused(line, "empty-message")
    for line in ("hello", "msg hello", "MSGhello", " MSG hello", "exit", "GET / HTTP/1.1"):
        bob.is_refused(line, "unknown-command")
    all_talk([alice, bob], words)


@check(
    "s5-names",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Check a name before you grant it: its length, its letters, and that nobody has it in another case",
)
def test_names(people: People, words: Words) -> None:
    """A bad name, or one that somebody has, is refused with `ERR name-...`; another may follow."""
    (alice,) = people.come(1)
    bob = people.newcomer("Bob")
    for name in (*BAD_NAMES, *SAME_NAMES):
        bob.is_refused(f"USER {name}", "name-")
    bob.enters([alice])
    all_talk([alice, bob], words)


@check(
    "s5-name-freed",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Take the name out of the table with its owner, however it left",
)
@each_strategy
def test_name_freed(people: People, server: Server, words: Words) -> None:
    """A name can be taken again as soon as its owner has left."""
    (alice,) = people.come(1)
    for leave in (closes, resets) * 5:
        bob = people.newcomer("Bob")
        bob.gives_name()
        server.announces(PRESENT.format(2))
        alice.unread.clear()
        leave(bob)
        server.announces(PRESENT.format(1))
    bob = people.newcomer("Bob")
    bob.enters([alice])
    all_talk([alice, bob], words)


@check(
    "s5-netcat",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Lines of text ended by LF and nothing else: then nc is a full client",
)
@needs_netcat
def test_netcat(stage: Stage, people: People, server: Server, words: Words) -> None:
    """Nc is a full client."""
    (alice,) = people.come(1)
    person = Client(stage, "netcat", ["nc", HOST, str(server.port)])
    heard, answer = words.word(), words.word()
    person.types("USER Nina")
    server.announces(PRESENT.format(2))
    person.types(f"MSG {heard}")
    alice.receives(f"MSG Nina {heard}")
    alice.says(f"MSG {answer}")
    person.sees(f"MSG Alice {answer}")
    person.presses_control_c()
    server.announces(PRESENT.format(1))


# The room


@check(
    "s5-counts",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Only who has a name is announced, and counts; announce each departure once, however the client went",
)
@each_strategy
def test_counts(server: Server, people: People) -> None:
    """Where it listens, and at each arrival and departure a line that ends with `, N present`: each once."""
    server.announces("^listening on ")
    listens_as_said(server)
    people.newcomer("nameless").closes()
    people.come(1)
    server.stage.wait_until(partial(has_announced, server, 1))  # now it has opened all that it needs itself
    descriptors = server.program.usage().num_fds()
    for number in range(DEPARTURES):
        talker = people.newcomer(f"Talker-{number}")
        talker.gives_name()
        talker.sends(b"MSG half a li")
        server.stage.wait_until(partial(has_announced, server, 2 * number + 2))
        (talker.resets if number % 2 else talker.closes)()
        server.stage.wait_until(partial(has_announced, server, 2 * number + 3))
    has_announced_all(server, *([1] + [2, 1] * DEPARTURES))
    assert server.stage.wait_for_outside(lambda: server.program.usage().num_fds() <= descriptors), (
        "the socket of each that leaves must be closed"
    )


@check(
    "s5-full",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Compare the number of names with the limit; say `ERR server-full ...`, close, do not announce",
)
@each_strategy
def test_full(start_server: Callable[..., Server], stage: Stage, strategy: str, words: Words) -> None:
    """One too many is told `ERR server-full` and closed; a place that is freed can be taken at once."""
    server = start_server("--max-clients", "3", *([] if strategy == DEFAULT else ["--strategy", strategy]))
    people = People(stage, server.port, server.host)
    alice, bob, carol = people.come(3)
    for number in range(10):
        refused = people.newcomer(f"Refused-{number}")
        refused.gives_name()
        refused.is_told("server-full")
        refused.is_hung_up_on()
        assert not refused.was_reset, "closed with bytes unread: that may destroy what the newcomer was told"
        refused.closes()
    all_talk([alice, bob, carol], words)
    carol.closes()
    server.stage.wait_until(partial(has_announced, server, 4))
    dave = people.newcomer("Dave")
    dave.enters([alice, bob])
    has_announced_all(server, *[1, 2, 3, 2, 3])


@LONG
@check(
    "s5-name-time",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Note when each came, on the monotonic clock, and look through those without a name; bytes do not extend it",
)
@each_strategy
def test_name_time(people: People, stage: Stage, words: Words) -> None:
    """Who has given no name after ten seconds is told, and hung up on, whatever else it sends meanwhile."""
    everybody = people.come(2)
    started = time.monotonic()
    late = [people.newcomer(name) for name in ("silent", "dripping")]
    while not any(each.unread for each in late) and time.monotonic() - started < 2 * NAME_SECONDS:
        late[1].sends(b"U")
        stage.wait_until(lambda: any(each.unread for each in late), 0.5)
    waited = time.monotonic() - started
    assert waited >= NAME_SECONDS - 1, f"hung up on after {waited:.1f} s: a name may take {NAME_SECONDS} s"
    for each in late:
        each.is_told("name-")
        each.is_hung_up_on()
    all_talk(everybody, words)


@check(
    "s5-nameless",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Bound the connections without a name apart from the others, and do not let them keep everybody else out",
)
@each_strategy
def test_nameless(people: People, server: Server, words: Words) -> None:
    """Three hundred that say nothing are not all kept, and do not keep out who gives a name."""
    everybody = people.come(2)
    silent = [people.newcomer(f"silent{number}") for number in range(SILENT)]
    late = people.newcomer("Late")
    late.gives_name()
    server.announces(PRESENT.format(3))
    is_bounded = server.stage.wait_for_outside(
        lambda: len(connections_of(server.program.pid, ESTABLISHED)) < len(silent), BOUNDED_SECONDS
    )
    assert is_bounded, f"of {len(silent)} nameless connections all are kept: any number would be"
    all_talk([*everybody, late], words)


@check(
    "s5-stalled",
    points=3,
    level=ROBUST,
    wire=True,
    hint="Never wait in send: keep little for one that does not read, then hang up on it",
)
@each_strategy
def test_stalled(people: People, server: Server, words: Words) -> None:
    """Who stops reading is hung up on; the others get every line, in order, and the server keeps its size."""
    speaker, hearer = people.come(2)
    stalled = people.newcomer("Stalled", receive_buffer=4096)
    stalled.enters([speaker, hearer])
    server.announces(PRESENT.format(3))
    stalled.stops_reading()
    before = server.program.usage().memory_info().rss
    text = words.long_line(STALL_BYTES)
    told = b""
    for number in range(0, STALL_LINES, STALL_STEP):  # some wait for those before them, as people do
        lines = [f"{number + each:08} {text}" for each in range(STALL_STEP)]
        speaker.tells([hearer], *lines)
        told += b"".join(said(speaker, line) for line in lines)
    server.announces(PRESENT.format(2))
    stays_small(server, before)
    stalled.reads()
    stalled.stage.wait_until(lambda: stalled.hung_up, FLOOD_SECONDS)
    expect(server.stage, stalled.hung_up, "who does not read is hung up on", "the connection is still there")
    assert told.startswith(bytes(stalled.unread)), "it lost lines while it stayed"


@check(
    "s5-deaf-flood",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Answers are kept for who does not read them just as messages are: bound them, then hang up",
)
@each_strategy
def test_deaf_flood(people: People, server: Server, words: Words) -> None:
    """Who floods the server with bad lines and never reads the answers holds up nobody, and is hung up on."""
    everybody = people.come(2)
    flooder = people.newcomer("Flooder", receive_buffer=4096)
    flooder.enters(everybody)
    server.announces(PRESENT.format(3))
    flooder.stops_reading()
    before = server.program.usage().memory_info().rss
    lines = b"nonsense\n" * 5000
    deadline = time.monotonic() + FLOOD_SECONDS
    while not has_announced(server, 4) and time.monotonic() < deadline:
        flooder.sends_what_fits(lines)
        all_talk(everybody, words)
    server.announces(PRESENT.format(2))
    stays_small(server, before)
    all_talk(everybody, words)


@check(
    "s5-fair",
    points=2,
    level=ROBUST,
    wire=True,
    hint="Bound what you do for one client before it is the next one's turn; answer many bad lines with one write",
)
@each_strategy
def test_fair(people: People, server: Server, words: Words) -> None:
    """Who has sent bad lines by the thousand waits its turn: what another says comes between the answers."""
    flooder, alice = people.come(2)
    text = words.word()
    is_taken_in(server)
    server.program.signal(signal.SIGSTOP)
    flooder.sends(b"\x01\n" * FLOOD_LINES)
    alice.says(f"MSG {text}")
    server.program.signal(signal.SIGCONT)
    flooder.stage.wait_until(lambda: said(alice, text) in flooder.unread, FLOOD_SECONDS)
    answered, heard, _more = bytes(flooder.unread).partition(said(alice, text))
    assert heard, f"{alice.name} is not heard at all"
    assert answered.count(b"\n") < FLOOD_LINES / 8, (
        "so many bad lines were answered before another's turn came"
    )


@check(
    "s5-descriptors",
    points=1,
    level=ROBUST,
    wire=True,
    hint="accept fails with EMFILE while the newcomer stays queued: pause, do not spin, do not die",
)
@each_strategy
def test_descriptors(people: People, server: Server, strategy: str) -> None:
    """Out of descriptors: members go on, the processor is not burnt, newcomers get in once there is room."""
    speaker, hearer = people.come(2)
    process = server.program.usage()
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), limits[1]))
    people.newcomer("Late").gives_name()
    uses_little(server, strategy)
    speaker.tells([hearer], "still here")
    process.rlimit(psutil.RLIMIT_NOFILE, limits)
    server.announces(PRESENT.format(3))


def uses_little(server: Server, strategy: str) -> None:
    """Expect of a server that it uses next to no CPU, unless it asks again and again."""
    (seconds,) = cpu_seconds([server.program])
    bound = BUSY_SHARE * IDLE_SECONDS if strategy == "busy_loop" else 2 * IDLE_CPU_SECONDS
    share = f"server uses {seconds / IDLE_SECONDS:.0%} of the processor while nothing happens"
    assert seconds < bound, f"{share} ({strategy})"


@check(
    "s5-idle",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Wait in one call for all that may happen; do not ask again and again",
)
@each_strategy
def test_idle(people: People, server: Server, strategy: str) -> None:
    """While nobody speaks, the server uses no CPU; the busy loop at least leaves half of it."""
    people.come(5)
    if strategy in {"busy_loop", "asyncio_streams"}:
        uses_little(server, strategy)
    else:
        are_idle(server.program)


def everybody_reads(server: Server, people: People, words: Words) -> None:  # noqa: ARG001 - one signature for all
    """Five are there, and one has no name yet."""
    everybody = [*people.come(5), people.newcomer("nameless")]
    server.leaves_waiting(0)
    ends_in_time(server, signal.SIGINT, everybody)


def one_does_not_read(server: Server, people: People, words: Words) -> None:
    """What was said cannot be delivered to one of three, and neither can the goodbye."""
    speaker, hearer = people.come(2)
    stuck = people.newcomer("Stuck", receive_buffer=4096)
    stuck.enters([speaker, hearer])
    stuck.stops_reading()
    speaker.tells([hearer], *[words.long_line(1000)] * 50)
    ends_in_time(server, signal.SIGTERM, [speaker, hearer])


def one_talks(server: Server, people: People, words: Words) -> None:
    """More has arrived than is read at once: the goodbye must not be destroyed by a reset."""
    speaker, _hearer = people.come(2)
    server.program.signal(signal.SIGSTOP)
    sent = speaker.sends_what_fits(f"MSG {words.long_line(1000)}\n".encode() * 300)
    assert sent > 2 * ENDLESS_BYTES, f"the system has room for {sent} bytes only: nothing is proven"
    server.interrupt()
    server.program.signal(signal.SIGCONT)
    speaker.is_told("exit")
    speaker.is_hung_up_on()
    assert not speaker.was_reset, "the server closed with bytes unread: that resets the connection"
    speaker.closes()
    server.ends(0)


def ends_in_time(server: Server, number: signal.Signals, readers: list[Talker]) -> None:
    """Stop a server: all who read are told."""
    is_taken_in(server)
    with is_stopped_in_time(server, number):
        for reader in readers:
            reader.is_told("exit")
            reader.is_hung_up_on()


@check(
    "s5-shutdown",
    points=2,
    level=ROBUST,
    wire=True,
    hint="On SIGINT or SIGTERM: stop accepting, send `ERR exit ...` to all, close, exit 0; wait for nobody",
)
@each_strategy
@pytest.mark.parametrize("scene", [everybody_reads, one_does_not_read, one_talks])
def test_shutdown(
    scene: Callable[[Server, People, Words], None], server: Server, people: People, words: Words
) -> None:
    """SIGINT or SIGTERM, once or twice: ERR exit to everybody, code 0, also when somebody does not read."""
    scene(server, people, words)


@check(
    "s5-restart",
    points=1,
    level=ROBUST,
    wire=True,
    hint="If bind finds the address in use: set SO_REUSEADDR before it",
)
def test_restart(
    people: People, server: Server, start_server: Callable[..., Server], stage: Stage, words: Words
) -> None:
    """A server that was killed with clients connected can be started again on the same port at once."""
    all_talk(people.come(2), words)
    server.kill()
    server.ends()
    again = start_server(port=server.port)
    all_talk(People(stage, again.port, again.host).come(2), words)


@check(
    "s5-usage",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Check arguments first, catch OSError of bind: one line on stderr (argparse says two), exit 2 or 1",
)
def test_usage(stage: Stage, contract: Contract, server: Server, start_server: Callable[..., Server]) -> None:
    """Wrong usage ends with code 2, a port that is taken with 1, each told in one line; IPv6 works."""
    for words in (["--max-clients", "0"], ["--max-clients", "many"], ["surplus"], ["--strategy", "magic"]):
        code, complaints = run(stage, [*contract.server_command(0), *words], contract)
        assert (code, len(complaints)) == (2, 1), (words, complaints)
    refuses(stage, contract.server_command(server.told_port), contract, 1)
    for host in "::1", "localhost":
        other = start_server("--bind", host, host=host)
        People(stage, other.port, host).newcomer("Alice").gives_name()
        other.announces(PRESENT.format(1))


# The client


def meet(client: Client, people: People) -> Talker:
    """Bring somebody whose greeting a client sees: then both are in."""
    other = people.newcomer("Other")
    other.gives_name()
    for number in range(100):
        client.types(f"hello {number}")
        if other.stage.wait_until(lambda: bool(other.unread), HELLO_SECONDS):
            return other
    raise Unseen(client.stage, f"the others hear {client.name}", "nothing")


@check(
    "s5-client-name",
    points=2,
    hint="The first line that is typed is the name: send it with USER, and each line behind it with MSG",
)
def test_client_name(newcomer: Bring, people: People, words: Words) -> None:
    """What a user types first is his name; what he types then is said under it, and he sees who says what."""
    alice = newcomer("alice")
    other = meet(alice, people)
    last, answer = words.word(), words.word()
    alice.types(last)
    said_last = f"MSG alice {last}\n".encode()
    assert other.stage.wait_until(lambda: other.unread.endswith(said_last)), bytes(other.unread)
    other.says(f"MSG {answer}")
    alice.sees("Other", answer)


@check(
    "s5-client-while-typing",
    points=2,
    hint="Whoever waits for the keyboard must also wait for the server: a thread for each, or one poll for both",
)
def test_client_while_typing(newcomer: Bring, people: People, words: Words) -> None:
    """Who is in the middle of a line sees what arrives, and then sends the line whole."""
    alice = newcomer("alice")
    other = meet(alice, people)
    start, heard, end = words.word(), words.word(), words.word()
    alice.begins_to_type(start)
    other.says(f"MSG {heard}")
    alice.sees(heard)
    alice.types(end)
    whole = f"MSG alice {start}{end}\n".encode()
    assert other.stage.wait_until(lambda: other.unread.endswith(whole)), bytes(other.unread)


@check(
    "s5-client-people",
    points=2,
    hint="Show each MSG with the name in front; send what is typed, whatever it looks like",
)
def test_client_people(newcomer: Bring, words: Words) -> None:
    """Two people at terminals talk to each other."""
    alice, bob = newcomer("alice"), newcomer("bob")
    greeting = words.word()
    for _ in range(20):
        alice.types(greeting)
        if alice.stage.wait_until(lambda: greeting.encode() in bob.shown(), HELLO_SECONDS):
            break
    for _ in range(3):
        talk(bob, alice, words.sentence())
        talk(alice, bob, words.sentence())


@check(
    "s5-client-safe",
    points=1,
    level=ROBUST,
    wire=True,
    hint="Show what cannot be printed escaped, in the name as in the text; bidirectional controls, too",
)
def test_client_safe(visit: Visit) -> None:
    """Nothing that a server sends acts on the terminal, or turns text round."""
    client, server = visit(actor=PipedClient)
    server.receives("USER alice")
    server.sends("MSG e\x1b[2Jve a\x1b[2J\x07\u202eb\u2066c\n".encode() + b"MSG eve a\xffb\nMSG eve marker\n")
    client.sees("marker")
    shown = client.shown()
    assert not [raw for raw in ("\x1b", "\x07", "\u202e", "\u2066") if raw.encode() in shown], shown
    assert shown.count(b"eve") >= 2, f"two messages of eve's are shown as {shown!r}"


@check(
    "s5-client-lost",
    points=1,
    level=ROBUST,
    wire=True,
    hint="When recv returns 0 the server is lost: say so, and end with code 1; `ERR exit` before it is a normal end",
)
@pytest.mark.parametrize(("last", "code"), [("", 1), ("ERR exit the server ends", 0)])
def test_client_lost(last: str, code: int, visit: Visit) -> None:
    """A server that ends the conversation is told with code 0, one that is lost with 1."""
    client, server = visit(actor=Client)
    server.receives("USER alice")
    if last:
        server.says(last)
    server.closes()
    client.ends(code)
