"""What a person, or another program, is told of a run: each verdict as it comes, the reports, the points."""

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader import sandbox
from grader.formats import as_json, as_junit
from grader.judge import Judge
from grader.report import PROGRAM, Setting, failure_report, headline
from grader.verdicts import BLOCKED, BROKEN, FAILED, PASSED, SKIPPED, UNCOUNTED, Verdict

COLOURS = {PASSED: "green", FAILED: "bold red", SKIPPED: "dim", BLOCKED: "red", BROKEN: "yellow"}


def tell(judge: Judge, arguments: argparse.Namespace) -> list[Verdict]:
    """Print what comes of a run, in the format that is asked for; return the verdicts."""
    return TELLERS[arguments.format](judge, setting_of(arguments, judge), arguments.all)


def setting_of(arguments: argparse.Namespace, judge: Judge) -> Setting:
    """Return what reports must know of a run."""
    return Setting(arguments.sprint, str(arguments.directory), judge.seed, judge.order.contract, called_as())


def called_as() -> str:
    """Return the words by which this program was called, to be called so again."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m {called.parent.name}"
    return sys.argv[0] if called.name == PROGRAM else PROGRAM


def tell_text(judge: Judge, setting: Setting, go_on: bool) -> list[Verdict]:
    """Print each check as it ends, a report for what fails, and the points; return the verdicts."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"sandbox: {sandbox.description(judge.order.sandbox)}", markup=False, style="dim")
    told: list[Verdict] = []
    for verdict in until_first_failure(judge.verdicts_as_they_come(), go_on):
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
    judged = [verdict for verdict in told if verdict.outcome not in UNCOUNTED]
    points = (
        f"{sum(verdict.gained for verdict in judged)} of {sum(verdict.points for verdict in judged)} points"
    )
    notes = [f"seed {setting.seed}", *notes_on_uncounted(told)]
    if blocked := sum(verdict.outcome == BLOCKED for verdict in told):
        notes.append(f"{blocked} not judged: they build on what failed first")
    if len(told) < count:
        notes.append(f"{count - len(told)} not played: --all goes on after a failure")
    return f"{points} ({'; '.join(notes)})"


def notes_on_uncounted(told: list[Verdict]) -> Iterator[str]:
    """Yield why checks give no points and cost none, with how many of them."""
    reasons = Counter(verdict.why_not() for verdict in told if verdict.outcome in UNCOUNTED)
    for reason, count in reasons.items():
        yield f"{count} not judged: {reason.removeprefix('Skipped: ')}"


def tell_json(judge: Judge, setting: Setting, go_on: bool) -> list[Verdict]:
    """Print the whole run as JSON; return the verdicts."""
    told = list(until_first_failure(judge.verdicts_as_they_come(), go_on))
    print(as_json(told, setting, sandbox.description(judge.order.sandbox)))
    return told


def tell_junit(judge: Judge, setting: Setting, go_on: bool) -> list[Verdict]:
    """Print the whole run as JUnit's XML; return the verdicts."""
    told = list(until_first_failure(judge.verdicts_as_they_come(), go_on))
    print(as_junit(told, setting))
    return told


TELLERS: dict[str, Callable[[Judge, Setting, bool], list[Verdict]]] = {
    "text": tell_text,
    "json": tell_json,
    "junit": tell_junit,
}
