"""From main() to an exit code: how every program of the course ends.

0    a normal end                         130  Ctrl+C at a client
1    something went wrong at run time     2    wrong usage (argparse)
"""

import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from common.stop import Failure, Stop, Stopped, hold_signals
from common.terminal import complain, prepare_output

SIGNAL_CODE = 128
"""A program that a signal made leave exits with this plus its number, as shells count: 130 for SIGINT."""


def run_server(main: Callable[[Stop], None]) -> NoReturn:
    """Run a server to its end and exit; for a server, a signal that tells it to stop is the normal end."""
    sys.exit(run(main, Stop()))


def run_client(main: Callable[[Stop], None]) -> NoReturn:
    """Run a client to its end and exit; the code tells of the signal that made its user leave."""
    stop = Stop()
    code = run(main, stop)
    number = stop.signal_number()
    sys.exit(SIGNAL_CODE + number if number else code)


def run(main: Callable[[Stop], None], stop: Stop) -> int:
    """Run `main` until it returns; return 0, or 1 after a Failure has been told in one line."""
    threading.excepthook = complain_of_thread
    try:
        prepare_output()
        stop.ring_on_signals()
        main(stop)
        stop.raise_failure()
    except Stopped:
        return 0
    except Failure as failure:
        complain(f"error: {failure}")
        return 1
    finally:
        stop.ring()  # no thread outlives main
        hold_signals()
    return 0


def complain_of_thread(arguments: threading.ExceptHookArgs) -> None:
    """Tell in one line what ended a thread that nobody expected to end: the program lives on without it."""
    complain(f"error: a thread ended: {arguments.exc_value!r}")
