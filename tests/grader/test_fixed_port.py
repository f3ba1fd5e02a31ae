"""A port that stands in the source is used by scene after scene, and no course text asks for SO_REUSEADDR."""

import contextlib
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import judge
from grader.actors import Server
from grader.contract import Contract, read_contract
from grader.fixtures import can_be_had
from grader.judge import Judge, Order, Worker
from grader.ports import free_port, is_free, turned_round
from grader.sandbox import is_available
from grader.verdicts import FAILED, PASSED, SKIPPED, Verdict

needs_sandbox = pytest.mark.skipif(not is_available(), reason="needs bwrap (Debian: bubblewrap)")

SERVER = """
import socket
listener = socket.socket(socket.{family})
listener.bind(("{host}", {port}))
listener.listen()
while True:
    pair = [listener.accept()[0] for _place in range(2)]
    for place, each in enumerate(pair):
        each.sendall(b"%d" % place)
    speaker = 0
    while (said := pair[speaker].recv(100)) not in (b"", b"fin"):
        pair[1 - speaker].sendall(said)
        speaker = 1 - speaker
    for each in pair:
        each.close()  # first of the two ends: the system remembers that for a minute
"""

CLIENT = """
import socket
with socket.create_connection(("{host}", {port})) as server:
    speaks = server.recv(1) == b"0"
    while True:
        if speaks:
            said = input("> ")
            server.sendall(said.encode())
            if said == "fin":
                break
        elif heard := server.recv(100).decode():
            print(heard)
        else:
            break
        speaks = not speaks
"""


def remembered_port() -> int:
    """Return a port of which the system remembers a connection."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    return int(address[1])


def test_a_port_is_not_free_as_long_as_a_connection_is_remembered() -> None:
    assert not is_free(remembered_port())
    assert is_free(free_port())


def test_a_port_can_be_had_when_it_is_free_in_either_order_of_its_bytes() -> None:
    port = free_port()
    assert can_be_had(port)
    with socket.create_server(("127.0.0.1", turned_round(port))):
        assert not can_be_had(port)


REUSING = """
import socket
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", {port}))
listener.listen()
listener.accept()
"""


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """A server with a port in its source that the system still remembers, and SO_REUSEADDR."""
    port = remembered_port()
    (tmp_path / "server.py").write_text(REUSING.format(port=port))
    return Contract(tmp_path, server=f"{sys.executable} server.py", client="", port=port)


def test_who_sets_so_reuseaddr_is_not_kept_waiting(
    contract: Contract, start_server: Callable[..., Server]
) -> None:
    assert not is_free(contract.port)
    assert start_server().port == contract.port


@pytest.mark.parametrize(("port", "workers"), [(0, 4), (4444, 1)])
def test_without_a_sandbox_a_fixed_port_is_used_by_one_at_a_time(
    port: int, workers: int, tmp_path: Path
) -> None:
    contract = Contract(tmp_path, server="", client="", port=port)
    assert Order(sprint=1, contract=contract, sandbox=False, jobs=4).workers == workers


def submission(directory: Path, family: str = "AF_INET", host: str = "127.0.0.1") -> Contract:
    """Write programs that have a port in their sources; the server is the first to close."""
    port = free_port()
    (directory / "server.py").write_text(SERVER.format(port=port, family=family, host=host))
    (directory / "client.py").write_text(CLIENT.format(port=port, host=host))
    (directory / "messagerie.toml").write_text(
        f'server = "python3 server.py"\nclient = "python3 client.py"\nport = {port}\n'
    )
    return read_contract(directory).in_sprint(1)


@needs_sandbox
@pytest.mark.parametrize(("family", "host"), [("AF_INET", "127.0.0.1"), ("AF_INET6", "::1")])
def test_each_scene_finds_its_port_free(family: str, host: str, tmp_path: Path) -> None:
    contract = submission(tmp_path, family, host)
    order = Order(sprint=1, contract=contract, only=("s1-fin", "s1-after-fin"), jobs=1)
    assert {each.id: each.outcome for each in Judge(order).verdicts_as_they_come()} == {
        "s1-fin": PASSED,
        "s1-after-fin": PASSED,
    }


@needs_sandbox
@pytest.mark.parametrize(("checks", "workers"), [(("s1-answer", "s1-turns"), 1), (("s1-fin",), 2)])
def test_a_network_that_remembers_nothing_is_used_again(
    checks: tuple[str, ...],
    workers: int,
    hired: list[Worker],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judge, "PROCESSORS", 1)
    judging = Judge(Order(sprint=1, contract=submission(tmp_path), only=checks, jobs=1))
    assert {each.outcome for each in judging.verdicts_as_they_come()} == {PASSED}
    assert len(hired) == workers


@pytest.fixture
def judged_on_a_slow_network(tmp_path: Path) -> Callable[[str], Verdict]:
    """Judge programs with a port in their sources, whose server listens at this address, on a network that cuts."""

    def judge_at(host: str) -> Verdict:
        contract = submission(tmp_path)
        server = tmp_path / "server.py"
        server.write_text(server.read_text().replace("127.0.0.1", host))
        (verdict,) = Judge(
            Order(sprint=1, contract=contract, only=("s1-slow-network",))
        ).verdicts_as_they_come()
        return verdict

    return judge_at


@needs_sandbox
def test_a_server_on_all_addresses_is_met_on_a_bad_network(
    judged_on_a_slow_network: Callable[[str], Verdict],
) -> None:
    verdict = judged_on_a_slow_network("")
    assert verdict.outcome == FAILED  # it takes each piece for a message
    assert {each.peer for each in verdict.failure().scene.entries} == {"", "server", "alice", "bob"}


@needs_sandbox
def test_a_server_on_one_address_is_not_judged_on_a_bad_network(
    judged_on_a_slow_network: Callable[[str], Verdict],
) -> None:
    verdict = judged_on_a_slow_network("127.0.0.1")
    assert verdict.outcome == SKIPPED
    assert "listens on all addresses" in verdict.why_not()


@needs_sandbox
def test_a_failure_after_which_the_port_is_held_is_played_again_elsewhere(
    hired: list[Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends with its clients, which its statement forbids; what crossed the wire is still told."""
    monkeypatch.setattr(judge, "PROCESSORS", 1)
    contract = submission(tmp_path)
    server = tmp_path / "server.py"
    source = server.read_text().replace("127.0.0.1", "")
    server.write_text(f"{source}    break\n")
    order = Order(sprint=1, contract=contract, only=("s1-fin",), jobs=1)
    (verdict,) = Judge(order).verdicts_as_they_come()
    failure = verdict.failure()
    assert (verdict.outcome, failure.tapped.outcome) == (FAILED, FAILED)
    assert "server goes on" in failure.scene.error
    assert {(each.actor, each.peer) for each in failure.tapped.entries} >= {
        ("server", "bob"),
        ("bob", "server"),
    }
    assert len(hired) == 2
