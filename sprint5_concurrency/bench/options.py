"""The command line of the measurements."""

import argparse
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from common.arguments import whole_number
from sprint5_concurrency.bench.plan import FULL, QUICK, Plan
from sprint5_concurrency.bench.results import MEASURES
from sprint5_concurrency.bench.rivals import RIVALS, rival
from sprint5_concurrency.bench.servers import STRATEGIES, Target, other_program, strategy

MOST_CLIENTS = 9999
"""Names have four digits."""

LONGEST_SECONDS = 60.0

CMD = '"CMD {port}"'


def parse(parser: ArgumentParser) -> Namespace:
    """Return the words of the command line; exit with code 2 when they are wrong."""
    parser.description = "Measure the strategies of sprint 5, side by side."
    add_what(parser)
    add_how(parser)
    parser.add_argument("--out", type=Path, default=Path("bench"), metavar="DIR", help="where results go")
    return parser.parse_args()


def add_what(parser: ArgumentParser) -> None:
    """Add what is measured."""
    names = ", ".join(STRATEGIES)
    parser.add_argument("--only", nargs="+", choices=STRATEGIES, metavar="STRATEGY", help=names)
    parser.add_argument(
        "--server", action="append", default=[], type=command, metavar=CMD, help="this program too"
    )
    parser.add_argument(
        "--against", action="append", default=[], choices=RIVALS, help="this server of another project too"
    )
    parser.add_argument("--measure", nargs="+", choices=MEASURES, help="these only")


def add_how(parser: ArgumentParser) -> None:
    """Add how much of it, and how long."""
    parser.add_argument("--quick", action="store_true", help="one round, fewer sizes: less than a minute")
    parser.add_argument("--clients", nargs="+", type=clients, metavar="N", help="numbers of clients")
    parser.add_argument("--rounds", type=some, metavar="N", help="measure N times, and take the medians")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="how long each measurement takes")
    parser.add_argument("--processes", type=some, metavar="N", help="how many play the clients")


def plan_of(arguments: Namespace) -> Plan:
    """Return what is to be measured."""
    plan = QUICK if arguments.quick else FULL
    sizes = tuple(sorted(set(arguments.clients or ())))
    chosen = {
        "sizes": sizes,
        "outstanding_sizes": sizes,
        "measures": tuple(arguments.measure or ()),
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
    }
    return replace(plan, **{name: value for name, value in chosen.items() if value})


def targets_of(arguments: Namespace) -> list[Target]:
    """Return the servers that are to be measured. Raises FileNotFoundError when one is not installed."""
    own = map(strategy, dict.fromkeys(arguments.only or STRATEGIES))
    others = map(other_program, dict.fromkeys(arguments.server))
    return [*own, *others, *map(rival, dict.fromkeys(arguments.against))]


def command(words: str) -> str:
    """Return a command that says where the port goes. Raises ArgumentTypeError."""
    if "{port}" not in words:
        raise argparse.ArgumentTypeError(f"{words!r} has no {{port}}: where does the server's port go?")
    return words


def clients(word: str) -> int:
    """Return a number of clients; one alone would have nobody to talk to. Raises ArgumentTypeError."""
    return whole_number(word, 2, MOST_CLIENTS)


def some(word: str) -> int:
    """Return a small number, from 1. Raises ArgumentTypeError."""
    return whole_number(word, 1, 64)


def seconds(word: str) -> float:
    """Return a number of seconds. Raises ArgumentTypeError."""
    try:
        value = float(word)
    except ValueError:
        value = 0
    if not 0 < value <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of seconds up to {LONGEST_SECONDS:.0f}")
    return value
