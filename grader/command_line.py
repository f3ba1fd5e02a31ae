"""The command line of the grader, and no more: whoever asks for one command waits for nothing that others need."""

import argparse
from pathlib import Path

SPRINTS = range(1, 7)


def command_line() -> argparse.ArgumentParser:
    """Return the commands and their options."""
    parser = argparse.ArgumentParser(
        prog="messagerie", description="An instant messenger over TCP, sprint by sprint."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="play the sprints, with real servers, clients, terminals")
    add_judging(commands.add_parser("check", help="judge a submission: messagerie check 1 my_sprint1"))
    add_judging(
        commands.add_parser("watch", help="judge a submission again whenever one of its files changes")
    )
    add_trace(commands.add_parser("trace", help="play a conversation, leave it as trace.svg, .md and .jsonl"))
    add_init(commands.add_parser("init", help="look at a submission and write its messagerie.toml"))
    return parser


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Describe `check`, and `watch`, which is told the same."""
    add_submission(parser)
    parser.add_argument("--format", choices=("text", "json", "junit"), default="text")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="judge this check (repeatable)"
    )
    parser.add_argument("--subject", action="store_true", help="only what the course text asks for")
    parser.add_argument("--seed", type=int, default=-1, help="repeat a run with the words that it used")
    parser.add_argument("--all", action="store_true", help="go on after the first failure")
    parser.add_argument("--no-sandbox", action="store_true", help="run the programs with your rights")
    parser.add_argument("--jobs", type=int, help="checks at the same time (default: two for each processor)")


def add_submission(parser: argparse.ArgumentParser) -> None:
    """Describe what every command is told of a submission."""
    first, last = SPRINTS[0], SPRINTS[-1]
    parser.add_argument("sprint", type=int, choices=SPRINTS, metavar="SPRINT", help=f"{first} to {last}")
    parser.add_argument("directory", type=Path, metavar="DIR", help="a submission: it has a messagerie.toml")


def add_trace(parser: argparse.ArgumentParser) -> None:
    """Describe `trace`."""
    add_submission(parser)
    parser.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="where (default: here)")
    parser.add_argument("--no-sandbox", action="store_true", help="run the programs with your rights")


def add_init(parser: argparse.ArgumentParser) -> None:
    """Describe `init`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a submission without messagerie.toml")
    parser.add_argument("--sprint", type=int, choices=SPRINTS, metavar="N", help="try this sprint only")
