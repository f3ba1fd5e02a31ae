"""What a Makefile makes: which program comes of a source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from os.path import normpath
from pathlib import Path

from grader.sources import COMPILERS, LARGEST

MOST_ROUNDS = 10
"""How deep variables are looked for in the values of variables."""

VARIABLE = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*([:?+]*)=(.*)", re.MULTILINE)
USED = re.compile(r"\$[({](\w+)[)}]")
RULE = re.compile(r"([^\s:=#][^:=#]*):{1,2}(?!=)([^=]*)")

COMPILED = (*COMPILERS, ".o")


@dataclass(frozen=True)
class Rule:
    """What is made, and of what."""

    targets: list[str]
    needs: list[str]

    def makes(self, stem: str) -> bool:
        """Tell whether something is compiled of a source that is called so, or of its object."""
        return any(need.stem in (stem, "%") and need.suffix in COMPILED for need in map(Path, self.needs))


def made_from(source: Path, makefile: str, place: Path, others: list[Path]) -> str:
    """Return what a Makefile, in a place of its own, makes of a program's source; empty if it does not say.

    What is made of other programs' sources as well is no program.
    """
    text = expanded(makefile)
    rules = [*rules_in(text)]
    wanted = [need for rule in rules if "all" in rule.targets for need in rule.needs]
    stems = {other.stem for other in others} - {source.stem}
    own = [
        rule for rule in rules if not any(rule.makes(stem) for stem in stems) or "%" in "".join(rule.needs)
    ]
    found = [*of_rules(own, source), *of_options(text, source), *mentioned(text, source)]
    is_good = partial(is_program_inside, place)
    inside = [target for target in found if is_good(target)]
    made = next((target for target in inside if target in wanted), next(iter(inside), ""))
    return next(filter(is_good, of_options(recipe_of(made, text), source)), made)


def is_program_inside(place: Path, target: str) -> bool:
    """Tell whether a target, as it is written in a place, is a program within the submission."""
    path = Path(normpath(place / target))
    is_inside = not path.is_absolute() and ".." not in path.parts
    return is_inside and not re.search(r"[$%]", target) and path.suffix not in COMPILED


def expanded(makefile: str) -> str:
    """Return a Makefile with its lines joined and with the values of its variables in their places."""
    text = re.sub(r"(?m)(?<!\$)#.*", "", re.sub(r"\\\n[ \t]*", " ", makefile))
    values: dict[str, str] = {}
    for name, kind, value in VARIABLE.findall(text):
        values[name] = f"{values.get(name, '')} {value}".strip() if kind == "+" else value.strip()
    for _ in range(MOST_ROUNDS):
        before, text = text, USED.sub(lambda used: values.get(used[1], used[0]), text)
        if text == before or len(text) > LARGEST:
            break
    return text[:LARGEST]


def rules_in(text: str) -> Iterator[Rule]:
    """Yield the rules of a Makefile."""
    for line in text.split("\n"):
        if rule := RULE.fullmatch(line.partition(";")[0]):
            yield Rule(rule[1].split(), rule[2].split())


def of_rules(rules: list[Rule], source: Path) -> Iterator[str]:
    """Yield the targets of the rules that make something of a source."""
    for rule in rules:
        if rule.makes(source.stem):
            targets = [target.replace("%", source.stem) for target in rule.targets]
            is_pattern = any("%" in need for need in rule.needs)
            yield from (each for each in targets if not is_pattern or Path(each).name == source.stem)


def of_options(text: str, source: Path) -> Iterator[str]:
    """Yield what a compiler is told to write, by a command that names a source."""
    for command in re.split(r"\n|;|&&", text):
        words = command.split()
        if source.name in {Path(word).name for word in words} and "-o" in words[:-1]:
            yield words[words.index("-o") + 1]


def recipe_of(target: str, text: str) -> str:
    """Return the commands that make a target, which may well write a file that is called otherwise."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if (rule := RULE.fullmatch(line.partition(";")[0])) and target in rule[1].split():
            return "\n".join(takewhile(lambda each: each.startswith("\t"), lines[number:]))
    return ""


def mentioned(text: str, source: Path) -> list[str]:
    """Return the paths that end in a program's name."""
    return [
        word for word in re.split(r"[\s:;&|()\"']+", text) if Path(word).name == source.stem and "/" in word
    ]
