"""The table of mutants and checks is whole: nothing escapes, and no check is idle."""

from pathlib import Path

import pytest

from tests.course.handouts import ROOT
from tests.course.test_handouts import known_checks
from tests.mutants import table
from tests.mutants.catalogue import PATCHES
from tests.mutants.mutants import file_of
from tests.mutants.table import PAGE, Row, digest, due, mutants, page, read_table, sprints, title

TABLE = read_table()

PLAYED = [int(sprint) for sprint in sprints(TABLE)]


def rows_of(sprint: int) -> dict[str, list[str]]:
    """Return the checks of each row of one sprint."""
    return {name: row.checks for name, row in TABLE.items() if name.startswith(f"{sprint} ")}


def test_the_page_shows_the_table() -> None:
    assert page(TABLE) == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("sprint", PLAYED)
def test_each_mutant_was_played_and_caught_by_the_check_that_is_about_it(sprint: int) -> None:
    caught = {name: checks[:1] for name, checks in rows_of(sprint).items()}
    assert caught == {title(mutant): [mutant.check] for mutant in mutants(sprint)}


@pytest.mark.parametrize("sprint", PLAYED)
def test_each_check_catches_a_mutant(sprint: int) -> None:
    (handout,) = ROOT.glob(f"sprint{sprint}_*/HANDOUT.md")
    assert {check for checks in rows_of(sprint).values() for check in checks} == known_checks(handout)


def test_each_patch_still_finds_what_it_changes() -> None:
    assert [title(patch) for patch in PATCHES if patch.old not in (ROOT / file_of(patch)).read_text()] == []


def test_only_what_is_missing_is_played() -> None:
    first, *others = mutants(4)
    assert due(4, {title(mutant): Row([mutant.check], digest(mutant)) for mutant in others}) == [first]


def test_a_check_that_changes_has_all_mutants_of_its_sprint_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {title(mutant): Row([mutant.check], digest(mutant)) for mutant in mutants(4)}
    (tmp_path / "checks.py").write_text("other checks")
    monkeypatch.setattr(table, "suite", lambda _sprint: tmp_path / "checks.py")
    assert due(4, whole) == mutants(4)
