r"""The name under which a stranger's file may be saved. No input or output here, so that any name can be tried.

A name that comes over the network is a wish, not a path: `../../.bashrc`, `C:\x`, `-rf`, `CON`, a name that
turns its own end around (U+202E), a name of 10,000 characters. What is left of it here is one ordinary name
of one file: no separator, nothing that a system, a shell or a reader takes for something else.

    ../../etc/passwd  -> passwd        .bashrc -> _bashrc      CON.txt -> _CON.txt
    rapport\x1b[2J.md -> rapport_[2J.md       ..  -> file       a:b     -> a_b
"""

import itertools
import unicodedata
from collections.abc import Iterator

NAMELESS = "file"
"""For a wish of which nothing is left."""

LONGEST_BYTES = 127
"""What fits into the wire's `infos`; and a file system's 255 leave room behind it for ` (1)` and `.part`."""

LONGEST_SUFFIX_BYTES = 16
"""A suffix up to here is kept whole when a name must be cut: it tells what kind of file it is."""

FORBIDDEN = frozenset('<>:"|?*')
"""What other systems refuse in a name, or take for something else (`a:b` is a stream of `a` there)."""

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's classes of characters that control, hide, reorder, end a line, or mean nothing."""

FIRST_FORBIDDEN = frozenset(".-~")
"""A first character that hides a file, makes an option of it, or stands for somebody's home."""

DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)}
)
"""Names that are devices, whatever their suffix, where some of our users live."""


def safe_name(wish: str) -> str:
    """Return an ordinary file name, as near as possible to the one that is wished for."""
    composed = unicodedata.normalize("NFC", last_part(wish))
    name = "".join(safe_character(character) for character in composed).strip(" ").rstrip(". ")
    if not name:
        return NAMELESS
    if name[0] in FIRST_FORBIDDEN:
        name = f"_{name[1:]}"
    if name.partition(".")[0].rstrip(" ").upper() in DEVICES:
        name = f"_{name}"
    return shortened(name)


def last_part(wish: str) -> str:
    """Return what stands behind the last separator, of any system."""
    return wish.replace("\\", "/").rpartition("/")[2]


def safe_character(character: str) -> str:
    """Return a character, or `_` in its place."""
    if character in FORBIDDEN or unicodedata.category(character) in UNSEEN:
        return "_"
    return " " if unicodedata.category(character) == "Zs" else character


def shortened(name: str) -> str:
    """Return a name of at most LONGEST_BYTES, cut before its suffix and never inside a character."""
    if len(name.encode()) <= LONGEST_BYTES:
        return name
    stem, suffix = split_suffix(name)
    room = LONGEST_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + suffix


def split_suffix(name: str) -> tuple[str, str]:
    """Return a name as stem and suffix, which begins with its dot and is not longer than a suffix is."""
    stem, dot, end = name.rpartition(".")
    if stem and len(end.encode()) < LONGEST_SUFFIX_BYTES:
        return stem, dot + end
    return name, ""


def numbered(name: str) -> Iterator[str]:
    """Yield `photo.png`, `photo (1).png`, `photo (2).png`, and so on."""
    yield name
    stem, suffix = split_suffix(name)
    for number in itertools.count(1):
        yield f"{stem} ({number}){suffix}"
