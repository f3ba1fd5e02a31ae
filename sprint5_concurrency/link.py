"""The client's way to its server: found again when it was lost, and left politely.

What waits here waits for the bell, too: a user who has had enough need not wait with it.
"""

import contextlib
from collections.abc import Callable, Iterator

from common.connection import Connection
from common.sockets import connect
from common.stop import POLLIN, POLLOUT, Failure, Stop, Stopped

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
"""A server that was restarted is back at once; one that stays away should not be hammered at by all who wait."""


def pauses() -> Iterator[float]:
    """Yield how many seconds to wait before each attempt."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def find_again(host: str, port: int, stop: Stop, tell: Callable[[str], None]) -> Connection:
    """Try until the server answers; `tell` what comes next meanwhile. Raises Stopped once the bell has rung."""
    for pause in pauses():
        tell(f"next try in {pause:g} s")
        stop.wait(pause)
        if stop.is_set():
            break
        with contextlib.suppress(Failure):
            return connect(host, port, stop)
    raise Stopped


def interest(connection: Connection) -> int:
    """Return what to wait for at a connection: room, too, while something is unsent."""
    return POLLIN | (POLLOUT if connection.outbox else 0)
