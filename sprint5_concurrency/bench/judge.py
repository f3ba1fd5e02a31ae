"""Judges what a client heard: was anything lost, doubled, out of order or damaged? No I/O here.

A speaker numbers its lines from 0. To a hearer, each speaker's numbers must come as 0, 1, 2, ...; how the speakers
are mixed is the server's business.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

HEAD_BYTES = 10
NUMBER_END = 18
"""Where the number of a line that was heard ends; see wire.py."""

SHOWN_BYTES = 60
"""How much of a damaged line is quoted."""


@dataclass(frozen=True)
class Verdict:
    """Counts what was wrong; `sample` is the first line that nobody can have said."""

    judged: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    damaged: int = 0
    sample: bytes = b""

    def __add__(self, other: "Verdict") -> "Verdict":
        """Return the sums."""
        return Verdict(
            self.judged + other.judged,
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.out_of_order + other.out_of_order,
            self.damaged + other.damaged,
            self.sample or other.sample,
        )

    def counting(self, missing: int) -> "Verdict":
        """Return this verdict on a whole stream of which only a part was judged, and the rest was counted."""
        lost, doubled = max(self.lost, missing - self.damaged), max(self.doubled, -missing - self.damaged)
        return replace(self, lost=lost, doubled=doubled)

    def failures(self) -> list[str]:
        """Return what was wrong, in words; nothing when all is well."""
        counts = {
            "lost": self.lost,
            "doubled": self.doubled,
            "out of order": self.out_of_order,
            f"that nobody said, such as {self.sample[:SHOWN_BYTES]!r}": self.damaged,
        }
        return [f"deliveries {what}: {count:,}" for what, count in counts.items() if count]


def judge(stream: bytes, heads: Collection[bytes], heard_bytes: int, own: bytes = b"") -> Verdict:
    """Judge a stream from its beginning; the end of its last line may be missing.

    All lines must begin with one of `heads`, but with the hearer's `own`: nobody hears what it said itself.
    """
    lines = stream.split(b"\n")[:-1]
    numbers: dict[bytes, list[int]] = defaultdict(list)
    damaged = []
    for line in lines:
        head, number = line[:HEAD_BYTES], line[HEAD_BYTES:NUMBER_END]
        is_whole = len(line) == heard_bytes - 1 and number.isdigit() and is_tail(line[NUMBER_END:])
        if is_whole and head in heads and head != own:
            numbers[head].append(int(number))
        else:
            damaged.append(line)
    verdict = Verdict(len(lines), damaged=len(damaged), sample=damaged[0] if damaged else b"")
    return sum(map(judge_numbers, numbers.values()), verdict)


def is_tail(tail: bytes) -> bool:
    """Tell whether a line goes on behind its number as it was said: a time stamp, and dots."""
    return tail[:1] == b" " and tail[1:13].isdigit() and not tail[13:].strip(b".")


def judge_numbers(numbers: Iterable[int]) -> Verdict:
    """Judge in which order the numbers of one speaker came."""
    numbers = list(numbers)
    if numbers == list(range(len(numbers))):
        return Verdict()
    heard: set[int] = set()
    greatest, doubled, out_of_order = -1, 0, 0
    for number in numbers:
        if number in heard:
            doubled += 1
        elif number < greatest:
            out_of_order += 1
        heard.add(number)
        greatest = max(greatest, number)
    return Verdict(lost=greatest + 1 - len(heard), doubled=doubled, out_of_order=out_of_order)
