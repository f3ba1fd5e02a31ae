"""The demo plays all sprints, fits the terminal it is shown on, and says so when a sprint is broken."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from grader.demo import PACE_SECONDS, PLAYED
from grader.program import Program
from grader.scenes import SCENES
from grader.screen import Ink
from grader.stage import Stage

ROOT = Path(__file__).parents[2]

PAUSES_SECONDS = 8
"""What the pauses may take together: the demo promises ten seconds, and the programs need one or two."""

COLUMNS = 80

BROKEN = "import sys\nprint('the disk is on fire', file=sys.stderr)\nsys.exit(3)\n"


@pytest.fixture
def patience() -> float:
    """Enough for a whole run."""
    return 40.0


def play(stage: Stage, directory: Path = ROOT, *, terminal: bool) -> Program:
    command = f"{sys.executable} -m grader demo"
    shell = f"stty cols {COLUMNS}; exec {command}" if terminal else f"exec {command}"
    demo = Program(stage, "demo", ["sh", "-c", shell], terminal=terminal, directory=directory)
    assert demo.wait_end()
    return demo


def rows(demo: Program) -> list[str]:
    """Return what a person sees, row by row."""
    ink = Ink()
    return [
        line for stream in ("screen", "stdout") for line in ink.take(bytes(demo.written.get(stream, b"")))[1]
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_the_demo_plays_every_scene_within_the_terminal(stage: Stage, terminal: bool) -> None:
    demo = play(stage, terminal=terminal)
    assert demo.exit_code == 0, rows(demo)
    text = "\n".join(rows(demo))
    for name in PLAYED:
        assert SCENES[name].package in text
    assert "make client SPRINT=6" in text
    assert [row for row in rows(demo) if cell_len(row) > COLUMNS] == []
    assert "\x1b" not in text
    if terminal:
        assert PACE_SECONDS * len(rows(demo)) < PAUSES_SECONDS
    else:
        assert b"\x1b" not in demo.written["stdout"]
        assert demo.written["stderr"] == b""


@pytest.mark.parametrize(
    ("package", "played"), [(SCENES[PLAYED[0]].package, 0), (SCENES[PLAYED[1]].package, 1)]
)
def test_a_broken_sprint_is_told(stage: Stage, tmp_path: Path, package: str, played: int) -> None:
    for directory in ("common", "grader", *{SCENES[name].package for name in PLAYED}):
        shutil.copytree(ROOT / directory, tmp_path / directory, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / package / "server.py").write_text(BROKEN, encoding="utf-8")
    demo = play(stage, tmp_path, terminal=False)
    assert demo.exit_code == 1
    text = "\n".join(rows(demo))
    assert "did not happen as it should" in text
    assert re.search(r"server ended with exit code 3\s+\| the disk is on fire", text)
    assert sum(SCENES[name].package in text for name in PLAYED) == played + 1
    assert "Traceback" not in text
    assert demo.written["stderr"] == b""


def test_control_c_ends_the_demo_quietly(stage: Stage) -> None:
    demo = Program(stage, "demo", [sys.executable, "-m", "grader", "demo"], terminal=True, directory=ROOT)
    assert stage.wait_until(lambda: b"connects" in demo.written["screen"])
    demo.types(b"\x03")
    assert demo.wait_end()
    assert demo.exit_code == 130
    assert b"Traceback" not in demo.written["screen"]
