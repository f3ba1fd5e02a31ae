"""The names of users and channels: what is a name, and which two are the same. No input or output here.

A school that asks for letters and digits of ASCII spares everybody the names that only look alike.
"""

import re

from sprint6_messenger.wire import MAX_NAME_BYTES

NAME = re.compile(r"[A-Za-z0-9]+")

RESERVED = {"serveur", "server", "system", "all", "admin", "tous"}
"""Names that users would take for more than a user."""


class BadName(ValueError):
    """Says why a name is refused."""


def check_name(name: str) -> None:
    """Accept the name of a user; raise BadName with the reason for any other."""
    check_word(name)
    if key_of(name) in RESERVED:
        raise BadName(f"the name {name} is reserved")


def check_word(name: str) -> None:
    """Accept what may name anything, a channel too; raise BadName with the reason for any other."""
    if not NAME.fullmatch(name):
        raise BadName("a name is made of letters and digits, without accents or spaces")
    if len(name) > MAX_NAME_BYTES:
        raise BadName(f"a name has at most {MAX_NAME_BYTES} characters")


def key_of(name: str) -> str:
    """Return what two names have in common when they differ in case only."""
    return name.casefold()
