"""The house: who imports whom, which files do not change from sprint to sprint, and what no file may contain."""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.course.handouts import ROOT

SPRINTS = sorted(path.parent.name for path in ROOT.glob("sprint*/server.py"))

UNCHANGED = [
    ("sprint2_threaded_pair/client.py", "sprint3_n_clients/client.py"),
    ("sprint4_named_room/names.py", "sprint5_concurrency/names.py"),
]
"""Files that the next sprint takes over as they are."""

DECIDING = {
    "sprint4_named_room": ("names", "room"),
    "sprint5_concurrency": ("names", "protocol", "room"),
    "sprint6_messenger": ("wire", "decoder", "names", "users", "answers", "channels", "offers", "service"),
}
"""Modules that decide and do no input or output: they import each other, and no way to wait."""

HARMLESS = {
    "collections",
    "collections.abc",
    "common.lines",
    "dataclasses",
    "enum",
    "re",
    "struct",
    "typing",
    "unicodedata",
}
"""What such a module may import besides."""

EXTRAS = {"sprint5_concurrency": {"matplotlib", "prompt_toolkit", "psutil", "rich"}}
"""What a sprint's client and measurements may import besides. What its server needs never does."""


LONGEST_FUNCTION = 25
"""Lines, without the docstring."""

LONGEST_FILE = 200
"""Lines of a file that students read; most have half of that."""

SLEEPERS = {"grader/demo.py"}
"""Where a pause is for a person who reads, not in place of a condition."""

IMPORTERS = {"import_module", "__import__", "run_module", "run_path", "exec", "eval"}
"""Ways to import that no `import` shows."""

PROGRAMS = sorted(path for folder in ("common", *SPRINTS) for path in (ROOT / folder).rglob("*.py"))
GRADER = sorted((ROOT / "grader").rglob("*.py"))
SOURCES = sorted([*PROGRAMS, *GRADER, *(ROOT / "tests").rglob("*.py")])


Found = set[str] | list[str] | list[int]
"""What breaks a rule in one file: nothing, if all is well."""


def offenders(sources: Iterable[Path], offences: Callable[[Path], Found]) -> dict[str, Found]:
    """Return the files that break a rule, with what breaks it."""
    found = {str(source.relative_to(ROOT)): offences(source) for source in sources}
    return {source: offences for source, offences in found.items() if offences}


@cache
def nodes(code: str) -> list[ast.AST]:
    """Return all nodes of a syntax tree."""
    return list(ast.walk(ast.parse(code)))


@pytest.fixture(autouse=True, scope="module")
def forget() -> Iterator[None]:
    """Keep the trees of all files no longer than they are looked at: they are large."""
    yield
    nodes.cache_clear()


def calls(code: str) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield what is called, by its last name, and with what."""
    for node in nodes(code):
        if isinstance(node, ast.Call):
            function = node.func
            yield getattr(function, "attr", getattr(function, "id", "")), node.args


def imported(code: str) -> set[str]:
    """Return the top-level names that a file imports; `.` for what is relative, `?` for what cannot be told."""
    return {name.partition(".")[0] or "." for name in imported_modules(code)}


def imported_modules(code: str) -> set[str]:
    """Return the modules that a file imports, by their full names; `.` and `?` as above."""
    names = set()
    for node in nodes(code):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else node.module or "")
    for name, arguments in calls(code):
        if name in IMPORTERS:
            first = arguments[0] if arguments else None
            names.add(str(first.value) if isinstance(first, ast.Constant) else "?")
    return names


def neighbours(source: Path) -> set[Path]:
    """Return the files of its own package that a file imports."""
    found: set[Path] = set()
    for node in nodes(source.read_text()):
        if isinstance(node, ast.ImportFrom):
            place = ROOT / (node.module or "").replace(".", "/")
            candidates = [place.with_suffix(".py"), *(place / f"{alias.name}.py" for alias in node.names)]
            found |= {each for each in candidates if each.parent == source.parent and each.exists()}
    return found


def needed_by(source: Path) -> set[Path]:
    """Return a file and all of its package that it imports, however many steps away."""
    found, new = set[Path](), {source}
    while new:
        found |= new
        new = {other for each in new for other in neighbours(each)} - found
    return found


def is_silent(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches everything, or does nothing."""
    return handler.type is None or all(isinstance(each, ast.Pass) for each in handler.body)


def silent_handlers(code: str) -> list[int]:
    """Return the lines where errors are swallowed."""
    handlers = (node for node in nodes(code) if isinstance(node, ast.ExceptHandler))
    return [handler.lineno for handler in handlers if is_silent(handler)]


