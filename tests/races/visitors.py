"""Visitors of a room: raw clients that come, talk and leave at random, and keep the history of what they saw."""

import random
import select
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import ClassVar, Generic, TypeVar

import psutil

from grader.listening import accept_queues
from tests.common.children import SECONDS, Child, said
from tests.common.raw import reset
from tests.races.histories import History

MOST_LINES = 4
"""Lines that one says in one piece."""

CHUNK_BYTES = 65536

ELDERS, MOST_VISITORS = 3, 12
"""How many stay from the first to the last, and how many are there at most."""


class Visitor(ABC):
    """One client with a name of its own. It never waits for an answer: what it says stands in the queue."""

    HALF: ClassVar[bytes]
    """What it may say last: the begin of something that has no end."""

    def __init__(self, name: str, port: int, chance: random.Random) -> None:
        self.name = name
        self.ended = False  # nothing more will be received
        self.left = False
        self.whole = True  # it was not cut off
        self.received = bytearray()
        self.unsent = b""
        self.chance = chance
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @abstractmethod
    def talks(self) -> None:
        """Do and say something in one piece, which may end anywhere."""

    def sends_all_but(self, kept: int = 0) -> None:
        """Send what has been said, up to so many bytes before its end."""
        cut = len(self.unsent) - kept
        self.socket.sendall(self.unsent[: max(0, cut)])
        self.unsent = self.unsent[max(0, cut) :]

    def leaves(self) -> None:
        """Leave in any way."""
        self.left = True
        self.chance.choice(self.ways())()

    def ways(self) -> list[Callable[[], None]]:
        """Return all ways to leave."""
        return [
            self.leaves_at_end,
            self.leaves_by_reset,
            self.leaves_by_reset_halfway,
            self.leaves_by_close,
            self.leaves_by_kill,
        ]

    def leaves_at_end(self) -> None:
        """End its sending, behind half of something; go on receiving."""
        self.unsent += self.HALF
        self.sends_all_but()
        self.socket.shutdown(socket.SHUT_WR)

    def leaves_by_reset(self) -> None:
        """Be gone at once."""
        self._cut_off()
        reset(self.socket)

    def leaves_by_reset_halfway(self) -> None:
        """Be gone in the middle of something."""
        self.unsent += self.HALF
        self.sends_all_but()
        self.leaves_by_reset()

    def leaves_by_close(self) -> None:
        """Close, with bytes unread or not."""
        self._cut_off()
        self.socket.close()

    def leaves_by_kill(self) -> None:
        """Leave the connection to another process, which is then killed: so the system closes it."""
        self._cut_off()
        with subprocess.Popen(["sleep", "60"], pass_fds=[self.socket.fileno()]) as owner:
            self.socket.close()
            owner.kill()

    def _cut_off(self) -> None:
        self.whole = False
        self.ended = True

    def receives(self) -> None:
        """Take in what has arrived by now; called when there is something."""
        chunk = self.socket.recv(CHUNK_BYTES)
        self.received += chunk
        self.ended = not chunk


class LineVisitor(Visitor):
    """A visitor of sprint 4, where everything is a line."""

    HALF = b"half a li"

    def __init__(self, name: str, port: int, chance: random.Random) -> None:
        super().__init__(name, port, chance)
        self.said: list[str] = []
        self.unsent = f"{name}\n".encode()
        self.sends_all_but()

    def talks(self) -> None:
        """Say some lines."""
        for _ in range(self.chance.randint(0, MOST_LINES)):
            self.says(f"n° {len(self.said)}")
        self.sends_all_but(self.chance.choice((0, 0, 1, 3)))

    def says(self, text: str) -> None:
        """Say one line, to be sent with the next piece."""
        self.said.append(text)
        self.unsent += f"{text}\n".encode()

    def ways(self) -> list[Callable[[], None]]:
        """Return all ways to leave: here there is a word for it."""
        return [self.leaves_with_word, *super().ways()]

    def leaves_with_word(self) -> None:
        """Say exit; what follows it counts no more."""
        self.unsent += b"exit\nnobody hears this\n"
        self.sends_all_but()

    def lines(self) -> list[str]:
        """Return the whole lines that it has received so far."""
        return self.received.decode().split("\n")[:-1]

    def history(self) -> History:
        """Return what it has said and seen."""
        return History(self.name, tuple(self.said), tuple(self.lines()), self.left, self.whole)


Someone = TypeVar("Someone", bound=Visitor)


class Party(Generic[Someone]):
    """All visitors of one server: those who are there, and those who have been."""

    def __init__(
        self,
        process: Child,
        chance: random.Random,
        doors: ExitStack,
        newcomer: Callable[[str, int, random.Random], Someone],
    ) -> None:
        self.port = int(said(process).rpartition(":")[2])
        self.visitors: list[Someone] = []
        self._server = psutil.Process(process.pid)
        self._descriptors = self._server.num_fds()
        self._chance = chance
        self._doors = doors
        self._newcomer = newcomer

    def comes(self, name: str) -> Someone:
        """Let one more come, and give its name."""
        visitor = self._newcomer(name, self.port, self._chance)
        self._doors.callback(visitor.socket.close)
        self.visitors.append(visitor)
        return visitor

    def here(self) -> list[Someone]:
        """Return those who have not left."""
        return [each for each in self.visitors if not each.left]

    def lives(self, rounds: int) -> None:
        """Let the elders come, and then all act so often."""
        for number in range(ELDERS):
            self.comes(f"elder{number}")
        for _ in range(rounds):
            self.all_act()

    def all_act(self) -> None:
        """Let everybody talk, some leave, and perhaps somebody come."""
        acting = self.here()
        self._chance.shuffle(acting)
        for visitor in acting:
            visitor.talks()
            if visitor not in self.visitors[:ELDERS] and self._chance.random() < 0.15:
                visitor.leaves()
        if len(self.here()) < MOST_VISITORS:
            self.comes(f"guest{len(self.visitors)}")
        listen(self.visitors)

    def settles(self) -> None:
        """Wait until the server knows who has come and left."""
        for visitor in self.here():
            visitor.sends_all_but()
        self.wait_until(self.has_settled)
        self.wait_until(lambda: all(each.ended for each in self.visitors if each.left))

    def has_settled(self) -> bool:
        """Tell whether the server has taken in whoever waited, and closed whatever was left."""
        nobody_waits = not accept_queues(self._server.pid)[self.port]
        return nobody_waits and self._server.num_fds() == self._descriptors + len(self.here())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Listen until a condition holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, "the room does not come to rest"
            listen(self.visitors, 0.005)


def listen(visitors: Sequence[Visitor], seconds: float = 0) -> None:
    """Let all who can still receive take in what has arrived; wait for it so long at most."""
    poll, here = select.poll(), {each.socket.fileno(): each for each in visitors if not each.ended}
    for descriptor in here:
        poll.register(descriptor, select.POLLIN)
    for descriptor, _events in poll.poll(seconds * 1000):
        here[descriptor].receives()


def check_end(process: Child, present: int) -> None:
    """See that a server has ended well, and has counted its members one by one."""
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.wait(SECONDS) == 0
    assert process.stderr.read() == b""
    count = 0
    for line in process.stdout.read().decode().splitlines():
        count += 1 if " arrived " in line else -1
        assert line.endswith(f", {count} present")
    assert count == present
