"""What people and servers do in the checks of several sprints."""

import contextlib
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from grader.actors import Client, Server
from grader.contract import HOST, Contract
from grader.family import is_at_rest
from grader.listening import accept_queues, has_read_all, is_connected, listening_ports
from grader.peers import Peer
from grader.program import Program
from grader.screen import LAST_CHARACTERS
from grader.stage import Stage
from grader.unseen import Unseen, expect
from grader.words import Words

Bring = Callable[..., Client]

Connect = Callable[..., Peer]

SETTLING_SECONDS = 0.2
"""A program that has nothing to do has come to rest by then."""

IDLE_SECONDS = 0.4

IDLE_CPU_SECONDS = 0.02 * IDLE_SECONDS
"""One percent is a program that looks every few milliseconds whether something has come; two are allowed."""

SHUTDOWN_SECONDS = 3.0
"""How long a server may take to leave, whoever does not read. (A second if everybody does, on a machine at rest.)"""

OTHER_SIGNAL = {signal.SIGINT: signal.SIGTERM, signal.SIGTERM: signal.SIGINT}

CROWD = 200
"""More than any accept queue but a deep one holds."""

CROSSINGS = 4
"""Times that two lines cross."""

RESIDUE = 8
"""Characters of an older line that are told from anything else."""

LEAVINGS = ("quit", "end of input", "Ctrl+C", "killed")

ENDS_SEEN = ("quit", "killed")
"""Ways to leave that wait for the end by themselves."""

each_leaving = pytest.mark.parametrize("how", LEAVINGS)

needs_netcat = pytest.mark.skipif(not shutil.which("nc"), reason="needs nc (Debian: netcat-openbsd)")


def talk(speaker: Client, hearer: Client, line: str) -> None:
    """Let one say a line and the other see it."""
    all_listen(speaker.stage)
    speaker.types(line)
    hearer.sees(line)


def hear(speaker: Client, hearers: Sequence[Client], line: str) -> None:
    """Let one say a line and all others see it."""
    all_listen(speaker.stage)
    speaker.types(line)
    see_all(hearers, speaker, line)


def see_all(people: Sequence[Client], speaker: Client, line: str) -> None:
    """Expect all but its speaker to see a line. Raises Unseen."""
    for hearer in people:
        if hearer is not speaker:
            hearer.sees(line)


def all_listen(stage: Stage) -> None:
    """Wait a moment until nobody has anything to read or to do: so what is said next comes by itself."""
    pids = [each.pid for each in stage.cast if isinstance(each, Program)]
    stage.wait_for_outside(lambda: has_read_all(*pids) and all(map(is_at_rest, pids)), SETTLING_SECONDS)


def exchange(speaker: Client, hearer: Client, line: str) -> None:
    """Let one say a line, and the other say it back in capitals."""
    talk(speaker, hearer, line)
    talk(hearer, speaker, line[:16].upper())


def somebody_waits(stage: Stage) -> bool:
    """Tell whether a server at rest has not accepted all who have connected."""
    all_listen(stage)
    pids = [each.pid for each in stage.cast if isinstance(each, Program)]
    return any(sum(accept_queues(pid).values()) for pid in pids)


def cross_lines(alice: Client, bob: Client, words: Words) -> None:
    """Let two speak at the same time, again and again, and each see what the other says.

    A third is not asked: whoever hears two at once may be sent both lines in one piece.
    """
    for _ in range(CROSSINGS):
        mine, yours = words.several(2)
        all_listen(alice.stage)
        alice.types(mine)
        bob.types(yours)
        bob.sees(mine)
        alice.sees(yours)


def almost_leaving(word: str, words: Words) -> list[str]:
    """Return lines that hold the word for leaving, and more. Who has one like /quit may have other commands."""
    begins_with_it = [word + words.word()] if word[0].isalpha() else []
    return [*begins_with_it, words.word() + word]


def say_marker(speaker: Client, words: Words) -> str:
    """Let one say a word that others can wait for; return it."""
    marker = words.word()
    speaker.types(marker)
    return marker


def say_short_after_long(speaker: Client, hearer: Client, words: Words) -> None:
    """Let one say a long line and a short one, and the other see nothing of the long one behind the short."""
    long, short = words.long_line(17), words.word()[:4]
    talk(speaker, hearer, long)
    talk(speaker, hearer, short)
    marker = say_marker(speaker, words)
    hearer.sees(marker)
    shows_no_residue(hearer, long, short, marker)


def is_heard(speaker: Client, hearer: Client, words: Words) -> bool:
    """Let one say a line; tell whether the other sees it: that nobody is heard at all is another check's matter."""
    all_listen(speaker.stage)
    line = say_marker(speaker, words)
    speaker.stage.wait_for_outside(lambda: shows(hearer, line) or not hearer.is_running())
    return shows(hearer, line)


def shows_no_residue(client: Client, long: str, short: str, marker: str) -> None:
    """Expect the end of a long line to stand on a screen in the whole line only, however often that is shown.

    Shown once more, it must not stand right in front of the short line that came next.
    """
    shown, tail = client.shown(), long[-RESIDUE:]
    is_whole = shown.count(tail.encode()) <= shown.count(long.encode())
    expect(client.stage, is_whole, f"{client.name} sees {marker!r} and no {tail!r} before it", repr(tail))
    is_apart = (long + short).encode() not in shown or shown.count(long.encode()) == 1
    expect(
        client.stage, is_apart, f"{client.name} sees {short!r} and no {tail!r} before it", repr(tail + short)
    )


