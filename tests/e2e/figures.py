"""Figures, lists and streams that a check compares: where one is not as it should be, words say what came instead."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from grader.actors import REST_SECONDS, Client, Server
from grader.contract import Contract
from grader.family import is_at_rest, threads_of
from grader.journal import spell
from grader.peers import Peer
from grader.program import Program
from grader.stage import Stage
from grader.threads import serving_threads, with_connections
from grader.unseen import Unseen, expect
from grader.verdicts import first_difference
from tests.e2e.floods import MEMORY_BYTES
from tests.e2e.steps import run

BEGINNING = 20
"""So many bytes show where a stream goes wrong."""

REDRAWN = 3
"""So many lines, the last ones, tell whether a client draws all anew with each line that comes."""


def listens_as_said(server: Server) -> None:
    """Expect the first line of a server to say where it listens."""
    wanted = f"listening on {server.host}:{server.port}"
    expect(
        server.stage, server.said[:1] == [wanted], f"the server's first line is {wanted!r}", server.said[:1]
    )


def has_announced_all(server: Server, *counts: int) -> None:
    """Expect a server to have said, at each arrival and departure, how many were present, and nothing else."""
    lines, due = server.said[1:], [f"{count} present" for count in counts]
    same = first_difference(due, [line.rpartition(", ")[2] for line in lines])
    ending = f"ends with ', {due[same]}'" if due[same:] else "does not exist"
    wanted = f"of the lines that the server prints when somebody comes or goes, number {same + 1} {ending}"
    expect(server.stage, same == len(due) == len(lines), wanted, next_of(lines, same))


def next_of(lines: Sequence[str], number: int) -> str:
    """Return a line in quotes, if there is one."""
    return repr(lines[number]) if lines[number:] else "nothing more"


def has_closed_all(server: Server, before: int) -> None:
    """Expect a server to have as many descriptors open as before somebody came and went."""
    now = server.program.usage().num_fds()
    wanted = f"the server has {before} descriptors open, as before: the socket of each that leaves is closed"
    expect(server.stage, now == before, wanted, f"{now} are open")


def has_threads(program: Program, count: int) -> None:
    """Expect a program to have so many threads."""
    now = program.usage().num_threads()
    expect(program.stage, now == count, f"the number of {program.name}'s threads is {count}", now)


def serve_with_one_thread(server: Server, own_threads: int, before: Sequence[Path] = ()) -> list[Path]:
    """Expect one process of a server, with one thread, to serve all who have come; return it.

    Where its language has threads of its own, only those count that wait for a connection, now or `before`.
    """
    pid = server.program.pid
    server.stage.wait_for_outside(lambda: is_at_rest(pid), REST_SECONDS)
    processes = with_connections(pid)
    now = serving_threads(pid) if own_threads > 1 else [each for one in processes for each in threads_of(one)]
    threads = sorted({*before, *now})
    wanted = "one process of the server, with one thread, serves both clients"
    got = f"processes that have connections: {len(processes)}; threads that serve: {len(threads)}"
    expect(server.stage, len(processes) == 1 and len(threads) <= 1, wanted, got)
    return threads


def stays_small(server: Server, before: int) -> None:
    """Expect a server to have grown by little since it used so many bytes of memory."""
    grown = server.program.usage().memory_info().rss - before
    wanted = f"the server's memory grows by less than {MEMORY_BYTES >> 20} MiB"
    expect(server.stage, grown < MEMORY_BYTES, wanted, f"{grown / (1 << 20):.1f} MiB")


def has_all(hearer: Peer, data: bytes) -> None:
    """Expect a peer to have received exactly these bytes."""
    came = bytes(hearer.unread)
    if came != data:  # looked at byte by byte only then: it may be megabytes
        wanted = f"{hearer.name} receives all that is sent to it, {len(data)} bytes, as it was sent"
        raise Unseen(hearer.stage, wanted, parting(data, came))


def parting(data: bytes, came: bytes) -> str:
    """Return in words where what came parts from what was sent."""
    same = first_difference(data, came)
    due, instead = (beginning(each[same:]) for each in (data, came))
    return f"the first {same} bytes of it, and then {instead} in place of {due}"


def beginning(data: bytes) -> str:
    """Return the first of some bytes in quotes, if there are any."""
    return f"'{spell(data[:BEGINNING])}'" if data else "nothing"


def has_heard(hearer: Peer, speaker: Peer, lines: Sequence[str], heard: Sequence[str]) -> None:
    """Expect a peer to have heard these lines of another, in order, each once."""
    same = first_difference(lines, heard)
    wanted = f"{hearer.name} receives all lines of {speaker.name}, in order, each once"
    got = f"the first {same} of them, and then {next_of(heard, same)} in place of {next_of(lines, same)}"
    expect(hearer.stage, same == len(lines) == len(heard), wanted, got)


def shows_each_once(client: Client, lines: Sequence[str], later: Sequence[str] = ()) -> None:
    """Expect a client to have shown each line once, or again only because it draws all anew with each that comes."""
    if draws_anew(client, [*lines, *later]):
        return
    for line in lines:
        times = times_shown(client, line)
        expect(client.stage, times == 1, f"{client.name} is shown {line!r} once", f"{times} times")


def draws_anew(client: Client, lines: Sequence[str]) -> bool:
    """Tell whether the last lines have shown those before them once more, each time one that came.

    Of lines that come twice one after the other, all but the last have been shown as often.
    """
    counts = [times_shown(client, line) for line in lines[-REDRAWN:]]
    return len(counts) == REDRAWN and all(former > count for former, count in pairwise(counts))


def times_shown(client: Client, text: str) -> int:
    """Return how often a client has shown a text by now."""
    return client.shown().count(text.encode())


def refuses(stage: Stage, command: list[str], contract: Contract, code: int) -> None:
    """Expect a program to end with an exit code, and to tell why in one line on stderr."""
    ended_with, complaints = run(stage, command, contract)
    wanted = f"`{' '.join(command)}` ends with exit code {code}, and says why in one line on stderr"
    is_so = (ended_with, len(complaints)) == (code, 1)
    expect(stage, is_so, wanted, f"exit code {ended_with}, and {len(complaints)} lines on stderr")


def is_wrong_usage(stage: Stage, command: list[str], contract: Contract) -> None:
    """Expect a program to end with exit code 2, and to tell why on stderr, without a traceback."""
    code, complaints = run(stage, command, contract)
    wanted = f"`{' '.join(command)}` ends with exit code 2, and says why on stderr, without a traceback"
    words = [spell(line) for line in complaints]
    is_so = code == 2 and bool(words) and "Traceback" not in "".join(words)
    expect(stage, is_so, wanted, f"exit code {code}, and on stderr {next_of(words, len(words) - 1)}")
