"""Where the user sits: at a terminal on which we can draw, or at anything else that can be read and written.

a terminal that echoes          DrawnScreen, KeyByKey: what is typed stays in sight, whatever arrives
a pipe, a terminal that         CandidScreen, PatientKeyboard: whole lines in, whole lines out, and the
does not echo or erase          terminal, if there is one, is left as it is
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from common.stop import Stop
from sprint6_messenger.keyboard import KeyByKey, PatientKeyboard
from sprint6_messenger.screen import CandidScreen, DrawnScreen
from sprint6_messenger.terminal_mode import TerminalMode, can_draw
from sprint6_messenger.typed_line import TypedLine


@dataclass(frozen=True)
class Seat:
    """What the user types on, and what he sees."""

    keyboard: PatientKeyboard
    screen: CandidScreen


@contextmanager
def take_seat(stop: Stop) -> Iterator[Seat]:
    """Give a seat; at the end the terminal is as it was."""
    if can_draw():
        line = TypedLine()
        drawn = DrawnScreen(stop, line)
        with TerminalMode() as mode, drawn:
            yield Seat(KeyByKey(line, drawn, mode.suspend), drawn)
    else:
        plain = CandidScreen(stop)
        with plain:
            yield Seat(PatientKeyboard(), plain)
