"""What the tests of the grader stand on: a stage, for as long as a test lasts."""

from collections.abc import Iterator
from typing import Any

import pytest

from grader import judge
from grader.judge import Worker
from grader.stage import PATIENCE, Stage


@pytest.fixture
def patience() -> float:
    """How long anything is waited for; tests that play whole runs have more."""
    return PATIENCE


@pytest.fixture
def stage(patience: float) -> Iterator[Stage]:
    """A stage of our own; whatever was brought onto it is ended with it."""
    with Stage(patience) as stage:
        yield stage


@pytest.fixture
def hired(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """All workers that judges have hired so far, be they still there or not."""
    known: list[Worker] = []

    class Remembered(Worker):
        """One who is remembered."""

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            known.append(self)

    monkeypatch.setattr(judge, "Worker", Remembered)
    return known
