"""Clients that send more than anybody reads."""

import time
from collections.abc import Iterable

from grader.actors import Server
from grader.peers import Peer
from grader.words import Words
from tests.e2e.wire import ENDLESS_BYTES

FLOOD_BYTES = 8_000_000
"""More than the buffers of both systems and of one connection hold together."""

STALLED_SECONDS = 0.4
"""Nobody's bytes are taken for so long: the flood stands still, if the server is at rest."""

WORK_SECONDS = 0.03
"""A server that has used so much of the processor meanwhile is still at work, on a machine that has much to do."""

FLOOD_SECONDS = 20.0
"""How long the flood may take to flow off on a slow machine."""

MEMORY_BYTES = 4 * 1024 * 1024
"""What a server may grow by while others flood it."""


class Flood:
    """Lines from one peer, as many and as fast as they are taken."""

    def __init__(self, peer: Peer, words: Words) -> None:
        self.peer = peer
        line = words.long_line(1_000).encode() + b"\n"
        self.data = b"".join(b"%08d " % number + line for number in range(FLOOD_BYTES // len(line)))
        self.sent = 0

    def goes_on(self) -> bool:
        """Send what is taken now; tell whether all has been sent."""
        if self.sent < len(self.data) and self.peer.can_send():
            self.sent += self.peer.sends_what_fits(self.data[self.sent : self.sent + ENDLESS_BYTES])
        return self.sent == len(self.data)

    def is_stuck(self) -> bool:
        """Send what is taken now; tell whether nothing more is."""
        self.goes_on()
        return not self.peer.can_send()

    def has_reached(self, hearer: Peer) -> bool:
        """Send what is taken now; tell whether all of it has arrived at a peer."""
        return self.goes_on() and len(hearer.unread) >= len(self.data)


def flood_until_stalled(server: Server, floods: Iterable[Flood]) -> None:
    """Let peers send that do not read, until the server takes no more of any, and rests."""
    everybody = list(floods)
    for flood in everybody:
        flood.peer.stops_reading()
    stage = everybody[0].peer.stage
    deadline = time.monotonic() + FLOOD_SECONDS
    while time.monotonic() < deadline:
        used = server.program.processor_seconds()
        if (
            not stage.wait_for_outside(
                lambda: any(each.peer.can_send() for each in everybody), STALLED_SECONDS
            )
            and server.program.processor_seconds() - used < WORK_SECONDS
        ):
            return
        done = [each.goes_on() for each in everybody]
        assert not all(done), "nobody reads, and yet everything is taken: memory is not bounded"
