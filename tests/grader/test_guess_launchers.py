"""`messagerie init` reads launch scripts, and starts programs by them where it knows no better."""

from pathlib import Path

import pytest

from tests.grader.laid_out import laid_out


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
