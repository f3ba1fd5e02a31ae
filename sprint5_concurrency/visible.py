r"""What may be shown of what others wrote, and in which colour. No input or output here.

A terminal obeys what it is sent. Control characters could clear its screen; the bidirectional controls of Unicode
(U+202A to 202E, U+2066 to 2069) turn the order of letters round, so that a text reads as what it is not; others
show nothing at all, so that two names look the same. All are spelled out instead:

    "\x1b[2J"  ->  \x1b[2J          "\u202eexe.txt"  ->  \u202eexe.txt          "😃 é 漢"  ->  😃 é 漢
"""

import zlib

JOINER = "\u200d"
"""Counts as unprintable, but makes one family out of three emoji, and acts on nothing else."""

COLOURS = ("ansired", "ansigreen", "ansiyellow", "ansimagenta", "ansicyan", "ansibrightblue")
"""Those that can be read on black and on white; what is the same on every run is the order."""

LAST_SHORT, LAST_MEDIUM = 0xFF, 0xFFFF
"""The last characters that two and four hexadecimal digits can spell."""


def visible(text: str) -> str:
    """Return `text` with all that cannot be seen, or acts on a terminal, spelled out."""
    if text.isprintable():  # nearly all is, and to ask of a whole text is quick
        return text
    return "".join(character if is_harmless(character) else spelled(character) for character in text)


def is_harmless(character: str) -> bool:
    """Tell whether a terminal does nothing but show a character."""
    return character.isprintable() or character == JOINER


def spelled(character: str) -> str:
    r"""Return a character as Python writes it: `\x1b`, `\u202e`, `\U000e0001`."""
    number = ord(character)
    if number <= LAST_SHORT:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= LAST_MEDIUM else f"\\U{number:08x}"


def colour_of(name: str) -> str:
    """Return the colour of a name: the same on every screen, today and tomorrow."""
    return COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]
