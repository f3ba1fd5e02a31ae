"""`messagerie init DIR`: looks at a submission and writes its messagerie.toml, for a person to look over.

It reads sources, in C and in Python, as far as needed to guess: which program listens and which connects, where on
the command line host and port stand, or which port is fixed. Then it plays a conversation and says what came of it.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.contract import COURSE, FILE_NAME, HOST, Contract, ContractError
from grader.submission import contract_of_copy, copied
from grader.trace import played

BY_HAND = f"""write {FILE_NAME} by hand; two lines are enough, and README.md tells what else it may say:

server = "./server {{port}}"
client = "./client {{host}} {{port}}\""""

TRIALS = (2, 1, 4, 5, 6)
"""Sprints whose conversation is played to find out what a submission is."""

ALIKE = {2: "1, 2 or 3"}
"""Sprints whose programs can have the same conversation."""

MORE = f'If they speak the wire of the handout, add wire = "{COURSE}": then all checks are played.'

WRITTEN, NOT_WRITTEN = 0, 2
"""Exit codes."""

SOURCES = ("*.c", "*.py")

LISTENS = re.compile(r"\blisten\s*\(|\bcreate_server\s*\(")
CONNECTS = re.compile(r"\bconnect\s*\(|\bcreate_connection\s*\(|\bconnect_ex\s*\(")

MAIN = re.compile(r"\bmain\s*\(\s*int\s+\w+\s*,\s*(?:const\s+)?char[\s*]+(?:const\s+)?(\w+)")

PORT_ARGUMENT = re.compile(
    r"(?:htons|int|atoi|strtol|strtoul)\s*\(\s*(?:atoi\s*\(\s*)?(?:sys\.)?argv\s*\[\s*(\d)\s*\]"
)
HOST_ARGUMENT = re.compile(
    r"(?:inet_addr|inet_aton|gethostbyname)\s*\(\s*argv\s*\[\s*(\d)\s*\]"
    r"|inet_pton\s*\(\s*AF_INET6?\s*,\s*argv\s*\[\s*(\d)\s*\]|getaddrinfo\s*\(\s*argv\s*\[\s*(\d)\s*\]"
)
ANY_ARGUMENT = re.compile(r"\bargv\s*\[\s*([1-9])\s*\]")
PORT_IN_SOURCE = re.compile(r"(?i:#define\s+\w*port\w*\s+|\bport\s*=\s*|htons\s*\(\s*)(\d{4,5})\b")
ADDRESS_IN_SOURCE = re.compile(r"[\"'](\d{1,3}(?:\.\d{1,3}){3})[\"']")
OWN_ADDRESSES = ("127.0.0.1", "0.0.0.0")


@dataclass(frozen=True)
class Guess:
    """What the sources tell."""

    server: Path
    clients: list[Path]
    lines: dict[str, str]  # the contract, by key


def init(arguments: argparse.Namespace) -> int:
    """Write the contract, play once, and say what was found; return the exit code."""
    file = arguments.directory / FILE_NAME
    if file.exists():
        print(f"{file} is there already: it is not written over", file=sys.stderr)
        return NOT_WRITTEN
    try:
        guess = looked_at(arguments.directory)
    except ContractError as error:
        print(error, file=sys.stderr)
        return NOT_WRITTEN
    file.write_text("".join(f"{key} = {value}\n" for key, value in guess.lines.items()), encoding="utf-8")
    print(f"{file}:\n\n{file.read_text(encoding='utf-8')}")
    print(tried(arguments.directory, (arguments.sprint,) if arguments.sprint else TRIALS))
    return WRITTEN


def looked_at(directory: Path) -> Guess:
    """Return what the sources tell of a submission. Raises ContractError where they do not tell enough."""
    files = (file for pattern in SOURCES for file in sorted(directory.glob(pattern)))
    sources = {file: with_argv(file.read_text(errors="replace")) for file in files}
    servers = programs(sources, LISTENS, "serv")
    clients = programs({file: text for file, text in sources.items() if file not in servers}, CONNECTS, "cli")
    if not servers or not clients:
        what = "no program that listens" if not servers else "no program that connects"
        raise ContractError(f"{directory}: {what} among {', '.join(SOURCES)}; {BY_HAND}")
    two = [file for file in clients if re.search(r"client.?[12]", file.stem)][:2]
    chosen = two if len(two) == 2 else clients[:1]
    return Guess(servers[0], chosen, contract_lines(directory, servers[0], chosen, sources))


