"""What the server prints about arrivals and departures, without ever waiting for whoever reads it.

A terminal that is stopped with Ctrl+S takes nothing more. A server with one thread that went on printing would
stop for everybody. So the terminal, too, has an outbox, and poll() says when there is room.
"""

import sys
from collections import deque

from common.terminal import write

MAX_NOTES = 1000
"""Lines kept for a terminal that takes none; older ones are dropped then."""

ROOM_BYTES = 512
"""What a pipe or terminal that is ready for writing takes at least (POSIX, _POSIX_PIPE_BUF)."""


class Announcements:
    """Lines that are to be printed as soon as stdout takes them, in order."""

    def __init__(self) -> None:
        self._notes: deque[str] = deque(maxlen=MAX_NOTES)

    def __bool__(self) -> bool:
        return bool(self._notes)

    def fileno(self) -> int:
        """Return the descriptor to wait for while there are lines."""
        return sys.stdout.fileno()

    def note(self, line: str) -> None:
        """Keep one line to be printed."""
        self._notes.append(line)

    def flush(self) -> None:
        """Print as much as a stdout that is ready takes without waiting. Raises Failure when nobody can read it."""
        text = f"{self._notes.popleft()}\n"
        while self._notes and len(text) + len(self._notes[0]) < ROOM_BYTES:
            text += f"{self._notes.popleft()}\n"
        write(text)
