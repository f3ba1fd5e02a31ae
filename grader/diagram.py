"""Sequence diagrams, drawn from a journal: as Mermaid text for documents, and row by row for a terminal.

Both show the same: who typed and saw what, and what crossed the wire between whom. Neither shows times, ports or
process ids, so that the same scene gives the same diagram on every machine.
"""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from grader.journal import (
    CLOSED,
    CONNECTED,
    ENDED,
    MISSING,
    NETWORK,
    PRESSED,
    SENT,
    SHOWN,
    SIGNALLED,
    TYPED,
    Entry,
)
from grader.messages import spell_message

WIRE = (CONNECTED, SENT, CLOSED, MISSING)
"""What crosses from one lifeline to another."""

AT_ONE = (TYPED, PRESSED, SHOWN, SIGNALLED, ENDED)
"""What happens at one lifeline."""

KEYS = {"SIGINT": "Ctrl+C", "SIGKILL": "kill -9", "SIGTERM": "kill"}

PROMPT = "> "

EMPTY = "(empty)"
"""How an empty line on the wire is drawn: an arrow must say something."""

SIGNS = {TYPED: "⌨ ", PRESSED: "⌨ ", SHOWN: "▐ "}
"""What stands before a note."""

SHAFTS = {SENT: "─", MISSING: "·"}
"""How an arrow is drawn; a word such as `connects` is no bytes on the wire, and dashed."""

OWN_NOTE = "* "
"""What the course's clients put before notes of their own; the others' lines have `< `."""

SIGNIFICANT = str.maketrans({"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;", "%": "#37;", "&": "#38;"})
"""Characters that Mermaid takes for its own, each as the entity that it draws; `#` begins an entity itself."""


PORT = re.compile(r"(127\.0\.0\.1):\d+")
"""Where a scene's server happens to listen; a diagram shows the port that the course's programs choose by default."""

CHANCE = (
    (PORT, r"\1:54321"),
    (re.compile(r"(port number) \d+"), r"\1 54321"),
    (re.compile(r"\d{4}/\d\d/\d\d@\d\d:\d\d"), "2026/09/29@19:23"),
)
"""What differs from one recording of a binary message to the next, and what is shown: as long as it was."""


def drawn(entries: Iterable[Entry], actors: Sequence[str]) -> list[Entry]:
    """Return the entries that a diagram of these actors shows."""
    return [entry for entry in entries if is_drawn(entry, actors)]


def is_drawn(entry: Entry, actors: Sequence[str]) -> bool:
    """Tell whether an entry is an arrow between two of the actors, or happens at one, or to the network."""
    if entry.actor not in actors:
        return entry.actor == NETWORK
    if entry.act in WIRE:
        return entry.peer in actors
    return entry.act in AT_ONE and bool(label(entry))


def label(entry: Entry) -> str:
    """Return what a diagram says of an entry, safe to show."""
    if entry.actor == NETWORK:
        return f"{NETWORK} {entry.act}"
    if entry.act == SIGNALLED:
        return KEYS.get(entry.text, entry.text)
    if entry.act in (CONNECTED, CLOSED):
        return entry.act
    if entry.act == SENT and (message := spell_message(entry.data)):
        return without_chance(message)
    text = entry.text.removesuffix("\\n").removeprefix(PROMPT if entry.act == SHOWN else "").strip()
    return PORT.sub(r"\1:4444", text) or (EMPTY if entry.act == SENT else "")


def without_chance(text: str) -> str:
    """Return a text as it could stand in any recording of the same scene."""
    for pattern, shown in CHANCE:
        text = pattern.sub(shown, text)
    return text


def mermaid(entries: Iterable[Entry], actors: Sequence[str]) -> str:
    """Return a Mermaid sequence diagram, without what programs say on their own account: it would hide the rest."""
    lines = ["sequenceDiagram", *(f"    participant {actor}" for actor in actors)]
    said = [entry for entry in drawn(entries, actors) if not is_own_note(entry)]
    return "\n".join(lines + [f"    {mermaid_line(entry, actors)}" for entry in said]) + "\n"


