"""One client, as every strategy sees it: it can be read from and sent to, and nobody ever waits for it.

The kernel's send buffer is all that is kept for who does not read: SO_SNDBUF bounds it. Whoever lets it fill up is
hung up on, because the next line would be lost or would have to be waited for.
"""

import contextlib
import socket

from common.lines import LineDecoder

CHUNK_BYTES = 4096
"""What is read of one client before the next one's turn."""

UNSENT_BYTES = 256 * 1024
"""What is kept for a client that does not read."""


class Member:
    """A connection that never waits, and the half line that has arrived on it."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        sock.setblocking(False)
        self.decoder = LineDecoder()
        self.dismissed = False  # it has been told the last that it is told: what it still says is read away
        self.socket = sock
        self.descriptor = sock.fileno()
        self._peer = peer

    def __str__(self) -> str:
        return self._peer

    def fileno(self) -> int:
        """Return the descriptor, also after `close`."""
        return self.descriptor

    def read(self) -> bytes | None:
        """Return what has arrived; None when nothing has, b"" when nothing more will."""
        try:
            return self.socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def post(self, line: bytes) -> bool:
        """Send a line; False when it does not fit any more. Who has vanished is told nothing: reading shows that."""
        try:
            return self.socket.send(line) == len(line)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def dismiss(self) -> None:
        """End the connection behind what has been posted, and wait for its other end.

        To close at once would be a reset if anything is unread (RFC 2525, 2.17), which destroys what is on its way.
        """
        self.dismissed = True
        self._shut_down(socket.SHUT_WR)

    def hang_up(self) -> None:
        """End the connection both ways: whoever waits for it reads its end."""
        self.dismissed = True
        self._shut_down(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the descriptor back."""
        self.socket.close()

    def _shut_down(self, how: int) -> None:
        with contextlib.suppress(OSError):  # a peer that has vanished needs no goodbye
            self.socket.shutdown(how)
