"""The contract: how to start the programs of a submission. DIR/messagerie.toml says it, in two lines.

server = "./server {port}"
client = "./client {host} {port}"
"""

import shlex
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.stage import PATIENCE

FILE_NAME = "messagerie.toml"

LINES = "lines"
"""The wire of the course: UTF-8 lines ended by LF. Checks that speak it themselves need this promise."""

EXAMPLES = {"server": "./server {port}", "client": "./client {host} {port}"}
"""The two commands, as most submissions write them."""

REPOSITORY = Path(__file__).parents[1]


class ContractError(Exception):
    """Says in one sentence what is wrong with a contract, and what to write instead."""


@dataclass(frozen=True)
class Contract:
    """How to build and start the programs of one submission."""

    directory: Path
    server: str
    client: str
    build: str = ""
    quit: str = "fin"
    wire: str = "unknown"
    patience: float = PATIENCE
    any_port: bool = False  # the server takes port 0 for any free one

    def server_command(self, port: int) -> list[str]:
        """Return the words that start the server."""
        return [word.format(port=port) for word in shlex.split(self.server)]

    def client_command(self, host: str, port: int) -> list[str]:
        """Return the words that start one client."""
        return [word.format(host=host, port=port) for word in shlex.split(self.client)]


KEYS = {"server": str, "client": str, "build": str, "quit": str, "wire": str, "patience": int | float}


def reference(package: str) -> Contract:
    """Return the contract of the course's own programs for one sprint."""
    python = shlex.quote(sys.executable)
    return Contract(
        REPOSITORY,
        f"{python} -m {package}.server {{port}}",
        f"{python} -m {package}.client {{host}} {{port}}",
        wire=LINES,
        any_port=True,
    )


def read_contract(directory: Path) -> Contract:
    """Return the contract in a directory. Raises ContractError."""
    file = directory / FILE_NAME
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"{file}: {error.strerror}; it must say how to start server and client") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f'{file}: {error}; each line must look like key = "value"') from None
    for key, value in values.items():
        check_value(file, key, value)
    for key in ("server", "client"):
        check_command(file, key, values.get(key, ""))
    return Contract(directory.resolve(), **values)


def check_value(file: Path, key: str, value: Any) -> None:
    """Accept a key that there is, with a value that it can have. Raises ContractError."""
    if key not in KEYS:
        raise ContractError(f"{file}: there is no key {key!r}; there are {', '.join(KEYS)}")
    if not isinstance(value, KEYS[key]) or isinstance(value, bool):
        raise ContractError(
            f"{file}: {key} = {value!r} must be {'a number' if key == 'patience' else 'a text'}"
        )
    if key == "patience" and not 0 < float(value) <= 60:
        raise ContractError(f"{file}: patience = {value} must be a number of seconds up to 60")
    if key == "wire" and value not in (LINES, "unknown"):
        raise ContractError(f'{file}: wire = {value!r} must be "{LINES}" or "unknown"')


def check_command(file: Path, key: str, command: str) -> None:
    """Accept a command that can be taken apart and filled in. Raises ContractError."""
    like = f'write it like {key} = "{EXAMPLES[key]}"'
    if "{port}" not in command:
        raise ContractError(f"{file}: {key} = {command!r} must be a command with {{port}} in it; {like}")
    known = {"port": 0} if key == "server" else {"port": 0, "host": "127.0.0.1"}
    try:
        for word in shlex.split(command):
            word.format(**known)
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ContractError(f"{file}: {key} = {command!r} cannot be used: {error!r}; {like}") from None
