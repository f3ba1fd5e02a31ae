"""From many runs to one figure: medians, percentiles and ratios. No I/O here."""

from collections.abc import Iterable, Sequence
from statistics import median

from sprint5_concurrency.bench.results import Run

WHOLE = 100


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -int(-len(ordered) * percent // WHOLE))
    return ordered[rank - 1]


def median_figure(runs: Iterable[Run], figure: str) -> float | None:
    """Return the median of a figure over the rounds; None when there is none."""
    values = [run.figures[figure] for run in runs if figure in run.figures]
    return median(values) if values else None


def median_ratio(runs: Iterable[Run], others: Iterable[Run], figure: str) -> float | None:
    """Return the median over the rounds of how many times greater a figure is than in the same round of others.

    Rounds are played side by side: what slows the machine down slows both.
    """
    other_figures = {run.round: run.figures.get(figure) for run in others}
    pairs = [(run.figures.get(figure), other_figures.get(run.round)) for run in runs]
    ratios = [one / other for one, other in pairs if one is not None and other]
    return median(ratios) if ratios else None
