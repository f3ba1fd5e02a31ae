"""`messagerie init` reads launch scripts, and starts programs by them where it knows no better."""

from pathlib import Path

import pytest

from grader.contract import ContractError
from tests.grader.laid_out import CLIENT_C, SERVER_C, laid_out


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


READS_OPTIONS = "int main(int n, char **w) {{ getopt(n, w, options); {}(s); }}"


@pytest.mark.parametrize(
    "script",
    [
        './server -p "$PORT" &\n./client -h "${HOST}" -p "$PORT"\n',
        "# ./server 4444 first\n./server -p 4444 2>&1 > log &\n./client -h 127.0.0.1 -p 4444 # talks\n",
        "./server -p 4444 2>&1 | tee log &\n(./client -h localhost -p 4444)\n",
        'xterm -e "./server -p 4444" &\nxterm -e "./client -h localhost -p 4444" &\n',
        "gcc server.c -o server 2024\n./server -p 4444 -l $LOG\n./client -h `hostname` \\\n  -p ${PORT:-4444};\n",
    ],
)
def test_launch_scripts_are_read_as_a_shell_does(script: str, tmp_path: Path) -> None:
    server, client = READS_OPTIONS.format("listen"), READS_OPTIONS.format("connect")
    lines = laid_out(tmp_path, {"server.c": server, "client.c": client, "run.sh": script})
    assert (lines["server"], lines["client"]) == ("./server -p {port}", "./client -h {host} -p {port}")


def test_braces_in_launch_scripts_are_doubled(tmp_path: Path) -> None:
    server, client = READS_OPTIONS.format("listen"), READS_OPTIONS.format("connect")
    script = "./server 4444 '{x}'\n./client localhost 4444 ${LOG}\n"
    lines = laid_out(tmp_path, {"server.c": server, "client.c": client, "run.sh": script})
    assert (lines["server"], lines["client"]) == ("./server {port} '{{x}}'", "./client {host} {port}")


@pytest.mark.parametrize("start", ["exec ./bin/{} 4444\n", "gcc -o {0} src/{0}.c\n"])
def test_sources_below_come_before_scripts_above(start: str, tmp_path: Path) -> None:
    scripts = {f"run_{name}.sh": start.format(name) for name in ("server", "client")}
    lines = laid_out(tmp_path, {**scripts, "src/server.c": SERVER_C, "src/client.c": CLIENT_C})
    assert (lines["server"], lines["client"]) == ("./src/server {port}", "./src/client {host} {port}")


def test_programs_that_scripts_start_are_made(tmp_path: Path) -> None:
    scripts = {
        "serveur.sh": "#!/bin/bash\njava Server $1",
        "client.sh": "#!/usr/bin/env bash\njava Client $1 $2",
    }
    lines = laid_out(tmp_path, {"Makefile": "all:\n\tjavac *.java\n", **scripts})
    assert lines == {
        "build": "make",
        "server": "bash serveur.sh {port}",
        "client": "bash client.sh {host} {port}",
    }


def test_a_script_that_only_compiles_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no program that listens"):
        laid_out(
            tmp_path, {"server.sh": "cd src\njavac Server.java && echo done", "client.sh": "java Client $1"}
        )


def test_what_awk_counts_is_no_parameter(tmp_path: Path) -> None:
    script = "ps | awk '{print $2}'\njava Server 4444"
    lines = laid_out(tmp_path, {"server.sh": script, "client.sh": 'java Client "$@"'})
    assert (lines["server"], lines["client"]) == ("sh server.sh", "sh client.sh {host} {port}")
