"""Who takes part is connected: a program may run on for a while when its conversation is over."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.actors import Client
from grader.contract import Contract
from grader.peers import Impostor
from grader.stage import Stage
from grader.unseen import Unseen

PROGRAM = """
import socket, sys
print("place", sys.argv[2], flush=True)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    connection.recv(1)
print("Enter, please", flush=True)
input()
"""


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """Clients that stay, when their connection is over, until their user has pressed Enter."""
    (tmp_path / "client.py").write_text(PROGRAM)
    return Contract(tmp_path, server="", client=f"{sys.executable} client.py {{port}} {{place}}")


def test_a_place_is_free_when_its_connection_is_over(
    stage: Stage, start_client: Callable[..., Client]
) -> None:
    impostor = Impostor(stage)
    alice = start_client("alice", impostor.port)
    alice.sees("place 1")
    server = impostor.accepts()
    alice.has_come = True
    assert alice.is_present()
    server.closes()
    alice.sees("Enter")
    assert alice.is_running()
    assert not alice.is_present()
    start_client("bob", impostor.port).sees("place 1")


def test_who_is_cut_off_leaves_a_place(stage: Stage, start_client: Callable[..., Client]) -> None:
    impostor = Impostor(stage)
    alice = start_client("alice", impostor.port)
    alice.is_cut_off = True
    start_client("bob", impostor.port).sees("place 1")


ASKS_BEFORE_IT_CLOSES = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    connection.recv(1)
    input(sys.argv[2])
"""


@pytest.mark.parametrize(
    ("question", "is_given_it"),
    [("Au revoir. Appuyez sur Entrée", True), ("Press any key: ", True), ("Entrez un message : ", False)],
)
def test_who_asks_for_enter_before_it_closes_is_given_it_too(
    stage: Stage, question: str, is_given_it: bool
) -> None:
    stage.patience = 2.0
    impostor = Impostor(stage)
    alice = Client(
        stage, "alice", [sys.executable, "-c", ASKS_BEFORE_IT_CLOSES, str(impostor.port), question]
    )
    impostor.accepts().closes()
    alice.sees(question)
    with contextlib.nullcontext() if is_given_it else pytest.raises(Unseen, match="still running"):
        alice.ends_with_its_user()


def test_who_asks_for_enter_at_its_end_is_given_it(stage: Stage, start_client: Callable[..., Client]) -> None:
    impostor = Impostor(stage)
    alice = start_client("alice", impostor.port)
    impostor.accepts().closes()
    alice.ends_with_its_user()
