"""What the programs of a submission are for: which of them listens, which connects."""

import re
from pathlib import Path

from grader.parts import made_of
from grader.sources import Sources

SERVER, CLIENT = "serv", "cli"
"""What programs are called, in part, in French as in English."""

DOES = {
    SERVER: re.compile(
        r"\blisten\s*\(|\bcreate_server\s*\(|\bstart_server\s*\(|\bsocketserver\b|\bTCPServer\s*\("
    ),
    CLIENT: re.compile(r"\bconnect\s*\(|\bcreate_connection\s*\(|\bconnect_ex\s*\(|\bopen_connection\s*\("),
}

MAINS = ("main", "__main__")

PAIRED = re.compile(r"cli[a-z]*[^a-z0-9]?([12])(?![0-9])")


def programs(candidates: list[Path], sources: Sources, role: str) -> list[Path]:
    """Return the programs that do something, those whose name says so first; else those whose name alone says so.

    What a program called `server` does may well be done by a module of it.
    """
    named = sorted((path for path in candidates if is_called(path, role)), key=lambda path: len(path.stem))
    with_parts = [path for path in named if does(made_of(path, sources), sources, role)]
    doing = sorted(
        (path for path in candidates if does([path], sources, role)), key=lambda path: is_away(path, role)
    )
    return with_parts or doing or named


def does(paths: list[Path], sources: Sources, role: str) -> bool:
    """Tell whether one of some sources does what makes a server, or a client."""
    return any(DOES[role].search(sources[path]) for path in paths)


def is_called(path: Path, role: str) -> bool:
    """Tell whether a source is called so, or else its directory: `serveur/main.c`."""
    stem = path.stem.lower()
    return role in stem or (stem in MAINS and not is_away(path, role))


def is_away(path: Path, role: str) -> bool:
    """Tell whether a source is in a directory whose name does not speak of what it does."""
    return role not in path.parent.name.lower()


def pair(clients: list[Path]) -> list[Path]:
    """Return the programs of the first and of the second client, where each has its own: client1.c, client2.c."""
    numbers = [(found[1], client) for client in clients if (found := PAIRED.search(str(client).lower()))]
    places = dict(reversed(numbers))
    return [places["1"], places["2"]] if len(places) == len("12") else []
