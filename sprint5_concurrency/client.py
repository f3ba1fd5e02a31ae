"""The client of sprint 5: on a terminal a screen of its own, on a pipe plain lines.

    keyboard ---> conversation ---> server        what a line means: conversation.py, without input or output
    screen   <--- conversation <--- server        who waits, and how it is shown: plain.py, live.py

On a terminal, what arrives must never break the line that is being typed. That takes a program that knows what stands
on the screen, so the terminal's half needs a library, prompt_toolkit. It is imported there only.
"""

import os
import sys
from importlib.util import find_spec

from common.arguments import client_arguments
from common.program import run_client
from common.stop import Stop
from sprint5_concurrency import plain
from sprint5_concurrency.terminal_mode import TerminalMode

TERMINALS_WITHOUT_CURSOR = ("", "dumb")
"""Values of TERM under which nothing can be drawn: inside an editor, for example."""


def main(stop: Stop) -> None:
    """Take part in a conversation until its user or the server ends it."""
    parser = client_arguments()
    parser.add_argument("--reconnect", action="store_true", help="look for a server that was lost, and go on")
    arguments = parser.parse_args()
    if not is_on_terminal():
        plain.converse(arguments.host, arguments.port, arguments.reconnect, stop)
        return
    # Before prompt_toolkit: importing it takes a while, and the user may type already.
    with TerminalMode() as mode:
        from sprint5_concurrency import live  # noqa: PLC0415 - a pipe needs no prompt_toolkit

        live.converse(arguments.host, arguments.port, arguments.reconnect, stop, mode)


def is_on_terminal() -> bool:
    """Tell whether a terminal is at both ends that can move its cursor, and the library that draws on it is there."""
    can_draw = os.environ.get("TERM", "") not in TERMINALS_WITHOUT_CURSOR
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return can_draw and is_terminal and find_spec("prompt_toolkit") is not None


if __name__ == "__main__":
    run_client(main)
