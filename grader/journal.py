"""The journal: everything that happened in a scene, on one clock. Verdicts, transcripts and diagrams are made of it.

An entry says who did what: an actor typed, was shown, sent, received, connected, closed or exited. Bytes that
crossed the wire are kept as bytes; `text` spells them so that no terminal obeys them.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

TYPED, PRESSED, SHOWN = "types", "presses", "sees"
SENT, RECEIVED = "sends", "receives"
CONNECTED, CLOSED = "connects", "closes"
STARTED, SIGNALLED, ENDED = "starts", "is sent", "ends"
STOPPED = "is stopped for"
TURNED = "turns the two bytes of its port round: it listens on port"
MISSING = "misses"  # what should have come and did not

NETWORK = "network"
"""The actor whose acts are what a wiretap does to what passes."""

ON_THEIR_OWN = (SHOWN, SENT, CONNECTED, CLOSED)
"""What programs do again and again without anybody's doing; a raw connection, which has no peer, is the check's."""

MOST_ALIKE, MOST_BYTES = 1000, 1 << 18
"""So many entries of one kind, or so much in them, while the check does nothing: what follows is only counted."""

LONGEST, FIRST, LAST = 32, 2, 4
"""More steps of one kind than this are a flood: so many at its beginning and at its end tell it all."""

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
    more: int = 0  # how many like it came behind it and are not kept
    more_bytes: int = 0  # and how much was in them

    @property
    def size(self) -> int:
        """Return how many bytes it stands for."""
        return len(self.data) + self.more_bytes

    @property
    def is_on_its_own(self) -> bool:
        """Tell whether a program does this, and not the check."""
        return self.act in ON_THEIR_OWN and bool(self.peer or self.act == SHOWN)

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


def value_of(entry: Entry) -> dict[str, Any]:
    """Return an entry as a JSON value; bytes as the characters of the same numbers."""
    return vars(entry) | {"data": entry.data.decode("latin-1")}


def entry_of(value: dict[str, Any]) -> Entry:
    """Return the entry of a JSON value."""
    return Entry(**value | {"data": value["data"].encode("latin-1")})


class Journal:
    """Collects entries in the order in which they happened, and tells whoever listens at once.

    A program that goes on for ever fills neither the memory nor a report: see MOST_ALIKE.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []
        self._stretches: dict[tuple[str, str, str], Stretch] = {}

    def write(self, actor: str, act: str, data: bytes | str = b"", peer: str = "") -> None:
        """Add one entry, now; in a flood, add it to the last of its kind."""
        data = data.encode() if isinstance(data, str) else data
        stretch = self._stretches.get((actor, act, peer))
        if stretch and stretch.is_flood():
            self._fold(stretch.last, data)
            return
        entry = Entry(self._clock() - self._start, actor, act, data, peer)
        if entry.is_on_its_own:
            self._stretches.setdefault(entry.kind, Stretch()).add(len(self.entries), len(data))
        else:
            self._stretches.clear()
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def _fold(self, place: int, data: bytes) -> None:
        last = self.entries[place]
        self.entries[place] = replace(last, more=last.more + 1, more_bytes=last.more_bytes + len(data))

    def steps(self) -> list[str]:
        """Return what happened as numbered lines, for a person who wants to do the same."""
        return numbered(self.entries)

    def of(self, actor: str) -> list[Entry]:
        """Return what one actor did and saw."""
        return [entry for entry in self.entries if entry.actor == actor]


@dataclass
class Stretch:
    """Entries of one kind since the check has last done something: how many, how much, and where the last one is."""

    count: int = 0
    size: int = 0
    last: int = 0

    def add(self, place: int, size: int) -> None:
        """Count one more."""
        self.count, self.size, self.last = self.count + 1, self.size + size, place

    def is_flood(self) -> bool:
        """Tell whether there are too many to keep more."""
        return self.count >= MOST_ALIKE or self.size >= MOST_BYTES


def numbered(entries: Iterable[Entry]) -> list[str]:
    """Return entries as numbered lines, floods shortened."""
    return told(entries, lambda number, entry: f"{number:3}. {entry}")


def told(entries: Iterable[Entry], tell: Callable[[int, Entry], str]) -> list[str]:
    """Return what is told of entries and their numbers; of a flood the first and the last, and how many between."""
    known = list(entries)
    counts, seen = Counter(entry.kind for entry in known), Counter[tuple[str, str, str]]()
    lines: list[str] = []
    left_out = 0
    for number, entry in enumerate(known, 1):
        seen[entry.kind] += 1
        if counts[entry.kind] > LONGEST and FIRST < seen[entry.kind] <= counts[entry.kind] - LAST:
            left_out += 1 + entry.more
            continue
        lines += [*gap(left_out), tell(number, entry)]
        left_out = entry.more
    return lines + gap(left_out)


def gap(count: int) -> list[str]:
    """Return the line that stands for so many; none for none."""
    return [f"     … {count} more like these …"] if count else []


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
