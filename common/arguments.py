"""The two command lines: every server of the course takes the same arguments, and so does every client."""

import argparse
import re
import sys
from typing import NoReturn

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4444
"""Subject 004 fixes both: the loopback address, where nobody else can reach a program that is being learnt on."""

LAST_PORT = 65535

HELP_COLUMNS = 78


class Formatter(argparse.HelpFormatter):
    """Folds the help at one width: to ask how wide the terminal is loads more than the whole program needs."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=HELP_COLUMNS)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line, and exits with code 2."""

    def __init__(self) -> None:
        module = sys.modules["__main__"].__spec__
        super().__init__(
            prog=f"python -m {module.name}" if module else None, allow_abbrev=False, formatter_class=Formatter
        )

    def error(self, message: str) -> NoReturn:
        """Say it, and exit."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def server_arguments() -> Parser:
    """Return the parser of `[PORT] [--bind ADDRESS]`; a sprint may add its own options."""
    parser = Parser()
    parser.add_argument("port", nargs="?", type=server_port, default=DEFAULT_PORT, help="0: any free port")
    parser.add_argument("--bind", metavar="ADDRESS", default=DEFAULT_HOST, help="listen at this address only")
    return parser


def client_arguments() -> Parser:
    """Return the parser of `[HOST] [PORT]`."""
    parser = Parser()
    parser.add_argument("host", nargs="?", default=DEFAULT_HOST, help="the server's name or address")
    parser.add_argument("port", nargs="?", type=client_port, default=DEFAULT_PORT)
    return parser


def server_port(word: str) -> int:
    """Return a port to listen at, from 0. Raises ArgumentTypeError."""
    return whole_number(word, 0, LAST_PORT)


def client_port(word: str) -> int:
    """Return a port to connect to, from 1. Raises ArgumentTypeError."""
    return whole_number(word, 1, LAST_PORT)


def client_count(word: str) -> int:
    """Return a number of clients, from 1. Raises ArgumentTypeError."""
    return whole_number(word, 1, 1_000_000)


def whole_number(word: str, least: int, most: int) -> int:
    """Return the number that plain digits write. Raises ArgumentTypeError for all that int() would also take."""
    if re.fullmatch(r"[0-9]{1,10}", word) and least <= int(word) <= most:
        return int(word)
    raise argparse.ArgumentTypeError(f"{word!r} is not a whole number from {least} to {most}")
