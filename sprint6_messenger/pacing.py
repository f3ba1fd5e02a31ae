"""Whom those who speak must wait for: a flood passed on at full speed would drown all who read more slowly.

TCP holds a speaker back as soon as its server reads nothing more of it. So who must wait is not listened to, and a
flood becomes as fast as its hearers; who only chats need not notice.
"""

from sprint6_messenger.connection import Connection
from sprint6_messenger.patience import Patience

SLOW_SECONDS = 1.5
"""A flood waits for a hearer that takes something this often, and only once for one that has not caught up since."""

LAGGING_SECONDS = 60.0
"""And no longer than this for one that takes something now and then, and never all."""


class Pacing:
    """Knows which hearers are behind, and which speakers that holds back."""

    def __init__(self) -> None:
        self._behind: Patience[Connection] = Patience(SLOW_SECONDS)  # ends with each byte taken
        self._lagging: Patience[Connection] = Patience(LAGGING_SECONDS)  # ends when all is
        self._spoke: dict[Connection, None] = {}  # since nobody was behind

    def first_end(self) -> float:
        """Return when `end_waits` is to be called next."""
        return min(self._behind.first_end(), self._lagging.first_end())

    def end_waits(self, now: float) -> None:
        """No longer wait for hearers that have taken too long."""
        for client in (*self._behind.take_due(now), *self._lagging.take_due(now)):
            client.is_stuck = True
            self._behind.end(client)

    def speaks(self, client: Connection) -> None:
        """Note that a client has said something."""
        self._spoke[client] = None

    def takes(self, client: Connection) -> None:
        """Note that a hearer has taken some of what waits for it."""
        self._behind.end(client)

    def look_at(self, client: Connection) -> None:
        """Wait for a hearer as long as something waits for it."""
        if client.outbox and not client.is_stuck:
            self._behind.begin(client)
            self._lagging.begin(client)
        else:
            self._lagging.end(client)

    def forget(self, client: Connection) -> None:
        """Wait neither for one who leaves nor with it."""
        self._behind.end(client)
        self._lagging.end(client)
        self._spoke.pop(client, None)

    def speakers(self) -> list[Connection]:
        """Return all who may be held back, or have been until now."""
        speakers = list(self._spoke)
        if not self._behind:
            self._spoke.clear()
        return speakers

    def holds(self, client: Connection, users: int) -> bool:
        """Tell whether a speaker must wait: one who floods for any hearer, others when most users are behind."""
        fewest = 0 if client.floods else users // 2
        return client in self._spoke and len(self._behind) > fewest
