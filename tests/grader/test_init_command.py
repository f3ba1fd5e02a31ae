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

SERVER_C = "int main(int argc, char **argv) { a.sin_port = htons(atoi(argv[1])); listen(s, 5); }"


@pytest.fixture
def patience() -> float:
    """Enough for a whole run."""
    return 50.0


def guessed(directory: Path, **files: str) -> dict[str, str]:
    """Write files (`client_c` is client.c) and return the contract that is guessed."""
    for name, text in files.items():
        (directory / name.replace("_", ".")).write_text(text)
    return looked_at(directory)


@pytest.mark.parametrize(
    ("client", "command"),
    [
        (
            "main(int c, char **v) { inet_pton(AF_INET, v[1], &a); htons(atoi(v[2])); connect(",
            "{host} {port}",
        ),
        (
            "main(int argc, char *argv[]) { htons(atoi(argv[1])); inet_addr(argv[2]); connect(",
            "{port} {host}",
        ),
        (
            "main(int argc, char *argv[]) { htons(atoi(argv[2])); gethostbyname(argv[1]); atoi(argv[3]); connect(",
            "{host} {port} {place}",
        ),
        ("main(int argc, char **argv) { htons(atoi(argv[1])); connect(", "{port}"),
    ],
)
def test_arguments_are_found_in_c(tmp_path: Path, client: str, command: str) -> None:
    lines = guessed(tmp_path, server_c=SERVER_C, client_c=f"int {client}); }}")
    assert lines["server"] == '"./server {port}"'
    assert lines["client"] == f'"./client {command}"'
    assert lines["build"] == '"gcc -o server server.c -pthread && gcc -o client client.c -pthread"'


def test_what_is_fixed_is_found(tmp_path: Path) -> None:
    server = "#define PORT 5555\nint main(void) { htons(PORT); listen(s, 2); }"
    client = '#define PORT 5555\nint main(void) { inet_addr("192.168.1.20"); connect(s); }'
    lines = guessed(tmp_path, server_c=server, client_c=client)
    assert (lines["port"], lines["address"]) == ("5555", '"192.168.1.20"')


def test_a_makefile_says_what_programs_are_called(tmp_path: Path) -> None:
    makefile = "all: serveur autre\nserveur: server.c\n\tgcc -o serveur server.c\nautre: client.o\n"
    lines = guessed(tmp_path, server_c=SERVER_C, client_c="int main(void) { connect(s); }", Makefile=makefile)
    assert lines["build"] == '"make"'
    assert lines["server"] == '"./serveur {port}"'
    assert lines["client"] == '"./autre"'


def test_python_is_read_too(tmp_path: Path) -> None:
    server = "import socket, sys\ns.bind(('', int(sys.argv[1])))\ns.listen(5)\n"
    client = "import socket, sys\ns.connect((sys.argv[1], int(sys.argv[2])))\n"
    lines = guessed(tmp_path, serveur_py=server, client_py=client)
    assert lines == {"server": '"python3 serveur.py {port}"', "client": '"python3 client.py {host} {port}"'}


def test_two_client_programs_are_two_commands(tmp_path: Path) -> None:
    (tmp_path / "client1.c").write_text("int main(void) { connect(s); }")
    (tmp_path / "client2.c").write_text("int main(void) { connect(s); }")
    lines = guessed(tmp_path, server_c=SERVER_C)
    assert (lines["client"], lines["client2"]) == ('"./client1"', '"./client2"')


def test_no_program_that_listens_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no program that listens among"):
        looked_at(tmp_path)


def test_no_program_that_listens_tells_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=re.escape('server = "./server {port}"\n')):
        looked_at(tmp_path)


def test_a_program_may_leave_its_sockets_to_a_module(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        net_py="def listening(s): s.listen(5)\ndef connected(s): s.connect(('h', 1))\n",
        old_server_py="",
        server_py="import net, sys\nnet.listening(int(sys.argv[1]))\n",
        client_py="import net, sys\nnet.connected(sys.argv[1], int(sys.argv[2]))\n",
    )
    assert lines == {"server": '"python3 server.py {port}"', "client": '"python3 client.py {host} {port}"'}


CLIENT_C = "int main(int argc, char **argv) { inet_addr(argv[1]); htons(atoi(argv[2])); connect(s); }"


