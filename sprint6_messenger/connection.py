"""Messages over one TCP connection, as both servers of this sprint hold it; nothing here ever waits.

One process with one thread serves everybody, so a single call that waits would stop them all. What the kernel
does not take at once stays in the outbox until poll() says that there is room.
"""

import contextlib
import socket
import time
from collections.abc import Iterable

from common.sockets import Address, prepare
from common.stop import POLLIN, POLLOUT, wait_ready
from sprint6_messenger.decoder import MessageDecoder
from sprint6_messenger.wire import BadMessage, Message

CHUNK_BYTES = 2500
"""What one recv asks for: more than the longest message, so who fills it has sent several. And a hundred who all talk
at once give each other 250,000 bytes so: less than an outbox holds."""

AWAY_BYTES = 64 * 1024
"""What is read of a peer that is told to leave, and sends on: more is not worth a gentle end."""

FAREWELL_SECONDS = 0.3
"""How long a server that ends waits for its clients to close too: it must be gone within a second."""


class Connection:
    """One client: its descriptor, its address and port, what it has sent in part, what it has not yet been sent."""

    def __init__(self, sock: socket.socket, address: Address) -> None:
        sock.setblocking(False)
        self.descriptor = sock.fileno()
        # A socket that listens at `::` gives the address of an IPv4 peer in this form (RFC 4291, 2.5.5.2).
        self.address, self.port = str(address[0]).removeprefix("::ffff:"), int(address[1])
        self.outbox = bytearray()
        self.ended = False  # nothing more will arrive
        self.floods = False  # has sent more than was read last time
        self.deaf = False  # nothing more can be sent; what the peer sent before can still be read
        self.is_stuck = False  # was not waited for any longer, until it has taken all
        self.is_given_up = False  # whatever could still be sent or read
        self._thrown_away = 0
        self.decoder = MessageDecoder()
        self._socket = sock

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self.descriptor

    def read(self) -> list[Message | BadMessage]:
        """Return the messages that the next chunk completes, a BadMessage in the place of each bad one."""
        return self.decoder.feed(self._receive(CHUNK_BYTES))

    def read_away(self) -> None:
        """Throw away the next chunk; give up on a peer that sends on and on."""
        self._thrown_away += len(self._receive(CHUNK_BYTES))
        if self._thrown_away > AWAY_BYTES:
            self.give_up()

    def _receive(self, most: int) -> bytes:
        try:
            chunk = self._socket.recv(most)
        except BlockingIOError:
            return b""
        except OSError:
            self.deaf = True
            self.outbox.clear()
            chunk = b""
        self.ended = not chunk
        self.floods = len(chunk) == most
        return chunk

    def post(self, raw: bytes) -> None:
        """Put the bytes of one message behind what is not yet sent."""
        if not self.deaf:
            self.outbox += raw

    def flush(self) -> bool:
        """Send what the kernel takes of the outbox; tell whether it took any. Drops it once the peer is deaf."""
        unsent = len(self.outbox)
        try:
            while self.outbox:
                del self.outbox[: self._socket.send(self.outbox)]
        except BlockingIOError:
            return len(self.outbox) < unsent
        except OSError:
            self.deaf = True
            self.outbox.clear()
        self.is_stuck = False
        return True

    def give_up(self) -> None:
        """Forget what is not yet sent, and whatever more could be: it is about to be closed."""
        self.is_given_up = self.deaf = True
        self.outbox.clear()

    def finish_sending(self) -> None:
        """Tell the peer that nothing more will come."""
        with contextlib.suppress(OSError):  # a peer that has vanished needs no goodbye
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the descriptor back."""
        self._socket.close()


def accept(listener: socket.socket) -> Connection:
    """Return the newcomer that waits to be accepted. Raises OSError when it has gone, or no descriptor is left."""
    sock, address = listener.accept()
    try:
        prepare(sock)
    except OSError:
        sock.close()
        raise
    return Connection(sock, address)


def take_leave(connections: Iterable[Connection], word: bytes) -> None:
    """Say `word` to all, wait until they have closed too, FAREWELL_SECONDS at most together, and close.

    Why not close at once: bytes that are then unread make TCP reset the connection (RFC 2525, 2.17), and a
    reset destroys what is still on its way to the peer, `word` first of all.
    """
    leaving = list(connections)
    for connection in leaving:
        connection.post(word)
    deadline = time.monotonic() + FAREWELL_SECONDS
    while (here := [each for each in leaving if not each.ended]) and time.monotonic() < deadline:
        _say_and_read_away(here, deadline - time.monotonic())
    for connection in leaving:
        connection.close()


def _say_and_read_away(connections: list[Connection], seconds: float) -> None:
    """Send what is left to say, close our side behind it, and throw away what still arrives."""
    for connection in connections:
        connection.flush()
        if not connection.outbox:
            connection.finish_sending()
    interests = {each: POLLIN | (POLLOUT if each.outbox else 0) for each in connections}
    for connection in wait_ready(interests, seconds):
        connection.read_away()
