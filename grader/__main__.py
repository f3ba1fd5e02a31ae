"""The command line of the grader: `messagerie COMMAND`, or `python -m grader COMMAND`."""

import argparse
import signal
import sys
from pathlib import Path

from grader import check, init, trace, watch
from grader.demo import play_demo


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="messagerie", description="An instant messenger over TCP, sprint by sprint."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="play the three sprints, with real servers, clients and terminals"
    )
    demo.set_defaults(do=lambda _arguments: play_demo())
    judged = commands.add_parser("check", help="judge a submission: messagerie check 1 my_sprint1")
    check.add_arguments(judged)
    judged.set_defaults(do=check.check)
    again = commands.add_parser("watch", help="judge a submission again whenever one of its files changes")
    check.add_arguments(again)
    again.set_defaults(do=watch.watch)
    traced = commands.add_parser(
        "trace", help="play a conversation and leave it as trace.svg, .md and .jsonl"
    )
    check.add_submission(traced)
    traced.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="where (default: here)")
    traced.add_argument("--no-sandbox", action="store_true", help="run the programs with your rights")
    traced.set_defaults(do=trace.trace)
    begun = commands.add_parser("init", help="look at a submission and write its messagerie.toml")
    begun.add_argument("directory", type=Path, metavar="DIR")
    begun.set_defaults(do=init.init)
    arguments = parser.parse_args()
    try:
        return int(arguments.do(arguments))
    except KeyboardInterrupt:  # all that it started has been ended on the way here
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
