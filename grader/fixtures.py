"""The actors of a scene, as pytest fixtures: whoever a check names is there, started and connected."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from grader.actors import Client, PipedClient, Server
from grader.arrivals import come, log_in
from grader.contract import Contract, number_of, read_contract, reference
from grader.family import is_at_rest
from grader.front import wiretap_before
from grader.keyboard import is_sleeping
from grader.listening import as_told
from grader.peers import Impostor, Peer, RawConnection
from grader.ports import free_port, is_free, turned_round
from grader.program import Program
from grader.stage import Stage
from grader.standstill import posture
from grader.wiretap import Wiretap
from grader.words import Words

STAGE = pytest.StashKey[Stage]()
"""Where a check keeps its stage, for whoever reports on it."""

ENDING_SECONDS = 0.5
"""A server that ends the others when one has ended has done so within that time: their places are free, too."""

SLEEP_SECONDS = 3.5
"""Some sleep for up to three seconds between two sends, so that they arrive one by one."""

REMEMBERED_SECONDS = 61.0
"""The system remembers a closed connection for a minute (TIME_WAIT), and keeps its port from a program that does not
set SO_REUSEADDR. In a sandbox each scene with a fixed port has a network that remembers nothing of the kind."""


@pytest.fixture
def contract(request: pytest.FixtureRequest) -> Contract:
    """How the programs under test are started: a submission's, or the course's own for this sprint."""
    submission, package = request.config.getoption("--submission"), request.module.SPRINT
    if not submission:
        return reference(package)
    return read_contract(Path(submission)).in_sprint(number_of(package))


@pytest.fixture
def words(request: pytest.FixtureRequest, contract: Contract) -> Words:
    """Random words that depend on the seed and on the check alone, not on the order of checks."""
    return Words(f"{request.config.getoption('--seed')} {request.node.name}", contract.quit)


@pytest.fixture
def stage(request: pytest.FixtureRequest, contract: Contract) -> Iterator[Stage]:
    """The stage of this scene; whatever was brought onto it is ended with it."""
    with Stage(contract.patience, posture) as stage:
        request.node.stash[STAGE] = stage
        yield stage


@pytest.fixture
def start_server(stage: Stage, contract: Contract) -> Callable[..., Server]:
    """Start a server, at any free port unless one is given or fixed; further words go to its command line."""

    def start(*options: str, port: int = 0, host: str = contract.address) -> Server:
        wanted = port or contract.port or (0 if contract.any_port else free_port())
        command = [*contract.server_command(as_told(stage, wanted)), *options]
        begin = partial(Server, stage, command, wanted, contract.directory, host)
        return begin_when_free(begin, stage, wanted) if contract.port and not port else begin()

    return start


def can_be_had(port: int) -> bool:
    """Tell whether a server can have its port, in whatever order it takes its bytes."""
    return is_free(port) and is_free(turned_round(port))


def begin_when_free(begin: Callable[[], Server], stage: Stage, port: int) -> Server:
    """Start a server; if it cannot have its port, which old connections hold, once more when these are forgotten.

    No course text asks for SO_REUSEADDR. Raises AssertionError.
    """
    try:
        return begin()
    except AssertionError:
        if can_be_had(port):
            raise
    stage.send_away_last()
    stage.let_pass(REMEMBERED_SECONDS, lambda: can_be_had(port))
    return begin()


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    """A server that listens."""
    return start_server()


@pytest.fixture
def start_client(stage: Stage, contract: Contract) -> Callable[..., Client]:
    """Start a client towards any port of any host, in the first place that is free, and log it in."""
    started: dict[int, Client] = {}

    def start(name: str, port: int, host: str = contract.address, actor: type[Client] = Client) -> Client:
        if contract.tells_places and not all(each.is_present() for each in started.values()):
            wait_for_endings(stage, started.values())
        place = next(place for place in count(1) if place not in started or not started[place].is_present())
        told = as_told(stage, port)
        client = actor(stage, name, contract.client_command(host, told, place, name), contract.directory)
        started[place] = client
        client.logs_in(*contract.login_lines(name, host, told, place))
        return client

    return start


def wait_for_endings(stage: Stage, people: Collection[Client]) -> None:
    """Give people whose conversation may be over the time to leave; one who is at work, or sleeps, is waited for."""
    programs, wait = [each for each in stage.cast if isinstance(each, Program)], stage.wait_for_outside

    def are_gone() -> bool:
        return not any(each.is_present() for each in people)

    def is_one_asleep() -> bool:
        return any(is_sleeping(program.pid) for program in programs)

    def is_one_at_work() -> bool:
        return not all(is_at_rest(program.pid) for program in programs)

    def wait_until_they_leave_or_sleep() -> None:
        wait(lambda: are_gone() or is_one_asleep(), ENDING_SECONDS)
        wait(lambda: are_gone() or is_one_asleep() or not is_one_at_work(), SLEEP_SECONDS)

    wait_until_they_leave_or_sleep()
    if is_one_asleep():
        wait(lambda: not is_one_asleep(), SLEEP_SECONDS)
        wait_until_they_leave_or_sleep()


@pytest.fixture
def tap(request: pytest.FixtureRequest, stage: Stage, server: Server, contract: Contract) -> Wiretap | None:
    """A wiretap before the server, where one is wanted and can be."""
    if not request.config.getoption("--tap"):
        return None
    if not contract.port:
        return wiretap_before(stage, server, contract)
    front: Wiretap | None = request.getfixturevalue("front")  # there is room for one in front of a port
    return front


@pytest.fixture
def newcomer(
    server: Server, tap: Wiretap | None, start_client: Callable[..., Client], contract: Contract
) -> Callable[..., Client]:
    """Bring a client whose connection is there, so that who comes next is behind it in the server's queue."""

    def bring(name: str, actor: type[Client] = Client) -> Client:
        client = come(name, actor, server, tap, start_client)
        if contract.logs_in:
            log_in(client, server)
        return client

    return bring


