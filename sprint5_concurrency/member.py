"""One client, as every strategy sees it: it can be read from and sent to, and nobody ever waits for it.

The kernel's send buffer is all that is kept for who does not read: SO_SNDBUF bounds it. Whoever lets it fill up is
hung up on, because the next line would be lost or would have to be waited for.
"""

import contextlib
import socket

from common.lines import BadLine, LineDecoder

UNSENT_BYTES = 256 * 1024
"""What is kept for a client that does not read."""


class Member:
    """A connection that never waits."""

    # Small: there may be thousands.
    __slots__ = ("_decoder", "_peer", "descriptor", "dismissed", "ignored", "socket")

    CHUNK_BYTES = 4096
    """What is read of one client before it is the next one's turn."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.descriptor = sock.fileno()
        self.dismissed = False  # nothing more is sent to it, and what it still says is read away
        self.ignored = 0  # bytes that have been read away since
        self._peer = peer
        self._decoder: LineDecoder | None = None  # while half a line waits for its end

    def __str__(self) -> str:
        return self._peer

    @property
    def holds_half_a_line(self) -> bool:
        """Tell whether the next chunk goes on with a line that has begun."""
        return self._decoder is not None

    def fileno(self) -> int:
        """Return the descriptor, also after `close`."""
        return self.descriptor

    def read(self) -> bytes | None:
        """Return what has arrived; None when nothing has, b"" when nothing more will."""
        try:
            return self.socket.recv(self.CHUNK_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def lines(self, chunk: bytes) -> list[str | BadLine]:
        """Return the lines that a chunk completes."""
        decoder = self._decoder or LineDecoder()
        self._decoder = None if chunk.endswith(b"\n") else decoder
        return decoder.feed(chunk)

    def post(self, line: bytes) -> bool:
        """Send a line; False when it does not fit any more. Who has vanished is told nothing: reading shows that."""
        try:
            return self.socket.send(line) == len(line)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def flush(self) -> bool:
        """Send what is still unsent, which is nothing; tell whether nothing is left."""
        return True

    def dismiss(self) -> None:
        """End the connection behind what has been posted, and leave it to its peer to close.

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
