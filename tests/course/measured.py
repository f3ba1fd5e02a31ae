"""The measurements that the handout of sprint 5 quotes: `python -m tests.course.measured RESULTS.json` replaces them.

What the bench left (its results.json) is kept here as measured.json, and the handout shows what the bench's report
makes of it. The figures are those of one machine on one day: no test judges them.
"""

import re
import sys
from pathlib import Path

from sprint5_concurrency.bench.machine import in_one_line
from sprint5_concurrency.bench.plan import QUICK, runs
from sprint5_concurrency.bench.report import markdown
from sprint5_concurrency.bench.results import Results, from_json, to_json
from sprint5_concurrency.bench.servers import STRATEGIES
from sprint5_concurrency.bench.tables import tables
from tests.course.handouts import ROOT
from tests.sprint5_bench.made_up import MACHINE, played

HANDOUT = ROOT / "sprint5_concurrency" / "HANDOUT.md"

KEPT = Path(__file__).with_suffix(".json")

BETWEEN = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end of what was measured -->)", re.DOTALL)


def quoted(results: Results) -> str:
    """Return what a handout shows of results: its tables, under headings that stand below its own."""
    pages = [markdown(table).replace("## ", "#### ", 1) for table in tables(results)]
    return "\n\n".join(["", f"Measured on: {in_one_line(results.machine)}.", *pages, "", ""])[1:]


def made_up() -> Results:
    """Return results of the quick plan that nobody measured."""
    return Results(MACHINE, STRATEGIES, tuple(map(played, runs(QUICK, STRATEGIES))))


def shapes(results: Results) -> list[tuple[str, list[str], list[str]]]:
    """Return the title, the columns and the rows of each table, without figures."""
    return [(table.title, table.header, [row[0] for row in table.rows]) for table in tables(results)]


def kept() -> Results:
    """Return the results that the handout quotes."""
    return from_json(KEPT.read_text())


def in_handout() -> str:
    """Return what the handout quotes."""
    found = BETWEEN.search(HANDOUT.read_text())
    assert found, "the handout quotes no measurements"
    return found[0]


def write_anew(results: Results) -> None:
    """Put results into the handout."""
    HANDOUT.write_text(BETWEEN.sub(lambda _found: quoted(results), HANDOUT.read_text()))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        KEPT.write_text(to_json(from_json(Path(name).read_text())))
    write_anew(kept())
