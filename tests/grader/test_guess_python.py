"""`messagerie init` reads Python: which file is which program, and how it is started."""

from pathlib import Path

import pytest

from tests.grader.laid_out import guessed, laid_out


def test_python_is_read_too(tmp_path: Path) -> None:
    server = "import socket, sys\ns.bind(('', int(sys.argv[1])))\ns.listen(5)\n"
    client = "import socket, sys\ns.connect((sys.argv[1], int(sys.argv[2])))\n"
    lines = guessed(tmp_path, serveur_py=server, client_py=client)
    assert lines == {"server": '"python3 serveur.py {port}"', "client": '"python3 client.py {host} {port}"'}


def test_a_program_may_leave_its_sockets_to_a_module(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        net_py="def listening(s): s.listen(5)\ndef connected(s): s.connect(('h', 1))\n",
        old_server_py="",
        server_py="import net, sys\nnet.listening(int(sys.argv[1]))\n",
        client_py="import net, sys\nnet.connected(sys.argv[1], int(sys.argv[2]))\n",
    )
    assert lines == {"server": '"python3 server.py {port}"', "client": '"python3 client.py {host} {port}"'}


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
