"""Records the scenes that the handouts show: `python -m tests.course.record` writes their blocks anew.

A recording is compared lifeline by lifeline: what one actor does is in order, and what passes between two; which of
two things that have nothing to do with each other comes first is chance.
"""

import re
from functools import cache
from pathlib import Path

from grader.diagram import label, mermaid
from grader.journal import SHOWN, TYPED, Entry
from grader.scenes import SCENES
from grader.stage import Stage
from tests.course.handouts import BLOCK, RECORDED, Block, documents, source_of
from tests.course.screens import screen
from tests.course.threads import thread_counts

SIGNS = {TYPED: "> ", SHOWN: ""}


@cache
def record(name: str) -> tuple[Entry, ...]:
    """Play a scene and return its journal."""
    with Stage() as stage:
        SCENES[name].perform(stage)
        return tuple(stage.journal.entries)


def recorded(block: Block) -> str:
    """Return what a block must show, recorded now."""
    if block.value("screen"):
        return screen(block.value("screen"), block.value("moment"))
    if block.value("threads"):
        return thread_counts()
    name = block.value("scene")
    if block.language == "mermaid":
        return mermaid(record(name), SCENES[name].actors)
    return transcript(name, block.value("actor"))


def transcript(name: str, actor: str) -> str:
    """Return what one actor typed (behind the prompt) and saw, as on its terminal."""
    entries = [entry for entry in record(name) if entry.actor == actor and entry.act in SIGNS]
    return "".join(f"{SIGNS[entry.act]}{label(entry)}\n" for entry in entries)


def by_lifeline(diagram: str) -> dict[str, list[str]]:
    """Return a diagram's lines, in order, by who takes part in them."""
    lifelines: dict[str, list[str]] = {}
    for line in diagram.splitlines():
        lifelines.setdefault(line.partition(":")[0], []).append(line)
    return lifelines


def write_anew(handout: Path) -> None:
    """Put fresh recordings into the blocks that name a scene, and code into those that name a source."""

    def fresh(found: re.Match[str]) -> str:
        block = Block(handout, 0, found["language"], found["origin"] or "", found["text"])
        if any(map(block.value, RECORDED)):
            return f"```{block.language} {block.origin}\n{recorded(block)}```"
        if block.value("source"):
            return f"```{block.language} {block.origin}\n{source_of(block)}```"
        return found[0]

    handout.write_text(BLOCK.sub(fresh, handout.read_text()))


if __name__ == "__main__":
    for path in documents():
        write_anew(path)
