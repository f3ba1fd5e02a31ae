"""What a program is made of: the headers and sources of C and C++, the modules of Python."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.sources import COMPILERS, HEADERS, PYTHON, Sources, nearest

MAIN = re.compile(r"\bmain\s*\([^;{}()]{0,200}\)[^;{}()]{0,200}\{")

INCLUDED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)

IMPORTED = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+\(?([\w*, \t]+)|import[ \t]+([\w., \t]+))",
    re.MULTILINE,
)
"""Either how many places up, a module, and the names that are taken from it; or modules."""

FUNCTION = re.compile(r"^(?:async[ \t]+)?def[ \t]+(\w+).*?(?=^[^\s)]|\Z)", re.MULTILINE | re.DOTALL)
"""A function of a module in Python, up to the next line that begins at the edge."""

NOT_AT_ONCE = re.compile(
    r"^(?:(?:async[ \t]+)?def|class|if[ \t]+__name__|import|from)\b.*?(?=^[^\s)]|\Z)",
    re.MULTILINE | re.DOTALL,
)
"""What a module does not do by itself when it is imported."""

CALLED = re.compile(r"(?<!\bdef )(?<![\w.])(?:(\w+)\.)?(\w+)\s*\(")
"""A function of another module, or of this one."""

LIBRARIES = {"<math.h>": "-lm", "<ncurses.h>": "-lncurses", "<readline/readline.h>": "-lreadline"}


def made_of(program: Path, sources: Sources) -> list[Path]:
    """Return all that has a part in a program: itself first, then what it names, and what that names."""
    made, known = [program], {program}
    for path in made:  # which grows meanwhile
        named = modules_of(path, sources) if path.suffix == PYTHON else promised_by(path, program, sources)
        new = [each for each in dict.fromkeys(named) if each not in known]
        made += new
        known.update(new)
    return made


def parts_of(program: Path, sources: Sources) -> list[Path]:
    """Return the sources that a program in C is compiled of: itself first, then what its headers promise."""
    made = made_of(program, sources)
    included = {path for each in made for path, _ in included_by(each, sources)}
    return [path for path in made if path.suffix in COMPILERS and path not in included]


def can_be_started(path: Path, text: str) -> bool:
    """Tell whether a source is a program, and not a part of one."""
    return path.suffix == PYTHON or (path.suffix in COMPILERS and bool(MAIN.search(text)))


def promised_by(path: Path, program: Path, sources: Sources) -> Iterator[Path]:
    """Yield the headers that a source includes, and the sources that have in them what the headers promise."""
    for header in headers_of(path, sources):
        yield from found_header(header, path, sources)
        if Path(header).suffix in HEADERS:
            parts = (path for path in sources.by_stem[Path(header).stem] if is_part(path, sources))
            yield from nearest([*parts], program.parent)


def headers_of(path: Path, sources: Sources) -> list[str]:
    """Return what a source includes, each once; of that only what is called like something that is there."""
    headers = dict.fromkeys(INCLUDED.findall(sources[path]))
    return [header for header in headers if Path(header).stem in sources.by_stem]


def is_part(path: Path, sources: Sources) -> bool:
    """Tell whether a source is compiled into others."""
    return path.suffix in COMPILERS and not MAIN.search(sources[path])


def found_header(header: str, path: Path, sources: Sources) -> list[Path]:
    """Return where a header is that a source includes, beside it or else somewhere, as a list; none if nowhere."""
    beside = Path(os.path.normpath(path.parent / header))
    parts = Path(header).parts
    far = (each for each in sources.by_stem[Path(header).stem] if each.parts[-len(parts) :] == parts)
    return [beside] if beside in sources else nearest(list(far), path.parent)


def included_by(path: Path, sources: Sources) -> Iterator[tuple[Path, str]]:
    """Yield what a source in C includes: where it is, and what it is called there."""
    if path.suffix != PYTHON:
        for header in headers_of(path, sources):
            yield from ((found, header) for found in found_header(header, path, sources))


def include_places(program: Path, sources: Sources) -> list[Path]:
    """Return the directories that the compiler must know of to find a program's headers."""
    places = []
    for path in made_of(program, sources):
        for found, header in included_by(path, sources):
            if found != Path(os.path.normpath(path.parent / header)):
                places.append(Path(*found.parts[: -len(Path(header).parts)]))
    return list(dict.fromkeys(places))


