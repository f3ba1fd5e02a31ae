"""The suite of checks as its users meet it: what a failure tells, which points there are, what a contract may say."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SECONDS = 50
"""For one whole run of pytest; less than what pytest gives this test."""

SUITE = '''
from grader.checks import ROBUST, check

SPRINT = "sprint1_turn_based"


@check("t-echo", points=3, hint="send back what comes")
def test_the_line_comes_back(alice, words):
    """What alice types comes back to her."""
    line = words.word()
    alice.types(line)
    alice.sees(f"echo {line}")


@check("t-ready", points=2, hint="print ready", level=ROBUST)
def test_the_client_says_that_it_is_ready(alice):
    """The client says that it is ready."""
    alice.sees("ready")


@check("t-wire", points=5, hint="send a line", wire=True)
def test_the_wire_is_lines(peer):
    """The wire is lines."""
    peer("alice").says("bonjour")
'''

SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        with listener.accept()[0] as connection:
            while chunk := connection.recv(99):
                connection.sendall(b"{reply} " + chunk)
"""

CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    print("ready", flush=True)
    for line in sys.stdin:
        connection.sendall(line.encode())
        print(connection.recv(99).decode(), end="", flush=True)
"""

ONE_FAILURE = [["✗", "t-echo", "0/3"], ["✓", "t-ready", "2/2"], ["–", "t-wire", "0/5"], ["2", "of", "5"]]

UNUSED = ("cacheprovider", "randomly", "hypothesispytest")
"""Plugins that these runs have no use for: one would write, one shuffle, and two take half of a run to load."""

HOSTILE = (
    "from pathlib import Path\nPath(__file__).with_name('was_run').touch()\nraise SystemExit('hostile')\n"
)


def submission(directory: Path, *more: str, reply: str = "echo") -> Path:
    """Write a submission, and the suite that judges it beside it."""
    (directory / "suite").mkdir()
    (directory / "suite/test_tiny.py").write_text(SUITE, encoding="utf-8")
    work = directory / "work of a student"
    work.mkdir()
    (work / "their_server.py").write_text(SERVER.replace("{reply}", reply), encoding="utf-8")
    (work / "their_client.py").write_text(CLIENT, encoding="utf-8")
    python = shlex.quote(sys.executable)
    lines = [
        f'server = "{python} their_server.py {{port}}"',
        f'client = "{python} their_client.py {{host}} {{port}}"',
    ]
    (work / "messagerie.toml").write_text(
        "\n".join([*lines, "patience = 1.5", *more]) + "\n", encoding="utf-8"
    )
    return work


def run_pytest(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run pytest as a student does, in the repository; nothing of the pytest that runs this reaches it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    without = [word for name in UNUSED for word in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", *without, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def judge(work: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    suite = work.parent / "suite"
    return run_pytest("-c", "pyproject.toml", suite, "--submission", work, "--seed", "7", *options)


def verdicts(output: str) -> list[str]:
    """Return the lines of the table of verdicts."""
    table = output.partition(" verdicts ")[2].splitlines()
    return [line for line in table if line.startswith(("✓", "✗", "–")) or line.endswith(" points")]


def test_a_good_submission_is_built_and_gets_its_points(tmp_path: Path) -> None:
    build = 'build = "mv their_server.py built.py; mv built.py their_server.py; touch built"'
    work = submission(tmp_path, 'wire = "course"', build)
    done = judge(work)
    assert done.returncode == 0, done.stdout
    assert verdicts(done.stdout)[-1] == "10 of 10 points"
    assert (work / "built").exists()


def test_a_failure_tells_statement_hint_scene_and_how_to_repeat_it(tmp_path: Path) -> None:
    work = submission(tmp_path, reply="no")
    done = judge(work)
    assert done.returncode == 1
    for told in (
        "What alice types comes back to her.",
        "hint:   send back what comes",
        "test_the_line_comes_back --seed 7",
        f"--submission {shlex.quote(str(work))}",
        "expected: alice sees 'echo ",
        "alice types ",
        "alice is still running",
        "seed: 7",
    ):
        assert told in done.stdout
    assert [line.split()[:3] for line in verdicts(done.stdout)] == ONE_FAILURE
    assert 'speaks the wire itself; wire = "course" in messagerie.toml turns it on' in done.stdout


def test_two_workers_come_to_the_same_verdicts(tmp_path: Path) -> None:
    done = judge(submission(tmp_path, reply="no"), "-n", "2")
    assert done.returncode == 1
    assert [line.split()[:3] for line in verdicts(done.stdout)] == ONE_FAILURE


def test_what_lies_beside_a_submission_does_nothing_to_the_run(tmp_path: Path) -> None:
    work = submission(tmp_path, 'wire = "course"')
    for name in ("conftest.py", "setup.py", "grader.py", "sitecustomize.py"):
        (work / name).write_text(HOSTILE, encoding="utf-8")
    (work / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n", encoding="utf-8")
    (work / "test_evil.py").write_text(HOSTILE, encoding="utf-8")
    done = judge(work)
    assert done.returncode == 0, done.stdout
    assert verdicts(done.stdout)[-1] == "10 of 10 points"
    assert not (work / "was_run").exists()


def test_the_whole_suite_is_the_same_beside_a_hostile_submission(tmp_path: Path) -> None:
    work = submission(tmp_path)
    quiet = run_pytest("tests/e2e", "--submission", work, "--collect-only", "-q")
    for name in ("conftest.py", "socket.py", "test_evil.py"):
        (work / name).write_text(HOSTILE, encoding="utf-8")
    (work / "pytest.ini").write_text("[pytest]\npython_files = evil\n", encoding="utf-8")
    beside = run_pytest("tests/e2e", "--submission", work, "--collect-only", "-q")
    collected = [[line for line in run.stdout.splitlines() if "::" in line] for run in (quiet, beside)]
    assert collected[0] == collected[1]
    assert collected[0]
    assert not (work / "was_run").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("sever = 3", "there is no key 'sever'"),
        ('build = "echo wrong: line 7 >&2; exit 3"', "wrong: line 7"),
        ("build = \"printf '\\\\377'; exit 3\"", "ended with exit code 3"),
        ('build = "read x"', "ended with exit code 1"),
    ],
)
def test_a_contract_that_cannot_be_used_ends_the_run_at_once(
    tmp_path: Path, more: str, sentence: str
) -> None:
    done = judge(submission(tmp_path, more))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert sentence in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_program_that_does_not_exist_is_told_without_a_traceback_of_ours(tmp_path: Path) -> None:
    work = submission(tmp_path)
    (work / "messagerie.toml").write_text(
        'server = "./none {port}"\nclient = "./none {port}"\n', encoding="utf-8"
    )
    done = judge(work, "-k", "ready")
    assert done.returncode == 1
    assert "./none" in done.stdout
    assert verdicts(done.stdout)[-1] == "0 of 2 points"


@pytest.mark.parametrize("is_own", [True, False])
def test_only_our_own_server_of_sprint_5_waits_in_six_ways(is_own: bool, tmp_path: Path) -> None:
    options: list[str | Path] = [] if is_own else ["--submission", submission(tmp_path)]
    told = run_pytest("--collect-only", "-q", "tests/e2e/test_sprint5.py", *options).stdout
    assert "test_relay" in told
    assert ("test_relay[event_loop]" in told) == ("thread_pool" in told) == is_own
