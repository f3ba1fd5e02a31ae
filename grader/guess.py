"""A first messagerie.toml: the commands that build and start a submission, guessed by looking at it.

a Makefile                    make, and what it makes
sources in C, C++             a compiler's command for each program, with what it includes
sources in Python             nothing to build
launch scripts                whatever they do, in any language, where there are no such sources
"""

import json
import os
import shlex
from dataclasses import dataclass
from os.path import normpath
from pathlib import Path

from grader.arguments import address_in, arguments_of, port_in
from grader.contract import FILE_NAME, ContractError
from grader.launchers import HOST, PORT, interpreter_of, launched, literal, parameters_of, starts_something
from grader.makefiles import made_from
from grader.parts import (
    can_be_started,
    include_places,
    is_imported_from_above,
    libraries_of,
    made_of,
    parts_of,
    with_functions_called,
)
from grader.questions import answers_in, is_told_where
from grader.roles import CLIENT, SERVER, pair, programs
from grader.sources import COMPILERS, DEEPEST, MAKEFILES, PYTHON, SCRIPT, Sources, sources_in

BY_HAND = f"""write {FILE_NAME} by hand; two lines are enough, and README.md tells what else it may say:

server = "./server {{port}}"
client = "./client {{host}} {{port}}\""""

SOUGHT = ", ".join(f"*{suffix}" for suffix in (*COMPILERS, PYTHON, SCRIPT))

USUAL_PORT = "4444"
"""Where a program listens that says it nowhere; the course texts use it."""

KEYS = ("server", "client", "client2")


@dataclass(frozen=True)
class Command:
    """What starts a program, and what stands behind it; as a contract says it."""

    start: str
    arguments: list[str]

    def __str__(self) -> str:
        """Return the whole command."""
        return " ".join([self.start, *self.arguments])


def looked_at(directory: Path) -> dict[str, str]:
    """Return the lines of a contract, by key; of programs as near to the top as there are. Raises ContractError."""
    try:
        os.scandir(directory).close()
    except OSError as error:
        raise ContractError(f"{directory}: {error.strerror}") from None
    sources = sources_in(directory)
    depths = range(1, DEEPEST + 1)
    looks = (Look(directory, sources, depth, suffix) for suffix in ("", SCRIPT) for depth in depths)
    missing = ""
    for look in looks:
        if look.servers and look.clients:
            return look.contract()
        missing = "connects" if look.servers else "listens"
    raise ContractError(f"{directory}: no program that {missing} among {SOUGHT}; {BY_HAND}")


