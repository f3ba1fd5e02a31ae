"""The judges of the messenger, judged: good visits pass them all, each bad one is caught by whom it is about."""

import pytest

from tests.races import example_offers, example_visits, offers, visits
from tests.races.offers import complaints
from tests.races.visits import Judge, Visit

GOOD_ONES = example_visits.GOOD_ONES | example_offers.GOOD_ONES

BAD_ONES = example_visits.BAD_ONES | example_offers.BAD_ONES


@pytest.mark.parametrize("good", GOOD_ONES.values(), ids=GOOD_ONES)
def test_good_visits_pass(good: list[Visit]) -> None:
    assert complaints(good) == []


@pytest.mark.parametrize(("judge", "bad"), BAD_ONES.values(), ids=BAD_ONES)
def test_bad_visits_are_caught_by_the_judge_that_they_are_about(judge: Judge, bad: list[Visit]) -> None:
    assert list(judge(bad))


def test_each_judge_has_a_bad_visit() -> None:
    assert {judge for judge, _bad in BAD_ONES.values()} == {*visits.JUDGES, *offers.JUDGES}
