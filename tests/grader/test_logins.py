"""Who has come is known by his name: also one whose command has told it, and behind a network."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import arrivals
from grader.actors import Client, answer_to
from grader.contract import Contract
from tests.grader.programs import SILENT

CLIENT = """
import socket, sys, time
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
time.sleep(0.2)
print(sys.argv[2], "has come", flush=True)
input()
"""
"""Is connected for a while before its user's name is known."""


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """Programs of which the client is told its user's name."""
    for name, source in ("server.py", SILENT), ("client.py", CLIENT):
        (tmp_path / name).write_text(source)
    python = f"{sys.executable} {tmp_path}"
    return Contract(tmp_path, f"{python}/server.py {{port}}", f"{python}/client.py {{port}} {{name}}")


@pytest.fixture(params=["newcomer", "newcomer_on_network"])
def bring(request: pytest.FixtureRequest) -> Callable[[str], Client]:
    """Bring somebody, with nothing on the way or with a network."""
    found: Callable[[str], Client] = request.getfixturevalue(request.param)
    return found


def test_who_is_told_his_users_name_has_come_once_it_is_known(
    bring: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "LOGIN_SECONDS", 30.0)
    assert b"alice has come" in bring("alice").shown()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("Nouvelle conversation ? (o/n) ", "n"),
        ("> Rejouer [O/N] ?", "n"),
        ("Voulez-vous quitter ? (o/n)", "o"),
        ("Quit? y/n", "y"),
        ("Continuer (oui/non) :", "non"),
        ("Play again (yes or no)?", "no"),
        ("Appuyez sur Entree pour quitter", ""),
        ("> mono/nono", ""),
    ],
)
def test_a_last_question_is_answered_so_that_its_program_ends(line: str, answer: str) -> None:
    assert answer_to(line) == answer
