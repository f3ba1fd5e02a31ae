"""`messagerie check`, as an instructor or a script sees it: what it prints, and its exit code."""

import json
import re
import shutil
import signal
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from grader.program import Program
from grader.stage import Stage
from grader.words import Words
from tests.course.handouts import ROOT

CONTRACT = (
    'server = "python3 -m sprint1_turn_based.server {port}"\n'
    'client = "python3 -m sprint1_turn_based.client {host} {port}"\nwire = "course"\npatience = 1.5\n'
)

SWAP = "        self.turn = other\n"

NO_SWAP, DIES = "", SWAP + "        if other == 1:\n            raise SystemExit(3)\n"
"""What a broken server does in its place: an answer does not come, or can be seen never to come."""


@pytest.fixture
def patience() -> float:
    """Enough for a whole run."""
    return 50.0


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """The reference of sprint 1 as a submission."""
    for name in ("common", "sprint1_turn_based"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "messagerie.toml").write_text(CONTRACT)
    return tmp_path


def break_it(submission: Path, instead: str = DIES) -> None:
    """Let the server not pass the turn on, or not back."""
    server = submission / "sprint1_turn_based" / "server.py"
    assert SWAP in server.read_text()
    server.write_text(server.read_text().replace(SWAP, instead))


def start(stage: Stage, *words: str) -> Program:
    """Start the command, with one worker: what it has to judge here is little."""
    command = [sys.executable, "-m", "grader", *words, "--jobs", "1"]
    return Program(stage, words[0], command, terminal=False, directory=ROOT)


def run(stage: Stage, *words: str) -> tuple[int | None, str, str]:
    """Run `check` to its end; return exit code, stdout and stderr."""
    program = start(stage, "check", *words)
    assert program.wait_end(), program.ending()
    out, err = (program.written[stream].decode() for stream in ("stdout", "stderr"))
    return program.exit_code, out, err


