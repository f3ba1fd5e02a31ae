"""The sandbox in which judged programs run: bubblewrap, where the machine has it.

Inside there is a network of its own, so that a fixed port meets nobody; a process table of its own, so that all that
was started is gone when the first process is; and a file system that can be read but not written, except the
submission's own copy and a /tmp that nobody else sees. No capabilities, whoever runs it.

Without bubblewrap the programs run as the user, and are ended one by one (leftovers.py).
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.contract import HOST, REPOSITORY

WRAP = "bwrap"

HIDDEN_PLACES = ("/home", "/root", "/run", "/var/tmp", "/tmp")
"""Where people keep what a submission must not read, or write."""


@cache
def is_available() -> bool:
    """Tell whether bubblewrap is there and may make namespaces."""
    if not shutil.which(WRAP):
        return False
    trial = [WRAP, "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def description(wanted: bool = True) -> str:
    """Say in a few words what stands between the judged programs and this machine."""
    if wanted and is_available():
        return "bubblewrap: own network, own processes, files read-only"
    return "none: the programs run with your rights" + (
        "" if not wanted else " (sudo apt-get install bubblewrap brings one)"
    )


def wrapped(command: list[str], submission: Path, address: str = HOST) -> list[str]:
    """Return the command that runs another one in the sandbox, in the repository's directory."""
    outfit = [WRAP, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/"]
    for place in HIDDEN_PLACES:
        if Path(place).is_dir():
            outfit += ["--tmpfs", place]
    for needed in dict.fromkeys(map(str, places_needed())):
        outfit += ["--ro-bind", needed, needed]
    outfit += ["--bind", str(submission), str(submission), "--dev", "/dev", "--proc", "/proc"]
    outfit += ["--setenv", "HOME", str(submission), "--chdir", str(REPOSITORY)]
    if address != HOST:
        outfit += ["--cap-add", "CAP_NET_ADMIN"]
    return [*outfit, "--", *command]


def places_needed() -> Iterator[Path]:
    """Yield where the course and its environment lie, which may be in a hidden place, or behind a link."""
    yield REPOSITORY
    for place in map(Path, (sys.prefix, sys.base_prefix, sys.exec_prefix)):
        yield place.resolve()
        if not place.is_relative_to(REPOSITORY):  # what is there is seen already, and a link stays one
            yield place
