"""Results that nobody measured, for tests of tables and plots."""

from dataclasses import replace

from sprint5_concurrency.bench.plan import Plan, runs
from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, REST, STALLED, Results, Run

MACHINE = {
    "processor": "Abacus",
    "processors": "2",
    "system": "Linux 6",
    "python": "CPython 3.11",
    "date": "2026-01-01",
}

SERVERS = ("poll_loop", "event_loop")

PLAN = Plan(sizes=(2, 100), outstanding_sizes=(2, 100), rounds=3)

FIGURES = {
    DELIVERIES: {"per_second": 1000.0, "heard": 500.0, "judged": 400.0, "heard_out": 1.0},
    LATENCY: {"p50": 100.0, "p99": 900.0},
    REST: {"joins_per_second": 5000.0, "idle_cpu": 0.001, "memory": 900.0, "memory_beyond": 800.0},
    STALLED: {"kept": 0.98},
}


def played(run: Run) -> Run:
    """Return a run with figures: each round a little better, `event_loop` ten times faster."""
    faster = 10 if run.server == "event_loop" else 1
    figures = dict(FIGURES[run.measure])
    if run.measure == DELIVERIES:
        figures["per_second"] *= faster * run.clients * (1 + run.round / 100)
    return replace(run, figures=figures)


def results(plan: Plan = PLAN) -> Results:
    """Return the results of a whole plan."""
    return Results(MACHINE, SERVERS, tuple(map(played, runs(plan, SERVERS))))


def with_failure(whole: Results, server: str, measure: str, words: str) -> Results:
    """Return results in which the second round of a measure went wrong for a server."""
    spoiled = [
        replace(run, failures=(words,))
        if (run.server, run.measure, run.round) == (server, measure, 2)
        else run
        for run in whole.runs
    ]
    return replace(whole, runs=tuple(spoiled))
