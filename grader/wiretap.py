"""A wiretap: a TCP proxy between clients and their server that writes down every byte that passes.

    client ----> wiretap ----> server
           <----         <----

The programs need not know: the client is given the wiretap's port. Bytes are passed on as they come and when they
come, an end of sending as an end of sending, a reset as a close. Nothing here waits: what one side does not take
yet is kept, and once that is much, the other side is not read any more, as TCP would have it.
"""

import contextlib
import re
import selectors
import socket
from collections.abc import Callable

from grader.journal import CLOSED, CONNECTED, SENT, Journal
from grader.stage import Stage

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

CHUNK_BYTES = 65536

BUFFER_BYTES = 262_144
"""How much is kept for a side that does not read; some more at the last read."""

SERVER = "server"

LINE_OR_REST = re.compile(rb"[^\n]*\n|[^\n]+")
"""What one entry of the journal shows: lines where there are some, else what came together."""

Cutter = Callable[[bytes], list[bytes]]
"""Cuts what comes, chunk by chunk, into what one entry of the journal shows each; the last chunk is empty."""


def line_cutter() -> Cutter:
    """Return what cuts lines, and keeps nothing from one chunk to the next."""
    return LINE_OR_REST.findall


class Wiretap:
    """Listens for clients; each connection is named by `expect` before it comes."""

    def __init__(
        self,
        stage: Stage,
        server_port: int,
        host: str = "127.0.0.1",
        make_cutter: Callable[[], Cutter] = line_cutter,
    ) -> None:
        self.stage = stage
        self._make_cutter = make_cutter
        self._server = (host, server_port)
        self._listener = socket.create_server((host, 0))
        self._listener.setblocking(False)
        self._names: list[str] = []
        self._passages: list[Passage] = []
        self.port: int = self._listener.getsockname()[1]
        stage.watch(self._listener.fileno(), self._accept)
        stage.bring(self)

    def expect(self, name: str) -> None:
        """Name the next connection that comes."""
        self._names.append(name)

    def end(self) -> None:
        """Close all that is open; may be called twice."""
        if self._listener.fileno() >= 0:
            self.stage.unwatch(self._listener.fileno())
            self._listener.close()
        for passage in self._passages:
            passage.end()

    def count(self) -> int:
        """Return how many connections have come."""
        return len(self._passages)

    def holds(self, source: str = "") -> None:
        """Keep what comes from now on, of all or of one source, until it is let through."""
        for line in self._lines_of(source):
            line.allowance = 0

    def kept(self, source: str) -> bytes:
        """Return what has come from one source and is held."""
        return b"".join(bytes(line.kept) for line in self._lines_of(source))

    def lets_through(self, count: int | None = None, source: str = "") -> None:
        """Pass on so many bytes of each connection, in one piece each; all that comes if no number is given."""
        for line in self._lines_of(source):
            line.allowance = count
        for passage in self._passages:
            passage.carry()

    def _lines_of(self, source: str) -> list["Line"]:
        lines = [line for passage in self._passages for line in passage.lines]
        return [line for line in lines if source in ("", line.name)]

    def is_quiet(self) -> bool:
        """Tell whether every connection that came is closed both ways."""
        return all(passage.is_over() for passage in self._passages)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):  # it has gone before we could look
            client, _address = self._listener.accept()
            name = self._names.pop(0) if self._names else "stranger"
            self.stage.journal.write(name, CONNECTED, peer=SERVER)
            self._passages.append(Passage(self.stage, client, self._server, name, self._make_cutter))


class Passage:
    """One connection through the wiretap: a line each way, closed once neither has anything left to carry."""

    def __init__(
        self,
        stage: Stage,
        client: socket.socket,
        address: tuple[str, int],
        name: str,
        make_cutter: Callable[[], Cutter],
    ) -> None:
        self.stage = stage
        server = socket.socket(client.family)
        self._ends = (client, server)
        self._watched: list[int] = []
        for end in self._ends:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = (
            Line(stage.journal, client, server, name, SERVER, make_cutter()),
            Line(stage.journal, server, client, SERVER, name, make_cutter()),
        )
        server.connect_ex(address)  # how that went is found when the server is first read
        self._watch(server, WRITE)

    def is_over(self) -> bool:
        """Tell whether neither side has anything left to say."""
        return all(line.done for line in self.lines)

    def end(self) -> None:
        """Close both ends; may be called twice."""
        self._unwatch()
        for end in self._ends:
            end.close()

    def carry(self) -> None:
        """Carry what can be carried without waiting; close what is over."""
        for line in self.lines:
            line.carry()
        self._unwatch()
        if self.is_over():
            self.end()
            return
        for end in self._ends:
            if events := self.lines[0].waits_for(end) | self.lines[1].waits_for(end):
                self._watch(end, events)

    def _watch(self, end: socket.socket, events: int) -> None:
        self.stage.watch(end.fileno(), self.carry, events)
        self._watched.append(end.fileno())

    def _unwatch(self) -> None:
        while self._watched:
            self.stage.unwatch(self._watched.pop())


class Line:
    """One direction of one connection."""

    def __init__(
        self,
        journal: Journal,
        source: socket.socket,
        target: socket.socket,
        name: str,
        peer: str,
        cutter: Cutter,
    ) -> None:
        self.done = False
        self.name = name
        self.kept = bytearray()
        self.allowance: int | None = None  # how many bytes may pass; None: all
        self._journal = journal
        self._cutter = cutter
        self._peer = peer
        self._source = source
        self._target = target
        self._more = True  # may still come from the source

    def waits_for(self, end: socket.socket) -> int:
        """Return what must happen at one end before this line can go on."""
        if end is self._source:
            return READ if self._more and len(self.kept) < BUFFER_BYTES else 0
        return WRITE if self.kept and self.allowance != 0 else 0

    def carry(self) -> None:
        """Carry what can be carried without waiting."""
        if self._more and len(self.kept) < BUFFER_BYTES:
            self._take()
        if not self.done:
            self._give()

    def _take(self) -> None:
        try:
            chunk = self._source.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # a reset is an end like any other
            chunk = b""
        self.kept += chunk
        for piece in self._cutter(chunk):
            self._journal.write(self.name, SENT, piece, self._peer)
        if not chunk:
            self._more = False
            self._journal.write(self.name, CLOSED, peer=self._peer)

    def _give(self) -> None:
        try:
            while self.kept and self.allowance != 0:
                sent = self._target.send(self.kept[: self.allowance])
                del self.kept[:sent]
                self.allowance = None if self.allowance is None else self.allowance - sent
            if not self._more and not self.kept:
                self.done = True
                self._target.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:  # nobody there to hear it
            self.kept.clear()
            self._more = False
            self.done = True
