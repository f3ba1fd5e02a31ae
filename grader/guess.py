"""A first messagerie.toml: the commands that build and start a submission, guessed by looking at it.

a Makefile                    make, and what it makes
sources in C, C++             a compiler's command for each program, with what it includes
sources in Python             nothing to build
launch scripts                whatever they do, in any language: `lancer_serveur.sh 4444`
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from grader.contract import FILE_NAME, ContractError
from grader.sources import (
    ADDRESS_IN_SOURCE,
    COMPILERS,
    CONNECTS,
    DEEPEST,
    INCLUDED,
    LISTENS,
    PORT_IN_SOURCE,
    PYTHON,
    SCRIPT,
    Sources,
    arguments_of,
    can_be_started,
    fixed,
    libraries_of,
    parts_of,
    programs,
    sources_in,
)

BY_HAND = f"""write {FILE_NAME} by hand; two lines are enough, and README.md tells what else it may say:

server = "./server {{port}}"
client = "./client {{host}} {{port}}\""""

SOUGHT = ", ".join(f"*{suffix}" for suffix in (*COMPILERS, PYTHON, SCRIPT))

MAKEFILES = ("Makefile", "makefile", "GNUmakefile")

PORT, HOST = "{port}", "{host}"

USUAL_PORT = "4444"
"""Where a program listens that says it nowhere; the course texts use it."""

SERVER, CLIENT = "serv", "cli"
"""What programs are called, in part, in French as in English."""

OWN_ADDRESSES = ("127.0.0.1", "0.0.0.0")

PARAMETER = re.compile(r"\$\{?([1-9])\b")
PORT_IN_SCRIPT = re.compile(r"(?<![\w.])(\d{4,5})(?![\w.])")
WORD_OF_PORT = re.compile(r"\d{4,5}|\$\{?\w*port\w*\}?", re.IGNORECASE)
WORD_OF_HOST = re.compile(r"localhost|[\d.]{7,15}|\$\{?\w*(?:host|ip|addr)\w*\}?", re.IGNORECASE)


def looked_at(directory: Path) -> dict[str, str]:
    """Return the lines of a contract, by key; of programs as near to the top as there are. Raises ContractError."""
    missing = ""
    for depth in range(1, DEEPEST + 1):
        look = Look(directory, sources_in(directory, depth))
        if look.servers and look.clients:
            return look.contract()
        missing = "connects" if look.servers else "listens"
    raise ContractError(f"{directory}: no program that {missing} among {SOUGHT}; {BY_HAND}")


