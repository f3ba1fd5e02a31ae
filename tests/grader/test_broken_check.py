"""A check that has a fault of its own says nothing of a program: no points are given for it, and none are lost."""

import json
import sys
from pathlib import Path

import pytest

from grader import judge
from grader.__main__ import main
from grader.check import ALL_PASSED, NOT_JUDGED, SOME_FAILED
from tests.grader.programs import SILENT

SUITE = '''
import pytest
from grader.checks import check

@check("s1-sound", points=1, hint="")
def test_sound():
    """Everybody is there."""

@check("s1-faulty", points=2, hint="")
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_faulty(name):
    """Those who are there are looked for, and one who is not."""
    {"alice": 1}[name]

@check("s1-lonely", points=4, hint="")
def test_lonely(nobody):
    """Nobody is there."""

@check("s1-absent", points=8, hint="")
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_absent(name):
    """One is looked for who is not there, and one has not come."""
    assert {"bob": False}[name], "bob has come"

@pytest.fixture
def nobody():
    return [][0]
'''


@pytest.fixture
def submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that will be judged by a suite of which some checks have faults."""
    (tmp_path / "suite.py").write_text(SUITE)
    monkeypatch.setattr(judge, "suite", lambda _sprint: tmp_path / "suite.py")
    (tmp_path / "server.py").write_text(SILENT)
    (tmp_path / "messagerie.toml").write_text(
        'server = "python3 server.py {port}"\nclient = "python3 server.py {port}"\n'
    )
    return tmp_path


def code_of_check(submission: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """Have a submission judged where the suite can be seen; return the exit code."""
    monkeypatch.setattr(
        sys, "argv", ["messagerie", "check", "1", str(submission), "--no-sandbox", "--all", *options]
    )
    return main()


def test_a_fault_of_a_check_costs_no_points(
    submission: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_of_check(submission, monkeypatch, "--only", "s1-sound", "--only", "s1-faulty")
    told = capsys.readouterr().out.splitlines()
    assert code == NOT_JUDGED
    assert told[1].split()[:3] == ["✓", "s1-sound", "1/1"]
    assert told[2].split()[:3] == ["!", "s1-faulty", "–/2"]
    assert told[3].startswith("1 of 1 points (seed ")
    assert (
        "1 not judged: a fault of the check itself, not of the programs: KeyError: 'bob' (suite.py:13)"
        in told[3]
    )


def test_who_fails_a_check_in_another_case_has_failed(
    submission: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_of_check(submission, monkeypatch, "--format", "json")
    run = json.loads(capsys.readouterr().out)
    assert code == SOME_FAILED
    assert [check["outcome"] for check in run["checks"]] == ["passed", "broken", "broken", "failed"]
    assert (run["points"], run["of"]) == (1, 9)
    assert "IndexError: list index out of range (suite.py:" in run["checks"][2]["reason"]
    assert "expected" in run["checks"][3]["failure"]


def test_junit_counts_a_fault_of_a_check_as_skipped(
    submission: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_of_check(submission, monkeypatch, "--only", "s1-lonely", "--format", "junit")
    told = capsys.readouterr().out
    assert code == NOT_JUDGED
    assert 'failures="0" skipped="1"' in told
    assert '<skipped message="a fault of the check itself' in told


def test_a_check_without_faults_is_judged_as_ever(
    submission: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of_check(submission, monkeypatch, "--only", "s1-sound") == ALL_PASSED
    assert "1 of 1 points" in capsys.readouterr().out
