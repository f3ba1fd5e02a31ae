"""The way to the server for a program that runs in asyncio's loop: lines out, lines in, and the server found again.

Nothing here waits but in the loop. Looking for a lost server may take long (a name to be resolved, a machine that
does not answer), so that is done in a thread of its own, while its user goes on typing.
"""

import asyncio
from collections.abc import Callable

from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine
from common.sockets import connect
from common.stop import Failure, Stop
from sprint5_concurrency.link import find_again

CHUNKS = 16
"""What is read before it is shown, in chunks of a connection: whole screens under a flood, and keys in between."""

MOST_HELD = 100
"""Lines that wait for a lost server."""

CONNECTED = "connected"


class LoopLink:
    """One connection after another to the same server; `state` tells how it stands, in words for the user."""

    def __init__(self, host: str, port: int, stop: Stop) -> None:
        self.state = CONNECTED
        self.held: list[str] = []  # said while there was nobody to hear it
        self._host = host
        self._port = port
        self._stop = stop
        self._connection = connect(host, port, stop)

    @property
    def peer(self) -> str:
        """Return the server's address."""
        return self._connection.peer

    def is_connected(self) -> bool:
        """Tell whether the server is there, for all we know."""
        return self.state == CONNECTED

    async def receive(self) -> list[str] | None:
        """Wait for lines; None once the server is lost. Raises Failure when it breaks the rules."""
        if self._connection.ended:
            return None
        await readable(self._connection)
        for _chunk in range(CHUNKS):
            self._connection.read()
        try:
            return list(iter(self._connection.inbox.take, None))
        except BadLine as bad:
            raise Failure(f"server lost: {bad}") from None

    def send(self, line: str) -> bool:
        """Send a line, or hold it until the server is back; tell which. Raises BadLine when too many are held."""
        if self.is_connected():
            self._post(line)
            return True
        if len(self.held) == MOST_HELD:
            raise BadLine("the server is lost")
        self.held.append(line)
        return False

    def drop(self) -> None:
        """Give up a connection whose other end has gone."""
        asyncio.get_running_loop().remove_writer(self._connection.fileno())
        self._connection.close()
        self.state = "lost"

    async def find_again(self, on_change: Callable[[], object]) -> None:
        """Wait until the server answers again, after `drop`. Raises Stopped."""
        loop = asyncio.get_running_loop()

        def set_state(state: str) -> None:
            self.state = state
            on_change()

        def tell(state: str) -> None:
            loop.call_soon_threadsafe(set_state, state)

        self._connection = await asyncio.to_thread(find_again, self._host, self._port, self._stop, tell)
        set_state(CONNECTED)

    def send_held(self) -> None:
        """Send what was held while the server was lost."""
        lines, self.held = self.held, []
        for line in lines:
            self._post(line)

    def close(self) -> None:
        """Leave politely, if the server is there."""
        if self.is_connected():
            take_leave([self._connection])
        self._connection.close()

    def _post(self, line: str) -> None:
        """Send what the system takes of a line now, and the rest when there is room."""
        self._connection.post(line)
        if self._connection.outbox:
            asyncio.get_running_loop().add_writer(self._connection.fileno(), self._flush)

    def _flush(self) -> None:
        self._connection.flush()
        if not self._connection.outbox:
            asyncio.get_running_loop().remove_writer(self._connection.fileno())


async def readable(connection: Connection) -> None:
    """Wait until something has arrived."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(connection.fileno(), arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(connection.fileno())
