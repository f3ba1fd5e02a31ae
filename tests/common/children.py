"""Small programs in processes of their own: for what a test cannot do to itself, such as being sent signals."""

import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from grader.launch import KEYS, PROCESSOR_SECONDS, plain_environment

ROOT = Path(__file__).parents[2]

SECONDS = 50.0
"""Against hanging only: no test here takes a tenth of it on a machine that has little else to do."""

DIRECTLY = 'exec "$@"'
"""How a shell starts a program; redirections may follow: `exec "$@" >&-`."""

Child = subprocess.Popen[bytes]

Outcome = tuple[int, str, str]


def child(*words: str, shell: str = DIRECTLY, **options: Any) -> Child:
    """Start Python with these words, its streams on pipes unless told otherwise."""
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    settings = {"cwd": ROOT, "env": plain_environment(), "preexec_fn": begin_anew, **streams, **options}
    return subprocess.Popen(["sh", "-c", shell, "sh", sys.executable, *words], **settings)


def begin_anew() -> None:
    """Obey a terminal's keys, as what a person starts does, and end some time: the suite may be in the background."""
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    for number in KEYS:
        signal.signal(number, signal.SIG_DFL)


def said(program: Child) -> str:
    """Wait for the next line that a program prints; empty at the end."""
    assert program.stdout is not None
    return program.stdout.readline().decode().removesuffix("\n")


def outcome(program: Child) -> Outcome:
    """Give a program no more input and wait for its end; return exit code, stdout and stderr."""
    try:
        out, err = program.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        end(program)  # what is left open would be the next test's failure
        raise
    return program.returncode, (out or b"").decode(), (err or b"").decode()


def end(program: Child) -> None:
    """Kill a program, if it still runs, and close its pipes."""
    program.kill()
    program.communicate()