def shows(client: Client, text: str) -> bool:
    """Tell whether a client has shown a text by now."""
    return text.encode() in client.shown()


def sees_somewhere(client: Client, text: str) -> None:
    """Wait until a client has shown a text, before or behind others. Raises Unseen."""
    somebody_sees([client], text)


def somebody_sees(people: Sequence[Client], text: str) -> None:
    """Wait until one of them has shown a text, before or behind others. Raises Unseen with the first screen."""
    stage = people[0].stage
    stage.wait_for_outside(
        lambda: any(shows(each, text) for each in people) or not any(each.is_running() for each in people)
    )
    if not any(shows(each, text) for each in people):
        shown = people[0].shown()[-LAST_CHARACTERS:].decode(errors="replace")
        raise Unseen(stage, f"{' or '.join(each.name for each in people)} sees {text!r}", repr(shown))


def has_shown_lines(client: Client, count: int) -> bool:
    """Tell whether a client has shown so many lines by now."""
    return client.shown().count(b"\n") >= count


def depart(client: Client, how: str, contract: Contract) -> None:
    """Let a client leave in one of the ways in LEAVINGS, and wait for its end."""
    ways: dict[str, Callable[[], None]] = {
        "quit": lambda: client.leaves(contract.quit),
        "end of input": client.ends_input,
        "Ctrl+C": client.presses_control_c,
        "killed": client.is_killed,
    }
    ways[how]()
    if how not in ENDS_SEEN:
        client.ends()


def restart(
    server: Server, start_server: Callable[..., Server], start_client: Bring, *clients: Client
) -> tuple[Client, Client]:
    """Kill a server, start it on the same port, and bring two new clients, one behind the other.

    The clients are stopped meanwhile: what they do when the server has gone would clear the old connections.
    """
    for client in clients:
        client.program.signal(signal.SIGSTOP)
    server.kill()
    server.ends()
    port = start_server(port=server.port).port

    def bring(name: str) -> Client:
        client = start_client(name, port)
        client.stage.wait_for_outside(partial(is_connected, client.program.pid, port))
        return client

    return bring("carol"), bring("dave")


def takes_part(stage: Stage, server: Server, other: Peer, words: Words) -> None:
    """Let nc be a client: it says and hears a line, and leaves with a word."""
    person = Client(stage, "netcat", ["nc", HOST, str(server.port)])
    server.announces(", 2 present$")
    said, heard = words.word(), words.word()
    person.types(said)
    other.receives(said)
    other.says(heard)
    person.sees(heard)
    person.types("fin")
    server.announces(", 1 present$")


@contextlib.contextmanager
def crowd_at(server: Server) -> Iterator[None]:
    """Let a crowd connect at once, without waiting for each other; close all at the end."""
    with contextlib.ExitStack() as crowd:
        for _ in range(CROWD):
            sock = crowd.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex((HOST, server.port))
        yield


def keep_a_crowd_waiting(server: Server) -> None:
    """Let a crowd connect while no place is free: the system keeps them all in the queue."""
    with crowd_at(server):
        server.leaves_waiting(CROWD)


def has_announced(server: Server, count: int) -> bool:
    """Tell whether a server has announced so many arrivals and departures."""
    return len(server.said) > count


def is_told_to_stop(server: Server, number: signal.Signals) -> None:
    """Send a server a signal: the other one at once behind it, and again while it is leaving."""
    server.program.signal(number)
    server.program.signal(OTHER_SIGNAL[number])
    server.stage.wait_for_outside(lambda: not listening_ports(server.program.pid))
    if server.is_running():
        server.program.signal(number)


@contextlib.contextmanager
def is_stopped_in_time(server: Server, number: signal.Signals) -> Iterator[None]:
    """Send a server a signal; expect that it has ended soon, once the block has heard what it says meanwhile."""
    started = time.monotonic()
    is_told_to_stop(server, number)
    yield
    ends_quietly(server)
    seconds = time.monotonic() - started
    assert seconds < SHUTDOWN_SECONDS, (
        f"the server ends {seconds:.1f} s after it was told to, and not at once"
    )


def still_runs(server: Server) -> None:
    """Expect a server to be there, whatever has happened."""
    assert server.is_running(), server.program.ending()


def ends_quietly(server: Server) -> None:
    """Expect a server to end with code 0, and without a traceback."""
    server.ends(0)
    assert b"Traceback" not in server.program.written["stderr"], server.program.ending()


def run(stage: Stage, command: list[str], contract: Contract) -> tuple[int | None, list[bytes]]:
    """Run a program to its end; return its exit code and its lines on stderr."""
    program = Program(stage, "program", command, terminal=False, directory=contract.directory)
    assert program.wait_end(), program.ending()
    return program.exit_code, bytes(program.written["stderr"]).splitlines()


def are_idle(*programs: Program) -> None:
    """Expect of programs that they use no CPU while nothing happens."""
    for program, seconds in zip(programs, cpu_seconds(programs), strict=True):
        share = f"{program.name} uses {seconds / IDLE_SECONDS:.0%} of the processor while nothing happens"
        assert seconds < IDLE_CPU_SECONDS, share


def cpu_seconds(programs: Sequence[Program]) -> list[float]:
    """Return the CPU time that each program uses in IDLE_SECONDS: none, where all wait for each other for ever."""
    stage = programs[0].stage
    if stage.settles(SETTLING_SECONDS):
        return [0.0 for _ in programs]
    before = [program.processor_seconds() for program in programs]
    stage.let_pass(IDLE_SECONDS)  # a rate needs a period
    return [program.processor_seconds() - start for program, start in zip(programs, before, strict=True)]
