"""The table of mutants and checks: `python -m tests.mutants.table [SPRINT ...]` plays each one against each.

It takes a long time, so it is kept in table.json, which TABLE.md shows, and each row is kept as soon as it is known:
it may be stopped at any moment (Ctrl+C), and goes on there. Only what has changed is played: a mutant, in C what of
it is compiled, or the file with the checks of its sprint. A change of what both stand on, as the reference, is not
noticed: --anew plays all.
"""

import argparse
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from grader.contract import FILE_NAME
from grader.judge import suite
from grader.stage import PATIENCE
from grader.verdicts import BLOCKED, FAILED
from tests.course.handouts import ROOT
from tests.mutants.catalogue import FAULTY, PATCHES, Compiled, Patch
from tests.mutants.mutants import HEADER, PACKAGES, c_sources, flags_of, judged, made

FILE = ROOT / "tests" / "mutants" / "table.json"

PAGE = FILE.with_name("TABLE.md")

AT_ONCE, JOBS = 2, 4
"""Mutants that are played at the same time, and workers for each: while one waits at its end, another begins."""

DIGEST_CHARACTERS = 12

OF_THE_SYSTEM = re.compile(r"^#include <.*>$", re.MULTILINE)

HEAD = """# Mutants and checks

Which checks fail for which mutant, played one against the other (`python -m tests.mutants.table` does it again, and
takes its time). A check that fails is played a second time, and counts if it fails again. The first check of each row
is the one that is about the mutant.

Some checks catch nothing alone. Those of the level `subject` ask whether people can talk at all: what breaks that
breaks others too. And some rules are looked at from two sides, through people's terminals and on the wire, so that
programs whose wire is their own are judged as well.
"""


@dataclass(frozen=True)
class Row:
    """The checks that fail for one mutant, and with what that was found out."""

    checks: list[str]
    digest: str = ""


Table = dict[str, Row]
"""A row for each mutant, by its title."""

Mutant = Patch | Compiled


def title(mutant: Mutant) -> str:
    """Return the name of a mutant in the table."""
    return f"{mutant.sprint} {mutant.name} ({'patch' if isinstance(mutant, Patch) else 'C'}; {mutant.check})"


def mutants(sprint: int) -> list[Mutant]:
    """Return the mutants of a sprint."""
    every: list[Mutant] = [*PATCHES, *FAULTY]
    return [mutant for mutant in every if mutant.sprint == sprint]


def digest(mutant: Mutant) -> str:
    """Return what changes when a mutant, or a check of its sprint, does."""
    whole = sha256(repr(mutant).encode() + suite(mutant.sprint).read_bytes())
    for source in preprocessed(mutant) if isinstance(mutant, Compiled) else ():
        whole.update(source)
    return whole.hexdigest()[:DIGEST_CHARACTERS]


def preprocessed(program: Compiled) -> Iterator[bytes]:
    """Yield what is compiled of the sources of a server and of a client, without the system's headers."""
    header, *sources = [file.read_text(encoding="utf-8") for file in c_sources(program)]
    command = ["gcc", "-E", "-P", *flags_of(program).split(), "-x", "c", "-"]
    for source in sources:
        own = OF_THE_SYSTEM.sub("", source.replace(f'#include "{HEADER}"', header))
        whole = subprocess.run(command, input=own.encode(), capture_output=True, check=True).stdout
        yield b" ".join(whole.split())


def played(mutant: Mutant) -> Row:
    """Play a mutant against all checks of its sprint; those that fail twice, the one about it first, are its row.

    The second time there is as much patience as a submission gets: a busy machine is no mistake of the mutant's.
    """
    digest_before = digest(mutant)
    with tempfile.TemporaryDirectory() as directory:
        programs = made(mutant, Path(directory))
        failed = failing(mutant.sprint, programs)
        be_patient(programs)
        failed = failing(mutant.sprint, programs, failed) if failed else []
    return Row(sorted(failed, key=lambda name: name != mutant.check), digest_before)


