r"""Framing: bytes in, lines out, and back. No input or output here, so that every cut can be tested.

TCP carries a stream of bytes, not messages: one `recv` may return half a line, or three lines and
a half. The receiver must find the borders again, and this course puts a line feed at each:

    sent     "salut\n"        "ça va ?\n"
    recv 1   "salut\nç"                      -> "salut"
    recv 2             "a va ?\n"            -> "ça va ?"

A line is decoded when it is whole, never chunk by chunk: a chunk may end inside a character.
"""

import re
from collections import deque

MAX_LINE_BYTES = 2048
"""The longest line, with its LF (and its CR, if it has one): the buffer of the course's programs."""

ENDLESS_BYTES = 64 * 1024
"""More than this without LF is no line any more: who sends it is hung up on, so that memory stays bounded."""

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""All that could act on a terminal or end a line, TAB excepted. U+2028 and U+2029 are ordinary text."""


class BadLine(ValueError):
    """Says what is wrong with one line; the line behind it can be read as usual."""


class EndlessLine(BadLine):
    """Says that no line feed came for ENDLESS_BYTES; the rest of that line is skipped."""


def check_text(text: str) -> None:
    """Accept a text that may travel as a line; raise BadLine with the reason for any other."""
    if control := CONTROL_CHARACTERS.search(text):
        raise BadLine(f"control character U+{ord(control[0]):04X}")


def encode_line(text: str) -> bytes:
    """Return the bytes of one line, LF included; raise BadLine rather than let two lines out of one text."""
    check_text(text)
    try:
        line = text.encode() + b"\n"
    except UnicodeEncodeError:
        raise BadLine("not UTF-8") from None
    if len(line) > MAX_LINE_BYTES:
        raise BadLine(f"longer than {MAX_LINE_BYTES} bytes")
    return line


def decode_line(raw: bytes) -> str:
    """Return the text of one line given without its LF; raise BadLine where it breaks a rule."""
    if len(raw) >= MAX_LINE_BYTES:
        raise BadLine(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = raw.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise BadLine("not UTF-8") from None
    check_text(text)
    return text


def decode_leniently(raw: bytes) -> str:
    r"""Return some text for any bytes, the undecodable ones as `\xff`: for a reader that must show what came."""
    return raw.removesuffix(b"\r").decode(errors="backslashreplace")


class LineDecoder:
    """Turns chunks, however the network cut them, into the lines that were sent, in order, each once."""

    def __init__(self, *, lenient: bool = False) -> None:
        self._decode = decode_leniently if lenient else decode_line
        self._pending = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> list[str | BadLine]:
        """Return what `chunk` completes: a str for each good line, a BadLine in the place of each bad one."""
        found: list[str | BadLine] = []
        first, *others = chunk.split(b"\n")
        self._hold(first, found)
        for piece in others:
            self._end_line(found)
            self._hold(piece, found)
        return found

    def _hold(self, piece: bytes, found: list[str | BadLine]) -> None:
        if self._skipping:
            return
        self._pending += piece
        if len(self._pending) > ENDLESS_BYTES:
            self._pending.clear()
            self._skipping = True
            found.append(EndlessLine(f"no line feed in {ENDLESS_BYTES} bytes"))

    def _end_line(self, found: list[str | BadLine]) -> None:
        if self._skipping:
            self._skipping = False
            return
        try:
            found.append(self._decode(bytes(self._pending)))
        except BadLine as bad:
            # Its traceback would hold `found`, which holds it: a ring, and some kilobytes for each bad line.
            found.append(bad.with_traceback(None))
        self._pending.clear()


class Inbox:
    """Holds the lines that have arrived and nobody has taken yet; empty ones carry nothing and are dropped."""

    def __init__(self, decoder: LineDecoder) -> None:
        self._decoder = decoder
        self._lines: deque[str | BadLine] = deque()

    def __len__(self) -> int:
        return len(self._lines)

    def feed(self, chunk: bytes) -> None:
        """Keep the lines that `chunk` completes."""
        self._lines.extend(line for line in self._decoder.feed(chunk) if line != "")

    def clear(self) -> None:
        """Forget what has arrived."""
        self._lines.clear()

    def peek(self) -> str | BadLine | None:
        """Return the next line, or what is wrong with it, and leave it there; None when there is none."""
        return self._lines[0] if self._lines else None

    def take(self) -> str | None:
        """Take the next line out; None when there is none. Raises BadLine in the place of a bad one."""
        line = self._lines.popleft() if self._lines else None
        if isinstance(line, BadLine):
            raise line
        return line
