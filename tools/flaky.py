"""Runs the suite again and again while the processor is loaded, and stops at the first failure.

A race that shows once in a hundred quiet runs shows soon when every program is interrupted at odd moments.
One busy process per core takes half of the machine away, which moves those moments about.

    python tools/flaky.py RUNS COMMAND...     COMMAND: how the suite is started, for example `pytest -n 2`
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

BUSY_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
"""Ends by itself when this program is gone, however it went: nothing is left behind, not even by SIGKILL."""

SEEDS = 2**32
"""pytest-randomly takes its seed from this range."""

told_to_stop = threading.Event()
"""Set by Ctrl+C, which reaches pytest too: pytest ends its tests' programs, and then this one ends."""


def main() -> int:
    """Run the suite as often as the command line says; exit 0 if all passed, 1 if not, 130 on Ctrl+C."""
    runs, command = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGINT, lambda *_: told_to_stop.set())
    with loaded_processor():
        passed = all(run_suite(f"run {run} of {runs}", command) for run in range(1, runs + 1))
    if passed:
        print(f"{runs} runs, no failure")
    return 0 if passed else 1


@contextlib.contextmanager
def loaded_processor() -> Iterator[None]:
    """Keep every core busy, at normal priority, for as long as the block lasts."""
    command = [sys.executable, "-c", BUSY_LOOP]
    # A session of their own: Ctrl+C is not for them.
    busy = [subprocess.Popen(command, start_new_session=True) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def run_suite(title: str, command: list[str]) -> bool:
    """Run the suite once, in a new random order, and say how it went; what pytest says only if it failed."""
    seed = random.randrange(SEEDS)
    print(f"{title}, seed {seed}: ", end="", flush=True)
    start = time.monotonic()
    suite = [*command, "--exitfirst", f"--randomly-seed={seed}"]
    result = subprocess.run(suite, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if told_to_stop.is_set():
        sys.exit(128 + signal.SIGINT)
    passed = result.returncode == 0
    print(f"{'passed' if passed else 'FAILED'} after {time.monotonic() - start:.0f} s", flush=True)
    if not passed:
        print(result.stdout)
        print(f'{title} failed. The same order again: make test ARGS="--randomly-seed={seed}"')
    return passed


if __name__ == "__main__":
    sys.exit(main())
