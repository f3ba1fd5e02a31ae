"""`messagerie init` reads C and C++: what programs are made of, and what they want on their command lines."""

from pathlib import Path

import pytest

from tests.grader.laid_out import CLIENT_C, SERVER_C, guessed, laid_out


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


def test_two_client_programs_are_two_commands(tmp_path: Path) -> None:
    (tmp_path / "client1.c").write_text("int main(void) { connect(s); }")
    (tmp_path / "client2.c").write_text("int main(void) { connect(s); }")
    lines = guessed(tmp_path, server_c=SERVER_C)
    assert (lines["client"], lines["client2"]) == ('"./client1"', '"./client2"')


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


def test_a_name_with_a_blank_is_one_word(tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"my chat/server.c": SERVER_C, "my chat/client.c": CLIENT_C})
    assert lines["server"] == "./'my chat/server' {port}"
    assert "gcc -o 'my chat/server' 'my chat/server.c'" in lines["build"]
