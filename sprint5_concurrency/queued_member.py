r"""A member with an outbox, for whatever the kernel does not take at once.

post ---> kernel: SENT_BYTES -------------------------> the peer
     \--> outbox: UNSENT_BYTES, then it is hung up on
"""

import socket
from collections.abc import Sequence

from sprint5_concurrency.member import UNSENT_BYTES, Member

SENT_BYTES = 64 * 1024
"""What the kernel keeps: little, where there is an outbox."""


class QueuedMember(Member):
    """A connection that never waits, and what it has not been sent yet."""

    __slots__ = ("_behind", "outbox", "unheard")

    CHUNK_BYTES = 32 * 1024
    """All that a member has said since its last turn, or nearly."""

    def __init__(self, sock: socket.socket, peer: str, behind: "set[QueuedMember]") -> None:
        super().__init__(sock, peer)
        self.outbox = b""
        self.unheard = b""  # what has been read, and waits for the next turn
        self._behind = behind  # where it is while something is in its outbox

    def post(self, *parts: bytes | memoryview) -> bool:
        """Send parts as one write; False when more is left than is kept."""
        sent = 0 if self.outbox else self._send(parts)
        if sent < sum(map(len, parts)):
            self.outbox = b"".join((self.outbox, *parts))[sent:]
            self._behind.add(self)
        return not self.overflows

    @property
    def overflows(self) -> bool:
        """Whether more is in the outbox than is kept."""
        return len(self.outbox) > UNSENT_BYTES

    def flush(self) -> bool:
        """Send more of the outbox; tell whether it is empty now."""
        self.outbox = self.outbox[self._send([self.outbox]) :]
        if self.outbox:
            return False
        self._behind.discard(self)
        if self.dismissed:
            super().dismiss()
        return True

    def dismiss(self) -> None:
        """End the connection behind what has been posted, once that has left the outbox."""
        self.dismissed = True
        if not self.outbox:
            super().dismiss()

    def _send(self, parts: Sequence[bytes | memoryview]) -> int:
        try:
            return self.socket.sendmsg(parts)
        except BlockingIOError:
            return 0
        except OSError:  # it has vanished, which reading shows: nothing need be kept for it
            return sum(map(len, parts))
