"""Scenes of the checks that end early, or cannot be judged: played without programs, by what is said."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from grader.actors import Client
from grader.stage import Stage
from grader.wiretap import Wiretap
from grader.words import Words
from tests.e2e import test_sprint1
from tests.e2e.networks import say_held


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 3), (1e9, 2 * test_sprint1.TURNS + 1)])
def test_who_sleeps_before_each_line_need_not_take_all_turns(
    seconds: float, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(test_sprint1, "TURNS_SECONDS", seconds)
    monkeypatch.setattr(test_sprint1, "talk", lambda *who_and_what: said.append(who_and_what))
    play = cast(Callable[..., None], test_sprint1.test_turns)
    play(alice="alice", bob="bob", words=Words("1"))
    assert [each[0] for each in said] == [("alice", "bob")[count % 2] for count in range(lines)]


class Kept:
    """In place of a network and of who speaks on it: it has kept some bytes, and no more will come."""

    def __init__(self, stage: Stage, data: bytes) -> None:
        self.stage, self.name, self._data = stage, "alice", data

    def holds(self, _source: str) -> None:
        """Do nothing."""

    def types(self, _line: str) -> None:
        """Do nothing."""

    def kept(self, _source: str) -> bytes:
        """Return them."""
        return self._data


LINES = ["bolupe", "tinafo"]


@pytest.mark.parametrize(
    ("data", "raises"),
    [
        (b"b\0\0\0o\0\0\0l\0\0\0u\0\0\0p\0\0\0e\0\0\0", pytest.skip.Exception),
        (b"bolup", AssertionError),
        (b"xxxxxxtinafo", AssertionError),
        (b"", AssertionError),
    ],
    ids=["no text", "one that is cut", "the first is spoilt", "nothing at all"],
)
def test_only_a_wire_on_which_no_line_begins_as_it_was_typed_is_no_text(
    data: bytes, raises: type[BaseException]
) -> None:
    with Stage(patience=0.01) as stage:
        both = Kept(stage, data)
        with pytest.raises((AssertionError, pytest.skip.Exception)) as met:
            say_held(cast(Wiretap, both), cast(Client, both), "alice", LINES)
        assert met.type is raises


def test_what_is_held_is_neither_skipped_nor_missed() -> None:
    with Stage(patience=0.01) as stage:
        both = Kept(stage, b"bolupe\0tinafo\0")
        say_held(cast(Wiretap, both), cast(Client, both), "alice", LINES)
