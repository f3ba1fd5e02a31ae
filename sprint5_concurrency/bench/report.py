"""The report as a page of Markdown: tables, what went wrong, and how far the figures can be trusted. No I/O here."""

from collections.abc import Iterator

from sprint5_concurrency.bench.cells import whole
from sprint5_concurrency.bench.machine import in_one_line
from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, Results, Run
from sprint5_concurrency.bench.tables import Table, tables

BUSY_NEIGHBOURS = 0.25
"""Processors that other programs used meanwhile: with more, figures are too low."""

SMALL = 10
"""Figures below it are shown with decimals."""


def report(results: Results) -> str:
    """Return the whole report."""
    blocks = ["# One room, several ways of waiting", in_one_line(results.machine) + "."]
    blocks += map(markdown, tables(results))
    blocks += [section for section in (failures(results), care(results)) if section]
    return "\n\n".join(blocks) + "\n"


def markdown(table: Table) -> str:
    """Return a table as Markdown."""
    rule = ["---", *["---:"] * (len(table.header) - 1)]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in [table.header, rule, *table.rows])
    note = f"\n\n{table.note}" if table.note else ""
    return f"## {table.title}\n\n{rows}{note}"


def failures(results: Results) -> str:
    """Return what went wrong, run by run."""
    lines = [f"- {title(run)}: {failure}" for run in results.failed() for failure in run.failures]
    return "\n".join(["## Failures", "", *lines]) if lines else ""


def title(run: Run) -> str:
    """Return the name of a run."""
    unit = {DELIVERIES: " outstanding each", LATENCY: " deliveries a second"}.get(run.measure)
    setting = f", {run.setting:,}{unit}" if unit else ""
    return f"{run.server}, {run.measure}, {run.clients:,} clients{setting}, round {run.round}"


def care(results: Results) -> str:
    """Return how far the figures can be trusted."""
    lines = [f"- {line}" for line in cautions(results)]
    return "\n".join(["## Read with care", "", *lines])


def cautions(results: Results) -> Iterator[str]:
    """Yield what a reader of the figures must know."""
    yield from checked(results)
    rounds = max((run.round for run in results.runs), default=0)
    yield f"Each figure is the median of {rounds} round{'s' if rounds > 1 else ''}."
    if limited := [run for run in results.runs if run.limit]:
        yield (
            f"In {len(limited)} of {len(results.runs)} runs the crowd was the limit, not the server "
            "(≥ in front of a figure; or it spoke later than planned): "
            + "; ".join(map(title, limited))
            + "."
        )
    busiest = max((run.figures.get("others_cpu", 0.0) for run in results.runs), default=0.0)
    if busiest > BUSY_NEIGHBOURS:
        yield f"Other programs used up to {busiest:.1f} processors meanwhile: figures are too low, ratios less so."
    yield from results.notes


def checked(results: Results) -> Iterator[str]:
    """Yield how thoroughly deliveries were judged."""
    heard, judged = (int(sum(run.figures.get(key, 0) for run in results.runs)) for key in ("heard", "judged"))
    yield (
        f"Of {heard:,} deliveries, all were counted, which shows loss and doubles; {judged:,} were looked at one by "
        "one, for order and damage: the first of each client, as many as there is room for."
    )
    if cut := [run for run in results.runs if run.figures.get("heard_out") == 0]:
        yield (
            f"In {len(cut)} runs more was still coming when patience ended. What came until then was looked at as "
            "above, but nobody knows whether all the rest would have come."
        )


def headline(run: Run) -> str:
    """Return what a run has found, in a few words, for those who wait for the next."""
    if run.failures:
        return f"FAILED: {run.failures[0]}"
    figure, value = next(iter(run.figures.items()))
    return f"{figure.replace('_', ' ')} {whole(value) if value >= SMALL else f'{value:.2f}'}"
