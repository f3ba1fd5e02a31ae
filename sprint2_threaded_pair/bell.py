"""A bell that one thread rings and another waits for, together with its connections.

A condition variable cannot do that: whoever sleeps on it hears nothing of its own client meanwhile.
"""

import contextlib
import socket

RINGS = 4096
"""More than anybody has rung before somebody listens; what is left over wakes him once more for nothing."""


class Bell:
    """Can be waited for together with connections, as a condition variable cannot."""

    def __init__(self) -> None:
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)

    def fileno(self) -> int:
        """Return a descriptor that is readable once it has been rung."""
        return self._bell.fileno()

    def ring(self) -> None:
        """Wake whoever waits, now or later."""
        with contextlib.suppress(BlockingIOError):  # it has rung so often that nothing more fits
            self._rope.send(b"\0")

    def hush(self) -> None:
        """Let it be silent until it is rung again."""
        with contextlib.suppress(BlockingIOError):  # it is
            self._bell.recv(RINGS)

    def close(self) -> None:
        """Give its descriptors back."""
        self._bell.close()
        self._rope.close()
