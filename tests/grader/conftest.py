"""What the tests of the grader stand on: a stage, for as long as a test lasts."""

from collections.abc import Iterator

import pytest

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
