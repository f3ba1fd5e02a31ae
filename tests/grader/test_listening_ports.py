"""Who listens is read from the system's tables: nobody connects to find out."""

import socket
import sys

import pytest

from grader.actors import Server
from grader.listening import accept_queues, as_told, is_connected, listening_ports, wait_listening
from grader.peers import Peer
from grader.ports import free_port, turned_round
from grader.program import Program
from grader.stage import Stage
from grader.unseen import Unseen

LISTEN = """
import signal, socket
listener = socket.create_server(({host!r}, 0), family=socket.{family}, backlog=8)
print(listener.getsockname()[1], flush=True)
signal.pause()
"""

LISTEN_IN_A_CHILD = "import os\nif os.fork():\n    os.wait()\n" + LISTEN.format(
    host="127.0.0.1", family="AF_INET"
)


def listener(stage: Stage, host: str = "127.0.0.1", family: str = "AF_INET") -> Server:
    source = LISTEN.format(host=host, family=family)
    return Server(stage, [sys.executable, "-c", source], host=host)


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "AF_INET"), ("::1", "AF_INET6")])
def test_the_port_is_found_and_nobody_has_connected(stage: Stage, host: str, family: str) -> None:
    server = listener(stage, host, family)
    assert server.port == int(server.announces(r"^\d+$"))
    assert server.waiting() == 0
    assert not is_connected(server.program.pid, server.port)


def test_a_client_that_waits_unaccepted_is_counted(stage: Stage) -> None:
    server = listener(stage)
    alice = Peer(stage, "alice", server.port)
    server.leaves_waiting(1)
    Peer(stage, "bob", server.port)
    server.leaves_waiting(2)
    assert accept_queues(server.program.pid) == {server.port: 2}
    assert alice.can_send()


def test_a_server_that_accepts_is_not_the_one_expected(stage: Stage) -> None:
    server = listener(stage)
    stage.patience = 0.05
    with pytest.raises(Unseen, match="exactly 1 connection waits to be accepted"):
        server.leaves_waiting(1)


def test_a_server_that_listens_in_a_child_is_found(stage: Stage) -> None:
    program = Program(stage, "forked", [sys.executable, "-c", LISTEN_IN_A_CHILD], terminal=False)
    assert listening_ports(program.pid) <= {wait_listening(program)}


def test_another_program_that_listens_is_not_taken_for_it(stage: Stage) -> None:
    other = listener(stage)
    idle = Program(stage, "idle", ["sleep", "60"], terminal=False)
    assert other.port in listening_ports(other.program.pid)
    assert listening_ports(idle.pid) == set()


def test_a_server_that_ends_before_it_listens_is_explained(stage: Stage) -> None:
    command = ["sh", "-c", "echo 'bind: address already in use' >&2; exit 1"]
    with pytest.raises(
        AssertionError, match=r"(?s)never listened.*exit code 1.*bind: address already in use"
    ):
        Server(stage, command)


def test_a_server_on_another_port_than_the_one_asked_for_is_told(stage: Stage) -> None:
    stage.patience = 3
    with socket.create_server(("127.0.0.1", 0)) as taken:
        unused = taken.getsockname()[1]
    command = [sys.executable, "-c", LISTEN.format(host="127.0.0.1", family="AF_INET")]
    with pytest.raises(AssertionError, match=rf"does not listen on port {unused}; it listens on \[\d+\]"):
        Server(stage, command, port=unused)


def test_a_connection_made_is_seen_from_the_client(stage: Stage) -> None:
    server = listener(stage)
    source = (
        f"import socket, signal; s = socket.create_connection(('127.0.0.1', {server.port})); signal.pause()"
    )
    client = Program(stage, "client", [sys.executable, "-c", source], terminal=False)
    assert stage.wait_for_outside(lambda: is_connected(client.pid, server.port))


def test_a_process_that_has_gone_listens_nowhere(stage: Stage) -> None:
    program = Program(stage, "short", ["true"], terminal=False)
    assert program.wait_end()
    assert listening_ports(program.pid) == set()


HOLD = """
import signal, socket
listener = socket.create_server(("127.0.0.1", {port}))
signal.pause()
"""


@pytest.mark.parametrize("is_turned", [True, False])
def test_a_server_may_turn_the_bytes_of_its_port_round(stage: Stage, is_turned: bool) -> None:
    told = free_port()
    port = turned_round(told) if is_turned else told
    server = Server(stage, [sys.executable, "-c", HOLD.format(port=port)], told)
    assert (server.port, server.told_port) == (port, told)
    other = free_port()
    assert as_told(stage, other) == (turned_round(other) if is_turned else other)
    assert any(str(port) in step for step in stage.journal.steps()) == is_turned


def test_a_free_port_is_another_one_when_it_is_turned_round() -> None:
    ports = [free_port() for _ in range(100)]
    assert all(turned_round(turned_round(port)) == port != turned_round(port) for port in ports)
    assert min(map(turned_round, ports)) >= 1024
