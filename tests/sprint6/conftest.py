"""Raw connections to a server of sprint 6: each file says to which."""

from collections.abc import Callable, Iterator

import pytest

from grader.actors import Server
from grader.stage import Stage
from tests.e2e.binary import Talker

Connect = Callable[..., Talker]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The stage of this scene; whatever was brought onto it is ended with it."""
    with Stage(patience=20.0) as stage:
        yield stage


@pytest.fixture
def connect(stage: Stage, server: Server) -> Connect:
    """Bring a raw connection."""

    def bring(name: str, receive_buffer: int | None = None) -> Talker:
        return Talker(stage, name, server.port, receive_buffer=receive_buffer)

    return bring
