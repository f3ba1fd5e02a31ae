"""`messagerie check SPRINT DIR`: builds a submission, has it judged, and tells."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader import sandbox
from grader.contract import Contract, ContractError, read_contract
from grader.formats import as_json, as_junit
from grader.judge import PROCESSORS, Judge, Order
from grader.report import PROGRAM, Setting, failure_report, headline
from grader.submission import build_from_clean, copied
from grader.verdicts import BLOCKED, FAILED, PASSED, SKIPPED, SUBJECT, Verdict

SPRINTS = range(1, 7)

ALL_PASSED, SOME_FAILED, NOT_JUDGED = 0, 1, 2
"""Exit codes."""

COLOURS = {PASSED: "green", FAILED: "bold red", SKIPPED: "dim", BLOCKED: "red"}

JOBS = 2 * PROCESSORS
"""Workers: most of the time a check waits."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `check`."""
    add_submission(parser)
    parser.add_argument("--format", choices=("text", "json", "junit"), default="text")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="judge this check (repeatable)"
    )
    parser.add_argument("--subject", action="store_true", help="only what the course text asks for")
    parser.add_argument("--seed", type=int, default=-1, help="repeat a run with the words that it used")
    parser.add_argument("--all", action="store_true", help="go on after the first failure")
    parser.add_argument("--no-sandbox", action="store_true", help="run the programs with your rights")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"checks at the same time (default: {JOBS})")


def add_submission(parser: argparse.ArgumentParser) -> None:
    """Describe what every command is told of a submission."""
    first, last = SPRINTS[0], SPRINTS[-1]
    parser.add_argument("sprint", type=int, choices=SPRINTS, metavar="SPRINT", help=f"{first} to {last}")
    parser.add_argument("directory", type=Path, metavar="DIR", help="a submission: it has a messagerie.toml")


def check(arguments: argparse.Namespace) -> int:
    """Judge a submission and print what came of it; return the exit code."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with copied(arguments.directory) as copy:
            return judge_copy(arguments, copy)
    except (ContractError, LookupError, RuntimeError) as error:
        errors.print(str(error), markup=False)
        return NOT_JUDGED


def judge_copy(arguments: argparse.Namespace, copy: Path) -> int:
    """Judge a submission's copy; return the exit code. Raises ContractError."""
    judge = Judge(order_of(arguments, read_contract(copy)))
    with contextlib.closing(judge):
        judge.prepare()  # its workers start while the submission is built
        build_from_clean(judge.order.contract)
        told = TELLERS[arguments.format](judge, setting_of(arguments, judge), arguments)
    outcomes = {verdict.outcome for verdict in told}
    if FAILED in outcomes:
        return SOME_FAILED
    return ALL_PASSED if PASSED in outcomes else NOT_JUDGED


def order_of(arguments: argparse.Namespace, contract: Contract, first: tuple[str, ...] = ()) -> Order:
    """Return what a command line asks a judge for; `first` names checks to begin with."""
    return Order(
        sprint=arguments.sprint,
        contract=contract.in_sprint(arguments.sprint),
        only=tuple(arguments.only),
        level=SUBJECT if arguments.subject else "",
        seed=arguments.seed,
        sandbox=not arguments.no_sandbox,
        jobs=max(1, arguments.jobs),
        first=first,
    )


def setting_of(arguments: argparse.Namespace, judge: Judge) -> Setting:
    """Return what reports must know of a run."""
    called = sys.argv[0] if Path(sys.argv[0]).name == PROGRAM else PROGRAM
    return Setting(arguments.sprint, str(arguments.directory), judge.seed, judge.order.contract, called)


def tell_text(judge: Judge, setting: Setting, arguments: argparse.Namespace) -> list[Verdict]:
    """Print each check as it ends, a report for what fails, and the points; return the verdicts."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"sandbox: {sandbox.description(judge.order.sandbox)}", markup=False, style="dim")
    told: list[Verdict] = []
    for verdict in until_first_failure(judge.verdicts_as_they_come(), arguments.all):
        told.append(verdict)
        console.print(Text(headline(verdict), style=COLOURS[verdict.outcome]))
        if verdict.outcome == FAILED:
            console.print(Text(failure_report(verdict, setting) + "\n"))
    console.print(summary(told, len(judge.verdicts), setting), markup=False)
    return told


def until_first_failure(verdicts: Iterator[Verdict], go_on: bool) -> Iterator[Verdict]:
    """Yield verdicts up to the first that failed, or all."""
    for verdict in verdicts:
        yield verdict
        if verdict.outcome == FAILED and not go_on:
            return


def summary(told: list[Verdict], count: int, setting: Setting) -> str:
    """Return the last line of a run."""
    judged = [verdict for verdict in told if verdict.outcome != SKIPPED]
    points = (
        f"{sum(verdict.gained for verdict in judged)} of {sum(verdict.points for verdict in judged)} points"
    )
    notes = [f"seed {setting.seed}", *notes_on_skipped(told)]
    if blocked := sum(verdict.outcome == BLOCKED for verdict in told):
        notes.append(f"{blocked} not judged: they build on what failed first")
    if len(told) < count:
        notes.append(f"{count - len(told)} not played: --all goes on after a failure")
    return f"{points} ({'; '.join(notes)})"


def notes_on_skipped(told: list[Verdict]) -> Iterator[str]:
    """Yield why checks were skipped, with how many of them."""
    reasons = Counter(verdict.cases[0].reason for verdict in told if verdict.outcome == SKIPPED)
    for reason, count in reasons.items():
        yield f"{count} not judged: {reason.removeprefix('Skipped: ')}"


def tell_json(judge: Judge, setting: Setting, arguments: argparse.Namespace) -> list[Verdict]:
    """Print the whole run as JSON; return the verdicts."""
    told = list(until_first_failure(judge.verdicts_as_they_come(), arguments.all))
    print(as_json(told, setting, sandbox.description(judge.order.sandbox)))
    return told


def tell_junit(judge: Judge, setting: Setting, arguments: argparse.Namespace) -> list[Verdict]:
    """Print the whole run as JUnit's XML; return the verdicts."""
    told = list(until_first_failure(judge.verdicts_as_they_come(), arguments.all))
    print(as_junit(told, setting))
    return told


TELLERS: dict[str, Callable[[Judge, Setting, argparse.Namespace], list[Verdict]]] = {
    "text": tell_text,
    "json": tell_json,
    "junit": tell_junit,
}
