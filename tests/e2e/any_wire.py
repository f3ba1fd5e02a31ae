"""Scenes for programs of any wire: who says nothing, nothing happens, a line is odd or long, the port is taken.

Only what is typed and shown counts here, and what the system tells of a program: how it ended, what it uses.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from grader.actors import Client, Server
from grader.contract import Contract
from grader.family import is_at_rest, wanted_by
from grader.listening import is_connected, listening_ports
from grader.program import Program
from grader.stage import START_SECONDS
from grader.unseen import Unseen, expect
from grader.words import WORD_BYTES, Words
from tests.e2e.steps import IDLE_SECONDS, all_listen, cpu_seconds, say_marker, shows

SILENT_SECONDS = 2.0
"""How long somebody who types nothing may take to connect. Where the name is asked first, nobody ever does."""

TAKEN_IN_SECONDS = 0.3
"""A server accepts at once; one that waits for a first word must not be waited for."""

BUSY_SHARE = 0.1
"""A loop that waits for nothing uses all of a processor, or what others leave of it; a Java program at rest 0.3 %."""

SPUN_NANOSECONDS = 0.9e9 * IDLE_SECONDS
"""So much of a period a loop that waits for nothing runs, or could have, were it not for others."""

PERIODS = 5
"""A program that has just started may have work of its own, but not in each of so many periods."""

LONG_LINES = (200, 1000)
"""Letters: more than a small buffer holds, and more than most do. A terminal takes 4095."""

SHOWING_SECONDS = 20.0
"""A program that shows a line letter by letter takes so long for what a buffer of 256 bytes holds of it."""

DYING_SECONDS = 0.5
"""A connection ends before its program's end is known; whoever is told so may be known to have ended before."""


def stays_silent(server: Server, contract: Contract) -> None:
    """Let somebody come who does not type a name, where one is asked for; nobody comes where none is."""
    told = lines_before_connecting(contract)
    if told == len(contract.login) or contract.tells_places:
        return
    command = contract.client_command(server.host, server.told_port, name="silent")
    silent = Client(server.stage, "silent", command, contract.directory)
    silent.types(*contract.login_lines("silent", server.host, server.told_port)[:told])
    wait = server.stage.wait_for_outside
    wait(lambda: is_connected(silent.program.pid, server.port) or not silent.is_running(), SILENT_SECONDS)
    wait(lambda: not server.waiting() and is_at_rest(server.program.pid), TAKEN_IN_SECONDS)


def lines_before_connecting(contract: Contract) -> int:
    """Return how many of the first lines a client needs to know where its server is."""
    return max(
        (n for n, line in enumerate(contract.login, 1) if "{host}" in line or "{port}" in line), default=0
    )


def leave_the_processor_alone(server: Server, *clients: Client) -> None:
    """Expect of all that they hardly use the processor while nothing happens, in one of PERIODS at least."""
    at_work: list[str] = []
    for _ in range(PERIODS):
        at_work = those_at_work(programs_of(server, *clients))
        if not at_work:
            return
    raise Unseen(server.stage, "nobody uses the processor while nothing happens", at_work[0])


def those_at_work(programs: Sequence[Program]) -> list[str]:
    """Return in words who uses the processor for a while, or would if others let it, and how much of it."""
    wanted = [wanted_by(program.pid) for program in programs]
    shares = [seconds / IDLE_SECONDS for seconds in cpu_seconds(programs)]
    return [
        f"{program.name} uses {share:.0%} of the processor"
        for program, share, before in zip(programs, shares, wanted, strict=True)
        if share >= BUSY_SHARE or has_spun(before, wanted_by(program.pid))
    ]


def has_spun(before: Mapping[Path, tuple[int, bytes]], now: Mapping[Path, tuple[int, bytes]]) -> bool:
    """Tell whether a thread could have run nearly all the time, and has never waited for anything."""
    return any(
        now[task][0] - wanted >= SPUN_NANOSECONDS and now[task][1] == pauses
        for task, (wanted, pauses) in before.items()
        if task in now
    )


def programs_of(server: Server, *clients: Client) -> list[Program]:
    """Return the programs of a scene."""
    return [server.program, *(client.program for client in clients)]


def odd_lines(words: Words) -> tuple[str, str]:
    """Return two short lines: one with accents and an apostrophe, one with signs that mean something to printf."""
    return f"{words.word()[:4]},l'\u00e9t\u00e9?", f"{words.word()[:4]}:9%,%s%n%d!"