def laid_out(directory: Path, files: dict[str, str]) -> dict[str, str]:
    """Write files, in directories where their names say so, and return the contract that is guessed, unquoted."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return {key: line.strip('"') for key, line in looked_at(directory).items()}


def test_sources_may_be_in_a_directory_of_their_own(tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"src/server.c": SERVER_C, "src/client.c": CLIENT_C, "rapport.txt": ""})
    assert (
        lines["build"] == "gcc -o src/server src/server.c -pthread && gcc -o src/client src/client.c -pthread"
    )
    assert (lines["server"], lines["client"]) == ("./src/server {port}", "./src/client {host} {port}")


def test_programs_at_the_top_come_before_those_below(tmp_path: Path) -> None:
    old = {f"old/{name}": "int main(void) { listen(s); connect(s); }" for name in ("server.c", "client.c")}
    lines = laid_out(tmp_path, {"server.c": SERVER_C, "client.c": CLIENT_C, **old})
    assert lines["server"] == "./server {port}"


def test_a_program_is_compiled_with_what_it_includes(tmp_path: Path) -> None:
    lines = laid_out(
        tmp_path,
        {
            "serveur/main.c": f'#include "lines.h"\n{SERVER_C}',
            "client/main.c": f'#include "../client/show.h"\n#include <math.h>\n{CLIENT_C}',
            "client/show.h": "",
            "client/show.c": '#include "lines.h"\n',
            "include/lines.h": "",
            "common/lines.c": "",
            "common/other.c": "",
        },
    )
    server, client = lines["build"].split(" && ")
    assert server == "gcc -o serveur/main serveur/main.c common/lines.c -Iinclude -pthread"
    assert client == "gcc -o client/main client/main.c client/show.c common/lines.c -Iinclude -pthread -lm"


def test_a_makefile_may_name_its_directories(tmp_path: Path) -> None:
    makefile = (
        "BIN = bin\nSRC=src\n$(BIN)/chat: $(SRC)/server.c\n\tgcc -o $@ $^\n\ngcc -o ${BIN}/talk client.c\n"
    )
    lines = laid_out(tmp_path, {"Makefile": makefile, "src/server.c": SERVER_C, "src/client.c": CLIENT_C})
    assert lines == {"build": "make", "server": "./bin/chat {port}", "client": "./bin/talk {host} {port}"}


def test_a_makefile_may_have_one_rule_for_all(tmp_path: Path) -> None:
    makefile = "B = out\nall: $(B)/server $(B)/client\n$(B)/%: src/%.c\n\tgcc -o $@ $<\n"
    lines = laid_out(tmp_path, {"Makefile": makefile, "src/server.c": SERVER_C, "src/client.c": CLIENT_C})
    assert (lines["server"], lines["client"]) == ("./out/server {port}", "./out/client {host} {port}")


@pytest.mark.parametrize(
    "server",
    [
        'HOST, PORT = "127.0.0.1", 5555',
        "port: int = 5555",
        's.bind(("", 5555))',
        "PORT_NUMBER = 1\nport=5555",
    ],
)
def test_a_port_is_found_however_it_is_written(server: str, tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"server.py": f"{server}\ns.listen()", "client.py": "s.connect(a)"})
    assert lines["port"] == "5555"


def test_each_program_may_have_its_own_makefile(tmp_path: Path) -> None:
    files = {"s/server.c": SERVER_C, "s/Makefile": "", "c/client.c": CLIENT_C, "c/Makefile": ""}
    assert laid_out(tmp_path, files)["build"] == "make -C s && make -C c"


def test_a_launch_script_tells_what_the_source_does_not(tmp_path: Path) -> None:
    reads_options = "int main(int n, char **w) {{ getopt(n, w, options); {}(s); }}"
    lines = laid_out(
        tmp_path,
        {
            "server.c": reads_options.format("listen"),
            "client.c": reads_options.format("connect"),
            "run.sh": "gcc -o server server.c\n./server -p 4444 &\n./client -h localhost -p $PORT --quiet; wait\n",
        },
    )
    assert lines["server"] == "./server -p {port}"
    assert lines["client"] == "./client -h {host} -p {port} --quiet"
    assert "port" not in lines


@pytest.mark.parametrize(
    ("client", "command"),
    [
        ('java Client "$1" "$2"', "sh client.sh {host} {port}"),
        ("java Client localhost ${1}", "sh client.sh {port}"),
        ('java Client "$1" "$2" "$3"', "sh client.sh {host} {port} {place}"),
        ("java Client localhost 5000", "sh client.sh"),
    ],
)
def test_programs_in_other_languages_are_started_by_their_scripts(
    client: str, command: str, tmp_path: Path
) -> None:
    lines = laid_out(tmp_path, {"serveur.sh": "java Server $1", "client.sh": client})
    assert lines["server"] == "sh serveur.sh {port}"
    assert lines["client"] == command
    assert lines.get("port") == ("5000" if "5000" in client else None)


def test_a_name_with_a_blank_is_one_word(tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"my chat/server.c": SERVER_C, "my chat/client.c": CLIENT_C})
    assert lines["server"] == "./'my chat/server' {port}"
    assert "gcc -o 'my chat/server' 'my chat/server.c'" in lines["build"]


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
