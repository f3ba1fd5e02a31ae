"""What somebody has written: the files of a submission that tell how its programs are built and started."""

import os
import re
from functools import cached_property
from pathlib import Path

COMPILERS = {".c": "gcc", ".cc": "g++", ".cpp": "g++", ".cxx": "g++", ".C": "g++"}

HEADERS = (".h", ".hh", ".hpp", ".hxx")

PYTHON = ".py"

SCRIPT = ".sh"

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""What make looks for, in its order."""

DEEPEST = 4
"""How many directories down sources are looked for, where 1 is the submission's own alone."""

LARGEST = 200_000
"""Characters of a file that are read. Nobody writes as many by hand."""

NOT_THEIRS = re.compile(r"\.|__|venv$|node_modules$")
"""How directories begin whose contents somebody else has written, or a program has."""

COMMENT_OR_TEXT = {
    "c": re.compile(r'"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL),
    "python": re.compile(
        r'("""|\'\'\').*?(?:\1|\Z)|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?|#[^\n]*', re.DOTALL
    ),
}
"""Comments, and the texts in quotes in which the marks of comments mean nothing."""

ARGUMENTS = re.compile(r"\bmain\s*\(\s*int\s+\w+\s*,\s*(?:const\s+)?char[\s*]+(?:const\s+)?(\w+)")


class Sources(dict[Path, str]):
    """Texts by their paths, which begin at the submission's directory."""

    @cached_property
    def by_stem(self) -> dict[str, list[Path]]:
        """The paths by their names without suffix."""
        paths: dict[str, list[Path]] = {}
        for path in self:
            paths.setdefault(path.stem, []).append(path)
        return paths


def sources_in(directory: Path) -> Sources:
    """Return what has been written in a directory and in those within, without its comments."""
    found = Sources()
    for place, within, names in os.walk(directory):
        here = Path(place).relative_to(directory)
        is_deepest = len(here.parts) + 1 >= DEEPEST
        within[:] = [] if is_deepest else sorted(filter(is_theirs, within))
        for path in (here / name for name in sorted(names) if is_theirs(name) and tells(Path(name))):
            text = text_of(directory / path)
            if text is not None:
                found[path] = cleaned(path, text)
    return found


def is_theirs(name: str) -> bool:
    """Tell whether somebody has written a file or a directory, and a contract can name it."""
    can_be_written = name.encode(errors="replace") == os.fsencode(name)
    return can_be_written and (not NOT_THEIRS.match(name) or name in ("__init__.py", "__main__.py"))


def tells(path: Path) -> bool:
    """Tell whether a file says something about programs."""
    return path.suffix in (*COMPILERS, *HEADERS, PYTHON, SCRIPT) or path.name in MAKEFILES


def text_of(file: Path) -> str | None:
    """Return what is in a file; None where there is none, it is no file, or nobody may read it."""
    try:
        if not file.is_file():
            return None
        with file.open(errors="replace") as lines:
            return lines.read(LARGEST)
    except OSError:
        return None


def cleaned(path: Path, text: str) -> str:
    """Return a source without its comments, in which the words of the command line are called argv."""
    if path.suffix == PYTHON:
        return without_comments(text, "python")
    if path.suffix in (*COMPILERS, *HEADERS):
        return with_argv(without_comments(text, "c"))
    return text


def without_comments(source: str, language: str) -> str:
    """Return a source with a blank for each comment."""
    return COMMENT_OR_TEXT[language].sub(lambda found: found[0] if found[0][0] in "\"'" else " ", source)


def with_argv(source: str) -> str:
    """Return a source in which the words of the command line are called argv, as they mostly are."""
    arguments = ARGUMENTS.search(source)
    return re.sub(rf"\b{arguments[1]}\s*\[", "argv[", source) if arguments else source


def nearest(paths: list[Path], place: Path) -> list[Path]:
    """Return the path that is the fewest directories away from a place, as a list; none if there is none."""
    return sorted(paths, key=lambda path: (distance(path.parent, place), path))[:1]


def distance(one: Path, other: Path) -> int:
    """Return how many directories up and down one goes from one place to another."""
    shared = len(Path(os.path.commonpath([one, other])).parts)
    return len(one.parts) + len(other.parts) - 2 * shared
