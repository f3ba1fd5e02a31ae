"""What a network may do to any program's messages, whatever their form: join them, and cut them.

The programs are the student's own, unchanged, and their wire is unknown. So what is known is only that the text of a
line stands somewhere in what its speaker's program sends.
"""

from functools import partial
from itertools import pairwise

from grader.actors import Client, Server
from grader.listening import has_read_all
from grader.wiretap import Wiretap
from grader.words import Words

JOINED = 3
"""Messages that arrive as one segment."""

LAST_CUT = 8
"""Cuts behind each of the first bytes, where a length or a mark would stand; then in the middle, and near the end."""


def holds_all(network: Wiretap, source: str, lines: list[str]) -> bool:
    """Tell whether the network holds all of these lines."""
    kept = network.kept(source)
    return all(line.encode() in kept for line in lines)


def say_held(network: Wiretap, speaker: Client, source: str, lines: list[str]) -> None:
    """Let one say lines, and the network hold what comes of them from one source."""
    network.holds(source)
    speaker.types(*lines)
    held = partial(holds_all, network, source, lines)
    patience = speaker.stage.patience * len(lines)  # some programs rest for a second behind each line
    assert speaker.stage.wait_until(held, patience), (
        f"{speaker.name}'s lines {lines} were not sent as text by {source}"
    )


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
    """Let one say lines, each cut in two at another place; see each in one piece. The smallest cut comes first."""
    reader = server.program if source == speaker.name else hearer.program
    for place in [*range(1, LAST_CUT + 1), -3, -1]:
        line = words.word()
        say_held(network, speaker, source, [line])
        kept = network.kept(source)
        behind = kept.index(line.encode()) + len(line)
        network.lets_through(place if place > 0 else behind + place, source)
        reader.stage.wait_for_outside(partial(has_read_all, reader.pid))
        network.lets_through(source=source)
        hearer.sees(line)