class Look:
    """The sources of a submission, and what is made of them."""

    def __init__(self, directory: Path, sources: Sources) -> None:
        self._directory = directory
        self._sources = sources
        self.servers = self._started(LISTENS, SERVER, without=[])
        self.clients = self._started(CONNECTS, CLIENT, without=self.servers)

    def contract(self) -> dict[str, str]:
        """Return the lines of a contract, by key."""
        server, *clients = chosen = [self.servers[0], *self._clients_of(self.servers[0])]
        build = " && ".join(dict.fromkeys(self._build(each) for each in chosen if each.suffix in COMPILERS))
        lines = {"build": build, "server": self._command(server, SERVER)}
        for key, client in zip(("client", "client2"), clients, strict=False):
            lines[key] = self._command(client, CLIENT)
        return {key: quoted(line) for key, line in lines.items() if line} | self._fixed(chosen, lines)

    def _started(self, pattern: re.Pattern[str], role: str, without: list[Path]) -> list[Path]:
        """Return the programs that do something; where there is no source of one, the scripts that start it."""
        rest = {path: text for path, text in self._sources.items() if path not in without}
        started = {path: text for path, text in rest.items() if can_be_started(path, text)}
        scripts = [path for path in rest if path.suffix == SCRIPT and role in path.stem.lower()]
        return programs(started, pattern, role) or scripts

    def _clients_of(self, server: Path) -> list[Path]:
        """Return the client that belongs to a server, or both where each place has its own."""
        beside = [client for client in self.clients if client.parent == server.parent] or self.clients
        two = [client for client in beside if re.search(r"client.?[12]", client.stem)][:2]
        return two if len(two) == 2 else beside[:1]

    def _fixed(self, chosen: list[Path], commands: dict[str, str]) -> dict[str, str]:
        """Return what the command lines do not tell, because it is fixed in the sources."""
        texts = [self._sources[program] for program in chosen]
        lines = {}
        if any(PORT not in commands[key] for key in ("server", "client")):
            lines["port"] = (
                fixed(PORT_IN_SOURCE, texts) or fixed(PORT_IN_SCRIPT, self._scripts()) or USUAL_PORT
            )
        address = fixed(ADDRESS_IN_SOURCE, texts[1:])
        if address and address not in OWN_ADDRESSES and HOST not in commands["client"]:
            lines["address"] = quoted(address)
        return lines

    def _scripts(self) -> list[str]:
        return [text for path, text in self._sources.items() if path.suffix == SCRIPT]

    def _build(self, program: Path) -> str:
        """Return what makes a program of its sources."""
        makefile = self._makefile(program)
        if makefile:
            return f"make -C {word(makefile.parent)}" if makefile.parent.parts else "make"
        parts = parts_of(program, self._sources)
        files = map(word, [program.with_suffix(""), *parts])
        options = [*self._include_paths(parts), *libraries_of(parts, self._sources)]
        return " ".join([COMPILERS[program.suffix], "-o", *files, *options])

    def _include_paths(self, parts: list[Path]) -> Iterator[str]:
        """Yield the compiler's options for headers that are in directories of their own."""
        included = [(part, header) for part in parts for header in INCLUDED.findall(self._sources[part])]
        far = [header for part, header in included if not (self._directory / part.parent / header).exists()]
        found = [path for header in far for path in sorted(self._directory.rglob(header))[:1]]
        yield from dict.fromkeys("-I" + word(path.parent.relative_to(self._directory)) for path in found)

    def _makefile(self, program: Path) -> Path | None:
        """Return the Makefile that builds a program: the top one, or its own."""
        places = (place / name for place in (Path(), program.parent) for name in MAKEFILES)
        return next((place for place in places if (self._directory / place).exists()), None)

    def _command(self, program: Path, role: str) -> str:
        """Return the command that starts a program, with host and port where they belong."""
        source = self._sources[program]
        if program.suffix == SCRIPT:
            return " ".join(["sh", word(program), *parameters_of(source, role)])
        target = program if program.suffix == PYTHON else self._target(program)
        arguments = arguments_of(source, is_server=role == SERVER)
        if PORT not in arguments:
            arguments = self._launched(target.name) or arguments
        start = f"python3 {word(target)}" if program.suffix == PYTHON else f"./{word(target)}"
        return " ".join([start, *arguments])

    def _target(self, program: Path) -> Path:
        """Return the program that is made of a source: what the Makefile says, else the source's name."""
        makefile = self._makefile(program)
        if not makefile:
            return program.with_suffix("")
        text = expanded((self._directory / makefile).read_text(errors="replace"))
        rules = re.findall(rf"^([\w./-]+)\s*:[^\n]*\b{re.escape(program.stem)}\.\w+\b", text, re.MULTILINE)
        options = re.findall(rf"-o\s+([\w./-]+)\s[^\n]*\b{re.escape(program.name)}", text)
        mentioned = re.findall(rf"(?<![\w./-])([\w./-]+/{re.escape(program.stem)})(?![\w./-])", text)
        named = [target for target in (*rules, *options, *mentioned) if not target.endswith(".o")]
        return makefile.parent / (named[0] if named else program.stem)

    def _launched(self, name: str) -> list[str]:
        """Return what stands behind a program in a launch script, with host and port in their places."""
        start = re.compile(rf"(?:^|[\s;&/]){re.escape(name)}((?:[ \t]+[^\s;&|<>]+)+)", re.MULTILINE)
        launches = (words.split() for script in self._scripts() for words in start.findall(script))
        placed = ([in_its_place(each) for each in words] for words in launches)
        return next((words for words in placed if PORT in words), [])


def word(path: Path) -> str:
    """Return a path as a shell reads it."""
    return shlex.quote(str(path))


def expanded(makefile: str) -> str:
    """Return a Makefile with the values of its variables in their places."""
    values = dict(re.findall(r"^(\w+)[ \t]*[:?]?=[ \t]*(.*?)[ \t]*$", makefile, re.MULTILINE))
    return re.sub(r"\$[({](\w+)[)}]", lambda used: values.get(used[1], used[0]), makefile)


def in_its_place(argument: str) -> str:
    """Return what a word of a launch script stands for."""
    if WORD_OF_PORT.fullmatch(argument):
        return PORT
    return HOST if WORD_OF_HOST.fullmatch(argument) else argument


def parameters_of(script: str, role: str) -> list[str]:
    """Return what a launch script is started with, by how many parameters it uses."""
    count = max(map(int, PARAMETER.findall(script)), default=0)
    names = [PORT] if role == SERVER or count == 1 else [HOST, PORT, "{place}"]
    return names[:count]


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
