"""Leaving politely: the last word is said, and heard, before the connection is closed.

Why not close at once: bytes that are then unread make TCP reset the connection (RFC 2525, 2.17), and a reset
destroys what is still on its way to the peer, the last word first of all.
"""

import time
from collections.abc import Callable, Iterable

from common.connection import Connection
from common.stop import POLLIN, POLLOUT, wait_ready
from common.terminal import complain

FAREWELL_SECONDS = 0.3
"""How long a program that leaves waits for its peers to close too: a server must be gone within a second."""


class Farewell:
    """How long one who leaves waits for the other side to close: not for long, unless that side is behind.

    It lasts some seconds; then it ends with a silence. But while something that was said is not taken yet the other
    has not come to the last word, and is waited for, unless one is `hurried`: asked each time, as a user may become.
    """

    def __init__(self, hurried: Callable[[], object], seconds: float, silence: float) -> None:
        self._hurried = hurried
        self._silence = silence
        self._until = time.monotonic() + seconds
        self._is_told = False

    @property
    def seconds_left(self) -> float:
        """How long to wait for something to happen; 0 when it is time to go."""
        return max(0, self._until - time.monotonic())

    def renew(self, heard: object, unsent: int) -> None:
        """Go on waiting if something has been heard, or is unsent; the user is told what he waits for."""
        if not (heard or unsent) or self._hurried():
            return
        if not (heard or self.seconds_left or self._is_told):
            self._is_told = True
            complain("the server has not taken all yet; Ctrl+C leaves at once")
        self._until = max(self._until, time.monotonic() + self._silence)


def take_leave(
    connections: Iterable[Connection], word: str = "", hurried: Callable[[], object] = lambda: True
) -> None:
    """Say `word` to all, if there is one, wait until they have closed too, as long as a Farewell, and close."""
    leaving = list(connections)
    if word:
        for connection in leaving:
            connection.post(word)
    farewell = Farewell(hurried, FAREWELL_SECONDS, FAREWELL_SECONDS)
    while (here := [each for each in leaving if not each.ended]) and farewell.seconds_left:
        heard = _say_and_read_away(here, farewell.seconds_left)
        farewell.renew(heard, sum(each.unsent for each in here))
    for connection in leaving:
        connection.close()


def _say_and_read_away(connections: list[Connection], seconds: float) -> bool:
    """Send what is left to say, close our side behind it, and throw away what arrives; False if nothing moved."""
    for connection in connections:
        if not connection.outbox:
            connection.finish_sending()
    interests = {each: POLLIN | (POLLOUT if each.outbox else 0) for each in connections}
    ready = wait_ready(interests, seconds)
    for connection in ready:
        connection.flush()
        connection.read()
        connection.inbox.clear()
    return bool(ready)
