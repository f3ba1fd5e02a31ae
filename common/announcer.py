"""What a server says about arrivals and departures, in the order in which they happened.

The order is decided under the lock that guards the table of clients; but printing takes a system call, and that is
nothing to do while holding a lock. So announcing has two steps:

    with the_lock:
        ... change the table ...
        announcer.note(...)       # memory only
    announcer.print_notes()       # what stdout takes now; never waits

Ctrl+S stops a terminal, and a pipe that nobody reads is full some day. A server that waited for its own output
would keep everybody waiting, so a note that stdout does not take stays with the others until the next ones come.
"""

import sys
import threading
from collections import deque

from common.stop import POLLOUT, Failure, Stop, wait_ready
from common.terminal import say

KEPT_NOTES = 1000
"""Notes that wait for a stdout that takes none; the oldest are dropped for newer ones."""


class Announcer:
    """Prints each note once, whole and in order, whichever thread gets to do it."""

    def __init__(self, stop: Stop, notes: deque[str] | None = None) -> None:
        """Print what is noted here, or what somebody else puts into `notes`."""
        self._stop = stop
        self._notes = deque[str](maxlen=KEPT_NOTES) if notes is None else notes
        self._printing = threading.Lock()

    def note(self, line: str) -> None:
        """Keep one line to be printed."""
        self._notes.append(line)

    def print_notes(self) -> None:
        """Print what stdout takes, unless another thread is at it: then that one prints ours too."""
        while self._notes and self._printing.acquire(blocking=False):
            try:
                if not self._print_all():
                    return
            except Failure as failure:
                self._stop.fail(failure)
                return
            finally:
                self._printing.release()

    def _print_all(self) -> bool:
        """Print until no note is left, and tell whether none is: stdout may take no more."""
        while self._notes:
            if not wait_ready({sys.stdout: POLLOUT}, 0):
                return False
            say(self._notes.popleft())
        return True
