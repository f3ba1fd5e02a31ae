"""`messagerie trace` leaves a conversation as a picture, as text, and as data."""

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.program import Program
from grader.stage import Stage
from tests.course.handouts import ROOT


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage with patience for a whole run."""
    with Stage(patience=50.0) as stage:
        yield stage


def traced(stage: Stage, directory: Path, package: str, server: str = "{port}") -> Program:
    """Trace a reference as a submission."""
    for name in ("common", package):
        (directory / name).symlink_to(ROOT / name)
    (directory / "messagerie.toml").write_text(
        f'server = "python3 -m {package}.server {server}"\n'
        f'client = "python3 -m {package}.client {{host}} {{port}}"\n'
    )
    words = ["trace", package[len("sprint")], str(directory), "--output", str(directory / "out")]
    program = Program(
        stage, "trace", [sys.executable, "-m", "grader", *words], terminal=False, directory=ROOT
    )
    assert program.wait_end(), program.ending()
    return program


@pytest.mark.parametrize("package", ["sprint1_turn_based", "sprint2_threaded_pair", "sprint3_n_clients"])
def test_a_conversation_is_left_in_three_forms(stage: Stage, tmp_path: Path, package: str) -> None:
    program = traced(stage, tmp_path, package)
    assert program.exit_code == 0, program.written
    out = tmp_path / "out"
    assert ElementTree.parse(out / "trace.svg").getroot().tag.endswith("svg")
    text = (out / "trace.md").read_text()
    assert text.startswith("```mermaid\nsequenceDiagram\n    participant alice\n    participant server\n")
    assert "alice->>server: bonjour\n" in text
    assert "server->>bob: bonjour\n" in text
    entries = [json.loads(line) for line in (out / "trace.jsonl").read_text().splitlines()]
    assert [entry["seconds"] for entry in entries] == sorted(entry["seconds"] for entry in entries)
    sent = [(entry["actor"], entry["peer"], entry["data"]) for entry in entries if entry["act"] == "sends"]
    assert ("bob", "server", "salut\n") in sent


def test_what_does_not_happen_is_told(stage: Stage, tmp_path: Path) -> None:
    program = traced(stage, tmp_path, "sprint2_threaded_pair", server="nonsense {port}")
    assert program.exit_code == 1
    assert b"the server never listened" in program.written["stdout"]
