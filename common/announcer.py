"""What a server says about arrivals and departures, in the order in which they happened.

The order is decided under the lock that guards the table of clients; but printing may wait (for a slow
terminal, a full pipe), and nobody may wait while holding that lock. So announcing has two steps:

    with the_lock:
        ... change the table ...
        announcer.note(...)       # memory only
    announcer.print_notes()       # may wait, holds up nobody else
"""

import threading
from collections import deque

from common.stop import Failure, Stop
from common.terminal import say


class Announcer:
    """Prints each noted line once, whole and in order, whichever thread gets to do it."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._notes: deque[str] = deque()
        self._printing = threading.Lock()

    def note(self, line: str) -> None:
        """Keep one line to be printed; never waits."""
        self._notes.append(line)

    def print_notes(self) -> None:
        """Print what has been noted, unless another thread is at it: then that one prints ours too."""
        while self._notes and self._printing.acquire(blocking=False):
            try:
                self._print_all()
            except Failure as failure:
                self._stop.fail(failure)
                return
            finally:
                self._printing.release()

    def _print_all(self) -> None:
        while self._notes:
            say(self._notes.popleft())
