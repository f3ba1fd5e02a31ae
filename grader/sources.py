"""What the sources of a submission tell: which of them are programs, what they do, and what they are started with."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

COMPILERS = {".c": "gcc", ".cc": "g++", ".cpp": "g++"}

PYTHON = ".py"

SCRIPT = ".sh"

DEEPEST = 4
"""How many directories down sources are looked for."""

NOT_THEIRS = re.compile(r"\.|__|venv$|node_modules$")
"""How directories begin whose contents somebody else has written, or a program has."""

LISTENS = re.compile(r"\blisten\s*\(|\bcreate_server\s*\(")
CONNECTS = re.compile(r"\bconnect\s*\(|\bcreate_connection\s*\(|\bconnect_ex\s*\(")

MAIN = re.compile(r"\bmain\s*\(")
ARGUMENTS = re.compile(r"\bmain\s*\(\s*int\s+\w+\s*,\s*(?:const\s+)?char[\s*]+(?:const\s+)?(\w+)")

INCLUDED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
LIBRARIES = {"<math.h>": "-lm", "<ncurses.h>": "-lncurses", "<readline/readline.h>": "-lreadline"}

PORT_ARGUMENT = re.compile(
    r"(?:htons|int|atoi|strtol|strtoul)\s*\(\s*(?:atoi\s*\(\s*)?(?:sys\.)?argv\s*\[\s*(\d)\s*\]"
)
HOST_ARGUMENT = re.compile(
    r"(?:inet_addr|inet_aton|gethostbyname)\s*\(\s*argv\s*\[\s*(\d)\s*\]"
    r"|inet_pton\s*\(\s*AF_INET6?\s*,\s*argv\s*\[\s*(\d)\s*\]|getaddrinfo\s*\(\s*argv\s*\[\s*(\d)\s*\]"
)
ANY_ARGUMENT = re.compile(r"\bargv\s*\[\s*([1-9])\s*\]")
PORT_IN_SOURCE = re.compile(
    r"(?i:#define\s+\w*port\w*\s+|\bport\b[^=\n]*=[^\n]*?|htons\s*\(\s*|(?:bind|connect)\s*\(\s*\([^,\n]*,\s*)"
    r"\b(\d{4,5})\b"
)
ADDRESS_IN_SOURCE = re.compile(r"[\"'](\d{1,3}(?:\.\d{1,3}){3})[\"']")

Sources = Mapping[Path, str]
"""Texts by their paths, which begin at the submission's directory."""


def sources_in(directory: Path, depth: int) -> dict[Path, str]:
    """Return what has been written in a directory and so many levels of those within."""
    found = {}
    for place, within, names in os.walk(directory):
        here = Path(place).relative_to(directory)
        is_deepest = len(here.parts) + 1 >= depth
        within[:] = [] if is_deepest else sorted(name for name in within if not NOT_THEIRS.match(name))
        for name in sorted(names):
            if Path(name).suffix in (*COMPILERS, PYTHON, SCRIPT):
                found[here / name] = with_argv((directory / here / name).read_text(errors="replace"))
    return found


def with_argv(source: str) -> str:
    """Return a source in which the words of the command line are called argv, as they mostly are."""
    arguments = ARGUMENTS.search(source)
    return re.sub(rf"\b{arguments[1]}\s*\[", "argv[", source) if arguments else source


def programs(sources: Sources, pattern: re.Pattern[str], word: str) -> list[Path]:
    """Return the programs that do something, those whose name says so first; else those whose name alone says so.

    What a program called `server` does may well be done by a module of it.
    """
    named = sorted((path for path in sources if is_called(path, word)), key=lambda path: len(path.stem))
    doing = [path for path, text in sources.items() if pattern.search(text)]
    return [path for path in named if path in doing] or named or doing


def is_called(path: Path, word: str) -> bool:
    """Tell whether a source is called so, or else its directory: `serveur/main.c`."""
    return word in path.stem.lower() or (path.stem.lower() == "main" and word in path.parent.name.lower())


def can_be_started(path: Path, text: str) -> bool:
    """Tell whether a source is a program, and not a part of one."""
    return path.suffix == PYTHON or (path.suffix in COMPILERS and bool(MAIN.search(text)))


def parts_of(program: Path, sources: Sources) -> list[Path]:
    """Return the sources that a program in C is made of: itself first, then what its headers promise."""
    parts = [program]
    for part in parts:  # which grows meanwhile
        for header in INCLUDED.findall(sources[part]):
            promised = (path for path in sources if path.stem == Path(header).stem and is_part(path, sources))
            parts.extend(path for path in promised if path not in parts)
    return parts


def is_part(path: Path, sources: Sources) -> bool:
    """Tell whether a source is compiled into others."""
    return path.suffix in COMPILERS and not MAIN.search(sources[path])


def libraries_of(parts: Iterable[Path], sources: Sources) -> Iterator[str]:
    """Yield the compiler's options for the libraries that parts of a program use."""
    text = "".join(sources[part] for part in parts)
    yield "-pthread"
    yield from (option for header, option in LIBRARIES.items() if header in text)


def arguments_of(source: str, *, is_server: bool) -> list[str]:
    """Return what stands on a program's command line, in order."""
    if "argparse" in source:
        return ["{port}"] if is_server else ["{host}", "{port}"]
    port = found_in(PORT_ARGUMENT, source)
    host = found_in(HOST_ARGUMENT, source)
    used = {int(number) for number in ANY_ARGUMENT.findall(source)} | {port, host} - {0}
    names = {port: "{port}", host: "{host}"}
    if not is_server and not host and port and len(used) > 1:
        names[next(place for place in sorted(used) if place != port)] = "{host}"
    return [names.get(place, "{place}") for place in range(1, max(used, default=0) + 1)]


def found_in(pattern: re.Pattern[str], source: str) -> int:
    """Return the number that a pattern finds; 0 if it finds none."""
    found = pattern.search(source)
    return int(next(group for group in found.groups() if group)) if found else 0


def fixed(pattern: re.Pattern[str], sources: Iterable[str]) -> str:
    """Return what a pattern finds in the first source in which it finds something."""
    return next((found[1] for source in sources if (found := pattern.search(source))), "")
