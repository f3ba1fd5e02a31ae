"""The suite of checks, as a pytest plugin: what a check is, whose programs it judges, and the actors of its scene.

    @check("s1-answer", points=2, hint="...")
    def test_the_second_client_answers(alice, bob, words):
        \"\"\"What client 2 answers appears at client 1.\"\"\"

`pytest tests/e2e` judges the course's own programs, `pytest tests/e2e --submission DIR` those that
DIR/messagerie.toml names. Checks that speak the wire themselves run where the wire is known to be lines.
"""

import random
import shlex
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import getdoc
from pathlib import Path
from typing import Any, TypeVar

import pytest

from grader.actors import Client, PipedClient, Server
from grader.contract import LINES, Contract, ContractError, read_contract, reference
from grader.listening import is_connected
from grader.peers import Impostor, Peer, RawConnection
from grader.program import Program
from grader.stage import Stage
from grader.words import Words

HOST = "127.0.0.1"

SUBJECT, ROBUST = "subject", "robust"
"""The levels: what the course text asks for, and what a good program does besides."""

SEEDS = 1_000_000

BUILD_SECONDS = 120.0
"""How long a build may take; it does so once for a whole run."""

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Check:
    """What is known of a check besides its statement, which is its docstring. The id never changes."""

    id: str
    points: int
    level: str
    hint: str
    wire: bool


def check(
    name: str, *, points: int, hint: str, level: str = SUBJECT, wire: bool = False
) -> Callable[[Test], Test]:
    """Make a check of a test; `wire` says that it speaks the wire itself, through raw peers."""
    return pytest.mark.check(Check(name, points, level, hint, wire))


def check_of(item: pytest.Item) -> Check | None:
    """Return what is known of a test if it is a check."""
    marker = item.get_closest_marker("check")
    return marker.args[0] if marker else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options of the suite."""
    group = parser.getgroup("messagerie")
    group.addoption("--submission", metavar="DIR", help="judge the programs that DIR/messagerie.toml names")
    group.addoption("--seed", type=int, help="repeat a run with the words that it used")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, choose the seed, and read the contract: its errors end the run in one line."""
    config.addinivalue_line("markers", "check(known): a check of the suite; see grader/checks.py")
    if config.getoption("--seed") is None:  # xdist's workers are given it
        config.option.seed = random.SystemRandom().randrange(SEEDS)
    submission = config.getoption("--submission")
    if submission and not hasattr(config, "workerinput"):
        try:
            build(read_contract(Path(submission)))
        except ContractError as error:
            raise pytest.UsageError(str(error)) from None


