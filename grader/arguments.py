"""What a program wants on its command line, and what is fixed in its sources."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from grader.launchers import HOST, NAME, PLACE, PORT

NUMBER = r"(?:htons|\bint|(?:std::)?(?:atoi|atol|strtol|strtoul|stoi|stol|stoul))\s*\(\s*"
"""What makes a number of a text."""

ARGUMENT = r"(?:sys\.)?argv\s*\[\s*(\d)\s*\]"

NET_ARGUMENT = re.compile(rf"htons\s*\(\s*(?:{NUMBER})*{ARGUMENT}")
"""What is certainly a port, where other numbers stand before it."""

NAME_ARGUMENT = re.compile(
    rf"\b(?:nom|name|pseudo|nick(?:name)?|user(?:name)?)\s*[=,]\s*{ARGUMENT}", re.IGNORECASE
)
"""What is kept as a user's name."""

PORT_ARGUMENT = re.compile(rf"(?:{NUMBER})+{ARGUMENT}|getaddrinfo\s*\([^,()]{{1,60}},\s*{ARGUMENT}")
HOST_ARGUMENT = re.compile(
    rf"(?:inet_addr|inet_aton|gethostbyname|getaddrinfo)\s*\(\s*{ARGUMENT}|inet_pton\s*\(\s*AF_INET6?\s*,\s*{ARGUMENT}"
)
ANY_ARGUMENT = re.compile(r"\bargv\s*\[\s*([1-9])\s*\]")

UNPACKED = re.compile(
    r"^[ \t]*(\w+(?:[ \t]*,[ \t]*\w+)*)[ \t]*,?[ \t]*=[ \t]*sys\.argv[ \t]*(\[1:\d?\])?(?![ \t]*\[)",
    re.MULTILINE,
)

OPTION = re.compile(r"\badd_argument\(\s*((?:[\"'][\w-]+[\"'][\s,]*)+)")

NAME_OF_PORT = re.compile(r"port|^-p$", re.IGNORECASE)
NAME_OF_HOST = re.compile(r"host|addr|serv|^-*ip$", re.IGNORECASE)

PORT_IN_SOURCE = re.compile(
    r"(?i:#define[ \t]+\w{0,40}port\w{0,40}[ \t]+\(?"
    r"|\b(?!import|export|report|support)\w{0,40}port\w{0,40}[\"']?[^=\n<>!;{:]{0,40}[={:](?!=)[^\n;]{0,80}?"
    r"|htons\s*\(\s*|(?:bind|connect|create_\w{1,20}|open_connection|start_server)\s*\([^\n]{0,80}?,\s*"
    r"|getaddrinfo\s*\([^,\n]{0,80},\s*\")"
    r"(?<![\w.])(\d{4,5})\b(?!\.)"
)
PORT_IN_SCRIPT = re.compile(r"(?<![\w.])(\d{4,5})(?![\w.])")
ADDRESS_IN_SOURCE = re.compile(r"[\"'](\d{1,3}(?:\.\d{1,3}){3})[\"']")

OWN_ADDRESSES = ("127.0.0.1", "0.0.0.0")

PORTS = range(1, 65_536)


def arguments_of(source: str, *, is_server: bool, port_is_fixed: bool) -> list[str]:
    """Return what stands on a program's command line, in order."""
    if "argparse" in source or OPTION.search(source):
        return options_of(source, is_server=is_server) or ([PORT] if is_server else [HOST, PORT])
    names = unpacked(source) or indexed(source)
    if not names or (is_server and PORT not in names and port_is_fixed):
        return []
    return of_server(names) if is_server else of_client(names)


def options_of(source: str, *, is_server: bool) -> list[str]:
    """Return the words that a program with argparse is given; a server's address is its own matter."""
    words = []
    for found in OPTION.findall(source):
        names = re.findall(r"[\w-]+", found)
        place, is_option = named(names[-1]), names[0].startswith("-")
        if place == PORT or not is_option or (place == HOST and not is_server):
            words += [*names[-1:], place] if is_option else [place]
    return [word for word in words if word != PLACE or not is_server]


def named(name: str) -> str:
    """Return what a name speaks of."""
    if NAME_OF_PORT.search(name):
        return PORT
    return HOST if NAME_OF_HOST.search(name) else PLACE


def unpacked(source: str) -> list[str]:
    """Return what the words of the command line are where they are given names at once: `_, port = sys.argv`."""
    found = UNPACKED.search(source)
    if not found:
        return []
    names = [named(name.strip()) for name in found[1].split(",")]
    return names if found[2] else names[1:]


def indexed(source: str) -> list[str]:
    """Return what the words of the command line are where they are used one by one."""
    port = found_in(NET_ARGUMENT, source) or found_in(PORT_ARGUMENT, source)
    host, user = found_in(HOST_ARGUMENT, source), found_in(NAME_ARGUMENT, source)
    used = {int(number) for number in ANY_ARGUMENT.findall(source)} | {port, host, user} - {0}
    names = {user: NAME, host: HOST, port: PORT}
    return [names.get(place, PLACE) for place in range(1, max(used, default=0) + 1)]


def found_in(pattern: re.Pattern[str], source: str) -> int:
    """Return the number that a pattern finds; 0 if it finds none."""
    found = pattern.search(source)
    return int(next(group for group in found.groups() if group)) if found else 0


def of_server(names: list[str]) -> list[str]:
    """Return a server's words up to its port, or to the last if none says that it is it; its address is before."""
    last = names.index(PORT) if PORT in names else len(names) - 1
    return [HOST] * last + [PORT]


def of_client(names: list[str]) -> list[str]:
    """Return a client's words: one that says nothing is the host where the port is among them."""
    if len(names) > 1 and PORT not in names and HOST not in names:
        return [HOST, PORT, *names[2:]]
    stand_ins = [word for word in (PLACE, NAME) if word in names]
    if PORT in names and HOST not in names and stand_ins:
        place = names.index(stand_ins[0])
        return [*names[:place], HOST, *names[place + 1 :]]
    return names


def port_in(texts: Iterable[str], scripts: Iterable[str]) -> str:
    """Return the port that is fixed in sources, or else in scripts; empty if there is none."""
    found = [*found_all(PORT_IN_SOURCE, texts), *found_all(PORT_IN_SCRIPT, scripts)]
    return next((str(int(port)) for port in found if int(port) in PORTS), "")


def address_in(texts: Iterable[str]) -> str:
    """Return the address that is fixed in sources, where it is not the machine's own; empty if there is none."""
    return next((each for each in found_all(ADDRESS_IN_SOURCE, texts) if is_of_others(each)), "")


def is_of_others(address: str) -> bool:
    """Tell whether an address must be given to the machine for a server to be found there."""
    try:
        return str(ip_address(address)) not in OWN_ADDRESSES
    except ValueError:
        return False


def found_all(pattern: re.Pattern[str], texts: Iterable[str]) -> Iterator[str]:
    """Yield what a pattern finds in texts."""
    for text in texts:
        yield from pattern.findall(text)
