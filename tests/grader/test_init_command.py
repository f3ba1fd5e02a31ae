"""`messagerie init` guesses what a submission's command lines are, tries them, and never writes over anything."""

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.contract import Contract, ContractError, read_contract
from grader.guess import looked_at
from grader.init import login_of, tried, wanting, write
from grader.ports import free_port
from grader.program import Program
from grader.stage import Stage
from tests.course.handouts import ROOT
from tests.grader.laid_out import CLIENT_C, SERVER_C, laid_out_quoted


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


def test_a_client_that_asks_for_a_name_is_given_one(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "serveur.py").write_text(SERVER_PY)
    (tmp_path / "client.py").write_text(CLIENT_PY.replace("def show", 'input("Votre pseudo : ")\ndef show'))
    program = run(stage, tmp_path, "--sprint", "2")
    assert read_contract(tmp_path).login == ("{name}",)
    assert b"Tried; it wants one thing more: login." in program.written["stdout"]
    assert b"Tried: people can talk as in sprint 1, 2 or 3." in program.written["stdout"], program.written


def test_who_asks_for_a_name_is_given_one_whatever_the_sprint() -> None:
    asks, contract = 'input("Votre pseudo : ")', Contract(Path(), server="", client="")
    assert login_of(contract, asks) == {"login": '["{name}"]'}
    assert login_of(replace(contract, login=("{name}",)), asks) == {}


@pytest.mark.parametrize(
    ("source", "login"),
    [
        ('printf("Quel client êtes-vous (1 ou 2) ? ");', {"login": '["{place}"]'}),
        ('printf("Voulez-vous envoyer (1) ou recevoir (2) ?");', {"login": '["{place}"]'}),
        ('input("client 1/2: ")', {"login": '["{place}"]'}),
        ('printf("12 ou 24 heures ?");', {}),
        ('printf("usage: client PORT (1 ou 2)\\n");', {}),
        ('printf("pseudo, client 1 ou 2 ?");', {"login": '["{name}"]'}),
        ('printf("1 message"); printf("2 ou 3");', {}),
    ],
)
def test_who_is_asked_which_of_two_he_is_types_it(source: str, login: dict[str, str]) -> None:
    contract = Contract(Path(), server="", client="./client {port}")
    assert wanting(contract, "expected: bob sees 'salut'", source) == login
    told = replace(contract, client="./client {port} {place}")
    assert wanting(told, "expected: bob sees 'salut'", source) != {"login": '["{place}"]'}


@pytest.mark.parametrize(
    ("source", "word"),
    [('if (!strcmp(text, "FIN\\n"))', "FIN"), ("line == '/q'", "/q"), ('line.equals("Quitter")', "Quitter")],
)
def test_another_word_for_leaving_is_found_in_the_source(source: str, word: str) -> None:
    contract = Contract(Path(), server="", client="")
    assert wanting(contract, "expected: alice ends\n     got: still there", source) == {"quit": f'"{word}"'}
    assert wanting(contract, "expected: bob sees 'salut'", source) == {}


def test_a_word_that_does_not_end_a_client_is_followed_by_the_next() -> None:
    sources = 'strcmp(m, "exit"); strcmp(line, "quit"); strcmp(line, "bye")'
    problem = "expected: alice ends"
    contract = Contract(Path(), server="", client="")
    for word in "quit", "bye", "exit":
        assert wanting(contract, problem, sources) == {"quit": f'"{word}"'}
        contract = replace(contract, quit=word)
    assert wanting(contract, problem, sources) == {}


@pytest.mark.parametrize("source", ['strcmp(text, "fin")', 'print("quit the room")', "quit = true"])
def test_what_is_no_other_word_for_leaving_is_not_written(source: str) -> None:
    assert wanting(Contract(Path(), server="", client=""), "expected: alice ends", source) == {}


def test_a_client_that_ends_at_another_word_is_told_it(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "serveur.py").write_text(SERVER_PY)
    (tmp_path / "client.py").write_text(CLIENT_PY.replace('"fin"', '"/q"'))
    program = run(stage, tmp_path, "--sprint", "2")
    assert read_contract(tmp_path).quit == "/q"
    assert b"Tried: people can talk as in sprint 1, 2 or 3." in program.written["stdout"], program.written