def survive_a_long_line(server: Server, speaker: Client, hearer: Client, size: int, words: Words) -> None:
    """Let one whose turn it is say a long line, and whoever can speak next a short one, which the other sees.

    The long line may arrive in pieces, of which the first passes the turn; a line that is refused keeps it.
    """
    programs = programs_of(server, speaker, hearer)
    line = words.long_line(size)
    speaker.types(line)
    wait_to_see(hearer, line[:WORD_BYTES], programs)
    if not all_survive(programs):
        return
    if shows(hearer, line[:WORD_BYTES]):
        speaker, hearer = hearer, speaker
    passes_behind(speaker, [hearer], programs, words)


def survive_long_lines(server: Server, speaker: Client, hearers: Sequence[Client], words: Words) -> None:
    """Let one say longer and longer lines, and a short one behind each, which all others see."""
    programs = programs_of(server, speaker, *hearers)
    for size in LONG_LINES:
        speaker.types(words.long_line(size))
        speaker.comes_to_rest()
        all_listen(speaker.stage)  # what is short must not be joined to it
        passes_behind(speaker, hearers, programs, words)


def passes_behind(
    speaker: Client, hearers: Sequence[Client], programs: Sequence[Program], words: Words
) -> None:
    """Let one say a short line behind a long one: it arrives, unless somebody has left because of the long one."""
    marker = say_marker(speaker, words)
    for hearer in hearers:
        wait_to_see(hearer, marker, programs)
        if all_survive(programs):
            wanted = f"{hearer.name} sees {marker!r} behind a long line"
            expect(hearer.stage, shows(hearer, marker), wanted, hearer.stage.why_not)


def wait_to_see(client: Client, text: str, programs: Sequence[Program]) -> None:
    """Wait until a client shows a text, or a program has ended; for a while as long as anybody is shown ever more."""
    stage, size, deadline = client.stage, -1, time.monotonic() + SHOWING_SECONDS
    while shown_by(programs) > size and time.monotonic() < deadline:
        size = shown_by(programs)
        stage.wait_for_outside(partial(is_there_more, client, text, size, programs))
        if shows(client, text) or has_one_ended(programs):
            return


def is_there_more(client: Client, text: str, size: int, programs: Sequence[Program]) -> bool:
    """Tell whether a client has shown a text, or anybody is shown more than so many bytes, or a program has ended."""
    return shows(client, text) or shown_by(programs) > size or has_one_ended(programs)


def shown_by(programs: Sequence[Program]) -> int:
    """Return how many bytes stand on the screens of people by now."""
    return sum(len(program.written.get("screen", b"")) for program in programs)


def has_one_ended(programs: Sequence[Program]) -> bool:
    """Tell whether one of the programs has ended."""
    return any(program.has_ended() for program in programs)


def all_survive(programs: Sequence[Program]) -> bool:
    """Tell whether all programs still run; whoever wants no more may end by itself. Raises Unseen for a death."""
    if not has_one_ended(programs):
        return True
    stage = programs[0].stage
    stage.wait_for_outside(lambda: bool(killed(programs)), DYING_SECONDS)
    for program in killed(programs):
        raise Unseen(stage, f"{program.name} survives a long line", program.how_it_ended())
    return False


def killed(programs: Sequence[Program]) -> list[Program]:
    """Return the programs that a signal has ended."""
    return [program for program in programs if program.has_ended() and (program.exit_code or 0) < 0]


def finds_its_port_taken(server: Server, contract: Contract) -> None:
    """Start a second server on the port of the first, and expect it to end by itself, with a failure.

    The first must listen where it is told. Others find each other, too, who turn the bytes of a port round. Who gives
    the port back while people talk takes it from nobody.
    """
    if not server.is_open():
        pytest.skip("the server does not listen while people talk")
    wanted = f"the server listens on port {server.told_port}, as it is told"
    expect(server.stage, server.port == server.told_port, wanted, f"it listens on port {server.port}")
    command = contract.server_command(server.told_port)
    second = Program(server.stage, "program", command, terminal=False, directory=contract.directory)
    second.wait_end(max(server.stage.patience, START_SECONDS))
    wanted = f"a second server that is told port {server.port}, too, ends by itself, with a failure"
    expect(server.stage, bool(second.exit_code), wanted, standing(second, server.port))


def standing(second: Program, port: int) -> str:
    """Return in words how a second server stands."""
    if second.has_ended():
        return f"it {second.how_it_ended()}"
    listens = "listens" if port in listening_ports(second.pid) else "does not listen"
    return f"it is still running, and {listens} on port {port}"
