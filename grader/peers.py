"""Raw connections: actors that speak bytes, for checks that fix the wire.

Peer      a client, in the place of the student's
Impostor  a listener in a server's place
"""

import socket
import struct

from grader.journal import CLOSED, CONNECTED, RECEIVED, SENT, spell
from grader.messages import spell_message
from grader.program import can_read, can_write
from grader.stage import Stage
from grader.unseen import Unseen

CHUNK_BYTES = PIECE_BYTES = 65536

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time at all: close sends RST instead of FIN."""


MOST_UNREAD_BYTES = 1 << 26
"""Many times what any check lets lie: whoever sends so much that nobody waits for is not listened to any more."""

BEHIND_BYTES, BEHIND_SECONDS = 80, 0.1
"""What comes right behind the wrong bytes tells more about a mistake: so much of it is shown, if it comes in time."""

LONGEST_IN_WORDS, LONGEST_SHOWN = 4096, 200
"""How many bytes are looked at, to find a message to spell, and told of what came; and how many of what was sent."""


class RawConnection:
    """One end of a TCP connection. What it expects is exact: the next line, the next bytes."""

    def __init__(self, stage: Stage, name: str, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.stage = stage
        self.name = name
        self.unread = bytearray()
        self.hung_up = False
        self.was_reset = False  # hung up on with RST, which may destroy what was said before
        self._socket = sock
        self._reading = False
        self.reads()
        stage.bring(self)
        stage.journal.write(name, CONNECTED)

    def sends(self, data: bytes) -> None:
        """Send bytes just as they are, however long the other side takes to read them."""
        self.stage.journal.write(self.name, SENT, shortened(in_words(data)))
        view = memoryview(data)
        while view:
            view = view[self._send_some(view) :]
            if view and not self.stage.wait_for_outside(lambda: self.can_send() or self.hung_up):
                raise Unseen(self.stage, f"{self.name} can send", f"{len(view)} bytes are not taken")

    def says(self, *lines: str) -> None:
        """Send lines, each ended by LF, in one piece."""
        self.sends("".join(f"{line}\n" for line in lines).encode())

    def sends_what_fits(self, data: bytes) -> int:
        """Send until the system takes no more for now; return how many bytes that were."""
        sent = 0
        while sent < len(data) and (taken := self._send_some(memoryview(data)[sent:])):
            sent += taken
        return sent

    def can_send(self) -> bool:
        """Tell whether the system would take a byte."""
        return can_write(self._socket.fileno())

    def receives(self, *lines: str) -> None:
        """Wait for exactly these lines, and nothing else, next."""
        for line in lines:
            self.receives_bytes(line.encode() + b"\n")

    def receives_bytes(self, data: bytes) -> None:
        """Wait for exactly these bytes next; each piece of what is long may take its time."""
        for start in range(0, len(data), PIECE_BYTES):
            self._receives_piece(data[start : start + PIECE_BYTES])

    def _receives_piece(self, data: bytes) -> None:
        self.stage.wait_until(lambda: len(self.unread) >= len(data) or self.hung_up or self._differs(data))
        if bytes(self.unread[: len(data)]) != data:
            raise Unseen(self.stage, f"{self.name} receives '{spell(data)}'", self._what_came_instead(data))
        del self.unread[: len(data)]
        self.stage.journal.write(self.name, RECEIVED, data)

    def _what_came_instead(self, data: bytes) -> str:
        is_wrong = self._differs(data)
        shown = len(data) + BEHIND_BYTES
        if is_wrong:
            self.stage.wait_until(lambda: len(self.unread) >= shown or self.hung_up, BEHIND_SECONDS)
        came = f"'{spell(bytes(self.unread[:shown]))}'"
        if self.hung_up:
            return f"{came} and then the end of the connection"
        return came if is_wrong else f"{came} and then: {self.stage.why_not}"

    def receives_line(self) -> str:
        """Wait for the next line, whatever it is; return it without its LF."""
        if (
            not self.stage.wait_until(lambda: b"\n" in self.unread or self.hung_up)
            or b"\n" not in self.unread
        ):
            raise Unseen(self.stage, f"{self.name} receives a line", f"'{self._unread_in_words()}'")
        line = bytes(self.unread[: self.unread.index(b"\n")])
        self.receives_bytes(line + b"\n")
        return line.decode(errors="replace")

    def is_hung_up_on(self) -> None:
        """Wait for the end of the connection, with nothing received before it."""
        self.stage.wait_until(lambda: self.hung_up or bool(self.unread))
        if self.unread or not self.hung_up:
            got = f"'{self._unread_in_words()}'" if self.unread else "neither a byte nor the end"
            raise Unseen(self.stage, f"{self.name} is hung up on", got)
        self.stage.journal.write(self.name, RECEIVED, "the end of the connection")

    def half_closes(self) -> None:
        """Say that nothing more will be sent; go on receiving."""
        self.stage.journal.write(self.name, CLOSED, "its sending side")
        self._socket.shutdown(socket.SHUT_WR)

    def resets(self) -> None:
        """End the connection at once, as a crash or a pulled plug does: RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.closes()

    def closes(self) -> None:
        """Close the connection."""
        self.stage.journal.write(self.name, CLOSED)
        self.end()

    def stops_reading(self) -> None:
        """Leave in the system's buffers whatever arrives from now on."""
        if self._reading:
            self.stage.unwatch(self._socket.fileno())
            self._reading = False

    def reads(self) -> None:
        """Read whatever arrives from now on."""
        if not self._reading:
            self.stage.watch(self._socket.fileno(), self._read)
            self._reading = True

    def end(self) -> None:
        """Leave nothing behind; may be called twice."""
        if self._socket.fileno() >= 0:
            self.stops_reading()
            self._socket.close()

    def _unread_in_words(self) -> str:
        return spell(bytes(self.unread[:LONGEST_IN_WORDS]))

    def _differs(self, data: bytes) -> bool:
        return not data.startswith(bytes(self.unread))

    def _send_some(self, view: memoryview) -> int:
        try:
            return self._socket.send(view)
        except BlockingIOError:
            return 0
        except OSError:  # the other side has gone; what it makes of that is seen by reading
            return len(view)

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except OSError:
            chunk = b""
            self.was_reset = True
        self.unread += chunk
        self.hung_up = not chunk
        if self.hung_up or len(self.unread) > MOST_UNREAD_BYTES:
            self.stops_reading()


