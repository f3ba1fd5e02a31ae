"""Visitors of a room: raw clients that come, talk and leave at random, and keep the history of what they saw."""

import random
import select
import socket
import subprocess
from collections.abc import Callable, Sequence

from tests.common.children import SECONDS
from tests.common.raw import reset
from tests.races.histories import History

MOST_LINES = 4
"""Lines that one says in one piece."""

CHUNK_BYTES = 65536


class Visitor:
    """One client with a name of its own. It never waits for an answer: what it says stands in the queue."""

    def __init__(self, name: str, port: int, chance: random.Random) -> None:
        self.name = name
        self.ended = False  # nothing more will be received
        self.said: list[str] = []
        self._received = bytearray()
        self._unsent = f"{name}\n".encode()
        self._left = False
        self._whole = True
        self._chance = chance
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_here(self) -> bool:
        """Whether it has not left."""
        return not self._left

    def talks(self) -> None:
        """Say some lines in one piece, which may end in the middle of the last one."""
        for _ in range(self._chance.randint(0, MOST_LINES)):
            self.says(f"n° {len(self.said)}")
        self.sends_all_but(self._chance.choice((0, 0, 1, 3)))

    def says(self, text: str) -> None:
        """Say one line, to be sent with the next piece."""
        self.said.append(text)
        self._unsent += f"{text}\n".encode()

    def sends_all_but(self, kept: int = 0) -> None:
        """Send what has been said, up to so many bytes before its end."""
        cut = len(self._unsent) - kept
        self.socket.sendall(self._unsent[: max(0, cut)])
        self._unsent = self._unsent[max(0, cut) :]

    def leaves(self) -> None:
        """Leave in any way."""
        self._left = True
        self._chance.choice(WAYS)(self)

    def leaves_with_word(self) -> None:
        """Say exit; what follows it counts no more."""
        self._unsent += b"exit\nnobody hears this\n"
        self.sends_all_but()

    def leaves_at_end(self) -> None:
        """End its sending, behind half a line; go on receiving."""
        self._unsent += b"half a li"
        self.sends_all_but()
        self.socket.shutdown(socket.SHUT_WR)

    def leaves_by_reset(self) -> None:
        """Be gone at once."""
        self._cut_off()
        reset(self.socket)

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
        self._whole = False
        self.ended = True

    def receives(self) -> None:
        """Take in what has arrived by now; called when there is something."""
        chunk = self.socket.recv(CHUNK_BYTES)
        self._received += chunk
        self.ended = not chunk

    def lines(self) -> list[str]:
        """Return the whole lines that it has received so far."""
        return self._received.decode().split("\n")[:-1]

    def history(self) -> History:
        """Return what it has said and seen."""
        return History(self.name, tuple(self.said), tuple(self.lines()), self._left, self._whole)


WAYS: tuple[Callable[[Visitor], None], ...] = (
    Visitor.leaves_with_word,
    Visitor.leaves_at_end,
    Visitor.leaves_by_reset,
    Visitor.leaves_by_close,
    Visitor.leaves_by_kill,
)


def listen(visitors: Sequence[Visitor], seconds: float = 0) -> None:
    """Let all who can still receive take in what has arrived; wait for it so long at most."""
    poll, here = select.poll(), {each.socket.fileno(): each for each in visitors if not each.ended}
    for descriptor in here:
        poll.register(descriptor, select.POLLIN)
    for descriptor, _events in poll.poll(seconds * 1000):
        here[descriptor].receives()
