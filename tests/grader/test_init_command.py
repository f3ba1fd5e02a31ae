"""`messagerie init` guesses what a submission's command lines are, tries them, and never writes over anything."""

import re
import sys
from pathlib import Path

import pytest

from grader.contract import ContractError, read_contract
from grader.guess import looked_at
from grader.program import Program
from grader.stage import Stage
from tests.course.handouts import ROOT


@pytest.fixture
def patience() -> float:
    """Enough for a whole run."""
    return 50.0


def test_no_program_that_listens_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no program that listens among"):
        looked_at(tmp_path)


def test_no_program_that_listens_tells_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=re.escape('server = "./server {port}"\n')):
        looked_at(tmp_path)


def run(stage: Stage, directory: Path, *options: str) -> Program:
    """Run the command."""
    command = [sys.executable, "-m", "grader", "init", str(directory), *options]
    program = Program(stage, "init", command, terminal=False, directory=ROOT)
    assert program.wait_end(), program.ending()
    return program


SERVER_PY = """
import socket, sys, threading
def relay(speaker, hearer):
    while chunk := speaker.recv(4096):
        hearer.sendall(chunk)
s = socket.socket()
s.bind(("", int(sys.argv[1])))
s.listen(5)
first, second = s.accept()[0], s.accept()[0]
threading.Thread(target=relay, args=(first, second)).start()
relay(second, first)
"""

CLIENT_PY = """
import os, socket, sys, threading
s = socket.socket()
s.connect((sys.argv[1], int(sys.argv[2])))
def show():
    while chunk := s.recv(4096):
        print(chunk.decode(), flush=True)
threading.Thread(target=show, daemon=True).start()
while (line := input()) != "fin":
    s.sendall(line.encode())
"""


def test_it_is_written_and_tried(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "serveur.py").write_text(SERVER_PY)
    (tmp_path / "client.py").write_text(CLIENT_PY)
    program = run(stage, tmp_path)
    assert program.exit_code == 0, program.written
    assert read_contract(tmp_path).client == "python3 client.py {host} {port}"
    assert b"Tried: people can talk as in sprint 1, 2 or 3." in program.written["stdout"]


def test_nothing_is_written_over(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "messagerie.toml").write_text("mine")
    program = run(stage, tmp_path)
    assert program.exit_code == 2
    assert b"it is not written over" in program.written["stderr"]
    assert (tmp_path / "messagerie.toml").read_text() == "mine"


def test_a_later_sprint_is_tried_as_what_it_is(stage: Stage, tmp_path: Path) -> None:
    for name in ("common", "sprint6_messenger"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("server", "client"):
        (tmp_path / f"{name}.py").write_text(
            "import argparse  # somewhere\n"
            f"from sprint6_messenger.{name} import main\n"
            f"from common.program import run_{name}\n"
            f"run_{name}(main)\n"
        )
    program = run(stage, tmp_path, "--sprint", "6")
    assert b"Tried: people can talk as in sprint 6." in program.written["stdout"], program.written


def test_what_does_not_work_is_told_once(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(
        "import sys\nraise SystemExit('no ' + sys.argv[1])  # int(sys.argv[1])"
    )
    (tmp_path / "client.py").write_text("import sys  # int(sys.argv[1])")
    told = run(stage, tmp_path).written["stdout"].decode()
    assert told.count("the server never listened") == 1
