"""Which texts may be names, and which two names are the same.

A name stands in front of everything that its owner says, so nobody may take one that looks like another's:
`Evan`, `evan` and `Ｅvan` are one person to a reader, and so is `еvan` when its first letter is Cyrillic. No
input or output here.
"""

import unicodedata

SHORTEST, LONGEST = 2, 31
"""Characters, an accented letter being one."""

RESERVED = frozenset({"serveur", "server", "system", "all", "admin", "tous"})
"""Names under which a user could speak for the server, or to everybody."""

DIGITS_AND_MARKS = frozenset("0123456789-_.")
"""What a name may hold besides letters, but not begin with."""

NO_LETTERS = frozenset({"FILLER", "MODIFIER"})
"""Words in the Unicode names of what counts as a letter there, but cannot be seen, or is a mark of no alphabet."""


class BadName(ValueError):
    """Says in a few words why a text cannot be a name."""


def checked_name(text: str) -> str:
    """Return a name in its composed Unicode form, in which it is shown; raise BadName for what is none."""
    name = unicodedata.normalize("NFC", text)
    if not SHORTEST <= len(name) <= LONGEST:
        raise BadName(f"a name has {SHORTEST} to {LONGEST} characters")
    if not name[0].isalpha():
        raise BadName("a name begins with a letter")
    check_letters(name)
    if name_key(name) in RESERVED:
        raise BadName("this name is reserved")
    return name


def check_letters(name: str) -> None:
    """Raise BadName unless all letters are ordinary ones, of one alphabet."""
    letters = [character for character in name if character not in DIGITS_AND_MARKS]
    if not all(is_ordinary(letter) for letter in letters):
        raise BadName("a name is made of letters, digits, - _ and .")
    if len({alphabet(letter) for letter in letters}) > 1:
        raise BadName("the letters of a name come from one alphabet")


def is_ordinary(letter: str) -> bool:
    """Whether a character is a letter that can be seen, and no fancy form of another (as `Ｅ` is of `E`)."""
    unfancied = unicodedata.normalize("NFKC", letter)
    words = unicodedata.name(letter, "FILLER").split()
    return letter.isalpha() and letter == unfancied and NO_LETTERS.isdisjoint(words)


def alphabet(letter: str) -> str:
    """Return the alphabet of a letter: Unicode names begin with it, as LATIN SMALL LETTER E."""
    return unicodedata.name(letter).partition(" ")[0]


def name_key(name: str) -> str:
    """Return what two names have in common when only case or Unicode form tell them apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