def programs(sources: dict[Path, str], pattern: re.Pattern[str], word: str) -> list[Path]:
    """Return the files that do something, those whose name says so first; else those whose name alone says so.

    What a program called `server` does may well be done by a module of it.
    """
    named = sorted((file for file in sources if word in file.stem.lower()), key=lambda file: len(file.stem))
    doing = [file for file, text in sources.items() if pattern.search(text)]
    return [file for file in named if file in doing] or named or doing


def with_argv(source: str) -> str:
    """Return a source in which the words of the command line are called argv, as they mostly are."""
    main = MAIN.search(source)
    return re.sub(rf"\b{main[1]}\s*\[", "argv[", source) if main else source


def contract_lines(
    directory: Path, server: Path, clients: list[Path], sources: dict[Path, str]
) -> dict[str, str]:
    """Return the lines of a contract."""
    lines = {}
    build = build_command(directory, [server, *clients])
    if build:
        lines["build"] = quoted(build)
    lines["server"] = quoted(command(directory, server, sources[server], is_server=True))
    for key, client in zip(("client", "client2"), clients, strict=False):
        lines[key] = quoted(command(directory, client, sources[client], is_server=False))
    if any("{port}" not in lines[key] for key in ("server", "client")):
        lines["port"] = fixed(PORT_IN_SOURCE, (sources[file] for file in (server, *clients))) or "4444"
    address = fixed(ADDRESS_IN_SOURCE, (sources[file] for file in clients))
    if address and address not in OWN_ADDRESSES and "{host}" not in lines["client"]:
        lines["address"] = quoted(address)
    return lines


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def build_command(directory: Path, programs: list[Path]) -> str:
    """Return what builds the programs; empty where nothing has to be built."""
    if any((directory / name).exists() for name in ("Makefile", "makefile", "GNUmakefile")):
        return "make"
    compiled = [f"gcc -o {file.stem} {file.name} -pthread" for file in programs if file.suffix == ".c"]
    return " && ".join(compiled)


def command(directory: Path, file: Path, source: str, *, is_server: bool) -> str:
    """Return the command that starts a program, with host and port where its source looks for them."""
    start = f"python3 {file.name}" if file.suffix == ".py" else f"./{target(directory, file)}"
    return " ".join([start, *arguments_of(source, is_server=is_server)])


def target(directory: Path, file: Path) -> str:
    """Return the name of the program that is made of a source: what the Makefile says, else the source's name."""
    makefile = directory / "Makefile"
    text = makefile.read_text(errors="replace") if makefile.exists() else ""
    rule = re.search(rf"^(\w[\w.-]*)\s*:[^\n]*\b{re.escape(file.stem)}\.[co]\b", text, re.MULTILINE)
    made = rule[1] if rule and not rule[1].endswith(".o") else ""
    option = re.search(rf"-o\s+(\S+)[^\n]*\b{re.escape(file.name)}", text)
    return made or (option[1] if option and "$" not in option[1] else file.stem)


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


def tried(directory: Path, sprints: Sequence[int]) -> str:
    """Play the conversation of each sprint until one comes off, and say what came of it."""
    try:
        with copied(directory) as copy:
            contract = contract_of_copy(copy)
            sprint, problems = played_in_turn(contract, sprints)
    except ContractError as error:
        return f"Tried, and it does not build:\n{error}"
    if sprint:
        return f"Tried: people can talk as in sprint {ALIKE.get(sprint, sprint)}.\n{MORE}"
    return in_words(problems, contract).replace(str(copy), str(directory))


def played_in_turn(contract: Contract, sprints: Sequence[int]) -> tuple[int, dict[str, int]]:
    """Return the first sprint whose conversation comes off, or 0; and in which one each problem was met first."""
    problems: dict[str, int] = {}
    for sprint in sprints:
        entries, problem = played(sprint, contract, sandboxed=True)
        if not problem:
            return sprint, problems
        problems.setdefault(problem, sprint)
        if {entry.actor for entry in entries} <= {"server"}:  # it does not even listen
            break
    return 0, problems


def in_words(problems: dict[str, int], contract: Contract) -> str:
    """Say why no conversation came off."""
    place = f"{contract.address} port {contract.port}" if contract.port else f"{HOST}, a free port"
    reasons = "".join(f"as in sprint {sprint}: {problem}\n" for problem, sprint in problems.items())
    return f"Tried on {place}, and it did not work yet:\n{reasons}Change {FILE_NAME} by hand: README.md says how."
