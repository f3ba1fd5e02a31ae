"""Lines over one TCP connection: what the sprints read and write instead of bytes.

Three traps are handled here once. `send` may take a part only: the rest waits in the outbox. A peer that
vanishes is an ordinary end, whatever the errno: whoever reads is told so, whoever writes need not care.
And `close` in one thread does not wake another that waits for the same socket: `hang_up` does.

                    post, flush   +--------+   send    \
    send_line --->  ------------> | outbox | --------> |
                                  +--------+           | the peer
                                  +--------+   recv    |
    receive_line <--------------- | inbox  | <-------- |
                          read    +--------+           /
"""

import contextlib
import fcntl
import socket
import sys
import termios
from collections.abc import Iterator
from types import TracebackType

from common.lines import Inbox, LineDecoder, encode_line
from common.stop import POLLOUT, Stop

CHUNK_BYTES = 4096
"""What one recv asks for: two of the longest lines, so that a reader never holds much more than it uses."""


class Connection:
    """Sends and receives lines; its waits end when the peer leaves or when `stop` rings."""

    def __init__(self, sock: socket.socket, peer: str, stop: Stop, decoder: LineDecoder) -> None:
        sock.setblocking(False)
        self.peer = peer
        self.inbox = Inbox(decoder)
        self.outbox = b""
        self.ended = False  # nothing more will arrive
        self.vanished = False  # and that because the peer is dead, not because it said so
        self.deaf = False  # nothing more can be sent; what the peer sent before can still be read
        self._reset = False
        self._socket = sock
        self._descriptor = sock.fileno()
        self._stop = stop

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[str]:
        """Yield each line of the peer until it leaves. Raises BadLine in the place of a bad one."""
        while (line := self.receive_line()) is not None:
            yield line

    def fileno(self) -> int:
        """Return the descriptor to wait for; still the same after `close`, so that who waits for it wakes."""
        return self._descriptor

    def receive_line(self) -> str | None:
        """Wait for the next line; None once the peer has left or the bell has rung. Raises BadLine."""
        while not self.inbox and not self.ended and self._stop.wait_for(self):
            self.read()
        return self.inbox.take()

    def read(self) -> None:
        """Take in what has arrived by now, one chunk at most; never waits."""
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._reset = True
            chunk = b""
        self.ended = not chunk
        self.vanished = self.ended and self._reset
        self.inbox.feed(chunk)

    def send_line(self, line: str, speaker: "Connection | None" = None) -> bool:
        """Send one line, waiting for room; False when it is not out because the peer is deaf or the bell has rung.

        False, too, when `speaker`, for whom it is relayed, dies meanwhile; a part that is out is completed later.
        """
        if not self._has_sent_all(speaker):
            return False
        self.post(line)
        return self._has_sent_all(speaker) and not self.deaf

    def _has_sent_all(self, speaker: "Connection | None") -> bool:
        while self.outbox and self._stop.wait_for(self, POLLOUT, alive=speaker):
            self.flush()
        return not self.outbox

    def post(self, line: str) -> None:
        """Put one line behind what is not yet sent and send what the kernel takes; never waits."""
        self.outbox += encode_line(line)
        self.flush()

    def flush(self) -> None:
        """Send what the kernel takes of the outbox; never waits. Drops it once the peer is deaf."""
        if not self.outbox:
            return
        try:
            self.outbox = self.outbox[self._socket.send(self.outbox) :]
        except BlockingIOError:
            return
        except OSError as error:
            self.deaf = True
            self.outbox = b""
            # The system tells of a reset once only: who writes first must remember it for who reads.
            self._reset = self._reset or isinstance(error, ConnectionResetError)

    @property
    def unsent(self) -> int:
        """How many bytes of what was sent the peer's system has not taken yet."""
        return unsent_bytes(self._socket)

    def hang_up(self) -> None:
        """End the connection both ways: it wakes whoever waits for it, in any thread."""
        self._shut_down(socket.SHUT_RDWR)

    def finish_sending(self) -> None:
        """Tell the peer that nothing more will come; what it sends can still be read."""
        self._shut_down(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up, and give the descriptor back."""
        self.hang_up()
        self._socket.close()

    def _shut_down(self, how: int) -> None:
        with contextlib.suppress(OSError):  # a peer that has vanished needs no goodbye
            self._socket.shutdown(how)


def unsent_bytes(sock: socket.socket) -> int:
    """Return how many bytes of what was sent the peer's system has not taken yet; 0 where ours cannot tell."""
    with contextlib.suppress(OSError):
        return int.from_bytes(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return 0
