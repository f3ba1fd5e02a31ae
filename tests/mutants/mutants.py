"""How a mutant is made and judged: its programs in a directory of their own, and the verdicts on them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.judge import Judge, Order
from grader.submission import contract_of_copy
from grader.verdicts import Verdict
from tests.course.handouts import ROOT
from tests.mutants.catalogue import Compiled, Patch

PACKAGES = {
    1: "sprint1_turn_based",
    2: "sprint2_threaded_pair",
    3: "sprint3_n_clients",
    4: "sprint4_named_room",
    5: "sprint5_concurrency",
    6: "sprint6_messenger",
}

SERVERS = {1: "turns.c", 2: "pair.c", 3: "room.c", 4: "named.c"}

HEADER = "message.h"

SPRINT_FLAGS = {1: " -DTURNS", 4: " -DNAMED"}
"""What the programs of a sprint are compiled with besides."""

C = ROOT / "tests" / "mutants" / "c"

SPEAKS_LINES = "-DWIRE=3 -DBUG"
"""What is compiled with this claims to speak the wire of the course."""

SEED = 4711


def made(mutant: Patch | Compiled, directory: Path) -> Path:
    """Write a mutant's programs and contract into a directory; return it."""
    return patched(mutant, directory) if isinstance(mutant, Patch) else compiled(mutant, directory)


def patched(patch: Patch, directory: Path) -> Path:
    """Copy a sprint's reference with one change in it."""
    package = PACKAGES[patch.sprint]
    for name in ("common", package):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    file = directory / file_of(patch)
    source = file.read_text()
    assert patch.old in source, f"{file.name} no longer has what {patch.name!r} changes"
    file.write_text(source.replace(patch.old, patch.new))
    (directory / "messagerie.toml").write_text(
        f'server = "python3 -m {package}.server {{port}} {patch.options}"\n'
        f'client = "python3 -m {package}.client {{host}} {{port}}"\n'
        'wire = "course"\npatience = 2\n'
    )
    return directory


def file_of(patch: Patch) -> str:
    """Return the path of the file that a patch changes."""
    package = PACKAGES[patch.sprint]
    return patch.file.replace("SERVER", f"{package}/server.py").replace("CLIENT", f"{package}/client.py")


def compiled(program: Compiled, directory: Path) -> Path:
    """Copy a server and a client in C, with what they are to be compiled with."""
    for source in c_sources(program):
        shutil.copy(source, directory)
    build = " && ".join(
        f"gcc -Wall -Wextra -Wno-unused-function {flags_of(program)} -o {target} {source} -pthread"
        for target, source in (("server", SERVERS[program.sprint]), ("client", "client.c"))
    )
    wire = 'wire = "course"\n' if program.flags.startswith(SPEAKS_LINES) else ""
    (directory / "messagerie.toml").write_text(
        f'build = "{build}"\nserver = "{program.server}"\nclient = "{program.client}"\npatience = 3\n'
        f"{wire}{program.more}"
    )
    return directory


def flags_of(program: Compiled) -> str:
    """Return what a program in C is compiled with that chooses what it does."""
    return program.flags + SPRINT_FLAGS.get(program.sprint, "")


def c_sources(program: Compiled) -> list[Path]:
    """Return the files that a program in C is made of, the header first."""
    return [C / name for name in (HEADER, "client.c", SERVERS[program.sprint])]


def judged(
    sprint: int,
    directory: Path,
    *,
    only: Sequence[str] = (),
    level: str = "",
    jobs: int = 6,
    replay: bool = True,
) -> dict[str, Verdict]:
    """Have programs judged by these checks, or by all of a level, or by all; return the verdicts by id."""
    order = Order(
        sprint=sprint,
        contract=contract_of_copy(directory).in_sprint(sprint),
        only=tuple(only),
        level=level,
        jobs=jobs,
        seed=SEED,
        replay=replay,
    )
    return {verdict.id: verdict for verdict in Judge(order).verdicts_as_they_come()}
