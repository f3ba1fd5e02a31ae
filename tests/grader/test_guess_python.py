"""`messagerie init` reads Python: which file is which program, and how it is started."""

from pathlib import Path

import pytest

from grader.guess import looked_at
from tests.grader.laid_out import guessed, laid_out
from tests.mutants.mutants import PACKAGES
from tools.verdicts import reference_copy


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


@pytest.mark.parametrize(
    ("server", "client"),
    [
        ("_, port = sys.argv", "_, host, port = sys.argv"),
        ("port = int(sys.argv[1])", "host, port = sys.argv[1:]"),
        ("port = int(sys.argv[1])", "host, port = sys.argv[1], int(sys.argv[2])"),
        ("print(sys.argv[1])\nint(sys.argv[1])", "print(sys.argv[1])\nhost = sys.argv[1]\nint(sys.argv[2])"),
    ],
)
def test_arguments_may_have_names(server: str, client: str, tmp_path: Path) -> None:
    files = {"server.py": f"{server}\ns.listen()", "client.py": f"{client}\ns.connect(a)"}
    lines = laid_out(tmp_path, files)
    assert lines == {"server": "python3 server.py {port}", "client": "python3 client.py {host} {port}"}


def test_options_are_written_as_options(tmp_path: Path) -> None:
    server = 'import argparse\np.add_argument("--host")\np.add_argument("--port", type=int)\ns.listen()'
    client = 'import argparse\np.add_argument("host")\np.add_argument("-p", "--port")\ns.connect(a)'
    lines = laid_out(tmp_path, {"server.py": server, "client.py": client})
    assert lines["server"] == "python3 server.py --port {port}"
    assert lines["client"] == "python3 client.py {host} --port {port}"


def test_a_program_of_a_package_is_started_as_its_module(tmp_path: Path) -> None:
    server = "from . import net\nint(sys.argv[1])\ns.listen()"
    client = "from .net import lines\ns.connect((sys.argv[1], int(sys.argv[2])))"
    lines = laid_out(tmp_path, {"chat/server.py": server, "chat/client.py": client, "chat/net.py": ""})
    assert lines["server"] == "python3 -m chat.server {port}"
    assert lines["client"] == "python3 -m chat.client {host} {port}"


def test_a_program_that_needs_a_package_beside_its_own_is_started_as_a_module(tmp_path: Path) -> None:
    server = "import sys\nfrom common.net import listening\nlistening(int(sys.argv[1])).listen()"
    client = "import sys\nimport common.net\ns.connect((sys.argv[1], int(sys.argv[2])))"
    files = {"one/server.py": server, "one/client.py": client, "common/__init__.py": "", "common/net.py": ""}
    lines = laid_out(tmp_path, files)
    assert lines["server"] == "python3 -m one.server {port}"
    assert lines["client"] == "python3 -m one.client {host} {port}"


def test_a_program_whose_modules_lie_beside_it_is_started_as_a_file(tmp_path: Path) -> None:
    server = "import sys, net\nint(sys.argv[1])\ns.listen()"
    client = "import sys, net\ns.connect((sys.argv[1], int(sys.argv[2])))"
    lines = laid_out(
        tmp_path, {"src/server.py": server, "src/client.py": client, "src/net.py": "", "net.py": ""}
    )
    assert lines["server"] == "python3 src/server.py {port}"


READERS = """
import argparse, sys


def server_arguments(
    also=None,
):
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    return parser

def client_arguments():
    return parser_of_client().parse_args()

def parser_of_client():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("--port", type=int)
    return parser

def port_told(): return int(sys.argv[1])

PORT = 5555
"""


def test_a_function_of_a_module_may_read_the_command_line(tmp_path: Path) -> None:
    server = "from options import server_arguments\nport = server_arguments().parse_args().port\ns.listen()"
    client = "import options\nwhere = options.client_arguments()\ns.connect(where)"
    lines = laid_out(tmp_path, {"server.py": server, "client.py": client, "options.py": READERS})
    assert lines == {"server": "python3 server.py {port}", "client": "python3 client.py {host} --port {port}"}


def test_a_function_that_is_not_called_reads_nothing(tmp_path: Path) -> None:
    files = {"server.py": "import options\ns.listen()", "client.py": "s.connect(a)", "options.py": READERS}
    assert laid_out(tmp_path, files) == {
        "server": "python3 server.py",
        "client": "python3 client.py",
        "port": "5555",
    }


def test_a_port_that_is_told_may_be_read_by_a_function_of_a_module(tmp_path: Path) -> None:
    files = {
        "server.py": "from options import port_told\nport = port_told()\ns.listen()",
        "client.py": "from options import *\ns.connect(('h', PORT))",
        "options.py": READERS,
    }
    assert laid_out(tmp_path, files)["server"] == "python3 server.py {port}"


ARGPARSE = """import argparse, socket
def main():
    parser = argparse.ArgumentParser()
    {options}
    arguments = parser.parse_args()
    {does}
if __name__ == "__main__":
    main()
"""


