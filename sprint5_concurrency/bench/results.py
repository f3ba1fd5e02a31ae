"""What was measured, as it is kept: one run after another, in JSON for programs and CSV for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

DELIVERIES, LATENCY, REST, STALLED = "deliveries", "latency", "rest", "stalled"
MEASURES = (DELIVERIES, LATENCY, REST, STALLED)

COLUMNS = ("measure", "server", "clients", "setting", "round", "figure", "value", "failure")


@dataclass(frozen=True)
class Run:
    """One measurement of one server; `setting` is lines outstanding, or deliveries a second."""

    measure: str
    server: str
    clients: int
    setting: int
    round: int
    figures: dict[str, float] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    limit: str = ""  # what kept the figure from being higher, where it was not the server


@dataclass(frozen=True)
class Results:
    """All runs, on which machine, and what could not be measured there."""

    machine: dict[str, str]
    servers: tuple[str, ...]
    runs: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, measure: str) -> list[Run]:
        """Return the runs of one measure."""
        return [run for run in self.runs if run.measure == measure]

    def failed(self) -> list[Run]:
        """Return the runs in which something went wrong."""
        return [run for run in self.runs if run.failures]


def to_json(results: Results) -> str:
    """Return results as JSON."""
    return json.dumps(asdict(results), indent=1) + "\n"


def from_json(text: str) -> Results:
    """Return the results that `to_json` wrote."""
    fields: dict[str, Any] = json.loads(text)
    runs = tuple(Run(**{**run, "failures": tuple(run["failures"])}) for run in fields["runs"])
    return Results(fields["machine"], tuple(fields["servers"]), runs, tuple(fields["notes"]))


def to_csv(results: Results) -> str:
    """Return results as CSV: a row for each figure, and one for each failure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in results.runs:
        writer.writerows(rows(run))
    return text.getvalue()


def rows(run: Run) -> Iterator[list[object]]:
    """Yield the CSV rows of a run."""
    key = [run.measure, run.server, run.clients, run.setting, run.round]
    for figure, value in run.figures.items():
        yield [*key, figure, value, ""]
    for failure in run.failures:
        yield [*key, "", "", failure]


def of_server(runs: Iterable[Run], server: str) -> list[Run]:
    """Return the runs of one server."""
    return [run for run in runs if run.server == server]
