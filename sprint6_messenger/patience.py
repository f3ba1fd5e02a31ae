"""Who is waited for, and until when; so poll() knows how long it may sleep, and an idle server sleeps for ever."""

import math
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Awaited = TypeVar("Awaited", bound=Hashable)


class Patience(Generic[Awaited]):
    """Waits that all last equally long: the first that begins is the first that ends, so a list needs no sorting."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: OrderedDict[Awaited, float] = OrderedDict()

    def __contains__(self, awaited: object) -> bool:
        return awaited in self._ends

    def __len__(self) -> int:
        return len(self._ends)

    def begin(self, awaited: Awaited) -> None:
        """Wait for somebody from now on; who is waited for already gains no time."""
        self._ends.setdefault(awaited, time.monotonic() + self._seconds)

    def end(self, awaited: Awaited) -> None:
        """Wait no longer."""
        self._ends.pop(awaited, None)

    def first(self) -> Awaited:
        """Return who has been waited for longest."""
        return next(iter(self._ends))

    def first_end(self) -> float:
        """Return when the next wait is over, on the monotonic clock; infinity when nobody is waited for."""
        return next(iter(self._ends.values()), math.inf)

    def take_due(self, now: float) -> list[Awaited]:
        """End the waits that are over by now, and return for whom they were."""
        due: list[Awaited] = []
        while self.first_end() <= now:
            due.append(self._ends.popitem(last=False)[0])
        return due
