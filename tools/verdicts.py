"""Judges the course's own programs again and again while the processor is loaded: each check must pass each time.

A verdict that depends on who is faster is worse than none. So this must tell of no failure in two hundred runs:

    python -m tools.verdicts RUNS SPRINT
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from grader.check import JOBS
from grader.contract import FILE_NAME, REPOSITORY, read_contract
from grader.judge import Judge, Order
from grader.verdicts import FAILED, Verdict
from tools.flaky import loaded_processor

CONTRACT = """server = "python3 -m {package}.server {{port}}"
client = "python3 -m {package}.client {{host}} {{port}}"
wire = "course"
"""


def main() -> int:
    """Judge as often as the command line says; exit 0 if all checks passed each time, 1 if not."""
    runs, sprint = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="messagerie-") as directory, loaded_processor():
        submission = reference_copy(sprint, Path(directory))
        failures = sum(judge_once(f"run {run} of {runs}", sprint, submission) for run in range(1, runs + 1))
    print(f"{runs} runs, {failures} verdicts that should have been others")
    return 1 if failures else 0


def reference_copy(sprint: int, directory: Path) -> Path:
    """Copy the course's programs for a sprint, as a student would hand them in; return where."""
    (package,) = (path.name for path in REPOSITORY.glob(f"sprint{sprint}_*"))
    for name in ("common", package):
        shutil.copytree(REPOSITORY / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / FILE_NAME).write_text(CONTRACT.format(package=package))
    return directory


def judge_once(title: str, sprint: int, submission: Path) -> int:
    """Judge once, and tell each check that fails; return how many do."""
    start = time.monotonic()
    judge = Judge(Order(sprint, read_contract(submission).in_sprint(sprint), jobs=JOBS))
    failed = [verdict for verdict in judge.verdicts_as_they_come() if verdict.outcome == FAILED]
    print(f"{title}, seed {judge.seed}: {time.monotonic() - start:.1f} s, {len(failed)} failed", flush=True)
    for verdict in failed:
        tell(verdict)
    return len(failed)


def tell(verdict: Verdict) -> None:
    """Print what is known of a failure."""
    case = verdict.failure()
    print(f"{case.name}\n{case.scene.error}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
