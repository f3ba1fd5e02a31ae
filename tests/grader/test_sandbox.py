"""What the sandbox shows of this machine, wherever the course's environment lies."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader import sandbox
from grader.sandbox import is_available, wrapped

needs_sandbox = pytest.mark.skipif(not is_available(), reason="needs bwrap (Debian: bubblewrap)")


def runs(submission: Path, *command: str) -> str:
    """Run a command in the sandbox; return what it prints."""
    done = subprocess.run(wrapped([*command], submission), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_sandbox
def test_the_course_is_seen_though_its_directory_is_hidden(tmp_path: Path) -> None:
    assert runs(tmp_path, sys.executable, "-c", "import grader, pytest; print('seen')") == "seen\n"


@needs_sandbox
def test_an_environment_behind_a_link_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, submission = tmp_path / "venv", tmp_path / "submission"
    link.symlink_to(sys.prefix)
    submission.mkdir()
    monkeypatch.setattr(sandbox, "REPOSITORY", tmp_path)  # the link lies in the course's directory
    monkeypatch.setattr(sys, "prefix", str(link))
    monkeypatch.setattr(sys, "exec_prefix", str(link))
    interpreter = link / "bin" / Path(sys.executable).name
    assert runs(submission, str(interpreter), "-c", "import pytest; print('seen')") == "seen\n"


@needs_sandbox
def test_what_people_keep_at_home_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the instructor")
    submission = tmp_path / "submission"
    submission.mkdir()
    assert runs(submission, "ls", str(tmp_path)) == "submission\n"