def libraries_of(parts: Iterable[Path], sources: Sources) -> Iterator[str]:
    """Yield the compiler's options for the libraries that parts of a program use."""
    text = "".join(sources[part] for part in parts)
    yield "-pthread"
    yield from (option for header, option in LIBRARIES.items() if header in text)


def modules_of(path: Path, sources: Sources) -> Iterator[Path]:
    """Yield the modules of a submission that one of its sources in Python imports."""
    for dots, name in imported_by(path, sources):
        yield from module_seen_from(path, dots, name, sources)


def imported_by(path: Path, sources: Sources) -> Iterator[tuple[str, str]]:
    """Yield what a source in Python imports: dots for how many places up, and what may be a module."""
    for dots, module, names, modules in IMPORTED.findall(sources[path]):
        taken = [f"{module}.{name}" for name in words_of(names)] + [module] * bool(module)
        yield from ((dots, name) for name in [*taken, *words_of(modules)])


def words_of(names: str) -> list[str]:
    """Return the names of an import, without what they are called here."""
    return [words[0] for name in names.split(",") if (words := name.split())]


def module_seen_from(path: Path, dots: str, name: str, sources: Sources) -> list[Path]:
    """Return the source of a module as one imports it, as a list; none if it is nowhere."""
    places = [path.parent.joinpath(*[".."] * (len(dots) - 1))] if dots else [path.parent, Path()]
    return [file for place in places for file in module_at(place, name, sources)][:1]


def module_at(place: Path, name: str, sources: Sources) -> list[Path]:
    """Return the source of a module that is imported from a place, as a list; none if it is not there."""
    path = Path(os.path.normpath(place.joinpath(*name.split("."))))
    files = [path.with_name(path.name + PYTHON), path / "__init__.py"] if path.name else []
    return [file for file in files if file in sources][:1]


def is_imported_from_above(program: Path, sources: Sources) -> bool:
    """Tell whether a program in Python finds its modules only when it is started as a module of its package."""
    names = list(imported_by(program, sources))
    is_within = bool(program.parent.parts) and all(map(can_be_package, program.parent.parts))
    beside = {name for _dots, name in names if module_at(program.parent, name, sources)}
    above = {name for _dots, name in names if module_at(Path(), name, sources)}
    return is_within and (any(dots for dots, _name in names) or (bool(above - beside) and not beside - above))


def can_be_package(name: str) -> bool:
    """Tell whether a directory can be imported by its name."""
    return name.isidentifier() and name not in sys.stdlib_module_names


def with_functions_called(program: Path, sources: Sources) -> str:
    """Return a program's source; in Python also what its modules do for it.

    That is what they do when they are imported, and the functions that it calls, and that these call in turn.
    """
    if program.suffix != PYTHON:
        return sources[program]
    modules = made_of(program, sources)[1:]
    functions = {each: functions_of(sources[each]) for each in modules}
    texts = [(program, sources[program]), *((each, NOT_AT_ONCE.sub("", sources[each])) for each in modules)]
    for place, text in texts:  # which grows meanwhile
        for module, name in functions_called(text, place, sources):
            if function := functions.get(module, {}).pop(name, ""):
                texts.append((module, function))
    return "\n".join(text for _place, text in texts)


def functions_of(source: str) -> dict[str, str]:
    """Return the functions of a module, by their names."""
    return {found[1]: found[0] for found in FUNCTION.finditer(source)}


def functions_called(text: str, place: Path, sources: Sources) -> Iterator[tuple[Path, str]]:
    """Yield what is called in a part of a source: a module in which it may be, and its name."""
    imports = IMPORTED.findall(sources[place])
    own = functions_of(sources[place])
    for owner, name in dict.fromkeys(CALLED.findall(text)):
        if not owner and name in own:
            yield place, name
            continue
        for dots, module in modules_named(owner, name, imports):
            yield from ((file, name) for file in module_seen_from(place, dots, module, sources))


def modules_named(owner: str, name: str, imports: list[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield the modules that a call names, as they were imported: `owner.name()`, or `name()` where it was taken."""
    for dots, module, names, modules in imports:
        taken = words_of(names)
        if owner in taken:
            yield dots, f"{module}.{owner}"
        if not owner and (name in taken or "*" in taken):
            yield dots, module
        yield from ((dots, each) for each in words_of(modules) if owner and each.rpartition(".")[2] == owner)
