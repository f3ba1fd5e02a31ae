"""Programs in C, compiled when they are needed, and servers for them and for ours."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.actors import Server
from grader.stage import Stage
from tests.common.children import ROOT
from tests.sprint6_c.places import FLAGS, OURS, C, Place


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The stage of this scene; whatever was brought onto it is ended with it."""
    with Stage(patience=10.0) as stage:
        yield stage


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Compile a program, with flags, once."""
    built: dict[tuple[str, str], Path] = {}

    def compiled(program: str, flags: str) -> Path:
        if (program, flags) not in built:
            target = tmp_path_factory.mktemp("c") / program
            words = ["gcc", *FLAGS.split(), *flags.split(), "-o", str(target), f"{C / program}.c"]
            subprocess.run(words, check=True)
            built[program, flags] = target
        return built[program, flags]

    return compiled


@pytest.fixture
def our_server(stage: Stage, tmp_path: Path, build: Callable[[str, str], Path]) -> Place:
    """A place with our server."""
    server = Server(stage, [sys.executable, "-m", f"{OURS}.server", "0"], directory=ROOT)
    return Place(stage, server, tmp_path, build)


@pytest.fixture
def their_server(
    stage: Stage, tmp_path: Path, build: Callable[[str, str], Path], request: pytest.FixtureRequest
) -> Place:
    """A place with a server in C, compiled in the way that the test asks for."""
    server = Server(stage, [str(build("server", request.param)), "0"])
    return Place(stage, server, tmp_path, build)
