r"""The server of sprint 5: one room, and six ways of waiting for those who are in it.

    client A --- MSG bonjour ---> room ---- MSG alice bonjour ---> client B
                                      \---- MSG alice bonjour ---> client C

What a line does is always the same (room.py). How the server finds out that one has arrived is its strategy: there is
a module for each, with one function `serve`.
"""

import contextlib
import resource
import socket
import time
from collections.abc import Callable
from typing import Any

from common.announcer import Announcer
from common.arguments import client_count, server_arguments
from common.program import run_server
from common.sockets import bound_unsent, format_address, open_listener
from common.stop import Stop
from common.terminal import say
from sprint5_concurrency import (
    asyncio_streams,
    busy_loop,
    event_loop,
    poll_loop,
    thread_per_client,
    thread_pool,
)
from sprint5_concurrency.member import UNSENT_BYTES
from sprint5_concurrency.reception import Reception
from sprint5_concurrency.room import Room

Strategy = Callable[[socket.socket, Reception[Any], Stop], None]

STRATEGIES: dict[str, Strategy] = {
    "busy_loop": busy_loop.serve,
    "thread_per_client": thread_per_client.serve,
    "thread_pool": thread_pool.serve,
    "poll_loop": poll_loop.serve,
    "event_loop": event_loop.serve,
    "asyncio_streams": asyncio_streams.serve,
}

MAX_CLIENTS = 100
"""Unless the command line says otherwise (subject 004)."""


def main(stop: Stop) -> None:
    """Serve all that come until the bell rings, then say `ERR exit` to those who are there."""
    parser = server_arguments()
    parser.add_argument("--strategy", choices=STRATEGIES, default="event_loop", help="how to wait")
    parser.add_argument("--max-clients", type=client_count, default=MAX_CLIENTS, metavar="N")
    arguments = parser.parse_args()
    allow_many_descriptors()
    room: Room[Any] = Room(arguments.max_clients, time.monotonic)
    announcer = Announcer(stop, room.notes)
    with open_listener(arguments.bind, arguments.port) as listener:
        bound_unsent(listener, UNSENT_BYTES)
        say(f"listening on {format_address(listener.getsockname())}")
        reception = Reception(listener, room, announcer)
        STRATEGIES[arguments.strategy](listener, reception, stop)
    reception.end()


def allow_many_descriptors() -> None:
    """Take as many descriptors as the system lets us have: each client needs one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # then it stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    run_server(main)
