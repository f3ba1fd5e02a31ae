"""What a check is: a test of the suite with an id, points, a level and a hint; its docstring is its statement.

    @check("s1-answer", points=2, hint="...")
    def test_the_second_client_answers(alice, bob, words):
        \"\"\"What client 2 answers appears at client 1.\"\"\"

The actors of a scene are fixtures (fixtures.py); how pytest runs and reports checks is in plugin.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import TypeVar

import pytest

from grader.verdicts import ROBUST, SUBJECT

__all__ = ["LONG", "ROBUST", "SUBJECT", "Check", "check", "check_of", "statement"]

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Check:
    """What is known of a check besides its statement, which is its docstring. The id never changes."""

    id: str
    points: int
    level: str
    hint: str
    wire: bool
    after: str = ""


LONG = pytest.mark.long
"""Marks a check that waits far longer than others do: it is begun early, beside the others."""


def check(
    name: str, *, points: int, hint: str, level: str = SUBJECT, wire: bool = False, after: str = ""
) -> Callable[[Test], Test]:
    """Make a check of a test; `wire` says that it speaks the wire itself, through raw peers.

    `after` names the check whose first case it plays too: where nothing that is said there is ever heard, it fails.
    """
    return pytest.mark.check(Check(name, points, level, hint, wire, after))


def check_of(item: pytest.Item) -> Check | None:
    """Return what is known of a test if it is a check."""
    marker = item.get_closest_marker("check")
    return marker.args[0] if marker else None


def statement(item: pytest.Item) -> str:
    """Return the first line of a check's docstring."""
    return (getdoc(getattr(item, "function", None)) or "").partition("\n")[0]