def test_who_stops_reading_is_told_no_traceback(stage: Stage, submission: Path) -> None:
    check = f"{sys.executable} -m grader check 1 {submission} --only s1-first-line --format json"
    shell = Program(stage, "sh", ["sh", "-c", f"{check} | true"], terminal=False, directory=ROOT)
    assert shell.wait_end(), shell.ending()
    assert not shell.written["stderr"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_who_is_told_to_end_clears_up(
    stage: Stage,
    submission: Path,
    number: signal.Signals,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    program = start(stage, "check", "1", str(submission), "--all")
    assert stage.wait_until(lambda: b"s1-first-line" in program.written["stdout"])
    assert list(temporary.iterdir())
    program.signal(number)
    assert program.wait_end(), program.ending()
    assert program.exit_code == 128 + number, program.ending()
    assert not list(temporary.iterdir())


def test_what_passes_is_told_with_its_points(stage: Stage, submission: Path) -> None:
    code, out, err = run(stage, "1", str(submission), "--only", "s1-first-line", "--only", "s1-roles")
    assert (code, err) == (0, "")
    assert re.search(r"^✓ s1-first-line +2/2  subject  What client 1 types", out, re.MULTILINE)
    assert re.search(r"^✓ s1-roles +3/3  robust ", out, re.MULTILINE)
    assert re.search(r"^5 of 5 points \(seed \d+\)$", out, re.MULTILINE)


def test_what_fails_is_explained_and_ends_the_run(stage: Stage, submission: Path) -> None:
    break_it(submission, NO_SWAP)
    code, out, _err = run(
        stage, "1", str(submission), "--only", "s1-answer", "--only", "s1-turns", "--seed", "7"
    )
    assert code == 1
    told = [
        r"✗ s1-answer +0/2",
        r"what happened:",
        r"1\. server starts",
        r"alice's terminal:",
        r"bob's terminal:",
        r"on the wire, played again:",
        r"expected: alice sees '",
        r"got: ",
        r"how the programs stood:",
        r"server is still running",
        r"thread 1: waits in poll",
        r"hint: +After relaying 1 to 2",
        r"repeat: +\S+ -m grader check 1 .* --only s1-answer --seed 7",
        r"0 of 2 points \(seed 7; 1 not played: --all goes on",
    ]
    assert re.search(".*".join(told), out, re.DOTALL), out


def test_json_says_all_of_it_and_a_seed_repeats_the_words(stage: Stage, submission: Path) -> None:
    break_it(submission)
    words = ("--only", "s1-answer", "--seed", "99", "--format", "json")
    code, out, _err = run(stage, "1", str(submission), *words)
    assert code == 1
    told = json.loads(out)
    (check,) = told["checks"]
    assert (check["id"], check["outcome"], check["points"], check["of"]) == ("s1-answer", "failed", 0, 2)
    assert check["failure"]["expected"].startswith("alice sees")
    assert [program["name"] for program in check["failure"]["programs"]] == ["server", "alice", "bob"]
    typed = [step for step in check["failure"]["steps"] if " types " in step]
    assert typed[0] == f"alice types {Words('99 test_answer').word()}"
    assert told["seed"] == 99


def test_junit_is_xml_and_all_goes_on_after_a_failure(stage: Stage, submission: Path) -> None:
    break_it(submission)
    only = ("--only", "s1-first-line", "--only", "s1-answer", "--only", "s1-ready")
    code, out, _err = run(stage, "1", str(submission), *only, "--all", "--format", "junit")
    assert code == 1
    suite = ElementTree.fromstring(out)
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    failures = {case.get("name"): case.find("failure") for case in suite}
    assert list(failures) == ["s1-first-line", "s1-answer", "s1-ready"]
    assert (failures["s1-first-line"], failures["s1-ready"]) == (None, None)
    assert failures["s1-answer"] is not None
    assert "how the programs stood" in str(failures["s1-answer"].text)


@pytest.mark.parametrize(
    ("contract", "words", "sentence"),
    [
        (CONTRACT, ("--only", "s1-nonsense"), "no check is called s1-nonsense; sprint 1 has s1-first-line, "),
        (CONTRACT + 'quitt = "x"\n', (), "line 5: there is no key 'quitt'"),
        ('build = "exit 3"\n' + CONTRACT, (), "build: 'exit 3' ended with exit code 3"),
    ],
)
def test_what_cannot_be_judged_is_told_in_a_sentence(
    stage: Stage, submission: Path, contract: str, words: tuple[str, ...], sentence: str
) -> None:
    (submission / "messagerie.toml").write_text(contract)
    code, _out, err = run(stage, "1", str(submission), *words)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err


def test_a_directory_without_contract_is_told(stage: Stage, tmp_path: Path) -> None:
    code, _out, err = run(stage, "1", str(tmp_path))
    assert code == 2
    assert f"{tmp_path / 'messagerie.toml'}: No such file or directory; it must say how to start" in err


def test_watch_judges_again_when_a_file_is_saved(stage: Stage, submission: Path) -> None:
    only = ("--only", "s1-first-line", "--only", "s1-answer")
    watching = start(stage, "watch", "1", str(submission), *only, "--all")

    def rounds() -> int:
        return watching.written["stdout"].count(b"waiting for a change")

    assert stage.wait_for_outside(lambda: rounds() == 1), watching.ending()
    break_it(submission)
    assert stage.wait_for_outside(lambda: rounds() == 2), watching.ending()
    first, second = watching.written["stdout"].decode().split("waiting for a change")[:2]
    assert first.count("✓ s1-") == 2
    assert re.findall("([✓✗]) (s1-[a-z-]+)", second)[:2] == [("✓", "s1-first-line"), ("✗", "s1-answer")]
    (submission / "messagerie.toml").write_text(CONTRACT + "patience = 7\n")
    assert stage.wait_for_outside(lambda: rounds() == 3), watching.ending()
    (submission / "messagerie.toml").write_text(CONTRACT)
    assert stage.wait_for_outside(lambda: rounds() == 4), watching.ending()
    _first, _second, third, fourth = watching.written["stdout"].decode().split("waiting for a change")[:4]
    assert "Cannot overwrite a value" in third
    assert re.findall("([✓✗]) (s1-[a-z-]+)", fourth)[0] == ("✗", "s1-answer")
    watching.signal(2)
    assert watching.wait_end()
    assert watching.exit_code == 130


def test_what_cannot_be_judged_says_why_and_is_no_pass(stage: Stage, submission: Path) -> None:
    (submission / "messagerie.toml").write_text(CONTRACT.replace("course", "unknown"))
    code, out, err = run(stage, "1", str(submission), "--only", "s1-roles", "--seed", "1")
    assert (code, err) == (2, "")
    assert '0 of 0 points (seed 1; 1 not judged: speaks the wire itself; wire = "course" in messagerie' in out
