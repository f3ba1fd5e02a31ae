"""The tables of the report, which are a function of the results and of nothing else. No I/O here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sprint5_concurrency.bench.cells import kilobytes, milliseconds, percent, two_places, whole
from sprint5_concurrency.bench.figures import median_figure, median_ratio
from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, REST, STALLED, Results, Run, of_server

BEST = "event_loop"
"""The one that all others are compared with, where it takes part."""

FAILED, NOTHING = "FAILED", "–"
"""In place of a figure: a run went wrong; nothing was measured."""

LIMITED = "≥ "
"""In front of a figure: the crowd could not go faster, the server could."""

Show = Callable[[float], str]
Column = tuple[str, str, Show, list[Run]]
"""Title, figure, how to show it, the runs of all servers that it is taken from."""


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, a row for each server, and what one must know to read it."""

    title: str
    header: list[str]
    rows: list[list[str]]
    note: str = ""


def tables(results: Results) -> list[Table]:
    """Return the tables for which there are figures."""
    found = [*delivery_tables(results), *ratio_tables(results), latency_table(results), rest_table(results)]
    return [table for table in [*found, stalled_table(results)] if len(table.header) > 1]


def delivery_tables(results: Results) -> Iterable[Table]:
    """Return deliveries a second by number of clients, one table for each number of lines outstanding."""
    for outstanding, runs in by_setting(results.of(DELIVERIES)).items():
        columns: list[Column] = [
            (f"{size:,}", "per_second", whole, some) for size, some in by_size(runs).items()
        ]
        note = "Columns: number of clients. One line said to n clients is n − 1 deliveries."
        yield table(results, f"Deliveries a second, {lines(outstanding)} outstanding each", columns, note)


def ratio_tables(results: Results) -> Iterable[Table]:
    """Return how many times more deliveries `event_loop` makes than each of the others."""
    for outstanding, runs in by_setting(results.of(DELIVERIES)).items():
        sizes = by_size(runs)
        others = [server for server in results.servers if server != BEST]
        if BEST in results.servers and others:
            rows = [[server, *(ratio(some, server) for some in sizes.values())] for server in others]
            header = ["server", *(f"{size:,}" for size in sizes)]
            yield Table(
                f"{BEST}: how many times as many, {lines(outstanding)} outstanding each", header, rows
            )


def ratio(runs: list[Run], server: str) -> str:
    """Return how many times more deliveries `event_loop` makes than a server, as a cell."""
    best, other = of_server(runs, BEST), of_server(runs, server)
    if any(run.failures for run in [*best, *other]):
        return FAILED
    value = median_ratio(best, other, "per_second")
    return NOTHING if value is None else f"{value:.1f} ×"


def latency_table(results: Results) -> Table:
    """Return how long a delivery takes at each rate."""
    columns: list[Column] = []
    for rate, runs in by_setting(results.of(LATENCY)).items():
        columns += [(f"{rate:,}/s {figure}", figure, milliseconds, runs) for figure in ("p50", "p99")]
    note = "Milliseconds from said to heard, at fixed rates of deliveries a second" + among(
        results.of(LATENCY)
    )
    return table(results, "Latency", columns, note)


def rest_table(results: Results) -> Table:
    """Return what clients cost that say nothing, and how quickly they come in."""
    runs = results.of(REST)
    if not runs:
        return Table("At rest", ["server"], [])
    first, most = runs[0].setting, runs[0].clients
    columns: list[Column] = [
        (f"joins/s, {first:,} together", "joins_per_second", whole, runs),
        (f"processor, {first:,} idle", "idle_cpu", percent, runs),
        (f"kB a client, 1 to {first:,}", "memory", kilobytes, runs),
    ]
    if most > first:
        columns.append((f"kB a client, {first + 1:,} to {most:,}", "memory_beyond", kilobytes, runs))
    note = "100 % is one processor. Memory is the process's own (RSS), without what the kernel keeps for sockets."
    return table(results, "At rest", columns, note)


def stalled_table(results: Results) -> Table:
    """Return what one client that stops reading does to the others."""
    columns: list[Column] = [
        ("the others keep", "kept", two_places, runs) for runs in [results.of(STALLED)] if runs
    ]
    note = "Deliveries a second from when it stops, over those of a room in which all read" + among(
        results.of(STALLED)
    )
    return table(results, "One client stops reading", columns, note)


def table(results: Results, title: str, columns: list[Column], note: str) -> Table:
    """Return a table with a row for each server."""
    rows = [
        [server, *(cell(of_server(runs, server), figure, show) for _title, figure, show, runs in columns)]
        for server in results.servers
    ]
    return Table(title, ["server", *(title for title, *_rest in columns)], rows, note)


def cell(runs: list[Run], figure: str, show: Show) -> str:
    """Return the median of a figure; a failure of any round is shown in its place."""
    if any(run.failures for run in runs):
        return FAILED
    value = median_figure(runs, figure)
    if value is None:
        return NOTHING
    return (LIMITED if any(run.limit for run in runs) and show is whole else "") + show(value)


def by_setting(runs: Iterable[Run]) -> dict[int, list[Run]]:
    """Return runs by their setting."""
    return {key: [run for run in runs if run.setting == key] for key in sorted({run.setting for run in runs})}


def by_size(runs: Iterable[Run]) -> dict[int, list[Run]]:
    """Return runs by their number of clients."""
    return {key: [run for run in runs if run.clients == key] for key in sorted({run.clients for run in runs})}


def among(runs: list[Run]) -> str:
    """Return among how many clients runs were made."""
    return f", among {runs[0].clients:,} clients." if runs else "."


def lines(count: int) -> str:
    """Return `1 line`, `10 lines`."""
    return f"{count} line{'s' if count > 1 else ''}"
