"""The table of mutants and checks: `python -m tests.mutants.table [SPRINT ...]` plays each one against each.

It takes many minutes, so it is made when a check or a mutant is added, and kept in table.json; TABLE.md shows it.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.verdicts import BLOCKED, FAILED
from tests.course.handouts import ROOT
from tests.mutants.catalogue import FAULTY, PATCHES, Compiled, Patch
from tests.mutants.mutants import PACKAGES, judged, made

FILE = ROOT / "tests" / "mutants" / "table.json"

PAGE = FILE.with_name("TABLE.md")

HEAD = """# Mutants and checks

Which checks fail for which mutant, played one against the other (`python -m tests.mutants.table` does it again, and
takes its time). The first check of each row is the one that is about the mutant.

Some checks catch nothing alone. Those of the level `subject` ask whether people can talk at all: what breaks that
breaks others too. And some rules are looked at from two sides, through people's terminals and on the wire, so that
programs whose wire is their own are judged as well.
"""

Table = dict[str, list[str]]
"""Of each mutant, the checks that fail for it."""


def title(mutant: Patch | Compiled) -> str:
    """Return the name of a mutant in the table."""
    return f"{mutant.sprint} {mutant.name} ({'patch' if isinstance(mutant, Patch) else 'C'}; {mutant.check})"


def mutants(sprint: int) -> list[Patch | Compiled]:
    """Return the mutants of a sprint."""
    every: list[Patch | Compiled] = [*PATCHES, *FAULTY]
    return [mutant for mutant in every if mutant.sprint == sprint]


def caught_by(mutant: Patch | Compiled) -> list[str]:
    """Play a mutant against all checks of its sprint; return those that fail, the one about it first."""
    directory = Path(tempfile.mkdtemp())
    try:
        verdicts = judged(mutant.sprint, made(mutant, directory))
    finally:
        shutil.rmtree(directory)
    failed = [name for name, verdict in verdicts.items() if verdict.outcome in (FAILED, BLOCKED)]
    return sorted(failed, key=lambda name: name != mutant.check)


def read_table() -> Table:
    """Return the table as it was made last."""
    return dict(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.exists() else {}


def write_table(table: Table) -> None:
    """Keep the table, and the page that shows it."""
    FILE.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(table), encoding="utf-8")


def page(table: Table) -> str:
    """Return the table as Markdown: row by row, and turned round."""
    return HEAD + "".join(f"\n## Sprint {sprint}\n\n{section(sprint, table)}" for sprint in sprints(table))


def sprints(table: Table) -> list[str]:
    """Return the sprints that a table has mutants of."""
    return sorted({name.partition(" ")[0] for name in table})


def section(sprint: str, table: Table) -> str:
    """Return the part of one sprint."""
    rows = {name: checks for name, checks in table.items() if name.startswith(f"{sprint} ")}
    lines = ["| mutant | caught by |", "|---|---|"]
    lines += [f"| {name.partition(' ')[2]} | {' '.join(checks)} |" for name, checks in rows.items()]
    lines += ["", "| check | mutants, of which only it catches |", "|---|---|"]
    lines += [f"| {check} | {counted} |" for check, counted in turned(rows)]
    return "\n".join(lines) + "\n"


def turned(rows: Table) -> Iterator[tuple[str, str]]:
    """Yield each check that catches a mutant, with how many, and how many no other does."""
    for check in sorted({check for checks in rows.values() for check in checks}):
        caught = [checks for checks in rows.values() if check in checks]
        yield check, f"{len(caught)}, {sum(len(checks) == 1 for checks in caught)}"


def main() -> None:
    """Play what the command line names, or all; keep each row as soon as it is known."""
    table = read_table()
    for sprint in [int(word) for word in sys.argv[1:]] or list(PACKAGES):
        for name in [name for name in table if name.startswith(f"{sprint} ")]:
            del table[name]
        for mutant in mutants(sprint):
            table[title(mutant)] = caught_by(mutant)
            print(title(mutant), "->", " ".join(table[title(mutant)]), flush=True)
            write_table(table)


if __name__ == "__main__":
    main()
