"""The command line of the grader: `messagerie COMMAND`, or `python -m grader COMMAND`."""

import argparse
import os
import select
import signal
import sys
from pathlib import Path
from types import FrameType

from grader import check, init, trace, watch
from grader.demo import play_demo


def main() -> int:
    """Do what the command line says; return the exit code."""
    arguments = command_line().parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup(1) has it
            signal.signal(number, leave)
    try:
        code = int(arguments.do(arguments))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:  # all that it started has been ended on the way here
        return 128 + signal.SIGINT
    except BrokenPipeError:
        if not has_lost_its_reader(sys.stdout.fileno()):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def leave(number: int, _frame: FrameType | None) -> None:
    """Exit as one does whom a signal has ended, but clear up on the way: programs, sandboxes, copies."""
    raise SystemExit(128 + number)


def has_lost_its_reader(descriptor: int) -> bool:
    """Tell whether nobody reads any more what is written to a pipe, as in `messagerie check ... | head`."""
    poller = select.poll()
    poller.register(descriptor, 0)
    return any(events & select.POLLERR for _descriptor, events in poller.poll(0))


def command_line() -> argparse.ArgumentParser:
    """Return the commands and their options."""
    parser = argparse.ArgumentParser(
        prog="messagerie", description="An instant messenger over TCP, sprint by sprint."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_demo(commands.add_parser("demo", help="play the sprints, with real servers, clients, terminals"))
    add_check(commands.add_parser("check", help="judge a submission: messagerie check 1 my_sprint1"))
    add_watch(commands.add_parser("watch", help="judge a submission again whenever one of its files changes"))
    add_trace(commands.add_parser("trace", help="play a conversation, leave it as trace.svg, .md and .jsonl"))
    add_init(commands.add_parser("init", help="look at a submission and write its messagerie.toml"))
    return parser


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Describe `demo`."""
    parser.set_defaults(do=lambda _arguments: play_demo())


def add_check(parser: argparse.ArgumentParser) -> None:
    """Describe `check`."""
    check.add_arguments(parser)
    parser.set_defaults(do=check.check)


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Describe `watch`: it is told what `check` is told."""
    check.add_arguments(parser)
    parser.set_defaults(do=watch.watch)


def add_trace(parser: argparse.ArgumentParser) -> None:
    """Describe `trace`."""
    check.add_submission(parser)
    parser.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="where (default: here)")
    parser.add_argument("--no-sandbox", action="store_true", help="run the programs with your rights")
    parser.set_defaults(do=trace.trace)


def add_init(parser: argparse.ArgumentParser) -> None:
    """Describe `init`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a submission without messagerie.toml")
    parser.add_argument("--sprint", type=int, choices=check.SPRINTS, metavar="N", help="try this sprint only")
    parser.set_defaults(do=init.init)


if __name__ == "__main__":
    sys.exit(main())
