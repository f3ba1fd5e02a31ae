"""`messagerie init` reads C and C++: what programs are made of, and what they want on their command lines."""

import os
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


@pytest.mark.parametrize("suffix", ["cc", "cpp", "cxx"])
@pytest.mark.parametrize("number", ["std::stoi", "stol", "std::stoul"])
def test_c_plus_plus_is_read_too(suffix: str, number: str, tmp_path: Path) -> None:
    server = f"int main(int argc, char *argv[]) {{ int p = {number}(argv[1]); listen(s, 5); }}"
    client = (
        f"int main(int argc, char *argv[]) {{ std::string host = argv[1]; {number}(argv[2]); connect(s); }}"
    )
    lines = laid_out(tmp_path, {f"server.{suffix}": server, f"client.{suffix}": client})
    assert lines["build"].startswith(f"g++ -o server server.{suffix} -pthread && ")
    assert (lines["server"], lines["client"]) == ("./server {port}", "./client {host} {port}")


def test_getaddrinfo_tells_host_and_port(tmp_path: Path) -> None:
    server = "int main(int argc, char **argv) { getaddrinfo(NULL, argv[1], &h, &r); listen(s, 5); }"
    client = "int main(int argc, char **argv) { getaddrinfo(argv[1], argv[2], &h, &r); connect(s); }"
    lines = laid_out(tmp_path, {"server.c": server, "client.c": client})
    assert (lines["server"], lines["client"]) == ("./server {port}", "./client {host} {port}")


@pytest.mark.parametrize(
    ("used", "arguments"),
    [
        ("number(argv[1])", "{port}"),
        ("bound(argv[1]); htons(atoi(argv[2]))", "{host} {port}"),
        ("htons(atoi(argv[1])); greeting(argv[2])", "{port}"),
    ],
)
def test_a_server_has_no_place(used: str, arguments: str, tmp_path: Path) -> None:
    server = f"int main(int argc, char **argv) {{ {used}; listen(s, 5); }}"
    lines = laid_out(tmp_path, {"server.c": server, "client.c": CLIENT_C})
    assert lines["server"] == f"./server {arguments}"


@pytest.mark.parametrize(
    "header",
    [
        "#define PORT 5555",
        "// #define PORT 6666\n#define PORT 5555",
        "/* the port = 6666 */ #define SERVER_PORT 5555",
        "static const int portno = 5555;",
        "#define PORT 99999\n#define OTHER_PORT 5555",
        "#define PORT 05555",
    ],
)
def test_a_port_may_be_in_a_header(header: str, tmp_path: Path) -> None:
    program = '#include "config.h"\nint main(void) {{ {}(s); }}'
    lines = laid_out(
        tmp_path,
        {
            "server.c": program.format("listen"),
            "client.c": program.format("connect"),
            "config.h": f"{header}\n",
        },
    )
    assert lines["port"] == "5555"


def test_the_nearest_part_of_its_name_is_taken(tmp_path: Path) -> None:
    program = '#include "lines.h"\n'
    files = {
        f"{place}/{name}": text
        for place in ("sprint1", "sprint2")
        for name, text in {
            "server.c": program + SERVER_C,
            "client.c": CLIENT_C,
            "lines.h": "",
            "lines.c": "",
        }.items()
    }
    build = laid_out(tmp_path, files)["build"]
    assert build.startswith("gcc -o sprint1/server sprint1/server.c sprint1/lines.c -pthread && ")


def test_headers_that_headers_include_are_followed(tmp_path: Path) -> None:
    lines = laid_out(
        tmp_path,
        {
            "server.c": f'#include "all.h"\n{SERVER_C}',
            "client.c": CLIENT_C,
            "all.h": '#include "net/util.h"',
            "include/net/util.h": "",
            "util.c": "/* used by main() { of both } */",
        },
    )
    assert lines["build"].startswith("gcc -o server server.c util.c -Iinclude -pthread && ")


@pytest.mark.parametrize("header", ["a[b**.h", "..", ".", "/usr/include/string.h", "../../../x.h"])
def test_strange_headers_are_passed_over(header: str, tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"server.c": f'#include "{header}"\n{SERVER_C}', "client.c": CLIENT_C})
    assert lines["build"].startswith("gcc -o server server.c -pthread && ")


@pytest.mark.parametrize("names", [("Client1", "Client2"), ("client1/client", "client2/client")])
def test_each_place_may_have_its_client(names: tuple[str, str], tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"server.c": SERVER_C} | {f"{name}.c": CLIENT_C for name in names})
    assert (lines["client"], lines["client2"]) == tuple(f"./{name} {{host}} {{port}}" for name in names)


def test_no_program_is_called_like_a_directory(tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"server.c": SERVER_C, "client.c": CLIENT_C, "server/notes.txt": ""})
    assert lines["build"].startswith("gcc -o server.out server.c")
    assert lines["server"] == "./server.out {port}"


def test_braces_in_names_are_doubled(tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"tp {final}/server.c": SERVER_C, "tp {final}/client.c": CLIENT_C})
    assert lines["server"] == "./'tp {{final}}/server' {port}"
    assert "gcc -o 'tp {final}/server'" in lines["build"]


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "old_server.c")
    (tmp_path / "client_of_old.c").symlink_to(tmp_path / "nowhere")
    (tmp_path / "Makefile").mkdir()
    (tmp_path / os.fsdecode(b"serv\xe9.c")).write_text(SERVER_C)
    lines = laid_out(tmp_path, {"server.c": SERVER_C, "client.c": CLIENT_C})
    assert lines["build"].startswith("gcc -o server server.c")
