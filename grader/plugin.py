"""The suite as a pytest plugin: whose programs it judges, which checks it skips, what it tells of them.

`pytest tests/e2e` judges the course's own programs, `pytest tests/e2e --submission DIR` those that
DIR/messagerie.toml names. Checks that speak the wire themselves run where it promises the course's wire.
"""

import random
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.checks import LONG, Check, check_of, statement
from grader.contract import COURSE, FILE_NAME, ContractError, read_contract
from grader.submission import build

pytest_plugins = ("grader.fixtures",)

SEEDS = 1_000_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("messagerie")
    group.addoption("--submission", metavar="DIR", help="judge the programs that DIR/messagerie.toml names")
    group.addoption("--seed", type=int, help="repeat a run with the words that it used")
    group.addoption("--built", action="store_true", help="do not build the submission: it has been")
    group.addoption("--tap", action="store_true", help="put a wiretap between the clients and their server")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the markers, choose the seed, and read the contract: its errors end the run in one line."""
    config.addinivalue_line("markers", "check(known): a check of the suite; see grader/checks.py")
    config.addinivalue_line("markers", f"{LONG.name}: a check that waits far longer than others do")
    if config.getoption("--seed") is None:  # xdist's workers are given it
        config.option.seed = random.SystemRandom().randrange(SEEDS)
    submission = config.getoption("--submission")
    if submission and not hasattr(config, "workerinput"):
        try:
            contract = read_contract(Path(submission))
            if not config.getoption("--built"):
                build(contract)
        except ContractError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the checks that speak the wire where nobody has promised which one it is."""
    submission = config.getoption("--submission")
    if not submission or read_contract(Path(submission)).wire == COURSE:
        return
    skip = pytest.mark.skip(reason=f'speaks the wire itself; wire = "{COURSE}" in {FILE_NAME} turns it on')
    for item in items:
        known = check_of(item)
        if known and known.wire:
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Put into the report of a check what a student needs: statement, hint, and how to repeat it."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    known = check_of(item)
    if known:
        report.user_properties.append(("check", (known.id, known.points, known.level, statement(item))))
        if report.failed:
            report.sections.append((f"check {known.id}", advice(item, known)))
    return report  # type: ignore[return-value]


def advice(item: pytest.Item, known: Check) -> str:
    """Return what a failed check tells besides the scene."""
    submission = item.config.getoption("--submission")
    options = f" --submission {shlex.quote(submission)}" if submission else ""
    again = f"pytest {shlex.quote(item.nodeid)} --seed {item.config.getoption('--seed')}{options}"
    return f"{statement(item)}\nhint:   {known.hint}\nrepeat: {again}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List the verdicts on a submission, with the points that they give."""
    if not config.getoption("--submission"):
        return
    marks = {"skipped": "–", "passed": "✓", "failed": "✗", "error": "✗"}
    verdicts = {}  # of a check with several cases, the worst that was judged
    for outcome, mark in marks.items():
        for report in terminalreporter.stats.get(outcome, []):
            properties = dict(report.user_properties)
            if "check" in properties:
                verdicts[properties["check"]] = mark
    terminalreporter.section("verdicts")
    for (name, points, level, text), mark in sorted(verdicts.items()):
        terminalreporter.write_line(
            f"{mark} {name:28} {points if mark == '✓' else 0}/{points}  {level:8} {text}"
        )
    judged = {known: mark for known, mark in verdicts.items() if mark != "–"}
    gained = sum(known[1] for known, mark in judged.items() if mark == "✓")
    terminalreporter.write_line(f"{gained} of {sum(known[1] for known in judged)} points")


def pytest_report_header(config: pytest.Config) -> str:
    """Print the seed, which repeats a run."""
    return f"seed: {config.getoption('--seed')} (the same words again: --seed)"
