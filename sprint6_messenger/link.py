"""Messages over one TCP connection, for a program that waits for several things at once: nothing here ever waits.

    post, flush  --->  outbox   --- send --->  server
    read         <---  decoder  <-- recv ----  server

What cannot be sent yet waits in the outbox, and what has come in part waits in the decoder; the program does not.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from types import TracebackType

from common.connection import unsent_bytes
from common.farewell import Farewell
from common.sockets import CONNECT_SECONDS, Address, connect_to, format_address, reason, try_each
from common.stop import POLLIN, Failure, Stop, wait_ready
from sprint6_messenger.decoder import SKIPPED_BYTES, MessageDecoder
from sprint6_messenger.wire import BadMessage, Message, encode

CHUNK_BYTES = 16 * 1024
"""What one recv asks for: between two of them, the keyboard and the files have their turn."""

FAREWELL_SECONDS = 1.0
"""How long a client that leaves listens to what it is still answered."""

SILENCE_SECONDS = 0.3
"""After that time, such a pause is the end of it."""


class Link:
    """The connection to the server."""

    def __init__(self, sock: socket.socket, address: Address) -> None:
        self.host = str(address[0])
        self.peer = format_address(address)
        self.ended = False
        self.sock = sock
        self.outbox = bytearray()
        self._decoder = MessageDecoder(SKIPPED_BYTES, lenient=True)

    def __enter__(self) -> "Link":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self.sock.fileno()

    def read(self) -> list[Message | BadMessage]:
        """Return the messages that are complete by now; `ended` is set once no more will come."""
        try:
            chunk = self.sock.recv(CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError:  # a server that has vanished is one that has closed
            chunk = b""
        self.ended = self.ended or not chunk
        return self._decoder.feed(chunk)

    def post(self, message: Message) -> None:
        """Put a message behind what is not yet sent, and send what the kernel takes. Raises BadMessage."""
        self.outbox += encode(message)
        self.flush()

    def flush(self) -> None:
        """Send what the kernel takes of the outbox; what nobody will read any more is dropped."""
        try:
            while self.outbox:
                del self.outbox[: self.sock.send(self.outbox)]
        except BlockingIOError:
            return
        except OSError:  # reading tells that the server has gone, behind what it has said before
            self.outbox.clear()

    @property
    def unsent(self) -> int:
        """How many bytes of what was sent the server's system has not taken yet."""
        return unsent_bytes(self.sock)

    def finish_sending(self) -> None:
        """Tell the server that nothing more will come; what it still says can be read."""
        with contextlib.suppress(OSError):  # it has gone already
            self.sock.shutdown(socket.SHUT_WR)

    def last_words(self, stop: Stop) -> Iterator[None]:
        """Close our side, and yield whenever the server has answered, until it closes too or has had time for it."""
        self.finish_sending()
        farewell = Farewell(stop.signal_number, FAREWELL_SECONDS, SILENCE_SECONDS)
        while not self.ended and farewell.seconds_left:
            answers = wait_ready({self: POLLIN}, farewell.seconds_left)
            if answers:
                yield
            farewell.renew(answers, self.unsent)


def connect(host: str, port: int, stop: Stop) -> Link:
    """Return a connection to the first address of `host` that answers. Raises Failure, Stopped."""
    deadline = time.monotonic() + CONNECT_SECONDS

    def attempt(family: int, address: Address) -> Link:
        return Link(connect_to(family, address, stop, deadline), address)

    try:
        return try_each(host, port, 0, attempt)
    except (OSError, UnicodeError) as error:
        raise Failure(f"cannot connect to {host} port {port}: {reason(error)}") from None
