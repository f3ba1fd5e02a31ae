"""A crowd that talks as fast as it is heard, while somebody counts."""

import gc
import time
from typing import NamedTuple

from sprint5_concurrency.bench.crowd import Crowd

LOOK_SECONDS = 0.02
"""How long to wait at most before the clock is looked at."""


class Talk(NamedTuple):
    """What one process saw of a measurement."""

    deliveries_per_second: float
    cpu: float  # of the process itself: 1.0 is a core
    messages: int


class Meter:
    """Counts what a crowd hears, and what its process uses, from one moment to another."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._start = self._now()

    def talk(self) -> Talk:
        """Return what has been counted, a second."""
        seconds, cpu, heard = (now - then for now, then in zip(self._now(), self._start, strict=True))
        deliveries = heard / self._crowd.script.heard_bytes
        return Talk(deliveries / seconds, cpu / seconds, self._crowd.messages())

    def _now(self) -> tuple[float, float, int]:
        return time.monotonic(), time.process_time(), self._crowd.heard


def talk(crowd: Crowd, begin: float, end: float, outstanding: int, clients: int) -> Talk:
    """Let everybody say its next line as soon as enough has come back; count from `begin` to `end`, as long if late.

    A client is `outstanding` lines ahead of what it has heard: from `clients` - 1 others, so many lines each. So the
    crowd goes exactly as fast as the server, and nobody need know which line has reached whom.
    """
    gc.disable()  # or it would look through all that is kept, in the middle of a measurement
    share = (clients - 1) * crowd.script.heard_bytes
    for client in crowd.clients.values():
        crowd.say(client, outstanding)
    listen(crowd, begin, share, outstanding)
    meter = Meter(crowd)
    listen(crowd, time.monotonic() + end - begin, share, outstanding)
    gc.enable()
    return meter.talk()


def listen(crowd: Crowd, end: float, share: int, outstanding: int) -> None:
    """Hear, and answer, until a moment has come."""
    said_bytes = crowd.script.said_bytes
    while time.monotonic() < end:
        for client in crowd.ready(LOOK_SECONDS):
            crowd.hear(client)
            lines = client.heard // share + outstanding - client.sent // said_bytes
            if lines > 0:
                crowd.say(client, lines)
