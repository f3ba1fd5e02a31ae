"""What the plots show, which is a function of the results and of nothing else. No I/O here."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sprint5_concurrency.bench.figures import median_figure
from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, REST, STALLED, Results, Run, of_server

Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """One plot: a curve for each server (`curves`), or a group of bars for each (`bars`, one for each of `parts`)."""

    name: str
    title: str
    x: str
    y: str
    curves: dict[str, Curve] = field(default_factory=dict)
    bars: dict[str, list[float | None]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    is_logarithmic: bool = False


def charts(results: Results) -> list[Chart]:
    """Return the plots for which there are figures."""
    found = [
        *delivery_charts(results),
        *latency_charts(results),
        *rest_charts(results),
        *stalled_charts(results),
    ]
    return [chart for chart in found if any(chart.curves.values()) or any(map(any, chart.bars.values()))]


def delivery_charts(results: Results) -> Iterator[Chart]:
    """Yield deliveries a second by number of clients."""
    for outstanding in sorted({run.setting for run in results.of(DELIVERIES)}):
        runs = [run for run in results.of(DELIVERIES) if run.setting == outstanding]
        curves = {server: curve(of_server(runs, server)) for server in results.servers}
        lines = f"{outstanding} line{'s' if outstanding > 1 else ''} outstanding each"
        title, x, y = f"Deliveries, {lines}", "clients", "deliveries a second"
        yield Chart(f"deliveries-{outstanding}", title, x, y, curves=curves, is_logarithmic=True)


def curve(runs: list[Run]) -> Curve:
    """Return the curve of one server; where a run went wrong, it has no point."""
    points = []
    for clients in sorted({run.clients for run in runs}):
        value = sound_median([run for run in runs if run.clients == clients], "per_second")
        if value is not None:
            points.append((float(clients), value))
    return points


def latency_charts(results: Results) -> Iterator[Chart]:
    """Yield half of all, and 99 of 100, at each rate."""
    for rate in sorted({run.setting for run in results.of(LATENCY)}):
        runs = [run for run in results.of(LATENCY) if run.setting == rate]
        bars = grouped(results, runs, ("p50", "p99"), 1 / 1000)
        title = f"Latency at {rate:,} deliveries a second, {runs[0].clients:,} clients"
        parts = ("p50", "p99")
        yield Chart(f"latency-{rate}", title, "", "milliseconds", bars=bars, parts=parts, is_logarithmic=True)


def rest_charts(results: Results) -> Iterator[Chart]:
    """Yield memory, processor and arrivals."""
    runs = results.of(REST)
    first = f"{runs[0].setting:,}" if runs else ""
    parts = (f"the first {first}", "each one more")
    memory = grouped(results, runs, ("memory", "memory_beyond"), 1 / 1000)
    yield Chart("memory", "Memory of the process for each silent client", "", "kB", bars=memory, parts=parts)
    idle = grouped(results, runs, ("idle_cpu",), 100)
    yield Chart(
        "rest", f"Processor at rest, {first} clients", "", "% of one processor", bars=idle, parts=("",)
    )
    joins = grouped(results, runs, ("joins_per_second",), 1)
    yield Chart("joins", f"{first} clients come together", "", "joins a second", bars=joins, parts=("",))


def stalled_charts(results: Results) -> Iterator[Chart]:
    """Yield what the others keep."""
    kept = grouped(results, results.of(STALLED), ("kept",), 100)
    title, y = "One client stops reading: deliveries of the others", "% of those when all read"
    yield Chart("stalled", title, "", y, bars=kept, parts=("",))


def grouped(
    results: Results, runs: list[Run], figures: tuple[str, ...], factor: float
) -> dict[str, list[float | None]]:
    """Return some figures of each server."""
    bars = {}
    for server in results.servers:
        values = [sound_median(of_server(runs, server), figure) for figure in figures]
        bars[server] = [None if value is None else value * factor for value in values]
    return bars


def sound_median(runs: list[Run], figure: str) -> float | None:
    """Return the median of a figure; None when a round went wrong."""
    return None if any(run.failures for run in runs) else median_figure(runs, figure)
