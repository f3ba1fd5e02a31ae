r"""The line being typed: keys in, finished lines out. No input or output here, so that every cut can be tested.

    keys      "s" "a" "l" "i" Backspace "u" "t"     Enter
    text      s   sa  sal sali sal      salu salut  ""
    lines                                           salut\n

A terminal keeps such a line itself, and shows it by echoing each key; but it does not know what else is written, and
who writes does not know what it has echoed. Here one program knows both.
"""

import codecs
import re
import unicodedata
from functools import lru_cache

from common.terminal import PROMPT, printable

MOST_CHARACTERS = 4096
"""What a terminal keeps of a line (N_TTY of Linux): more than can be sent, so a line that was cut is refused."""

BACKSPACES, ERASE_LINE, ERASE_WORD = "\x08\x7f", "\x15", "\x17"
ENTER, END_OF_INPUT, STOP = "\r\n", "\x04", "\x1a"
"""Ctrl+H, Ctrl+U, Ctrl+W; Ctrl+M, Ctrl+J, Ctrl+D, Ctrl+Z: the letter's number in the alphabet."""

LAST_WORD = re.compile(r"\S*\s*\Z")

ESCAPE = "\x1b"

SEQUENCES = {
    ("", ESCAPE): ESCAPE,
    (ESCAPE, "["): "CSI",
    (ESCAPE, "O"): "one more",
    ("CSI", "["): "one more",  # the function keys of a Linux console: ESC [ [ A
}
"""What a key begins, or goes on with, that other keys than letters send: arrows are ESC [ A (ECMA-48)."""

FIRST_EMOJI = "\U0001f000"
"""From here on terminals do not agree what is wide."""

EMOJI_FORM = "\ufe0f"
"""Makes some characters wide, in some terminals."""


class TypedLine:
    """One line that somebody types, and what he has finished before."""

    def __init__(self) -> None:
        self.text = ""
        self.ended = False
        self._stops = False
        self._sequence = ""
        # What is no UTF-8 is kept as it is: whoever takes the line says so.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def feed(self, chunk: bytes) -> bytes:
        """Take in keys, however they were cut; return the lines that they finish, each with its line feed."""
        lines = [self._press(key) for key in self._decoder.decode(chunk)]
        return "".join(lines).encode(errors="surrogateescape")

    def takes_stop(self) -> bool:
        """Tell whether Ctrl+Z was pressed since this was asked last."""
        stops, self._stops = self._stops, False
        return stops

    def shown(self, columns: int) -> str:
        """Return the prompt and as much of the text's end as fits into one row, with a place for the cursor."""
        return row_of(self.text, columns)

    def _press(self, key: str) -> str:
        """Do what one key does; return the line that it finishes, or nothing."""
        if self.ended or self._is_swallowed(key):
            return ""
        if key in ENTER:
            line, self.text = f"{self.text}\n", ""
            return line
        if key == END_OF_INPUT:
            self.ended = not self.text
        elif key == STOP:
            self._stops = True
        else:
            self.text = changed(self.text, key)
        return ""

    def _is_swallowed(self, key: str) -> bool:
        """Tell whether a key is part of an escape sequence; what cannot be ends the sequence, and counts."""
        before, self._sequence = self._sequence, ""
        if key == ESCAPE:
            before = ""
        if following := SEQUENCES.get((before, key)):
            self._sequence = following
        elif before == "CSI" and " " <= key <= "?":
            self._sequence = before
        return bool(self._sequence or (before and " " <= key <= "~"))


def changed(text: str, key: str) -> str:
    """Return a text as a key changes it."""
    if key in BACKSPACES:
        return without_last(text)
    if key == ERASE_LINE:
        return ""
    if key == ERASE_WORD:
        return LAST_WORD.sub("", text)
    is_text = printable(key) == key
    return text + key if is_text and len(text) < MOST_CHARACTERS else text


def without_last(text: str) -> str:
    """Return a text without its last character, and without the marks upon that."""
    while text and is_mark(text[-1]):
        text = text[:-1]
    return text[:-1]


@lru_cache(maxsize=1)  # it is drawn again for each message that arrives, and mostly is the same
def row_of(text: str, columns: int) -> str:
    """Return what `TypedLine.shown` promises."""
    room = max(0, columns - 1)
    prompt = PROMPT[:room]
    return prompt + end_of(in_cells(text), room - len(prompt))


def in_cells(text: str) -> str:
    """Return a text of which each character moves the cursor by its width."""
    return printable(text).replace("\t", " ")


def end_of(text: str, room: int) -> str:
    """Return as much of a text's end as fits into so many columns; it begins with no mark without its character."""
    start = len(text)
    while start and (room := room - width(text[start - 1])) >= 0:
        start -= 1
    while start and start < len(text) and is_mark(text[start]):
        start += 1
    return text[start:]


def width(text: str) -> int:
    """Return how many columns a text takes at most: terminals do not agree, and too short a row does no harm."""
    return sum(width_of(character) for character in text)


def width_of(character: str) -> int:
    """Return how many columns one character takes at most (UAX #11)."""
    if is_mark(character):
        return int(character == EMOJI_FORM)
    return 2 if character >= FIRST_EMOJI or unicodedata.east_asian_width(character) in "WF" else 1


def is_mark(character: str) -> bool:
    """Tell whether a character stands upon the one before."""
    return unicodedata.category(character) in ("Mn", "Me")
