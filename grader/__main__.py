"""The command line of the grader: `messagerie COMMAND`, or `python -m grader COMMAND`."""

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable
from types import FrameType

from grader.command_line import command_line


def main() -> int:
    """Do what the command line says; return the exit code."""
    arguments = command_line().parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup(1) has it
            signal.signal(number, leave)
    try:
        code = command_of(arguments.command)(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:  # all that it started has been ended on the way here
        return 128 + signal.SIGINT
    except BrokenPipeError:
        if not has_lost_its_reader(sys.stdout.fileno()):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def command_of(name: str) -> Callable[[argparse.Namespace], int]:
    """Return what does a command; no other command is loaded."""
    match name:
        case "demo":
            from grader import demo

            return demo.demo
        case "check":
            from grader import check

            return check.check
        case "watch":
            from grader import watch

            return watch.watch
        case "trace":
            from grader import trace

            return trace.trace
        case _:
            from grader import init

            return init.init


def leave(number: int, _frame: FrameType | None) -> None:
    """Exit as one does whom a signal has ended, but clear up on the way: programs, sandboxes, copies."""
    raise SystemExit(128 + number)


def has_lost_its_reader(descriptor: int) -> bool:
    """Tell whether nobody reads any more what is written to a pipe, as in `messagerie check ... | head`."""
    poller = select.poll()
    poller.register(descriptor, 0)
    return any(events & select.POLLERR for _descriptor, events in poller.poll(0))


if __name__ == "__main__":
    sys.exit(main())
