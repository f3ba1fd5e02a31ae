"""What the tables of the system tell of awkward servers, and what becomes of who connects to them."""

import socket
import sys
import time
from pathlib import Path

import pytest

from grader import submission
from grader.actors import Server
from grader.contract import Contract, ContractError, read_contract
from grader.listening import accept_queues, listening_ports
from grader.peers import Peer
from grader.program import Program
from grader.stage import Stage
from grader.unseen import Unseen

SHARED = """
import os, signal, socket
listener = socket.create_server(("127.0.0.1", 0))
os.fork()
signal.pause()
"""

BAD_COMMANDS = ("./server {port} {place} {who}", "./server '{port}", "./server {port} {")


def test_a_listener_that_two_processes_share_has_one_queue(stage: Stage) -> None:
    server = Server(stage, [sys.executable, "-c", SHARED])
    assert stage.wait_for_outside(lambda: len(server.program.usage().children()) == 1)
    Peer(stage, "alice", server.port)
    server.leaves_waiting(1)
    assert accept_queues(server.program.pid) == {server.port: 1}


def test_a_descriptor_that_is_just_closed_hides_no_listener(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(stage, [sys.executable, "-c", SHARED])
    readlink = Path.readlink

    def has_just_gone(link: Path) -> Path:
        if link.name == "0":
            raise FileNotFoundError(link)
        return readlink(link)

    monkeypatch.setattr(Path, "readlink", has_just_gone)
    assert listening_ports(server.program.pid) == {server.port}


def test_a_peer_does_not_wait_for_ever_for_a_full_queue(stage: Stage) -> None:
    stage.patience = 0.2
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        Peer(stage, "first", port)
        with pytest.raises(TimeoutError):
            Peer(stage, "second", port)


def test_an_announcement_is_not_waited_for_once_the_server_has_ended(stage: Stage) -> None:
    stage.patience = 60
    server = Server(stage, [sys.executable, "-c", SHARED])
    server.kill()
    begun = time.monotonic()
    with pytest.raises(Unseen, match="server was killed by SIGKILL"):
        server.announces("anything")
    assert time.monotonic() - begun < stage.patience / 2


def test_a_line_that_is_no_text_is_received_all_the_same(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        alice = Peer(stage, "alice", listener.getsockname()[1])
        with listener.accept()[0] as connection:
            connection.sendall(b"\xff!\n")
            assert alice.receives_line() == "\ufffd!"


@pytest.mark.parametrize("command", BAD_COMMANDS)
def test_a_command_that_cannot_be_used_is_answered_with_one_that_can(tmp_path: Path, command: str) -> None:
    (tmp_path / "messagerie.toml").write_text(
        f'server = "{command}"\nclient = "./client {{host}} {{port}}"\n'
    )
    with pytest.raises(
        ContractError, match=r'messagerie.toml: line 1: server = .*write it like "./server {port}"'
    ):
        read_contract(tmp_path)


def test_a_build_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "BUILD_SECONDS", 0.1)
    with pytest.raises(ContractError, match="'sleep 60' is still running"):
        submission.build(Contract(tmp_path, "./server {port}", "./client {host} {port}", build="sleep 60"))


def test_a_program_that_is_typed_to_before_it_reads_gets_all(stage: Stage) -> None:
    source = "import sys; print(len(sys.stdin.read()), flush=True)"
    program = Program(stage, "slow", [sys.executable, "-c", source], terminal=False)
    program.types(b"x" * 1_000_000)
    program.closes_keyboard()
    assert program.wait_end()
    assert bytes(program.written["stdout"]) == b"1000000\n"
