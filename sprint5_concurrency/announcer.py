"""Prints the room's notes, each once, whole and in order, and waits for nobody.

A server with one thread that waits for its own terminal (Ctrl+S stops it, a full pipe stops it too) keeps everybody
waiting. So a note is printed only when stdout takes it now; until then it stays with the others.
"""

import sys
import threading
from collections import deque

from common.stop import POLLOUT, Failure, Stop, wait_ready
from common.terminal import say


class Announcer:
    """Prints what is in `notes`, whichever thread gets to do it."""

    def __init__(self, notes: deque[str], stop: Stop) -> None:
        self._notes = notes
        self._stop = stop
        self._printing = threading.Lock()

    def print_notes(self) -> None:
        """Print what has been noted and can be printed now, unless another thread is at it."""
        while self._notes and self._printing.acquire(blocking=False):
            try:
                if not self._print_one():
                    return
            finally:
                self._printing.release()

    def _print_one(self) -> bool:
        if not wait_ready({sys.stdout: POLLOUT}, 0):
            return False
        try:
            say(self._notes.popleft())
        except Failure as failure:
            self._notes.clear()
            self._stop.fail(failure)
        return True
