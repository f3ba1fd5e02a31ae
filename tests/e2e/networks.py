"""What a network may do to any program's messages, whatever their form: join them, and cut them.

The programs are the student's own, unchanged, and their wire is unknown. So what is known is only that the text of a
line stands somewhere in what its speaker's program sends.
"""

from functools import partial
from itertools import pairwise

import pytest

from grader.actors import Client, Server
from grader.checks import LONG
from grader.listening import has_read_all
from grader.wiretap import Wiretap
from grader.words import Words
from tests.e2e.steps import see_all

JOINED = 3
"""Messages that arrive as one segment."""

CUTS = ("to the server", "from the server", MEANWHILE := "somebody speaks before the rest")
"""Where a message is cut, and what may come between its pieces."""

IN_A_WORD = 3
"""So many bytes of a text pass before somebody else speaks."""

EVERY_CUT = 32
"""So many bytes are cut behind each of them: a text of the course with a length or a mark, whole. More is padding."""


def holds_all(network: Wiretap, source: str, lines: list[str]) -> bool:
    """Tell whether the network holds all of these lines."""
    kept = network.kept(source)
    return all(line.encode() in kept for line in lines)


def say_held(network: Wiretap, speaker: Client, source: str, lines: list[str]) -> None:
    """Let one say lines, and the network hold what comes of them from one source. Skips where that is no text."""
    network.holds(source)
    for line in lines:
        speaker.types(line)  # some throw away what comes before their prompt
    held = partial(holds_all, network, source, lines)
    patience = speaker.stage.patience * len(lines)  # some programs rest for a second behind each line
    is_held = speaker.stage.wait_until(held, patience)
    kept = network.kept(source)
    if not is_held and kept and not any(line[:IN_A_WORD].encode() in kept for line in lines):
        pytest.skip("needs a wire on which a line stands as it was typed")
    assert is_held, f"{speaker.name}'s lines {lines} were not sent as text by {source}"


def say_joined(network: Wiretap, speaker: Client, hearer: Client, source: str, words: Words) -> None:
    """Let one say lines that reach the other end of one connection in one segment; see all of them, apart."""
    lines = [words.word() for _ in range(JOINED)]
    say_held(network, speaker, source, lines)
    network.lets_through(source=source)
    for line in lines:
        hearer.sees(line)
    seen = hearer.shown().decode(errors="replace")
    for line, following in pairwise(lines):
        assert line + following not in seen, f"{hearer.name} sees two messages as one: {line + following}"


def say_cut(
    network: Wiretap, speaker: Client, hearer: Client, source: str, words: Words, server: Server
) -> None:
    """Let one say lines, each cut in two one byte later; see each in one piece. The smallest cut comes first."""
    reader = server.program if source == speaker.name else hearer.program
    whole = False
    for place in range(1, EVERY_CUT):
        if whole:
            return
        line = words.word()
        say_held(network, speaker, source, [line])
        whole = place >= len(network.kept(source))
        network.lets_through(place, source)
        reader.stage.wait_for_outside(partial(has_read_all, reader.pid))
        network.lets_through(source=source)
        hearer.sees(line)


def say_into_a_cut(network: Wiretap, people: list[Client], words: Words, server: Server) -> None:
    """Cut a line of the first in its text, and let the second say one before the rest comes; all see both whole."""
    speaker, interrupter, *_others = people
    line, other = words.word(), words.word()
    say_held(network, speaker, speaker.name, [line])
    network.lets_through(network.kept(speaker.name).index(line.encode()) + IN_A_WORD, speaker.name)
    server.stage.wait_for_outside(partial(has_read_all, server.program.pid))
    interrupter.types(other)
    see_all(people, interrupter, other)
    network.lets_through(source=speaker.name)
    see_all(people, speaker, line)


LATE_SECONDS = 0.05

PIECE_BYTES, PIECE_PAUSE = 7, 0.0005

SLOW = (pytest.param("late", marks=LONG), "in pieces")
"""What a network may be without losing anything."""

BROKEN = ("broken", "ended")
"""What may become of one client's connection: reset both ways, or ended on the way to the server."""


def slows_down(network: Wiretap, how: str, words: Words) -> None:
    """Make a network slow from now on, in one of the ways in SLOW."""
    if how == "late":
        network.delays(LATE_SECONDS)
    else:
        network.dribbles(PIECE_BYTES, PIECE_PAUSE, words.seed)


def breaks_down(network: Wiretap, how: str, client: Client) -> None:
    """End one client's connection in one of the ways in BROKEN."""
    client.is_cut_off = True
    if how == "broken":
        network.breaks(client.name)
    else:
        network.half_closes(client.name)
