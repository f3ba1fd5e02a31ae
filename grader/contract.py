"""The contract: how to start the programs of a submission. DIR/messagerie.toml says it, mostly in two lines.

server = "./server {port}"
client = "./client {host} {port}"
"""

import re
import shlex
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from grader.stage import PATIENCE

FILE_NAME = "messagerie.toml"

COURSE, UNKNOWN = "course", "unknown"
"""The wire that the course text gives a sprint, which checks that speak it themselves need; or any other."""

LINES = "lines"
"""Another word for the wire of the course, from the time when it was lines in every sprint; contracts may keep it."""

HOST = "127.0.0.1"

REPOSITORY = Path(__file__).parents[1]

QUIT_WORD = "fin"

QUIT_WORDS = {4: "exit", 5: "/quit", 6: "/quit"}
"""What users type to leave, where it is another word."""

LOGINS = {4: ("{name}",), 5: ("{name}",)}
"""What users type first. (In sprint 6 a command takes a name, at any time.)"""

USER = "alice"

EXAMPLE = {"port": 4444, "host": HOST, "place": 1, "name": USER}
"""What stands for the words in braces while a contract is read."""


class ContractError(Exception):
    """Says in one sentence what is wrong with a contract, and what to write instead."""


@dataclass(frozen=True)
class Contract:
    """How to build and start the programs of one submission, and what its users must type."""

    directory: Path
    server: str
    client: str
    client2: str = ""  # the second client's command, if it is another program
    build: str = ""
    port: int = 0  # fixed in the source; 0: the commands are given one
    address: str = HOST  # fixed in the source: where the server must be for its clients to find it
    login: tuple[str, ...] = ()  # what each user types first
    login2: tuple[str, ...] = ()  # what the second one types, if it is something else
    quit: str = ""  # empty: what the course text of the sprint says
    first: int = 1  # who speaks first, where they speak in turn
    wire: str = UNKNOWN
    patience: float = PATIENCE
    any_port: bool = False  # the server takes port 0 for any free one

    @property
    def tells_places(self) -> bool:
        """Whether a client is told, by its command or its user, or built for, the place that it takes."""
        is_second_special = bool(self.client2 or self.login2)
        return is_second_special or any("{place}" in text for text in (self.client, *self.login))

    @property
    def logs_in(self) -> bool:
        """Whether a client is told something of its user when it comes, by its command or by him."""
        return bool(self.login or self.login2) or self.tells_names

    @property
    def tells_names(self) -> bool:
        """Whether a client's command tells it the name of its user."""
        return "{name}" in self.client + self.client2

    def server_command(self, port: int) -> list[str]:
        """Return the words that start the server."""
        return filled(self.server, port=port, host=self.address)

    def client_command(self, host: str, port: int, place: int = 1, name: str = USER) -> list[str]:
        """Return the words that start one user's client; `place` counts those that are there, from 1."""
        command = self.client2 if self.client2 and place > 1 else self.client
        return filled(command, host=host, port=port, place=place, name=name)

    def login_lines(self, name: str, host: str, port: int, place: int = 1) -> list[str]:
        """Return what a user types before anything else."""
        lines = self.login2 if self.login2 and place > 1 else self.login
        return [line.format(name=name, host=host, port=port, place=place) for line in lines]

    def in_sprint(self, number: int) -> "Contract":
        """Return the same with what the course text lets users type, where the contract does not say otherwise."""
        quit_word = self.quit or QUIT_WORDS.get(number, QUIT_WORD)
        return replace(self.with_login(LOGINS.get(number, ())), quit=quit_word)

    def with_login(self, lines: tuple[str, ...]) -> "Contract":
        """Return the same where each user types these lines first, unless it says otherwise, or tells his name."""
        return self if self.logs_in else replace(self, login=lines)


def filled(command: str, **values: object) -> list[str]:
    """Return the words of a command, with what stands in braces filled in."""
    return [word.format(**values) for word in shlex.split(command)]


def reference(package: str) -> Contract:
    """Return the contract of the course's own programs for one sprint."""
    python = shlex.quote(sys.executable)
    contract = Contract(
        REPOSITORY,
        f"{python} -m {package}.server {{port}}",
        f"{python} -m {package}.client {{host}} {{port}}",
        wire=COURSE,
        any_port=True,
    )
    return contract.in_sprint(number_of(package))


