"""The handouts, taken apart: which blocks they show, which tasks they set, which checks they name.

A block says in its first line where it comes from, so that nothing that a handout shows is typed twice:

    ```python source=server.py Pair.relay_line     this function, as it stands in the sprint's own file
    ```python source=common/lines.py LineDecoder   the same, from the repository's top
    ```mermaid scene=turns                         a sequence diagram, recorded from this scene
    ```text scene=turns actor=alice                what this actor typed and saw in that scene
    ```text screen=ours moment=typing              what stands on a terminal (screens.py)
    ```text threads=all                            how many threads each server needs (threads.py)
    ```sh                                          commands that a reader may paste
    ```python                                      a sketch of the handout's own: must at least be Python
    ```text                                        a picture
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: (?P<origin>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
TASK = re.compile(r"^### Task (?P<number>\d+\.\d+)(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)

RECORDED = ("scene", "screen", "threads")
"""What a block names whose text is recorded."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a handout."""

    handout: Path
    line: int
    language: str
    origin: str
    text: str

    def __str__(self) -> str:
        return f"{self.handout.parent.name}:{self.line}"

    def value(self, key: str) -> str:
        """Return what the block's first line says after `key=`; empty when it says nothing."""
        found = re.search(rf"\b{key}=(\S+)", self.origin)
        return found[1] if found else ""


def handouts() -> list[Path]:
    """Return the handouts of all sprints, in order."""
    return sorted(ROOT.glob("sprint*/HANDOUT.md"))


def number_of(handout: Path) -> int:
    """Return the number of a handout's sprint."""
    return int(handout.parent.name.removeprefix("sprint").partition("_")[0])


def handout_of(sprint: int) -> Path:
    """Return the handout of one sprint."""
    return next(path for path in handouts() if number_of(path) == sprint)


def documents() -> list[Path]:
    """Return all that shows blocks: the handouts, and what stands at the top."""
    return [*handouts(), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def blocks(language: str, key: str = "") -> Iterator[Block]:
    """Yield the blocks of one language in all documents, only those that name `key` if one is given."""
    for handout in documents():
        text = handout.read_text()
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            block = Block(handout, line, found["language"], found["origin"] or "", found["text"])
            if block.language == language and (not key or block.value(key)):
                yield block


def tasks(handout: Path) -> dict[str, str]:
    """Return the text of each task of a handout by its number, such as 1.3."""
    return {found["number"]: found["text"] for found in TASK.finditer(handout.read_text())}


def source_of(block: Block) -> str:
    """Return the source that a block claims to show: a whole file, or one function, class or constant of it."""
    name = block.value("source")
    file = ROOT / name if "/" in name else block.handout.parent / name
    source = file.read_text()
    wanted = block.origin.partition(name)[2].split()
    return definition(source, wanted[0]) if wanted else source


def definition(source: str, name: str) -> str:
    """Return the lines that define `name` (`Pair.relay_line`, `MAX_LINE_BYTES`), without their indentation."""
    lines = source.splitlines(keepends=True)
    body: list[ast.stmt] = ast.parse(source).body
    outer, _dot, inner = name.partition(".")
    found = next(node for node in body if outer in defined_names(node))
    if inner:
        found = next(node for node in getattr(found, "body", []) if inner in defined_names(node))
    return "".join(line[found.col_offset :] or "\n" for line in lines[found.lineno - 1 : found.end_lineno])


def defined_names(node: ast.stmt) -> set[str]:
    """Return the names that one statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return set()
