"""Judges the course's own programs again and again while the processor is loaded: each check must pass each time.

A verdict that depends on who is faster is worse than none. So in two hundred runs each one must be `passed`:

    python -m tools.verdicts RUNS SPRINT
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from grader.check import ALL_PASSED, NOT_JUDGED, SOME_FAILED
from grader.contract import FILE_NAME, REPOSITORY, read_contract
from grader.judge import Judge, Order
from grader.report import headline
from grader.verdicts import PASSED, Verdict
from tools.flaky import loaded_processor

CONTRACT = """server = "python3 -m {package}.server {{port}}"
client = "python3 -m {package}.client {{host}} {{port}}"
wire = "course"
"""


def main() -> int:
    """Judge as often as the command line says; exit 0 if all pass each time, 1 if not, 2 if a run judged nothing."""
    runs, sprint = int(sys.argv[1]), int(sys.argv[2])
    try:
        wrong = judge_often(runs, sprint)
    except RuntimeError as error:
        print(f"a run judged nothing: {error}", file=sys.stderr)
        return NOT_JUDGED
    print(f"{runs} runs, {wrong} verdicts that should have been others")
    return SOME_FAILED if wrong else ALL_PASSED


def judge_often(runs: int, sprint: int) -> int:
    """Judge on a loaded machine; return how many verdicts should have been others. Raises RuntimeError."""
    with tempfile.TemporaryDirectory(prefix="messagerie-") as directory, loaded_processor():
        submission = reference_copy(sprint, Path(directory))
        return sum(judge_once(f"run {run} of {runs}", sprint, submission) for run in range(1, runs + 1))


def reference_copy(sprint: int, directory: Path) -> Path:
    """Copy the course's programs for a sprint, as a student would hand them in; return where."""
    (package,) = (path.name for path in REPOSITORY.glob(f"sprint{sprint}_*"))
    for name in ("common", package):
        shutil.copytree(REPOSITORY / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / FILE_NAME).write_text(CONTRACT.format(package=package))
    return directory


def judge_once(title: str, sprint: int, submission: Path) -> int:
    """Judge once, and tell each check that has not passed; return how many. Raises RuntimeError."""
    start = time.monotonic()
    judge = Judge(Order(sprint, read_contract(submission).in_sprint(sprint)))
    wrong = [verdict for verdict in judge.verdicts_as_they_come() if verdict.outcome != PASSED]
    seconds = time.monotonic() - start
    print(f"{title}, seed {judge.seed}: {seconds:.1f} s, {len(wrong)} not passed", flush=True)
    for verdict in wrong:
        tell(verdict)
    return len(wrong)


def tell(verdict: Verdict) -> None:
    """Print what is known of a verdict that should have been another: failed, not judged, or skipped."""
    case = next(case for case in verdict.cases if case.outcome == verdict.outcome)
    print(f"{headline(verdict)}\n{case.name}\n{case.scene.error or case.reason}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
