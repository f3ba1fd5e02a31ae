"""Scenes with the client of sprint 5: somebody at a terminal or a pipe, and a server that says what the test says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.actors import PipedClient
from grader.peers import Impostor, RawConnection
from grader.stage import Stage
from tests.common.children import ROOT
from tests.sprint5_client.people import CLIENT, PATIENCE, Person

AtTerminal = Callable[..., tuple[Person, RawConnection]]
AtPipe = Callable[..., tuple[PipedClient, RawConnection]]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage that is patient: these tests are about what is shown, not about how soon."""
    with Stage(PATIENCE) as stage:
        yield stage


@pytest.fixture
def impostor(stage: Stage) -> Impostor:
    """A listener in a server's place."""
    return Impostor(stage)


@pytest.fixture
def at_terminal(stage: Stage, impostor: Impostor, tmp_path: Path) -> AtTerminal:
    """Let alice sit down at a terminal and give her name; return her and the server's end."""

    def sit_down(*options: str, **terminal: Any) -> tuple[Person, RawConnection]:
        alice = Person(stage, impostor.port, *options, home=tmp_path, **terminal)
        server = impostor.accepts()
        alice.types("alice\r")
        server.receives("USER alice")
        return alice, server

    return sit_down


@pytest.fixture
def at_pipe(stage: Stage, impostor: Impostor) -> AtPipe:
    """Start the client between two pipes; return it and the server's end."""

    def start(*options: str) -> tuple[PipedClient, RawConnection]:
        client = PipedClient(stage, "alice", [*CLIENT, "127.0.0.1", str(impostor.port), *options], ROOT)
        return client, impostor.accepts()

    return start