def test_a_function_of_the_same_name_elsewhere_is_not_the_one_that_is_called(tmp_path: Path) -> None:
    server = ARGPARSE.format(options='parser.add_argument("port")', does="s.listen()")
    client = ARGPARSE.format(
        options='parser.add_argument("host"); parser.add_argument("port")', does="s.connect(a)"
    )
    files = {"server.py": f"ENCODING = 1\n{server}", "client.py": f"from server import ENCODING\n{client}"}
    assert laid_out(tmp_path, files)["client"] == "python3 client.py {host} {port}"


def test_a_method_is_no_function_of_a_module(tmp_path: Path) -> None:
    common = (
        "import sys\ndef connect(s): s.connect(('h', int(sys.argv[1])), sys.argv[3])\ndef main(): sys.argv[5]"
    )
    client = "import common, sys\ns.connect((sys.argv[1], int(sys.argv[2])))"
    server = "int(sys.argv[1])\ns.listen()"
    files = {"server.py": server, "client.py": client, "common.py": common}
    assert laid_out(tmp_path, files)["client"] == "python3 client.py {host} {port}"


def test_a_module_may_read_the_command_line_when_it_is_imported(tmp_path: Path) -> None:
    parameters = (
        "import sys\nPORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000\ndef unused(): sys.argv[4]\n"
    )
    files = {
        "server.py": "from parametres import PORT\ns.bind(('', PORT))\ns.listen()",
        "client.py": "import parametres\ns.connect(('localhost', parametres.PORT))",
        "parametres.py": parameters,
    }
    lines = laid_out(tmp_path, files)
    assert lines["server"] == "python3 server.py {port}"
    assert lines["client"] == "python3 client.py {port}"


@pytest.mark.parametrize(
    ("place", "more"),
    [
        ("src", {"src/room.py": ""}),  # beside it, too: it has found its own way to what is above
        ("v1.0", {}),
        ("code", {}),  # what the standard library calls a module of its own
    ],
)
def test_what_cannot_be_a_package_is_started_as_a_file(
    place: str, more: dict[str, str], tmp_path: Path
) -> None:
    server = "import sys\nsys.path.insert(0, '..')\nfrom common import a\nimport room\nint(sys.argv[1])\ns.listen()"
    client = "import common\ns.connect((sys.argv[1], int(sys.argv[2])))"
    files = {f"{place}/server.py": server, f"{place}/client.py": client, "common.py": "", **more}
    assert laid_out(tmp_path, files)["server"] == f"python3 {place}/server.py {{port}}"


@pytest.mark.parametrize("sprint", range(1, 7))
def test_the_programs_of_this_course_are_started_as_its_handouts_say(sprint: int, tmp_path: Path) -> None:
    package = PACKAGES[sprint]
    assert looked_at(reference_copy(sprint, tmp_path)) == {
        "server": f'"python3 -m {package}.server {{port}}"',
        "client": f'"python3 -m {package}.client {{host}} {{port}}"',
    }


@pytest.mark.parametrize(
    "listens", ["asyncio.start_server(f, '', {})", "socketserver.ThreadingTCPServer(('', {}), H)"]
)
def test_other_modules_listen_and_connect_too(listens: str, tmp_path: Path) -> None:
    client = "asyncio.open_connection(sys.argv[1], int(sys.argv[2]))"
    lines = laid_out(tmp_path, {"a.py": listens.format("int(sys.argv[1])"), "b.py": client})
    assert lines == {"server": "python3 a.py {port}", "client": "python3 b.py {host} {port}"}


def test_what_connects_comes_before_what_is_only_called_so(tmp_path: Path) -> None:
    files = {
        "server.py": "from clients import All\nint(sys.argv[1])\ns.listen()",
        "clients.py": "class All: pass",
        "chat.py": "s.connect((sys.argv[1], int(sys.argv[2])))",
    }
    assert laid_out(tmp_path, files)["client"] == "python3 chat.py {host} {port}"


def test_a_module_that_connects_for_a_client_is_none(tmp_path: Path) -> None:
    files = {
        "server.py": "int(sys.argv[1])\ns.listen()",
        "client.py": "from net import talk\ntalk(sys.argv[1], int(sys.argv[2]))",
        "net.py": "def talk(host, port): s.connect((host, port))",
    }
    assert laid_out(tmp_path, files)["client"] == "python3 client.py {host} {port}"


def test_a_port_may_be_in_a_module_and_comments_do_not_count(tmp_path: Path) -> None:
    server = "# port = chosen in 2024\nfrom config import PORT\ns.bind(('', PORT))\ns.listen()"
    files = {
        "server.py": server,
        "client.py": "from config import *\ns.connect(a)",
        "config.py": "SERVER_PORT = 5555",
    }
    assert laid_out(tmp_path, files)["port"] == "5555"