def failing(sprint: int, programs: Path, only: Sequence[str] = ()) -> list[str]:
    """Return which checks fail, of these or of all."""
    jobs = min(JOBS, len(only) or JOBS)
    verdicts = judged(sprint, programs, only=only, jobs=jobs, replay=False)
    return [name for name, verdict in verdicts.items() if verdict.outcome in (FAILED, BLOCKED)]


def be_patient(programs: Path) -> None:
    """Let each thing take as long as where a contract says nothing."""
    file = programs / FILE_NAME
    file.write_text(re.sub(r"patience = \d+", f"patience = {PATIENCE}", file.read_text()))


def read_table() -> Table:
    """Return the table as it was made last."""
    rows = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return {name: Row(**row) for name, row in rows.items()}


def write_table(table: Table) -> None:
    """Keep the table, and the page that shows it."""
    rows = {name: asdict(row) for name, row in table.items()}
    FILE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(table), encoding="utf-8")


def in_order(table: Table) -> Table:
    """Return a table in the order of the catalogue, without the rows of mutants that are no more."""
    titles = [title(mutant) for sprint in PACKAGES for mutant in mutants(sprint)]
    return {name: table[name] for name in titles if name in table}


def page(table: Table) -> str:
    """Return the table as Markdown: row by row, and turned round."""
    return HEAD + "".join(f"\n## Sprint {sprint}\n\n{section(sprint, table)}" for sprint in sprints(table))


def sprints(table: Table) -> list[str]:
    """Return the sprints that a table has mutants of."""
    return sorted({name.partition(" ")[0] for name in table})


def section(sprint: str, table: Table) -> str:
    """Return the part of one sprint."""
    rows = {name: row.checks for name, row in table.items() if name.startswith(f"{sprint} ")}
    lines = ["| mutant | caught by |", "|---|---|"]
    lines += [f"| {name.partition(' ')[2]} | {' '.join(checks)} |" for name, checks in rows.items()]
    lines += ["", "| check | mutants, of which only it catches |", "|---|---|"]
    lines += [f"| {check} | {counted} |" for check, counted in turned(list(rows.values()))]
    return "\n".join(lines) + "\n"


def turned(rows: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Yield each check that catches a mutant, with how many, and how many no other does."""
    for check in sorted({check for checks in rows for check in checks}):
        caught = [checks for checks in rows if check in checks]
        yield check, f"{len(caught)}, {sum(len(checks) == 1 for checks in caught)}"


def due(sprint: int, table: Table) -> list[Mutant]:
    """Return the mutants of a sprint that a table has no row of, or one that is out of date."""
    return [
        mutant
        for mutant in mutants(sprint)
        if title(mutant) not in table or table[title(mutant)].digest != digest(mutant)
    ]


def play_all(waiting: list[Mutant], table: Table) -> None:
    """Play mutants, some at the same time, and keep each row as soon as it and those before it are known."""
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for mutant, row in zip(waiting, pool.map(played, waiting), strict=True):
            table[title(mutant)] = row
            write_table(in_order(table))
            print(title(mutant), "->", " ".join(row.checks), flush=True)


def main() -> None:
    """Play what has changed in the sprints that the command line names, or in all."""
    parser = argparse.ArgumentParser(description="plays mutants against checks, and keeps what came of it")
    parser.add_argument("sprints", nargs="*", type=int, metavar="SPRINT", help="in this order (default: all)")
    parser.add_argument("--anew", action="store_true", help="play again what has not changed, too")
    arguments = parser.parse_args()
    table = read_table()
    wanted = arguments.sprints or list(PACKAGES)
    waiting = [mutant for sprint in wanted for mutant in due(sprint, {} if arguments.anew else table)]
    waiting.sort(key=lambda mutant: title(mutant) in table)  # what has no row is missed most
    print(f"{len(waiting)} to play", flush=True)
    play_all(waiting, table)
    write_table(in_order(table))


if __name__ == "__main__":
    main()
