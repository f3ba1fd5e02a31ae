"""A wiretap: a TCP proxy between clients and their server that writes down every byte that passes.

    client ----> wiretap ----> server
           <----         <----

The programs need not know: the client is given the wiretap's port. Bytes are passed on as they come and when they
come, an end of sending as an end of sending, a reset as a close. Unless a scene spoils it: then it is a bad network,
which holds, cuts, delays, slows, half-closes and breaks, as networks do. What it does, the journal tells.
"""

import contextlib
import random
import selectors
import socket
from collections.abc import Callable

from grader.direction import Cutter, Direction, line_cutter
from grader.journal import CONNECTED, NETWORK
from grader.peers import RESET_AT_CLOSE
from grader.stage import Stage

WRITE = selectors.EVENT_WRITE

SERVER = "server"

SHARE = 8
"""A piece is at most this part of what is before it or behind it, whichever is less; or as short as is asked for."""


class Wiretap:
    """Listens for clients, at any free port, or at the server's while one is expected; `expect` names the next."""

    def __init__(
        self,
        stage: Stage,
        server_port: int,
        host: str = "127.0.0.1",
        make_cutter: Callable[[], Cutter] = line_cutter,
        listen: Callable[[], socket.socket | None] | None = None,
    ) -> None:
        self.stage = stage
        self._make_cutter = make_cutter
        self._server = (host, server_port)
        self._listen = listen
        self._listener: socket.socket | None = None
        self._names: list[str] = []
        self._passages: list[Passage] = []
        self.port = server_port
        if not listen:
            self._listens_at(socket.create_server((host, 0)))
        stage.bring(self)

    def expect(self, name: str) -> None:
        """Name the next connection that comes; who listens for a while only begins to."""
        self._names.append(name)
        if self._listen and not self._listener and (listener := self._listen()):
            self._listens_at(listener)

    def gives_up(self) -> None:
        """Expect no more whoever was expected at the server's own port, and has come by another address."""
        if self._listen:
            self._names.clear()
            self._listens_no_more()

    @property
    def is_in_front(self) -> bool:
        """Tell whether it listens at the server's own port, where clients may come past it."""
        return self._listen is not None

    def _listens_at(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self.port = listener.getsockname()[1]
        self.stage.watch(listener.fileno(), self._accept)

    def _listens_no_more(self) -> None:
        if self._listener:
            self.stage.unwatch(self._listener.fileno())
            self._listener.close()
            self._listener = None

    def end(self) -> None:
        """Close all that is open; may be called twice."""
        self._listens_no_more()
        for passage in self._passages:
            passage.end()

    def count(self) -> int:
        """Return how many connections have come."""
        return len(self._passages)

    def holds(self, source: str = "") -> None:
        """Keep what comes from now on, of all or of one source, until it is let through."""
        self._tell(f"holds back what {source or 'anybody'} sends")
        for direction in self._directions_of(source):
            direction.allowance = 0

    def cuts_off(self, name: str) -> None:
        """Keep what comes from and for one client until it is let through: its network has gone silent."""
        self._tell(f"has gone silent around {name}")
        for passage in self._passages:
            for direction in passage.directions if passage.name == name else ():
                direction.allowance = 0

    def kept(self, source: str) -> bytes:
        """Return what has come from one source and is held."""
        return b"".join(bytes(direction.kept) for direction in self._directions_of(source))

    def lets_through(self, count: int | None = None, source: str = "") -> None:
        """Pass on so many bytes of each connection, in one piece each; all that comes if no number is given."""
        how_much = "all" if count is None else f"{count} byte{'s' * (count != 1)}"
        self._tell(f"lets through {how_much} of {source or 'anybody'}")
        for direction in self._directions_of(source):
            direction.allowance = count
        for passage in self._passages:
            passage.carry()

    def delays(self, seconds: float) -> None:
        """Pass on from now on everything so much later than it came."""
        self._tell(f"is {seconds} s late")
        for direction in self._directions_of(""):
            direction.delay = seconds

    def dribbles(self, most: int, pause: float, seed: str) -> None:
        """Pass on from now on pieces of 1 to `most` bytes, with a pause in seconds behind each.

        Pieces in the middle of much are longer, so that some two hundred are enough for the longest message.
        """
        self._tell(f"cuts all into pieces of 1 to {most} bytes, longer ones in the middle of much")
        sizes = random.Random(seed)
        for direction in self._directions_of(""):
            direction.piece = lambda passed, left: sizes.randint(1, longest_piece(most, passed, left))
            direction.pause = pause

    def half_closes(self, source: str) -> None:
        """End what comes from one source, as if it had said its last; the other way goes on."""
        self._tell(f"ends what {source} sends")
        for passage in self._passages:
            for direction in passage.directions:
                if direction.name == source:
                    direction.ends()
            passage.carry()

    def breaks(self, name: str) -> None:
        """Reset the connection of one client, both ways, whatever is on its way."""
        self._tell(f"breaks {name}'s connection")
        for passage in self._passages:
            if passage.name == name:
                passage.breaks()

    def _tell(self, what: str) -> None:
        self.stage.journal.write(NETWORK, what)

    def _directions_of(self, source: str) -> list[Direction]:
        directions = [direction for passage in self._passages for direction in passage.directions]
        return [direction for direction in directions if source in ("", direction.name)]

    def is_quiet(self) -> bool:
        """Tell whether every connection that came is closed both ways."""
        return all(passage.is_over() for passage in self._passages)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):  # it has gone before we could look
            assert self._listener
            client, _address = self._listener.accept()
            name = self._names.pop(0) if self._names else "stranger"
            self.stage.journal.write(name, CONNECTED, peer=SERVER)
            self._passages.append(Passage(self.stage, client, self._server, name, self._make_cutter))
            if self._listen and not self._names:
                self._listens_no_more()