def build(contract: Contract) -> None:
    """Build a submission as its contract says. Raises ContractError with the compiler's words."""
    if not contract.build:
        return
    command = ["sh", "-c", contract.build]
    with Stage() as stage:
        program = Program(stage, repr(contract.build), command, terminal=False, directory=contract.directory)
        program.closes_keyboard()
        program.wait_end(BUILD_SECONDS)
        if program.exit_code != 0:
            words = b"".join(bytes(stream) for stream in program.written.values())
            raise ContractError(f"build: {program.ending()}\n\n{words.decode(errors='replace')}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the checks that speak the wire where nobody has promised which one it is."""
    submission = config.getoption("--submission")
    if not submission or read_contract(Path(submission)).wire == LINES:
        return
    skip = pytest.mark.skip(reason=f'speaks the wire itself: wire = "{LINES}" in messagerie.toml turns it on')
    for item in items:
        known = check_of(item)
        if known and known.wire:
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Put into the report of a check what a student needs: statement, hint, and how to repeat it."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    known = check_of(item)
    if known:
        report.user_properties.append(("check", (known.id, known.points, known.level, statement(item))))
        if report.failed:
            report.sections.append((f"check {known.id}", advice(item, known)))
    return report  # type: ignore[return-value]


def statement(item: pytest.Item) -> str:
    """Return the first line of a check's docstring."""
    return (getdoc(getattr(item, "function", None)) or "").partition("\n")[0]


def advice(item: pytest.Item, known: Check) -> str:
    """Return what a failed check tells besides the scene."""
    submission = item.config.getoption("--submission")
    options = f" --submission {shlex.quote(submission)}" if submission else ""
    again = (
        f"pytest tests/e2e -k {item.name.partition('[')[0]} --seed {item.config.getoption('--seed')}{options}"
    )
    return f"{statement(item)}\nhint:   {known.hint}\nrepeat: {again}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List the verdicts on a submission, with the points that they give."""
    if not config.getoption("--submission"):
        return
    marks = {"skipped": "–", "passed": "✓", "failed": "✗", "error": "✗"}
    verdicts = {}  # of a check with several cases, the worst that was judged
    for outcome, mark in marks.items():
        for report in terminalreporter.stats.get(outcome, []):
            properties = dict(report.user_properties)
            if "check" in properties:
                verdicts[properties["check"]] = mark
    terminalreporter.section("verdicts")
    for (name, points, level, text), mark in sorted(verdicts.items()):
        terminalreporter.write_line(
            f"{mark} {name:28} {points if mark == '✓' else 0}/{points}  {level:8} {text}"
        )
    judged = {known: mark for known, mark in verdicts.items() if mark != "–"}
    gained = sum(known[1] for known, mark in judged.items() if mark == "✓")
    terminalreporter.write_line(f"{gained} of {sum(known[1] for known in judged)} points")


def pytest_report_header(config: pytest.Config) -> str:
    """Print the seed, which repeats a run."""
    return f"seed: {config.getoption('--seed')} (the same words again: --seed)"


@pytest.fixture
def contract(request: pytest.FixtureRequest) -> Contract:
    """How the programs under test are started: a submission's, or the course's own for this sprint."""
    submission = request.config.getoption("--submission")
    return read_contract(Path(submission)) if submission else reference(request.module.SPRINT)


@pytest.fixture
def words(request: pytest.FixtureRequest) -> Words:
    """Random words that depend on the seed and on the check alone, not on the order of checks."""
    return Words(f"{request.config.getoption('--seed')} {request.node.name}")


@pytest.fixture
def stage(contract: Contract) -> Iterator[Stage]:
    """The stage of this scene; whatever was brought onto it is ended with it."""
    with Stage(contract.patience) as stage:
        yield stage


@pytest.fixture
def start_server(stage: Stage, contract: Contract) -> Callable[..., Server]:
    """Start a server, at any free port unless one is given; further words go to its command line."""

    def start(*options: str, port: int = 0, host: str = HOST) -> Server:
        wanted = port or (0 if contract.any_port else free_port())
        command = [*contract.server_command(wanted), *options]
        return Server(stage, command, wanted, contract.directory, host)

    return start


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    """A server that listens."""
    return start_server()


@pytest.fixture
def start_client(stage: Stage, contract: Contract) -> Callable[..., Client]:
    """Start a client towards any port of any host."""

    def start(name: str, port: int, host: str = HOST, actor: type[Client] = Client) -> Client:
        return actor(stage, name, contract.client_command(host, port), contract.directory)

    return start


@pytest.fixture
def newcomer(stage: Stage, server: Server, start_client: Callable[..., Client]) -> Callable[..., Client]:
    """Bring a client whose connection is there, so that who comes next is behind it in the server's queue."""

    def bring(name: str, actor: type[Client] = Client) -> Client:
        client = start_client(name, server.port, server.host, actor)
        pid = client.program.pid
        stage.wait_for_outside(lambda: is_connected(pid, server.port) or client.program.has_ended())
        if not is_connected(pid, server.port):
            raise AssertionError(f"{name} did not connect to port {server.port}: {client.program.ending()}")
        return client

    return bring


@pytest.fixture
def alice(newcomer: Callable[..., Client]) -> Client:
    """The first client."""
    return newcomer("alice")


@pytest.fixture
def bob(alice: Client, newcomer: Callable[..., Client]) -> Client:  # noqa: ARG001 - comes behind alice
    """The second client."""
    return newcomer("bob")


@pytest.fixture
def carol(bob: Client, newcomer: Callable[..., Client]) -> Client:  # noqa: ARG001 - comes behind bob
    """The third client."""
    return newcomer("carol")


@pytest.fixture
def peer(stage: Stage, server: Server) -> Callable[..., Peer]:
    """Bring a raw connection to the server."""

    def bring(name: str, receive_buffer: int | None = None) -> Peer:
        return Peer(stage, name, server.port, server.host, receive_buffer)

    return bring


@pytest.fixture
def visit(stage: Stage, start_client: Callable[..., Client]) -> Callable[..., tuple[Client, RawConnection]]:
    """Start a client that connects to the check itself, tell it lines; return it and the server's end."""

    def begin(*lines: str, actor: type[Client] = PipedClient) -> tuple[Client, RawConnection]:
        impostor = Impostor(stage)
        client = start_client("alice", impostor.port, actor=actor)
        server = impostor.accepts()
        server.says(*lines)
        return client, server

    return begin