def number_of(package: str) -> int:
    """Return the number of a sprint, which its package's name begins with."""
    return int(package.removeprefix("sprint").partition("_")[0])


def read_contract(directory: Path) -> Contract:
    """Return the contract in a directory. Raises ContractError."""
    file = directory / FILE_NAME
    try:
        text = file.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise ContractError(
            f"{file}: {error.strerror}; it must say how to start server and client (messagerie init writes one)"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f'{file}: {error}; each line must look like key = "value"') from None
    for key, value in values.items():
        if problem := problem_of(key, value):
            raise ContractError(f"{file}: {where(text, key)}{problem}")
    values |= {key: tuple(values.get(key, ())) for key in ("login", "login2")}
    is_asked = any("{port}" in line for line in values["login"])
    commands = {"server": False, "client": is_asked} | ({"client2": True} if "client2" in values else {})
    for key, is_told in commands.items():
        if problem := problem_of_command(key, values.get(key, ""), is_told or "port" in values):
            raise ContractError(f"{file}: {where(text, key)}{problem}")
    if values.get("wire") == LINES:
        values["wire"] = COURSE
    return Contract(directory.resolve(), **values)


def where(text: str, key: str) -> str:
    """Return the line of a key, in words; nothing where it does not stand."""
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(rf'\s*["\']?{re.escape(key)}["\']?\s*=', line):
            return f"line {number}: "
    return ""


def is_text(value: Any) -> bool:
    """Tell whether a value is a text that is not empty."""
    return isinstance(value, str) and bool(value)


def is_address(value: Any) -> bool:
    """Tell whether a value is an IP address."""
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_login(value: Any) -> bool:
    """Tell whether a value is a list of lines to type, in which {name}, {host}, {port} and {place} may stand."""
    return isinstance(value, list) and all(isinstance(line, str) and can_be_filled(line) for line in value)


def can_be_filled(text: str) -> bool:
    """Tell whether what stands in braces in a text is known."""
    try:
        text.format(**EXAMPLE)
    except (ValueError, LookupError, AttributeError, TypeError):
        return False
    return True


KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "server": (is_text, 'a command like "./server {port}"'),
    "client": (is_text, 'a command like "./client {host} {port}"'),
    "client2": (is_text, 'a command like "./client {host} {port} {place}"'),
    "build": (is_text, 'a command like "make"'),
    "port": (lambda value: is_number(value) and value in range(1, 65_536), "a number from 1 to 65535"),
    "address": (is_address, 'an address like "192.168.1.20"'),
    "login": (is_login, 'a list of lines like ["{name}"]'),
    "login2": (is_login, 'a list of lines like ["{name}"]'),
    "quit": (is_text, 'a word like "fin"'),
    "first": (lambda value: is_number(value) and value in (1, 2), "1 or 2"),
    "wire": (
        lambda value: value in (COURSE, LINES, UNKNOWN),
        f'"{COURSE}" (the bytes are those that the handout gives) or "{UNKNOWN}"',
    ),
    "patience": (lambda value: is_number(value) and 0 < value <= 60, "a number of seconds up to 60"),
}
"""What may stand in a contract: who judges its value, and what to write."""


def problem_of(key: str, value: Any) -> str:
    """Return what is wrong with a key or its value; empty when nothing is."""
    if key not in KEYS:
        return f"there is no key {key!r}; there are {', '.join(KEYS)}"
    is_good, like = KEYS[key]
    return "" if is_good(value) else f"{key} = {value!r} must be {like}"


def problem_of_command(key: str, command: str, needs_no_port: bool) -> str:
    """Return what is wrong with a command that must be there; empty when nothing is."""
    like = f"write it like {KEYS[key][1].removeprefix('a command like ')}"
    if not command or ("{port}" not in command and not needs_no_port):
        return (
            f"{key} = {command!r} must be a command with {{port}} in it; {like}; "
            'if the port is fixed in the source, say which: port = 4444; if a client asks for it: login = ["{port}"]'
        )
    words = ("port", "host") if key == "server" else ("port", "host", "place", "name")
    try:
        filled(command, **{word: EXAMPLE[word] for word in words})
    except KeyError as unknown:
        known = ", ".join(f"{{{word}}}" for word in words)
        return f"{key} = {command!r} cannot be used: {{{unknown.args[0]}}} is none of {known}; {like}"
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        return f"{key} = {command!r} cannot be used: {error!r}; {like}"
    return ""