SECOND_FIRST_SERVER_PY = """
import socket, sys
s = socket.socket()
s.bind(("", int(sys.argv[1])))
s.listen(5)
hearer, speaker = s.accept()[0], s.accept()[0]
hearer.sendall(b"0"), speaker.sendall(b"1")
while chunk := speaker.recv(4096):
    hearer.sendall(chunk)
    hearer, speaker = speaker, hearer
"""

TURN_BASED_CLIENT_PY = """
import socket, sys
s = socket.socket()
s.connect((sys.argv[1], int(sys.argv[2])))
speaks = s.recv(1) == b"1"
while True:
    if speaks:
        line = input("> ")
        if line == "fin":
            break
        s.sendall(line.encode())
    elif chunk := s.recv(4096):
        print(chunk.decode(), flush=True)
    else:
        break
    speaks = not speaks
"""


def test_where_the_second_speaks_first_that_is_found_out(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "serveur.py").write_text(SECOND_FIRST_SERVER_PY)
    (tmp_path / "client.py").write_text(TURN_BASED_CLIENT_PY)
    program = run(stage, tmp_path, "--sprint", "1")
    told = program.written["stdout"].decode()
    assert read_contract(tmp_path).first == 2
    assert "Tried: people can talk as in sprint 1." in told, told


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
    program = run(stage, tmp_path)
    assert program.written["stdout"].decode().count("the server never listened") == 1
    assert program.exit_code == 1


def refused(stage: Stage, directory: Path) -> str:
    """Run the command where it can write nothing; return what it says."""
    program = run(stage, directory)
    assert program.exit_code == 2, program.written
    return program.written["stderr"].decode()


def test_a_directory_that_is_none_is_told(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "nowhere: No such file or directory" in refused(stage, tmp_path / "nowhere")
    assert "file: Not a directory" in refused(stage, tmp_path / "file")


def test_a_link_to_nowhere_is_not_written_through(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "messagerie.toml").symlink_to(tmp_path / "elsewhere")
    assert "it is not written over" in refused(stage, tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / ".messagerie.toml.new").mkdir()  # is in the way
    with pytest.raises(ContractError, match="it cannot be written: Is a directory"):
        write(tmp_path, {"server": '"./server {port}"', "client": '"./client {port}"'})
    assert not (tmp_path / "messagerie.toml").exists()


def test_a_contract_that_cannot_be_read_does_not_stay(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="must be a command"):
        write(tmp_path, {"server": '"./server"', "client": '"./client"'})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["serv\x7fer", "ser\x1bver", "server\nx", 'a"b\\server', "{server}", "-server"]
)
def test_strange_names_make_a_contract_all_the_same(name: str, tmp_path: Path) -> None:
    lines = laid_out_quoted(tmp_path, {f"{name}.c": SERVER_C, "client.c": CLIENT_C})
    write(tmp_path, lines)
    assert read_contract(tmp_path).server_command(4444) == [f"./{name}", "4444"]


def test_only_a_build_that_fails_is_told_as_one(tmp_path: Path) -> None:
    write(tmp_path, {"server": '"./server {port}"', "client": '"./client {port}"', "build": '"exit 3"'})
    assert tried(tmp_path, [2]).words.startswith("Tried, and it does not build:\n")
    os.mkfifo(tmp_path / "pipe")
    assert tried(tmp_path, [2]).words.startswith("It was not tried:\n")


def test_the_port_on_which_the_server_listens_is_written(stage: Stage, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "server.py").write_text(
        SERVER_PY.replace("sys.argv[1]", f"'{port // 100}' '{port % 100:02}'")
    )
    (tmp_path / "client.py").write_text(CLIENT_PY)
    told = run(stage, tmp_path, "--sprint", "2").written["stdout"]
    assert read_contract(tmp_path).port == port
    assert b"Tried: people can talk as in sprint 1, 2 or 3." in told
