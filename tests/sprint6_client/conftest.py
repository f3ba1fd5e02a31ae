"""Real programs: a server, and people who talk and send files through it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.actors import PipedClient, Server
from grader.stage import Stage
from grader.words import Words
from tests.common.children import DIRECTLY, ROOT
from tests.sprint6_client.people import PACKAGE, Person, client_command


@pytest.fixture
def words(request: pytest.FixtureRequest) -> Words:
    """Random words that depend on the seed and on the test alone."""
    return Words(f"{request.config.getoption('--seed')} {request.node.name}")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The stage of this scene; whatever was brought onto it is ended with it."""
    with Stage(patience=20.0) as stage:
        yield stage


@pytest.fixture
def server(stage: Stage) -> Server:
    """The server of this sprint."""
    return Server(stage, [sys.executable, "-m", f"{PACKAGE}.server", "0"], directory=ROOT)


@pytest.fixture
def person(stage: Stage, server: Server, tmp_path: Path) -> Callable[..., Person]:
    """Bring somebody with a name, an inbox of his own, and further options; `shell` may limit his program."""

    def bring(name: str, *options: str, shell: str = DIRECTLY) -> Person:
        inbox = tmp_path / name
        command = client_command(server.port, inbox, *options, shell=shell)
        client = PipedClient(stage, name, command, ROOT)
        client.types(f"/nick {name}")
        client.sees(f"welcome {name}")
        return Person(client, inbox)

    return bring


@pytest.fixture
def alice(person: Callable[..., Person]) -> Person:
    """Who sends."""
    return person("alice")


@pytest.fixture
def bob(person: Callable[..., Person]) -> Person:
    """Who receives."""
    return person("bob")
