"""`messagerie check SPRINT DIR`: builds a submission, has it judged, and tells."""

import argparse
import contextlib
import sys
from pathlib import Path

from grader.contract import Contract, ContractError, read_contract
from grader.judge import JOBS, Judge, Order
from grader.submission import build_from_clean, copied
from grader.verdicts import BROKEN, FAILED, PASSED, SUBJECT

ALL_PASSED, SOME_FAILED, NOT_JUDGED = 0, 1, 2
"""Exit codes."""


def check(arguments: argparse.Namespace) -> int:
    """Judge a submission and print what came of it; return the exit code."""
    try:
        with copied(arguments.directory) as copy:
            return judge_copy(arguments, copy)
    except (ContractError, LookupError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return NOT_JUDGED


def judge_copy(arguments: argparse.Namespace, copy: Path) -> int:
    """Judge a submission's copy; return the exit code. Raises ContractError."""
    judge = Judge(order_of(arguments, read_contract(copy)))
    with contextlib.closing(judge):
        judge.prepare()  # its workers start while the submission is built
        build_from_clean(judge.order.contract)
        from grader.tell import tell  # noqa: PLC0415 - what prints is loaded while the workers start, too

        told = tell(judge, arguments)
    outcomes = {verdict.outcome for verdict in told}
    if FAILED in outcomes:
        return SOME_FAILED
    return ALL_PASSED if PASSED in outcomes and BROKEN not in outcomes else NOT_JUDGED


def order_of(arguments: argparse.Namespace, contract: Contract, first: tuple[str, ...] = ()) -> Order:
    """Return what a command line asks a judge for; `first` names checks to begin with."""
    return Order(
        sprint=arguments.sprint,
        contract=contract.in_sprint(arguments.sprint),
        only=tuple(arguments.only),
        level=SUBJECT if arguments.subject else "",
        seed=arguments.seed,
        sandbox=not arguments.no_sandbox,
        jobs=JOBS if arguments.jobs is None else max(1, arguments.jobs),
        first=first,
    )
