"""What is measured, in which order. No I/O here.

In each round, all servers take their turn with the same measurement, one right after the other: so whatever else the
machine is doing, it does it to all of them, and the figures of a round can be compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, MEASURES, REST, STALLED, Run

CLASS = 100
"""How many clients a fixed rate, and a stalled reader, are tried with: subject 004's."""

TOGETHER = 1000
"""How many come in together, where so many fit."""


@dataclass(frozen=True)
class Plan:
    """Says how much of what is measured."""

    sizes: tuple[int, ...] = (2, 10, 100, 1000, 5000)
    outstanding: int = 10  # lines of each client, besides 1
    outstanding_sizes: tuple[int, ...] = (2, 10, 100, 1000)  # 5,000 clients: 250 million deliveries at a time
    rates: tuple[int, ...] = (10_000, 50_000)
    rounds: int = 3
    seconds: float = 1.0
    patience: float = 3.0
    measures: tuple[str, ...] = MEASURES


FULL = Plan()
QUICK = Plan((10, 100, 1000), 10, (CLASS,), rates=(10_000,), rounds=1, seconds=0.25, patience=0.2)


def runs(plan: Plan, servers: Sequence[str]) -> list[Run]:
    """Return all runs, without their figures, in the order in which they are played."""
    return [
        replace(cell, server=server, round=number)
        for cell in cells(plan)
        for number in range(1, plan.rounds + 1)
        for server in servers
    ]


def cells(plan: Plan) -> Iterator[Run]:
    """Yield each measurement once."""
    largest = max(plan.sizes)
    audience = min(CLASS, largest)
    for measure in plan.measures:
        if measure == DELIVERIES:
            yield from delivery_cells(plan)
        elif measure == LATENCY:
            yield from (Run(LATENCY, "", audience, rate, 0) for rate in plan.rates)
        elif measure == REST:
            yield Run(REST, "", largest, min(TOGETHER, largest), 0)
        else:
            yield Run(STALLED, "", audience, 1, 0)


def delivery_cells(plan: Plan) -> Iterator[Run]:
    """Yield each number of lines outstanding with each number of clients."""
    yield from (Run(DELIVERIES, "", clients, 1, 0) for clients in plan.sizes)
    yield from (Run(DELIVERIES, "", clients, plan.outstanding, 0) for clients in plan.outstanding_sizes)
