"""From runs to figures: percentiles, medians, ratios; and how figures look in a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sprint5_concurrency.bench.cells import kilobytes, milliseconds, percent, two_places, whole
from sprint5_concurrency.bench.figures import median_figure, median_ratio, percentile
from sprint5_concurrency.bench.results import DELIVERIES, Run


def rounds(*values: float | None) -> list[Run]:
    return [
        Run(DELIVERIES, "x", 2, 1, number, {} if value is None else {"per_second": value})
        for number, value in enumerate(values)
    ]


def test_percentiles_are_values_that_occurred() -> None:
    hundred = list(range(1, 101))
    assert percentile(hundred, 50) == 50
    assert percentile(hundred, 99) == 99
    assert percentile(hundred, 100) == 100
    assert percentile([7], 99) == 7
    assert percentile([3, 1, 2], 50) == 2


@given(some.lists(some.integers(), min_size=1), some.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[int], percent: int
) -> None:
    found = percentile(values, percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_one_bad_round_of_three_does_not_move_the_median_far() -> None:
    assert median_figure(rounds(10, 1000, 12), "per_second") == 12
    assert median_figure(rounds(10, None, 12), "per_second") == 11
    assert median_figure([], "per_second") is None


def test_ratios_are_of_the_same_round() -> None:
    assert median_ratio(rounds(10, 20, 30), rounds(1, 2, 30), "per_second") == 10
    assert median_ratio(rounds(10, 20), rounds(0, None), "per_second") is None


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (whole(212_345.4), "212,345"),
        (whole(4_561_000), "4.56 million"),
        (percent(0.1234), "12.3 %"),
        (milliseconds(1234), "1.234"),
        (kilobytes(805), "0.81"),
        (two_places(0.987), "0.99"),
    ],
)
def test_figures_are_shown_with_the_digits_that_say_something(shown: str, expected: str) -> None:
    assert shown == expected