class Peer(RawConnection):
    """A raw connection to a server: a client of which the check says every byte."""

    def __init__(
        self, stage: Stage, name: str, port: int, host: str = "127.0.0.1", receive_buffer: int | None = None
    ) -> None:
        super().__init__(stage, name, connect(host, port, receive_buffer, stage.patience))


class Impostor:
    """A listener in a server's place, so that the check itself says what a client is told."""

    def __init__(self, stage: Stage, host: str = "127.0.0.1") -> None:
        self.stage = stage
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])
        stage.bring(self)

    def accepts(self) -> RawConnection:
        """Wait for the client that connects; return the server's end."""
        return RawConnection(self.stage, "server", self.takes_in())

    def takes_in(self) -> socket.socket:
        """Wait for the client that connects; return the server's end as it is."""
        if not self.stage.wait_for_outside(lambda: can_read(self._listener.fileno())):
            raise Unseen(self.stage, "a client connects", "nobody")
        return self._listener.accept()[0]

    def end(self) -> None:
        """Close the listener; may be called twice."""
        self._listener.close()


def connect(host: str, port: int, receive_buffer: int | None, seconds: float) -> socket.socket:
    """Return a connected socket that never waits; a small receive buffer must be set before it connects.

    Raises OSError: refused at once, or TimeoutError after `seconds` where even the queue of connections is full.
    """
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(seconds)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def in_words(data: bytes) -> bytes:
    """Return one binary message with its header in words, and anything else as it is."""
    return spell_message(data[:LONGEST_IN_WORDS]).encode() or data


def shortened(data: bytes) -> bytes:
    """Return the beginning of much."""
    return data if len(data) < LONGEST_SHOWN else data[:LONGEST_SHOWN] + b"..."
