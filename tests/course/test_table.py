"""The table of mutants and checks is whole: nothing escapes, and no check is idle."""

import pytest

from tests.course.handouts import ROOT
from tests.course.test_handouts import known_checks
from tests.mutants.table import PAGE, mutants, page, read_table, sprints, title

TABLE = read_table()

PLAYED = [int(sprint) for sprint in sprints(TABLE)]


def rows_of(sprint: int) -> dict[str, list[str]]:
    """Return the rows of one sprint."""
    return {name: checks for name, checks in TABLE.items() if name.startswith(f"{sprint} ")}


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