@pytest.fixture
def front(stage: Stage, server: Server, contract: Contract) -> Wiretap | None:
    """A wiretap between clients and server; none where it cannot be put."""
    return wiretap_before(stage, server, contract)


@pytest.fixture
def network(front: Wiretap | None) -> Wiretap:
    """A network that a scene can spoil."""
    if not front:
        pytest.skip("needs a server with one port, that listens on all addresses or can be told which")
    return front


@pytest.fixture
def newcomer_by_front(
    front: Wiretap | None, server: Server, start_client: Callable[..., Client], contract: Contract
) -> Callable[[str], Client]:
    """Bring a client through the wiretap, if there is one, and the client does not come past it."""

    def bring(name: str) -> Client:
        client = come(name, Client, server, front, start_client)
        if contract.logs_in:
            log_in(client, server)
        return client

    return bring


@pytest.fixture
def newcomer_on_network(
    network: Wiretap, newcomer_by_front: Callable[[str], Client]
) -> Callable[[str], Client]:
    """Bring a client whose program meets the server through the network."""

    def bring(name: str) -> Client:
        before = network.count()
        client = newcomer_by_front(name)
        if network.count() == before:
            pytest.skip("needs clients that go to the address of the contract: {host}, or `address`")
        return client

    return bring


@pytest.fixture
def pair_on_network(
    newcomer_on_network: Callable[[str], Client], contract: Contract
) -> tuple[Client, Client]:
    """Two people whose programs meet through the network; who speaks first is first."""
    names = ("bob", "alice") if contract.first == 2 else ("alice", "bob")
    people = {name: newcomer_on_network(name) for name in names}
    return people["alice"], people["bob"]


@pytest.fixture
def alice(request: pytest.FixtureRequest, newcomer: Callable[..., Client], contract: Contract) -> Client:
    """Who speaks first; the first client, unless the contract says that the second one begins."""
    return newcomer_behind("bob" if contract.first == 2 else None, "alice", request, newcomer)


@pytest.fixture
def bob(request: pytest.FixtureRequest, newcomer: Callable[..., Client], contract: Contract) -> Client:
    """Who answers; the second client, unless the contract says that the second one begins."""
    return newcomer_behind(None if contract.first == 2 else "alice", "bob", request, newcomer)


def newcomer_behind(
    former: str | None, name: str, request: pytest.FixtureRequest, newcomer: Callable[..., Client]
) -> Client:
    """Bring a client once another is there."""
    if former:
        request.getfixturevalue(former)
    return newcomer(name)


@pytest.fixture
def carol(alice: Client, bob: Client, newcomer: Callable[..., Client]) -> Client:  # noqa: ARG001 - comes behind both
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