class Passage:
    """One connection through the wiretap: a direction each way, closed once neither has anything left to carry."""

    def __init__(
        self,
        stage: Stage,
        client: socket.socket,
        address: tuple[str, int],
        name: str,
        make_cutter: Callable[[], Cutter],
    ) -> None:
        self.stage = stage
        self.name = name
        server = socket.socket(client.family)
        self._ends = (client, server)
        self._watched: list[int] = []
        for end in self._ends:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.directions = (
            Direction(stage, (client, server), (name, SERVER), make_cutter(), self.carry),
            Direction(stage, (server, client), (SERVER, name), make_cutter(), self.carry),
        )
        server.connect_ex(address)  # how that went is found when the server is first read
        self._watch(server, WRITE)

    def is_over(self) -> bool:
        """Tell whether neither side has anything left to say."""
        return all(direction.done for direction in self.directions)

    def end(self) -> None:
        """Close both ends; may be called twice."""
        self._unwatch()
        for end in self._ends:
            end.close()

    def breaks(self) -> None:
        """Reset both ends: what has not been passed on is lost."""
        for end in self._ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        for direction in self.directions:
            direction.breaks()
        self.end()

    def carry(self) -> None:
        """Carry what can be carried without waiting; close what is over."""
        if self._ends[0].fileno() < 0:
            return
        for direction in self.directions:
            direction.carry()
        self._unwatch()
        if self.is_over():
            self.end()
            return
        there, back = self.directions
        for end in self._ends:
            if events := there.waits_for(end) | back.waits_for(end):
                self._watch(end, events)

    def _watch(self, end: socket.socket, events: int) -> None:
        self.stage.watch(end.fileno(), self.carry, events)
        self._watched.append(end.fileno())

    def _unwatch(self) -> None:
        while self._watched:
            self.stage.unwatch(self._watched.pop())


def longest_piece(most: int, passed: int, left: int) -> int:
    """Return how long a piece may be behind and before so many bytes: `most`, and more in the middle of much."""
    return max(most, min(passed, left) // SHARE)
