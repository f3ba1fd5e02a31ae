r"""What the crowd says: numbered lines that are all of one size, so that who counts bytes has counted lines.

    said      MSG 00000017 000123456789....\n            number, time stamp in microseconds, padding
    heard     MSG b0042 00000017 000123456789....\n      the server has put the speaker's name in

All speakers say the same lines, number 0 first: what one says next is a slice of one script.
"""

import time

HEARD_BYTES = 32
"""The smallest line that has room for all that: what a line costs is then seen best."""

SCRIPT_LINES = 65_536
"""The script grows by so many lines at a time."""

STAMP_RANGE = 10**12
"""Microseconds after which time stamps begin again: eleven days."""

CRIER = "crier"
CRY, GO = b"cry", b"go"
"""What is said before a measurement: is everybody there? and: from here on, it counts."""


def name_of(number: int) -> str:
    """Return the name of a client; all are of the same length."""
    return f"b{number:04d}"


def head_of(number: int) -> bytes:
    """Return what stands at the beginning of all that a client is heard to say."""
    return f"MSG {name_of(number)} ".encode()


def said_bytes(heard_bytes: int) -> int:
    """Return how long a line is when it is said: a name and a space shorter."""
    return heard_bytes - len(name_of(0)) - 1


def said_line(number: int, stamp: int, heard_bytes: int) -> bytes:
    """Return a line that is `heard_bytes` long once the speaker's name is in it."""
    return (b"MSG %08d %012d" % (number, stamp)).ljust(said_bytes(heard_bytes) - 1, b".") + b"\n"


def heard_cry(word: bytes) -> bytes:
    """Return the line in which a word of the crier's is heard."""
    return f"MSG {CRIER} ".encode() + word + b"\n"


def stamp_now() -> int:
    """Return the time as lines carry it."""
    return time.monotonic_ns() // 1000 % STAMP_RANGE


def stamp_in(line: bytes) -> int:
    """Return the time stamp of a line that was heard."""
    return int(line[19:31])


class Script:
    """The lines that everybody says, as long as anybody needs them."""

    def __init__(self, heard_bytes: int = HEARD_BYTES) -> None:
        self.heard_bytes = heard_bytes
        self.said_bytes = said_bytes(heard_bytes)
        self._text = bytearray()

    def slice(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`."""
        while end > len(self._text):
            self._grow()
        return bytes(self._text[start:end])

    def _grow(self) -> None:
        first = len(self._text) // self.said_bytes
        numbers = range(first, first + min(SCRIPT_LINES, SCRIPT_LINES * HEARD_BYTES // self.heard_bytes))
        self._text += b"".join(said_line(number, 0, self.heard_bytes) for number in numbers)
