"""Whether a scene has come to its end by itself: look after look, all programs are found as they were.

What a program does between two looks is seen at the second: its posture tells how often it has had the processor.
What is on its way through a terminal is all that no look finds; so some time passes between the first and the last.
"""

import time
from collections.abc import Callable

LULL_LOOKS, LULL_SECONDS = 6, 0.05
"""So many looks in a row, with so much time between two, must find all as at the one before. Where ten programs want
each processor, a terminal hands on what is written to it within 0.004 s."""

SETTLED_LOOKS, SETTLED_SECONDS = 2, 0.005
"""The same where nothing is on its way through a terminal."""

REST = 8
"""How many times longer than a look took (of the processor) the pause behind it is, at least: others need it."""

Posture = Callable[[], object]
"""How all programs stand, to be compared with how they stood; None where one may go on by itself."""


class Lull:
    """Finds out, while a scene waits, that nothing more can happen. Without a posture to look at it never does."""

    def __init__(
        self, posture: Posture | None, looks: int = LULL_LOOKS, seconds: float = LULL_SECONDS
    ) -> None:
        self._posture = posture
        self._enough = looks
        self._seconds = seconds
        self._next = time.monotonic() + seconds if posture else float("inf")
        self._last: object = None
        self._looks = 0

    @property
    def pause(self) -> float:
        """Return how long it is until the next look, in seconds."""
        return max(0.0, self._next - time.monotonic())

    def lasts(self, news: int) -> bool:
        """Look again, if it is time to; tell whether all has been still for long. `news` counts what has happened."""
        if not self._posture or self.pause:
            return False
        begun = time.process_time()
        posture = self._posture()
        self._next = time.monotonic() + max(self._seconds, REST * (time.process_time() - begun))
        seen = None if posture is None else (posture, news)
        self._looks = self._looks + 1 if seen and seen == self._last else 0
        self._last = seen
        return self._looks >= self._enough