def is_own_note(entry: Entry) -> bool:
    """Tell whether a client shows a note of its own, such as whose turn it is."""
    return entry.act == SHOWN and label(entry).startswith(OWN_NOTE)


def mermaid_line(entry: Entry, actors: Sequence[str]) -> str:
    """Return one line of a Mermaid sequence diagram."""
    text = label(entry).translate(SIGNIFICANT)
    if entry.actor == NETWORK:
        return f"Note over {actors[0]},{actors[-1]}: {text}"
    if entry.act == SENT:
        return f"{entry.actor}->>{entry.peer}: {text}"
    if entry.act == MISSING:
        return f"{entry.actor}--x{entry.peer}: missing: {text}"
    if entry.act in WIRE:
        return f"{entry.actor}-->>{entry.peer}: {text}"
    verb = {TYPED: "types ", PRESSED: "presses ", SHOWN: "sees "}.get(entry.act, "")
    return f"Note over {entry.actor}: {verb}{text}"


class TerminalDiagram:
    """Draws a diagram of fixed width, one row for each entry, while it happens."""

    def __init__(self, actors: Sequence[str], width: int) -> None:
        self.actors = list(actors)
        self.step = max(10, width // len(actors))
        self.middle = {actor: self.step * place + self.step // 2 for place, actor in enumerate(actors)}

    def head(self) -> str:
        """Return the row of names."""
        return "".join(actor.center(self.step) for actor in self.actors).rstrip()

    def row(self, entry: Entry) -> str:
        """Return the row of one entry; empty where the diagram does not show it."""
        if not is_drawn(entry, self.actors):
            return ""
        cells = self._lifelines()
        if entry.act in WIRE:
            self._draw_arrow(cells, entry)
        else:
            self._draw_note(cells, entry)
        return "".join(cells).rstrip()

    def _lifelines(self) -> list[str]:
        cells = [" "] * (self.step * len(self.actors))
        for middle in self.middle.values():
            cells[middle] = "│"
        return cells

    def _draw_arrow(self, cells: list[str], entry: Entry) -> None:
        start, end = self.middle[entry.actor], self.middle[entry.peer]
        left, right = min(start, end) + 1, max(start, end)
        shaft = SHAFTS.get(entry.act, "╌")
        cross = "✗ " if entry.act == MISSING else ""
        text = shortened(cells_of(f" {cross}{label(entry)} "), right - left - 2)
        before = (right - left - 1 - len(text)) // 2
        line = [shaft] * before + text + [shaft] * (right - left - 1 - len(text) - before)
        cells[left:right] = [*line, "▶"] if start < end else ["◀", *line]

    def _draw_note(self, cells: list[str], entry: Entry) -> None:
        sign = "~ " if entry.actor == NETWORK else SIGNS.get(entry.act, "")
        most = len(cells) if entry.actor == NETWORK else max(len(cells) // 2, self.step)
        text = shortened(cells_of(f"{sign}{label(entry)}"), most)
        middle = self.middle.get(entry.actor, len(cells) // 2)  # what happens to the network happens to all
        start = max(0, min(middle - len(text) // 2, len(cells) - len(text)))
        cells[start : start + len(text)] = text


def cells_of(text: str) -> list[str]:
    """Return a text cell by cell: a wide character has an empty cell behind it, an accent shares its letter's."""
    cells: list[str] = []
    for character in text:
        width = cell_len(character)
        if width == 0 and cells:
            cells[-1] += character
        else:
            cells += [character, *[""] * (width - 1)]
    return cells


def shortened(cells: list[str], length: int) -> list[str]:
    """Return cells that fit; the first half of a wide character does not stay alone."""
    if len(cells) <= length:
        return cells
    kept = cells[: length - 1]
    if cells[length - 1] == "":
        kept[-1] = " "
    return [*kept, "…"]
