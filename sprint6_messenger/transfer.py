"""One end of a transfer: steps written from top to bottom, although the program never waits for them.

A transfer has a dozen steps, each of which may have to wait. Written as a state machine, nobody could read it;
in a thread of its own, it would need locks. As a generator, it says at each `yield` what it waits for, and is
continued from there once that is ready:

    poll loop                                 steps
        |------- next ------------------------->|  connect
        |<------ Wait(socket, POLLOUT, until) --|  yield
        |  ... chat goes on ...                 |
        |------- send(POLLOUT) ---------------->|  the next chunk
"""

import socket
import time
from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from common.sockets import reason
from common.stop import POLLIN, POLLOUT
from sprint6_messenger.decoder import MessageDecoder
from sprint6_messenger.inbox import DiskError
from sprint6_messenger.wire import BadMessage, Message

CHUNK_BYTES = 64 * 1024
"""What is read or sent in one step: the longest that others of the program have to wait."""

STALL_SECONDS = 60.0
"""A peer from which nothing is heard for so long has gone, even if nobody said so."""

REPLY_BYTES = 4096

BAR_CHARACTERS = 20


class Wait(NamedTuple):
    """What a step waits for: a socket, events of poll(2), and until when on the monotonic clock."""

    sock: socket.socket
    events: int
    until: float


Result = TypeVar("Result")

Steps = Generator[Wait, int, Result]
"""Yields what it waits for, is sent the events that have come, and returns in the end."""


class Broken(Exception):
    """Ends a transfer; its text is what the user is told."""


class Transfer:
    """Runs the steps of one end; once they are over, `result` says how they ended."""

    def __init__(self, title: str, steps: Steps[str]) -> None:
        self.result = ""
        self._title = title
        self._steps = steps
        self._advance(lambda: next(steps))

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._wait.sock.fileno()

    @property
    def events(self) -> int:
        """The events to wait for."""
        return self._wait.events

    @property
    def until(self) -> float:
        """Until when to wait."""
        return self._wait.until

    def proceed(self, events: int) -> None:
        """Go on: what was waited for is here."""
        self._advance(lambda: self._steps.send(events))

    def time_out(self) -> None:
        """Go on: it did not come."""
        self._advance(lambda: self._steps.throw(TimeoutError("nothing came in time")))

    def fail(self, why: str) -> None:
        """Go on: what was waited for will not come."""
        self._advance(lambda: self._steps.throw(Broken(why)))

    def give_up(self) -> None:
        """End it in the middle; what it has opened and begun is closed and removed."""
        self._steps.close()
        self.result = f"{self._title}: given up"

    def _advance(self, step: Callable[[], Wait]) -> None:
        try:
            self._wait = step()
        except StopIteration as end:
            self.result = f"{self._title}: {end.value}"
        except (Broken, DiskError, BadMessage) as broken:
            self.result = f"{self._title}: failed: {broken}"
        except OSError as error:
            self.result = f"{self._title}: failed: the connection broke: {reason(error)}"


def in_seconds(seconds: float) -> float:
    """Return when so many seconds will be over."""
    return time.monotonic() + seconds


def receive(sock: socket.socket, most: int, until: float) -> Steps[bytes]:
    """Return the next bytes, `most` of them at most; none at the end."""
    while True:
        yield Wait(sock, POLLIN, until)
        try:
            return sock.recv(most)
        except BlockingIOError:
            continue


def receive_message(sock: socket.socket, until: float) -> Steps[Message | None]:
    """Return the next message of a peer; None when it closes instead. Raises BadMessage."""
    decoder = MessageDecoder(lenient=True)
    while chunk := (yield from receive(sock, REPLY_BYTES, until)):
        for found in decoder.feed(chunk):
            if isinstance(found, BadMessage):
                raise found
            return found
    return None


def send_all(sock: socket.socket, data: bytes) -> Steps[bool]:
    """Send all of `data`; False when the peer has spoken or closed first."""
    rest = memoryview(data)
    while rest:
        events = yield Wait(sock, POLLIN | POLLOUT, in_seconds(STALL_SECONDS))
        if events & ~POLLOUT:
            return False
        try:
            rest = rest[sock.send(rest) :]
        except BlockingIOError:
            continue
    return True


class Progress:
    """Tells at each quarter of a file how far it is."""

    def __init__(self, title: str, total: int, note: Callable[[str], None]) -> None:
        self._title = title
        self._total = total
        self._note = note
        self._done = 0
        self._quarter = 0

    def advance(self, count: int) -> None:
        """Count so many bytes more."""
        self._done += count
        quarter = 4 * self._done // self._total
        if quarter > self._quarter:
            self._quarter = quarter
            bar = "#" * (BAR_CHARACTERS * self._done // self._total)
            percent = 100 * self._done // self._total
            self._note(f"{self._title} [{bar:<{BAR_CHARACTERS}}] {percent} % of {self._total:,} bytes")
