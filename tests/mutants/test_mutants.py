"""The checks have teeth: each mutant is caught by the check that is about it, and its cause is named.

And they are just: honest programs of the ways in which students write them pass all that the course text asks.
"""

import shutil
from pathlib import Path

import pytest

from grader.checks import SUBJECT
from grader.diagnosis import diagnose
from grader.judge import Judge, Order
from grader.submission import contract_of_copy
from grader.verdicts import FAILED, PASSED, Verdict
from tests.course.handouts import ROOT
from tests.mutants.catalogue import FAULTY, HONEST, PATCHES, Compiled, Patch

PACKAGES = {
    1: "sprint1_turn_based",
    2: "sprint2_threaded_pair",
    3: "sprint3_n_clients",
    5: "sprint5_concurrency",
}

SERVERS = {1: "turns.c", 2: "pair.c", 3: "room.c"}

C = ROOT / "tests" / "mutants" / "c"

needs_compiler = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc (Debian: gcc libc6-dev)")

SPEAKS_LINES = "-DWIRE=3 -DBUG"
"""What is compiled with this claims to speak the wire of the course."""


def patched(patch: Patch, directory: Path) -> Path:
    """Copy a sprint's reference with one change in it."""
    package = PACKAGES[patch.sprint]
    for name in ("common", package):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    file = patch.file.replace("SERVER", f"{package}/server.py").replace("CLIENT", f"{package}/client.py")
    source = (directory / file).read_text()
    assert patch.old in source, f"{file} no longer has what {patch.name!r} changes"
    (directory / file).write_text(source.replace(patch.old, patch.new))
    (directory / "messagerie.toml").write_text(
        f'server = "python3 -m {package}.server {{port}} {patch.options}"\n'
        f'client = "python3 -m {package}.client {{host}} {{port}}"\n'
        'wire = "lines"\npatience = 2\n'
    )
    return directory


def compiled(program: Compiled, directory: Path) -> Path:
    """Copy a server and a client in C, with what they are to be compiled with."""
    flags = program.flags + (" -DTURNS" if program.sprint == 1 else "")
    for name in ("message.h", "client.c", SERVERS[program.sprint]):
        shutil.copy(C / name, directory)
    build = " && ".join(
        f"gcc -Wall -Wextra -Wno-unused-function {flags} -o {target} {source} -pthread"
        for target, source in (("server", SERVERS[program.sprint]), ("client", "client.c"))
    )
    wire = 'wire = "lines"\n' if program.flags.startswith(SPEAKS_LINES) else ""
    (directory / "messagerie.toml").write_text(
        f'build = "{build}"\nserver = "./server {{port}}"\nclient = "{program.client}"\npatience = 3\n{wire}'
    )
    return directory


def judged(program: Patch | Compiled, directory: Path) -> dict[str, Verdict]:
    """Have the check played that is about a mutant, or all of the subject level; return the verdicts by id."""
    order = Order(
        sprint=program.sprint,
        contract=contract_of_copy(directory),
        only=(program.check,) if program.check else (),
        level="" if program.check else SUBJECT,
        jobs=1 if program.check else 6,
        seed=4711,
    )
    return {verdict.id: verdict for verdict in Judge(order).verdicts_as_they_come()}


def is_caught(mutant: Patch | Compiled, directory: Path) -> None:
    """Expect the check that is about a mutant to fail, and to name the cause."""
    verdict = judged(mutant, directory)[mutant.check]
    assert verdict.outcome == FAILED
    assert diagnose(verdict.id, "fin", verdict.failure())[0] == mutant.cause, verdict.failure().scene.error


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: f"{patch.sprint}-{patch.name}".replace(" ", "-"))
def test_a_patched_reference_is_caught(patch: Patch, tmp_path: Path) -> None:
    is_caught(patch, patched(patch, tmp_path))


@needs_compiler
@pytest.mark.parametrize("program", FAULTY, ids=lambda each: f"{each.sprint}-{each.name}".replace(" ", "-"))
def test_a_faulty_program_is_caught(program: Compiled, tmp_path: Path) -> None:
    is_caught(program, compiled(program, tmp_path))


@needs_compiler
@pytest.mark.parametrize("program", HONEST, ids=lambda each: f"{each.sprint}-{each.name}".replace(" ", "-"))
def test_an_honest_program_passes_all_that_the_course_asks(program: Compiled, tmp_path: Path) -> None:
    verdicts = judged(program, compiled(program, tmp_path))
    assert len(verdicts) > 5
    assert {name: verdict.outcome for name, verdict in verdicts.items()} == dict.fromkeys(verdicts, PASSED)