def sleeps(code: str) -> bool:
    """Tell whether a file sleeps, or imports what does."""
    named = {alias.name for node in nodes(code) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return "sleep" in named or any(name == "sleep" for name, _arguments in calls(code))


def too_long(code: str) -> list[str]:
    """Return the functions that are longer than LONGEST_FUNCTION lines, their docstrings apart."""
    functions = (node for node in nodes(code) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [function.name for function in functions if length(function) > LONGEST_FUNCTION]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function has without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    docstring = ast.get_docstring(function, clean=False)
    return lines - (docstring.count("\n") + 1 if docstring else 0)


def test_there_is_something_to_judge() -> None:
    assert len(SPRINTS) >= 4
    assert {ROOT / "common/lines.py", ROOT / "sprint3_n_clients/server.py"} <= set(PROGRAMS)
    assert ROOT / "grader/program.py" in GRADER


def test_programs_import_the_standard_library_common_and_themselves() -> None:
    assert offenders(PROGRAMS, foreign_imports) == {}


def foreign_imports(source: Path) -> set[str]:
    """Return what a program imports and should not."""
    own = source.relative_to(ROOT).parts[0]
    extras = EXTRAS.get(own, set())
    if extras and source in needed_by(ROOT / own / "server.py"):
        extras = set()
    return imported(source.read_text()) - set(sys.stdlib_module_names) - {"common", own, *extras}


def test_what_a_server_needs_is_found() -> None:
    package = ROOT / "sprint5_concurrency"
    assert {package / "server.py", package / "poll_loop.py", package / "names.py"} <= needed_by(
        package / "server.py"
    )
    assert package / "client.py" not in needed_by(package / "server.py")


@pytest.mark.parametrize(
    ("package", "module"), [(package, module) for package, modules in DECIDING.items() for module in modules]
)
def test_what_decides_does_no_input_or_output(package: str, module: str) -> None:
    code = (ROOT / package / f"{module}.py").read_text()
    assert imported_modules(code) <= HARMLESS | {f"{package}.{each}" for each in DECIDING[package]}
    assert not {"open", "print", "input"} & {name for name, _arguments in calls(code)}


def test_the_grader_imports_nothing_that_it_judges() -> None:
    judged = {"common", "tests", *SPRINTS, ".", "?"}
    assert offenders(GRADER, lambda source: imported(source.read_text()) & judged) == {}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import a, b.c", {"a", "b"}),
        ("from a import b", {"a"}),
        ("from a.b import c as d", {"a"}),
        ("def f():\n    import a", {"a"}),
        ("if True:\n    from a import b", {"a"}),
        ("from . import a", {"."}),
        ("from .a import b", {"."}),
        ("import importlib\nimportlib.import_module('a.b')", {"importlib", "a"}),
        ("__import__('a')", {"a"}),
        ("import_module(name)", {"?"}),
        ("import_module(f'sprint{n}')", {"?"}),
        ("runpy.run_module('a.b')", {"a"}),
        ("'import a'", set()),
    ],
)
def test_no_way_to_import_is_overlooked(code: str, names: set[str]) -> None:
    assert imported(code) == names


@pytest.mark.parametrize(("former", "latter"), UNCHANGED)
def test_a_file_that_does_not_change_is_the_same_to_the_byte(former: str, latter: str) -> None:
    assert (ROOT / former).read_bytes() == (ROOT / latter).read_bytes()


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    assert offenders(SOURCES, lambda source: too_long(source.read_text())) == {}


def test_nobody_sleeps() -> None:
    sleepers = {str(source.relative_to(ROOT)) for source in SOURCES if sleeps(source.read_text())}
    assert sleepers == SLEEPERS


def test_no_error_is_swallowed() -> None:
    assert offenders(SOURCES, lambda source: silent_handlers(source.read_text())) == {}


def test_a_file_can_be_read_at_one_sitting() -> None:
    assert [source for source in PROGRAMS if source.read_text().count("\n") >= LONGEST_FILE] == []


def test_a_file_opens_with_what_it_is() -> None:
    assert [each for each in (*PROGRAMS, *GRADER) if not ast.get_docstring(ast.parse(each.read_text()))] == []


def test_network_text_is_never_cut_by_anything_but_line_feeds() -> None:
    assert [source for source in PROGRAMS if cuts_at_any_line_end(source.read_text())] == []


def cuts_at_any_line_end(code: str) -> bool:
    """Tell whether a file calls `splitlines`."""
    return "splitlines" in {name for name, _arguments in calls(code)}


FUNCTION = 'def f():\n    """One\n    two."""\n' + "    x = 1\n" * 24


def test_each_rule_can_be_broken() -> None:
    assert too_long(FUNCTION) == []
    assert too_long(FUNCTION + "    x = 1\n") == ["f"]
    assert silent_handlers("try:\n    f()\nexcept:\n    raise") == [3]
    assert silent_handlers("try:\n    f()\nexcept OSError:\n    pass") == [3]
    assert silent_handlers("try:\n    f()\nexcept OSError:\n    g()") == []
    assert sleeps("import time\ntime.sleep(1)")
    assert sleeps("from time import sleep as rest")
    assert sleeps("await asyncio.sleep(0)")
    assert not sleeps("'time.sleep(1)'")
    assert cuts_at_any_line_end("data.decode().splitlines()")
