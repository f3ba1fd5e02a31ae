r"""How many clients at the same time? What does each cost? This program answers with figures.

    bench ---- starts ----> a server, one strategy after another
        \----- starts ----> processes that play its clients (crew.py, crowd.py) ----> the server

Results go to a directory: report.md for people, results.json and results.csv for programs, plots for a handout.
"""

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from common.arguments import Parser
from sprint5_concurrency.bench.crew import Crew, process_count
from sprint5_concurrency.bench.interrupts import interrupt_on_signals
from sprint5_concurrency.bench.limits import raise_descriptor_limit, shortage
from sprint5_concurrency.bench.machine import describe_machine
from sprint5_concurrency.bench.measures import Settings, measure
from sprint5_concurrency.bench.options import parse, plan_of, targets_of
from sprint5_concurrency.bench.plan import Plan, runs
from sprint5_concurrency.bench.plots import can_draw, draw_all
from sprint5_concurrency.bench.progress import progress
from sprint5_concurrency.bench.report import report
from sprint5_concurrency.bench.results import Results, Run, to_csv, to_json
from sprint5_concurrency.bench.servers import Target

INTERRUPTED = 130


def main() -> int:
    """Measure, and leave the results; return 1 when something went wrong at a server, 130 after Ctrl+C."""
    console = Console(highlight=False)
    parser = Parser()
    arguments = parse(parser)
    try:
        targets, plan = targets_of(arguments), plan_of(arguments)
    except FileNotFoundError as error:
        parser.error(str(error))
    empty = Results(describe_machine(), tuple(target.name for target in targets))
    planned, notes = possible(runs(plan, empty.servers), raise_descriptor_limit())
    done: list[Run] = []
    interrupt_on_signals()
    try:
        play(planned, targets, arguments, plan, console, done)
    except KeyboardInterrupt:
        notes.append(f"Interrupted after {len(done)} of {len(planned)} runs.")
    results = replace(empty, runs=tuple(done), notes=tuple(notes))
    leave(results, arguments.out, console)
    if len(done) < len(planned):
        return INTERRUPTED
    return 1 if results.failed() else 0


def possible(planned: Sequence[Run], limit: int) -> tuple[list[Run], list[str]]:
    """Return the runs that there are descriptors for, and why the others were left out."""
    shortages = {shortage(run.clients, limit): None for run in planned}
    notes = [f"Not measured: {why}." for why in shortages if why]
    return [run for run in planned if not shortage(run.clients, limit)], notes


def play(
    planned: Sequence[Run],
    targets: Sequence[Target],
    arguments: Namespace,
    plan: Plan,
    console: Console,
    done: list[Run],
) -> None:
    """Play all runs, and append each to `done` as it is finished."""
    named = {target.name: target for target in targets}
    settings = Settings(plan.seconds, plan.patience)
    crew = Crew(arguments.processes or process_count())
    try:
        with progress(len(planned), console) as (before, after):
            for run in planned:
                before(run)
                done.append(measure(crew, named[run.server], run, settings))
                after(done[-1])
    finally:
        crew.dismiss()


def leave(results: Results, directory: Path, console: Console) -> None:
    """Write the results down, and say where."""
    directory.mkdir(parents=True, exist_ok=True)
    page = report(results)
    (directory / "report.md").write_text(page)
    (directory / "results.json").write_text(to_json(results))
    (directory / "results.csv").write_text(to_csv(results))
    plots = draw_all(results, directory) if can_draw() else []
    console.print(f"\n{page}", markup=False, soft_wrap=True)
    drawn = f"{len(plots)} plots" if can_draw() else "no plots (matplotlib is not installed)"
    console.print(f"{directory}: report.md, results.json, results.csv, {drawn}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
