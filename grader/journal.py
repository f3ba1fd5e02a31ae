"""The journal: everything that happened in a scene, on one clock. Verdicts, transcripts and diagrams are made of it.

An entry says who did what: an actor typed, was shown, sent, received, connected, closed or exited. Bytes that
crossed the wire are kept as bytes; `text` spells them so that no terminal obeys them.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TYPED, PRESSED, SHOWN = "types", "presses", "sees"
SENT, RECEIVED = "sends", "receives"
CONNECTED, CLOSED = "connects", "closes"
STARTED, SIGNALLED, ENDED = "starts", "is sent", "ends"
STOPPED = "is stopped for"
MISSING = "misses"  # what should have come and did not

NETWORK = "network"
"""The actor whose acts are what a wiretap does to what passes."""


MOST_KINDS, LONGEST_STRETCH, EDGE = 3, 32, 4
"""So few kinds of steps, so many times without another kind, are a flood: its first and last steps tell it all."""

UNSEEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]|[\r\x00]"
)
"""What a terminal obeys and a person does not see: escape sequences (ECMA-48), carriage returns, NUL."""

FEW_BYTES, MUCH_BYTES = 8, 32
"""So many bytes beside a text are shown as they are: a length, a mark, a number. So many without any are not."""

RUN = re.compile(r"(\\x[0-9a-f]{2})\1{7,}")
"""The same escape, eight times or more."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened: `actor` `act` `data`, with `peer` at the other end where there is one."""

    seconds: float
    actor: str
    act: str
    data: bytes = b""
    peer: str = ""

    @property
    def text(self) -> str:
        """Return the data as printable text."""
        return spell(self.data)

    @property
    def kind(self) -> tuple[str, str, str]:
        """Return what it has in common with others like it."""
        return self.actor, self.act, self.peer

    def __str__(self) -> str:
        act = "" if self.act == ENDED else self.act  # the text says how: "was killed by SIGTERM"
        peer = self.peer and f"({self.peer})"
        return " ".join(part for part in (self.actor, act, spell_briefly(self.data), peer) if part)


class Journal:
    """Collects entries in the order in which they happened, and tells whoever listens at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []

    def write(self, actor: str, act: str, data: bytes | str = b"", peer: str = "") -> None:
        """Add one entry, now."""
        data = data.encode() if isinstance(data, str) else data
        entry = Entry(self._clock() - self._start, actor, act, data, peer)
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def steps(self) -> list[str]:
        """Return what happened as numbered lines, for a person who wants to do the same."""
        return numbered(self.entries)

    def of(self, actor: str) -> list[Entry]:
        """Return what one actor did and saw."""
        return [entry for entry in self.entries if entry.actor == actor]


def numbered(entries: Sequence[Entry]) -> list[str]:
    """Return entries as numbered lines; of a flood the first and the last, and how many there are between."""
    lines = [f"{number:3}. {entry}" for number, entry in enumerate(entries, 1)]
    shown: list[str] = []
    for start, end in stretches(entries):
        if end - start > LONGEST_STRETCH:
            left_out = f"     … {end - start - 2 * EDGE} more like these …"
            shown += [*lines[start : start + EDGE], left_out, *lines[end - EDGE : end]]
        else:
            shown += lines[start:end]
    return shown


def stretches(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """Return where stretches of few kinds of steps begin and end; together they are all entries."""
    starts: list[int] = []
    kinds: set[tuple[str, str, str]] = set()
    for place, entry in enumerate(entries):
        kinds.add(entry.kind)
        if not starts or len(kinds) > MOST_KINDS:
            starts.append(place)
            kinds = {entry.kind}
    return list(zip(starts, [*starts[1:], len(entries)][: len(starts)], strict=True))


def spell(data: bytes) -> str:
    r"""Return bytes as text that is safe to show: UTF-8 where it is, `\x1b` and the like where it is not.

    A long run of the same control character, such as the padding of a buffer, is counted: `\x00×240`.
    """
    text = data.decode(errors="backslashreplace")
    spelled = "".join(
        character if character.isprintable() else spell_control(character) for character in text
    )
    return RUN.sub(lambda run: f"{run[1]}×{len(run[0]) // len(run[1])}", spelled)


def spell_briefly(data: bytes) -> str:
    """Return bytes as `spell` does; of a larger buffer only what is text in it, and how much there is besides.

    Each text has a NUL behind it. There may be several, such as a name and what was said; or none, where its end was
    told before.
    """
    fields = data.split(b"\0")
    texts = [field for field in fields if is_text(field)]
    besides = len(data) - sum(len(text) + 1 for text in texts)
    if not (fields[0] or texts) and len(data) > MUCH_BYTES:
        return f"{spell(data[:FEW_BYTES])} + {len(data) - FEW_BYTES} bytes"
    is_number = len(fields[0]) <= 1  # of four bytes, such as a length: it may look like a letter
    if is_number or fields[0] not in texts or besides <= FEW_BYTES:
        return spell(data)
    return f"{' … '.join(spell(text) for text in texts)} + {besides} bytes"


def is_text(data: bytes) -> bool:
    """Tell whether bytes are a text that a person can read, with or without the end of its line."""
    text = data.decode(errors="replace").rstrip("\r\n")
    return bool(text) and text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text


def spell_control(character: str) -> str:
    """Return the escape that Python writes for a character that cannot be shown."""
    return character.encode("unicode_escape").decode()