class Look:
    """The sources of a submission, and what is made of them."""

    def __init__(self, directory: Path, sources: Sources, depth: int, also: str) -> None:
        self._directory = directory
        self._sources = sources
        self._near = [path for path in sources if len(path.parts) <= depth]
        self._also = also
        self.servers = self._started(SERVER, without=[])
        self.clients = self._started(CLIENT, without=self.servers)

    def contract(self) -> dict[str, str]:
        """Return the lines of a contract, by key."""
        server, *clients = chosen = [self.servers[0], *self._clients_of(self.servers[0])]
        build = " && ".join(dict.fromkeys(filter(None, map(self._build, chosen))))
        commands = [self._command(server, SERVER), *(self._command(client, CLIENT) for client in clients)]
        lines = {"build": build} if build else {}
        lines |= dict(zip(KEYS, map(str, commands), strict=False))
        return {key: quoted(line) for key, line in lines.items()} | self._not_told(chosen, commands)

    def _started(self, role: str, without: list[Path]) -> list[Path]:
        """Return the programs that do something; where there is no source of one, the scripts that start it."""
        rest = [path for path in self._near if path not in without]
        found = programs(
            [path for path in rest if can_be_started(path, self._sources[path])], self._sources, role
        )
        scripts = (path for path in rest if path.suffix == self._also and role in path.stem.lower())
        return found or [path for path in scripts if starts_something(self._sources[path])]

    def _clients_of(self, server: Path) -> list[Path]:
        """Return the client that belongs to a server, or both where each place has its own."""
        beside = [client for client in self.clients if client.parent == server.parent] or self.clients
        return pair(beside) or beside[:1]

    def _texts(self, chosen: list[Path]) -> list[str]:
        """Return what programs are made of."""
        return [self._sources[path] for program in chosen for path in made_of(program, self._sources)]

    def _not_told(self, chosen: list[Path], commands: list[Command]) -> dict[str, str]:
        """Return what the command lines do not tell: users type it, or it is fixed in the sources."""
        lines = {}
        clients = self._texts(chosen[1:])
        asked = [] if PORT in str(commands[1]) else answers_in(clients)
        asked = [each for each in asked if each != PORT or not port_in(clients, [])]
        if is_told_where(asked):
            lines["login"] = json.dumps(asked)
        is_told, *are_told = (PORT in str(command) for command in commands)
        if not is_told or not (all(are_told) or PORT in asked):
            lines["port"] = port_in(self._texts(chosen), self._scripts()) or USUAL_PORT
        address = address_in(self._texts(chosen[1:]))
        if address and HOST not in commands[1].arguments:
            lines["address"] = quoted(address)
        return lines

    def _scripts(self) -> list[str]:
        return [text for path, text in self._sources.items() if path.suffix == SCRIPT]

    def _build(self, program: Path) -> str:
        """Return what makes a program of its sources; empty if nothing must be made."""
        makefiles = self._makefiles(program)
        if program.suffix == PYTHON or (program.suffix == SCRIPT and not makefiles):
            return ""
        if makefiles:
            place = makefiles[0].parent
            return f"make -C {word(place)}" if place.parts else "make"
        parts = parts_of(program, self._sources)
        places = (f"-I{word(place)}" for place in include_places(program, self._sources))
        files = map(word, [self._compiled(program), *parts])
        return " ".join(
            [COMPILERS[program.suffix], "-o", *files, *places, *libraries_of(parts, self._sources)]
        )

    def _compiled(self, program: Path) -> Path:
        """Return what a source is compiled to, where no directory is called so."""
        target = program.with_suffix("")
        return target.with_suffix(".out") if (self._directory / target).is_dir() else target

    def _makefiles(self, program: Path) -> list[Path]:
        """Return the Makefiles that build a program: the top one, its own; one for each place."""
        places = dict.fromkeys([Path(), program.parent])
        found = ([place / name for name in MAKEFILES if place / name in self._sources] for place in places)
        return [names[0] for names in found if names]

    def _command(self, program: Path, role: str) -> Command:
        """Return the command that starts a program, with host and port where they belong."""
        source = self._sources[program]
        if program.suffix == SCRIPT:
            start = f"{interpreter_of(source)} {literal(word(program))}"
            return Command(start, parameters_of(source, is_server=role == SERVER))
        fixed = bool(port_in(self._texts([program]), []))
        source = with_functions_called(program, self._sources)
        arguments = arguments_of(source, is_server=role == SERVER, port_is_fixed=fixed)
        target = program if program.suffix == PYTHON else self._target(program)
        if PORT not in arguments:
            arguments = launched(target.name, self._scripts()) or arguments
        command = Command(literal(self._start(target)), arguments)
        asks = role == SERVER and not fixed and PORT not in arguments and answers_in([source]) == [PORT]
        return Command(f"sh -c {shlex.quote(f'echo {PORT} | {command}')}", []) if asks else command

    def _start(self, program: Path) -> str:
        """Return the words that start a program."""
        if program.suffix != PYTHON:
            return f"./{shlex.quote(str(program))}"
        if is_imported_from_above(program, self._sources):
            return f"python3 -m {shlex.quote('.'.join(program.with_suffix('').parts))}"
        return f"python3 {word(program)}"

    def _target(self, program: Path) -> Path:
        """Return the program that is made of a source: what the Makefile says, else the source's name."""
        makefiles = self._makefiles(program)
        if not makefiles:
            return self._compiled(program)
        others = [path for path in self._sources if path.suffix in COMPILERS and path != program]
        beside = [path for path in others if can_be_started(path, self._sources[path])]
        named = (
            Path(normpath(file.parent / made))
            for file in makefiles
            if (made := made_from(program, self._sources[file], file.parent, beside))
        )
        return next(named, makefiles[0].parent / program.stem)


def word(path: Path) -> str:
    """Return a path as a shell reads it, and as no program takes for an option."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
