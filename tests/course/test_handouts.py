"""The handouts say what is true: their code is the sprints' code, their diagrams recordings, their commands work."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from grader.command_line import command_line
from tests.course.handouts import (
    RECORDED,
    ROOT,
    Block,
    blocks,
    handout_of,
    handouts,
    number_of,
    source_of,
    tasks,
)
from tests.course.measured import in_handout, kept, made_up, quoted, shapes
from tests.course.record import by_lifeline, recorded

CHECK_ID = re.compile(r"`(s\d-[a-z0-9-]+)`")

SECTIONS = (
    "Where we are",
    "What you will build",
    "What you need",
    "Tasks",
    "Read the reference",
    "Try it",
    "Limits",
)

each_handout = pytest.mark.parametrize("handout", handouts(), ids=lambda path: path.parent.name)


def known_checks(handout: Path) -> set[str]:
    """Return the ids of the checks of a handout's sprint, read from its file of checks."""
    checks = ROOT / f"tests/e2e/test_sprint{number_of(handout)}.py"
    return set(re.findall(r'@check\(\s*"([^"]+)"', checks.read_text()))


def test_every_sprint_has_a_handout() -> None:
    assert [path.parent for path in handouts()] == sorted(
        path.parent for path in ROOT.glob("sprint*/server.py")
    )


@each_handout
def test_a_handout_has_its_sections_in_order(handout: Path) -> None:
    titles = re.findall(r"^## (.*)$", handout.read_text(), re.MULTILINE)
    assert tuple(titles) == SECTIONS


@each_handout
def test_each_task_names_a_check_that_exists(handout: Path) -> None:
    assert len(tasks(handout)) >= 3
    for number, text in tasks(handout).items():
        assert set(CHECK_ID.findall(text)) & known_checks(handout), (
            f"task {number} names no check that proves it"
        )


@each_handout
def test_each_check_is_named_and_each_named_check_exists(handout: Path) -> None:
    own = handout.parent.name.replace("sprint", "s")[:2]
    named = {name for name in CHECK_ID.findall(handout.read_text()) if name.startswith(own)}
    assert named == known_checks(handout)


@pytest.mark.parametrize("block", list(blocks("python", "source")), ids=str)
def test_code_that_is_shown_is_the_source(block: Block) -> None:
    assert block.text == source_of(block)


@pytest.mark.parametrize("block", [each for each in blocks("python") if not each.value("source")], ids=str)
def test_a_sketch_is_python(block: Block) -> None:
    ast.parse(block.text)


def by_recording() -> dict[str, list[Block]]:
    """Return the blocks that are recorded, by what is played for them."""
    found: dict[str, list[Block]] = {}
    transcripts = [block for key in RECORDED for block in blocks("text", key)]
    for block in (*blocks("mermaid"), *transcripts):
        played = next(f"{key}={block.value(key)}" for key in RECORDED if block.value(key))
        found.setdefault(played, []).append(block)
    return found


@pytest.mark.parametrize("shown", by_recording().values(), ids=by_recording())
def test_a_diagram_or_transcript_is_a_recording(shown: list[Block]) -> None:
    for block in shown:
        if block.language == "mermaid":
            assert by_lifeline(block.text) == by_lifeline(recorded(block)), block
        else:
            assert block.text == recorded(block), block


def test_what_was_measured_is_shown_as_the_bench_reports_it() -> None:
    assert in_handout() == quoted(kept())


def test_all_that_the_quick_bench_measures_was_measured() -> None:
    assert shapes(kept()) == shapes(made_up())
    assert kept().failed() == []


def commands() -> list[tuple[str, str]]:
    """Return each command that the handouts and the README show, once, with where it stands first."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for block in blocks("sh"):
        for line in block.text.splitlines():
            if line.strip() and not line.startswith("#"):
                found.setdefault(tuple(shlex.split(line, comments=True)), (f"{block}: {line}", line))
    return list(found.values())


@pytest.mark.parametrize(
    "line", [line for _where, line in commands()], ids=[where for where, _line in commands()]
)
def test_a_command_can_be_pasted(line: str) -> None:
    words = shlex.split(line, comments=True)
    if "-m" in words and words[words.index("-m") + 1].startswith("sprint"):
        module = words[words.index("-m") + 1]
        assert runs([sys.executable, "-m", module, "--help"])
    elif words[0] == "make":
        assert runs(["make", "--dry-run", *words[1:]])
    elif words[0].endswith("messagerie"):
        arguments = command_line().parse_args(words[1:])
        assert set(getattr(arguments, "only", ())) <= known_checks(handout_of(arguments.sprint))
    else:
        assert runs(["sh", "-n", "-c", line])


def runs(command: list[str]) -> bool:
    """Tell whether a command ends well, with nobody to answer it."""
    return (
        subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False
        ).returncode
        == 0
    )
