r"""What the crowd says: numbered texts that are all of one size, so that who counts bytes has counted lines.

    said      MSG 00000017 000123456789....\n            number, time stamp in microseconds, padding
    heard     MSG b0042 00000017 000123456789....\n      the server has put the speaker's name in

That is what it is on the wire of the course; dialect.py knows how else it can be said. All speakers say the same
texts, number 0 first: what one says next is a slice of one script.
"""

import time

from sprint5_concurrency.bench.dialect import Dialect

HEARD_BYTES = 32
"""The smallest line that has room for all that: what a line costs is then seen best."""

ANYBODY = b"b####"
"""Stands in the script for the one who speaks, where a dialect has speakers say their names."""

SCRIPT_LINES = 65_536
"""The script grows by so many lines at a time."""

STAMP_RANGE = 10**12
"""Microseconds after which time stamps begin again: eleven days."""

CRIER = b"crier"
CRY, GO = b"cry", b"go"
"""What is said before a measurement: is everybody there? and: from here on, it counts."""


def name_of(number: int) -> bytes:
    """Return the name of a client; all are of the same length."""
    return b"b%04d" % number


def head_of(number: int) -> bytes:
    """Return what stands at the beginning of all that a client is heard to say."""
    return b"MSG " + name_of(number) + b" "


def text_of(number: int, stamp: int, line_bytes: int) -> bytes:
    """Return a text whose line, as it is heard on the wire of the course, has so many bytes."""
    return (b"%08d %012d" % (number, stamp)).ljust(line_bytes - len(head_of(0)) - 1, b".")


def stamp_now() -> int:
    """Return the time as lines carry it."""
    return time.monotonic_ns() // 1000 % STAMP_RANGE


def stamp_in(line: bytes) -> int:
    """Return the time stamp of a line that was heard."""
    return int(line[19:31])


class Script:
    """The lines that everybody says, as long as anybody needs them."""

    def __init__(self, dialect: Dialect, line_bytes: int = HEARD_BYTES) -> None:
        self.line_bytes = line_bytes  # as on the wire of the course
        self.said_bytes = len(dialect.says(ANYBODY, text_of(0, 0, line_bytes)))
        self.heard_bytes = len(dialect.hears(ANYBODY, text_of(0, 0, line_bytes)))
        self.dialect = dialect
        self._text = bytearray()

    def line(self, number: int, stamp: int, name: bytes) -> bytes:
        """Return one line with a time stamp on it."""
        return self.dialect.says(name, text_of(number, stamp, self.line_bytes))

    def slice(self, start: int, end: int, name: bytes) -> bytes:
        """Return the bytes from `start` to the end of a line at `end`, as somebody says them."""
        while end > len(self._text):
            self._grow()
        begun = start % self.said_bytes
        return bytes(self._text[start - begun : end]).replace(ANYBODY, name)[begun:]

    def _grow(self) -> None:
        first = len(self._text) // self.said_bytes
        numbers = range(first, first + min(SCRIPT_LINES, SCRIPT_LINES * HEARD_BYTES // self.line_bytes))
        self._text += b"".join(self.line(number, 0, ANYBODY) for number in numbers)
