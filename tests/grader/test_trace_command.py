"""`messagerie trace` leaves a conversation as a picture, as text, and as data."""

import json
import struct
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from grader.ports import free_port
from grader.program import Program
from grader.stage import Stage
from tests.course.handouts import ROOT


def entries_in(out: Path) -> list[dict[str, Any]]:
    """Return what the journal has kept."""
    return [json.loads(line) for line in (out / "trace.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def patience() -> float:
    """Enough for a whole run."""
    return 50.0


def traced(stage: Stage, directory: Path, package: str, server: str = "{port}", more: str = "") -> Program:
    """Trace a reference as a submission."""
    for name in ("common", package):
        (directory / name).symlink_to(ROOT / name)
    (directory / "messagerie.toml").write_text(
        f'server = "python3 -m {package}.server {server}"\n'
        f'client = "python3 -m {package}.client {{host}} {{port}}"\n{more}'
    )
    words = ["trace", package[len("sprint")], str(directory), "--output", str(directory / "out")]
    program = Program(
        stage, "trace", [sys.executable, "-m", "grader", *words], terminal=False, directory=ROOT
    )
    assert program.wait_end(), program.ending()
    return program


ON_THE_WIRE = {
    "sprint1_turn_based": ("bonjour", "bonjour", "salut\n"),
    "sprint2_threaded_pair": ("bonjour", "bonjour", "salut\n"),
    "sprint3_n_clients": ("bonjour", "bonjour", "salut\n"),
    "sprint4_named_room": ("bonjour", "alice: bonjour", "salut\n"),
    "sprint5_concurrency": ("MSG bonjour", "MSG alice bonjour", "MSG salut\n"),
    "sprint6_messenger": (
        "[7|alice|BROADCAST_SEND|] bonjour",
        "[7|alice|BROADCAST_SEND|] bonjour",
        struct.pack("<i128si128s", 5, b"bob", 4, b"alice").decode() + "salut",
    ),
}
"""Of each sprint: what alice says, what bob is sent of it, and the very bytes of what bob says then."""


SPELLED = {
    "sprint6_messenger": {
        "[0|alice|MULTICAST_CREATE|cuisine]",
        "[15|alice|FILE_REQUEST|bob] messagerie.toml",
        "[0|bob|FILE_REJECT|alice]",
    }
}
"""Binary messages, which are told in words, in the picture too."""


@pytest.mark.parametrize("package", ON_THE_WIRE)
def test_a_conversation_is_left_in_three_forms(stage: Stage, tmp_path: Path, package: str) -> None:
    said, heard, answer = ON_THE_WIRE[package]
    program = traced(stage, tmp_path, package)
    assert program.exit_code == 0, program.written
    out = tmp_path / "out"
    assert ElementTree.parse(out / "trace.svg").getroot().tag.endswith("svg")
    text = (out / "trace.md").read_text()
    assert text.startswith("```mermaid\nsequenceDiagram\n    participant alice\n    participant server\n")
    assert f"alice->>server: {said}\n" in text
    assert f"server->>bob: {heard}\n" in text
    entries = entries_in(out)
    assert [entry["seconds"] for entry in entries] == sorted(entry["seconds"] for entry in entries)
    sent = [(entry["actor"], entry["peer"], entry["data"]) for entry in entries if entry["act"] == "sends"]
    assert ("bob", "server", answer) in sent
    assert SPELLED.get(package, set()) <= {entry["text"] for entry in entries}
    if package in SPELLED:
        assert "BROADCAST_SEND" in (out / "trace.svg").read_text()


def test_what_does_not_happen_is_told(stage: Stage, tmp_path: Path) -> None:
    program = traced(stage, tmp_path, "sprint2_threaded_pair", server="nonsense {port}")
    assert program.exit_code == 1
    assert b"the server never listened" in program.written["stdout"]
    assert b"trace.jsonl are in" in program.written["stdout"]


def test_where_the_wire_cannot_be_heard_that_is_told(stage: Stage, tmp_path: Path) -> None:
    """The port stands in the source, and the server listens on one address, as the course's own do."""
    port = free_port()
    program = traced(stage, tmp_path, "sprint2_threaded_pair", server=str(port), more=f"port = {port}\n")
    assert program.exit_code == 0, program.written
    assert not any(entry["act"] == "sends" for entry in entries_in(tmp_path / "out"))
    unheard = b"what crosses the wire is not in them: that needs a server that listens on all addresses"
    assert unheard in program.written["stdout"]
