"""The checks have teeth: each mutant is caught by the check that is about it, and its cause is named.

And they are just: honest programs of the ways in which students write them pass all that the course text asks.
"""

import shutil
from pathlib import Path

import pytest

from grader.contract import read_contract
from grader.diagnosis import diagnose
from grader.verdicts import FAILED, PASSED, SKIPPED, SUBJECT
from tests.mutants.catalogue import FAULTY, HONEST, PATCHES, Compiled, Patch
from tests.mutants.mutants import judged, made

needs_compiler = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc (Debian: gcc libc6-dev)")


def is_caught(mutant: Patch | Compiled, directory: Path) -> None:
    """Expect the check that is about a mutant to fail, and to name the cause."""
    verdict = judged(mutant.sprint, made(mutant, directory), only=[mutant.check], jobs=1)[mutant.check]
    assert verdict.outcome == FAILED
    quit_word = read_contract(directory).in_sprint(mutant.sprint).quit
    assert diagnose(verdict.id, quit_word, verdict.failure())[0] == mutant.cause, (
        verdict.failure().scene.error
    )


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: f"{patch.sprint}-{patch.name}".replace(" ", "-"))
def test_a_patched_reference_is_caught(patch: Patch, tmp_path: Path) -> None:
    is_caught(patch, tmp_path)


@needs_compiler
@pytest.mark.parametrize("program", FAULTY, ids=lambda each: f"{each.sprint}-{each.name}".replace(" ", "-"))
def test_a_faulty_program_is_caught(program: Compiled, tmp_path: Path) -> None:
    is_caught(program, tmp_path)


@needs_compiler
@pytest.mark.parametrize("program", HONEST, ids=lambda each: f"{each.sprint}-{each.name}".replace(" ", "-"))
def test_an_honest_program_passes_all_that_the_course_asks(program: Compiled, tmp_path: Path) -> None:
    verdicts = judged(program.sprint, made(program, tmp_path), level=SUBJECT)
    assert len(verdicts) > 5
    assert {name: verdict.outcome for name, verdict in verdicts.items()} == dict.fromkeys(verdicts, PASSED)


ROBUST_TOO = {
    "fin ends both": ["s2-leave", "s2-broken-network"],  # both of a pair may make way for others
    "sent to all, own lines hidden": ["s3-leave"],  # whom nobody sees twice nobody is shown twice
    "letter by letter": ["s1-long-line"],  # what takes longer than anybody's patience goes on being shown
}
"""Honest programs whose habit is a matter of checks that ask for more than the course, too."""


@needs_compiler
@pytest.mark.parametrize("name", ROBUST_TOO)
def test_an_honest_habit_fails_no_check_that_is_about_it(name: str, tmp_path: Path) -> None:
    (program,) = (each for each in HONEST if each.name == name)
    verdicts = judged(program.sprint, made(program, tmp_path), only=ROBUST_TOO[name])
    assert {each.id: each.outcome for each in verdicts.values()} == dict.fromkeys(ROBUST_TOO[name], PASSED)


@needs_compiler
@pytest.mark.parametrize("name", ["wide characters", "wide characters, chatty"])
def test_whose_wire_has_no_text_is_not_judged_on_where_texts_are_cut(name: str, tmp_path: Path) -> None:
    (program,) = (each for each in HONEST if each.name == name)
    checks = [f"s{program.sprint}-joined", f"s{program.sprint}-cut"]
    verdicts = judged(program.sprint, made(program, tmp_path), only=checks)
    assert {name: each.outcome for name, each in verdicts.items()} == dict.fromkeys(checks, SKIPPED)
    assert "on which a line stands as it was typed" in verdicts[checks[0]].why_not()
