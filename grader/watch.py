"""`messagerie watch SPRINT DIR`: judges a submission again whenever one of its files changes.

The check that has failed last is played first. The workers for the next run are started while nothing happens, and
wait: so the first answer comes right after the change has been built.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from watchfiles import watch as watch_files

from grader.check import SOME_FAILED, order_of
from grader.contract import FILE_NAME, ContractError, read_contract
from grader.judge import Judge
from grader.submission import contract_of_copy, copied, copy_into, told_of
from grader.tell import setting_of, tell_text
from grader.verdicts import FAILED

DEBOUNCE_MILLISECONDS = 100
"""Editors write a file in several steps; how long all of them may take."""

STEP_MILLISECONDS = 20


def watch(arguments: argparse.Namespace) -> int:
    """Judge a submission, and again at each change, until Ctrl+C; return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        with copied(arguments.directory) as copy:
            Watcher(arguments, copy, console).go_on_for_ever()
    except ContractError as error:
        console.print(str(error), markup=False)
    return SOME_FAILED


class Watcher:
    """Judges one copy again and again."""

    def __init__(self, arguments: argparse.Namespace, copy: Path, console: Console) -> None:
        self.arguments = arguments
        self.copy = copy
        self.console = console
        self.failed: tuple[str, ...] = ()
        self.cases = 0  # in the last run

    def go_on_for_ever(self) -> None:
        """Judge now, and whenever something changes. Raises ContractError where there is no contract at first."""
        changes = self.changes()
        next(changes)  # from here on no change is missed
        judge = self.prepared_judge()
        try:
            judge = self.run(judge)
            for changed in filter(None, changes):
                copy_into(self.arguments.directory, self.copy)
                if any(Path(name).name == FILE_NAME for _kind, name in changed):
                    judge = self.replaced(judge)
                judge = self.run(judge)
        finally:
            judge.close()

    def changes(self) -> Iterator[set[Any]]:
        """Yield what has changed, whenever something has, and an empty set now and then."""
        yield from watch_files(
            self.arguments.directory.absolute(),  # for a build is started where it takes place
            debounce=DEBOUNCE_MILLISECONDS,
            step=STEP_MILLISECONDS,
            rust_timeout=DEBOUNCE_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )

    def prepared_judge(self) -> Judge:
        """Return a judge whose workers are ready, or will be soon. Raises ContractError."""
        judge = Judge(order_of(self.arguments, read_contract(self.copy), first=self.failed))
        judge.prepare(self.cases)
        return judge

    def replaced(self, judge: Judge) -> Judge:
        """Return a judge that knows the new contract, or the old one where the new cannot be used."""
        try:
            new = self.prepared_judge()
        except ContractError:  # told when it is built
            return judge
        judge.close()
        return new

    def run(self, judge: Judge) -> Judge:
        """Build, judge once, and tell; return the judge for the next run. A build that fails is told, too."""
        self.console.rule()
        try:
            contract_of_copy(self.copy)
        except ContractError as error:
            self.console.print(told_of(self.arguments.directory, self.copy, error), markup=False)
            self.tell_that_it_waits()
            return judge
        told = tell_text(judge, setting_of(self.arguments, judge), self.arguments.all)
        self.failed = tuple(verdict.id for verdict in told if verdict.outcome == FAILED)
        self.cases = sum(len(verdict.cases) for verdict in judge.verdicts.values())
        self.tell_that_it_waits()
        return self.prepared_judge()

    def tell_that_it_waits(self) -> None:
        """Say that it has not ended."""
        self.console.print(f"waiting for a change in {self.arguments.directory} (Ctrl+C ends)", markup=False)
