"""A lock that nobody gets twice in a row while others wait for it.

`threading.Lock` promises no turns. A thread that gives it back and wants it again at once mostly gets it: the
others must first be woken, and find it taken. So the thread of one who floods the room would keep all
others out of it, for as long as the flood lasts. Here they wait in two places:

    thread of bob     waits at the door, for the first place in the queue
    thread of alice   has the first place, waits for the room
    thread of carol   is in the room; wants in again once she is out: behind bob, at the door
"""

import threading
from types import TracebackType


class Turnstile:
    """A lock for `with`: whoever comes out gets in again behind the one who is next."""

    def __init__(self) -> None:
        self._first = threading.Lock()  # held by the one thread that is next
        self._inside = threading.Lock()

    def __enter__(self) -> None:
        with self._first:
            self._inside.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside.release()
