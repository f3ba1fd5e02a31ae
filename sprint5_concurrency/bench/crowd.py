"""The clients that one process plays: thousands, none of which may keep a server waiting.

They are read with epoll(7), many kilobytes at a time, and while a measurement lasts their bytes are only counted.
What is kept of them is judged afterwards.
"""

import contextlib
import select
import socket
import time

from sprint5_concurrency.bench.dialect import Course, Dialect
from sprint5_concurrency.bench.wire import Script, name_of

CHUNK_BYTES = 256 * 1024

KEPT_BYTES = 8 * 1024 * 1024
"""What a process keeps of what its clients hear, shared out evenly: 262,144 lines, judged at once."""


class Client:
    """One connection to the server, and what has come and gone over it."""

    __slots__ = (
        "heard",
        "heard_go",
        "is_halfway",
        "is_in",
        "kept",
        "number",
        "owed",
        "room",
        "sent",
        "socket",
        "unfinished",
    )

    def __init__(self, number: int, sock: socket.socket) -> None:
        self.number = number
        self.socket = sock
        self.is_in = False
        self.heard_go = False  # all that comes from now on is to be counted
        self.owed = b""  # answers that wait for the end of a line that is half said
        self.is_halfway = False
        self.reset(0)

    @property
    def name(self) -> bytes:
        """Return the name that it has in the room."""
        return name_of(self.number)

    def reset(self, room: int) -> None:
        """Begin to count; keep the first `room` bytes that are heard from now on."""
        self.heard = 0  # bytes
        self.sent = 0  # bytes
        self.kept: list[tuple[int, bytes]] = []  # when a chunk came, in nanoseconds, and the chunk
        self.room = room
        self.unfinished = b""  # the beginning of a line, where lines are looked at


class Crowd:
    """Clients, and the epoll that says which of them have something to hear."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.clients: dict[int, Client] = {}
        self.heard = 0  # bytes, by all
        self.hung_up: list[str] = []  # on whom the server did
        self.script = Script(Course())
        self._stalled: list[Client] = []
        self._buffer = memoryview(bytearray(CHUNK_BYTES))

    def add(self, client: Client, events: int) -> None:
        """Take a client in."""
        self.clients[client.socket.fileno()] = client
        self.epoll.register(client.socket, events)

    def ready(self, seconds: float) -> list[Client]:
        """Wait until somebody has something to hear, or the time is over; return who has."""
        return [self.clients[descriptor] for descriptor, _events in self.epoll.poll(max(seconds, 0))]

    def hear(self, client: Client) -> None:
        """Count what a client has to hear, and keep it while there is room."""
        try:
            size = client.socket.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self.drop(client)
        client.heard += size
        self.heard += size
        if client.room > 0:
            client.kept.append((time.monotonic_ns(), bytes(self._buffer[: min(size, client.room)])))
            client.room -= size
        if self.dialect.marks:
            self._heed(client, bytes(self._buffer[:size]))

    def _heed(self, client: Client, chunk: bytes) -> None:
        """Take what is no delivery out of the count, and answer it."""
        lines, end, rest = (client.unfinished + chunk).rpartition(b"\n")
        client.unfinished = rest
        for aside in self.dialect.asides(lines + end):
            client.heard -= len(aside)
            self.heard -= len(aside)
            self.answer(client, aside)

    def answer(self, client: Client, line: bytes) -> None:
        """Say what a line that is no delivery asks to be answered."""
        client.owed += self.dialect.answer(line)
        if not client.is_halfway:
            self._answers_all(client)

    def _answers_all(self, client: Client) -> bool:
        """Say what a client owes, as far as the kernel takes it; tell whether nothing is left."""
        with contextlib.suppress(OSError):  # a full buffer: later; a lost server: noticed by hearing
            while client.owed:
                client.owed = client.owed[client.socket.send(client.owed) :]
        return not client.owed

    def say(self, client: Client, lines: int) -> None:
        """Say up to so many lines more, as far as the kernel takes them; between two lines, first what is owed."""
        if not client.is_halfway and not self._answers_all(client):
            return
        script = self.script
        end = (client.sent // script.said_bytes + lines) * script.said_bytes
        with contextlib.suppress(OSError):  # a full buffer: later; a lost server: noticed by hearing
            client.sent += client.socket.send(script.slice(client.sent, end, client.name))
            client.is_halfway = client.sent % script.said_bytes > 0

    @property
    def dialect(self) -> Dialect:
        """Return what the server is spoken to in."""
        return self.script.dialect

    def speak(self, dialect: Dialect) -> None:
        """Speak so from now on."""
        if dialect != self.dialect:
            self.script = Script(dialect)

    def count_from_here(self, line_bytes: int, kept_bytes: int = KEPT_BYTES) -> None:
        """Begin to count what is heard and said."""
        if line_bytes != self.script.line_bytes:
            self.script = Script(self.dialect, line_bytes)
        self.script.slice(0, 1, b"")
        self.heard = 0
        for client in self.clients.values():
            client.reset(kept_bytes // len(self.clients))

    def messages(self) -> int:
        """Return how many whole lines all have said."""
        return sum(client.sent // self.script.said_bytes for client in self.clients.values())

    def drop(self, client: Client) -> None:
        """Play on without a client on whom the server has hung up."""
        self.hung_up.append(client.name.decode())
        self.epoll.unregister(client.socket)
        del self.clients[client.socket.fileno()]
        client.socket.close()

    def stall(self, number: int) -> None:
        """Let the client of this number, if it is one of ours, never read again."""
        for client in [client for client in self.clients.values() if client.number == number]:
            self.epoll.unregister(client.socket)
            del self.clients[client.socket.fileno()]
            self._stalled.append(client)

    def leave(self) -> None:
        """Close all connections, and forget everything."""
        for client in [*self.clients.values(), *self._stalled]:
            client.socket.close()
        self.clients.clear()
        self._stalled.clear()
        self.hung_up.clear()
