"""The stage: the one place where a scene waits. While it waits for one actor, it listens to all of them.

    wait_until(condition)
        |      select over every terminal, pipe and socket of the scene
        |----> read what is ready, write it into the journal, hand it to its actor
        |      condition true?  deadline over?

No threads, so nothing that happened is ever half known; and no program ever waits because nobody reads it. Where all
programs are seen to wait for each other, and nothing more can happen, a wait ends before its deadline.
"""

import contextlib
import heapq
import selectors
import time
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Protocol, runtime_checkable

from grader.journal import Journal
from grader.lull import REST, SETTLED_LOOKS, SETTLED_SECONDS, Lull, Posture

PATIENCE = 5.0
"""Seconds that a thing may take to be seen before it counts as not happening."""

START_SECONDS = 5.0
"""How long a program may take to start on a machine that has much to do, however little patience there is."""

LOOK_AGAIN_SECONDS = 0.002
"""How soon to look again at what cannot be selected on, such as the system's table of sockets."""

LATE, IN_VAIN = "that did not come in time", "nothing more can come, for all programs wait"
"""Why something was not seen."""


class Closable(Protocol):
    """Whatever a scene leaves behind if nobody ends it."""

    def end(self) -> None:
        """Leave nothing behind; may be called twice."""
        ...


@runtime_checkable
class Explained(Protocol):
    """Whatever can say how it ended."""

    def ending(self) -> str:
        """Return that in words."""
        ...


class Stage:
    """Carries one scene: its journal, its actors, and every wait.

    Where it is told how to see the posture of all programs, it waits no longer once nothing more can happen.
    """

    def __init__(self, patience: float = PATIENCE, posture: Posture | None = None) -> None:
        self.journal = Journal()
        self.patience = patience
        self.why_not = LATE
        self.turns_ports = False  # the server takes the two bytes of its port in the other order
        self._posture = posture
        self._news = 0  # times that anybody was heard
        self._selector = selectors.DefaultSelector()
        self.cast: list[Closable] = []
        self._numbers = count()
        self._alarms: list[tuple[float, int, Callable[[], object]]] = []  # a heap; the next one first

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all that was brought onto the stage, last come first."""
        with contextlib.ExitStack() as ends:  # one that fails to end keeps no other from ending
            ends.callback(self._selector.close)
            for actor in self.cast:
                ends.callback(actor.end)
            self.cast.clear()

    def endings(self) -> str:
        """Return in words how each program of the scene stands."""
        return "\n".join(f"     and: {each.ending()}" for each in self.cast if isinstance(each, Explained))

    def bring(self, actor: Closable) -> None:
        """Remember an actor, to be ended with the scene."""
        self.cast.append(actor)

    def send_away_last(self) -> None:
        """End the actor that was brought last, as if it had not come."""
        self.cast.pop().end()

    def watch(
        self, descriptor: int, on_ready: Callable[[], object], event: int = selectors.EVENT_READ
    ) -> None:
        """Call `on_ready` whenever the descriptor can be read (or written) while somebody waits."""
        self._selector.register(descriptor, event, on_ready)

    def unwatch(self, descriptor: int) -> None:
        """Stop watching a descriptor, before it is closed."""
        self._selector.unregister(descriptor)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back once so much time has passed and somebody waits."""
        heapq.heappush(self._alarms, (time.monotonic() + seconds, next(self._numbers), callback))

    def wait_until(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `condition` holds, because of something that actors do; tell whether it does."""
        return self._wait(condition, seconds, lambda _spent: float("inf"), Lull(self._posture))

    def wait_for_outside(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `condition` holds, when only asking again can tell: the system's tables, other processes."""
        return self._wait(condition, seconds, rest_behind, Lull(self._posture))

    def let_pass(self, seconds: float, condition: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass, or wait until `condition` holds because of it; tell whether it does."""
        return self._wait(condition, seconds, rest_behind, Lull(None))

    def settles(self, seconds: float) -> bool:
        """Let time pass until nothing can happen any more, or so much is over; tell whether nothing can.

        Whatever was typed must have been read before.
        """
        self._wait(lambda: False, seconds, rest_behind, Lull(self._posture, SETTLED_LOOKS, SETTLED_SECONDS))
        has_settled, self.why_not = self.why_not == IN_VAIN, LATE  # nothing was awaited
        return has_settled

    def _wait(
        self,
        condition: Callable[[], bool],
        seconds: float | None,
        pause: Callable[[float], float],
        lull: Lull,
    ) -> bool:
        self.why_not = LATE
        deadline = time.monotonic() + (self.patience if seconds is None else seconds)
        begun = time.process_time()
        while not condition():
            left = deadline - time.monotonic()
            if lull.lasts(self._news) and not self._alarms:
                self.why_not = IN_VAIN
                return False
            if left <= 0:
                return False
            self._pump(min(left, lull.pause, pause(time.process_time() - begun)))
            begun = time.process_time()
        return True

    def _pump(self, seconds: float) -> None:
        if self._alarms:
            seconds = min(seconds, max(0.0, self._alarms[0][0] - time.monotonic()))
        self._listen(seconds)
        while self._alarms and self._alarms[0][0] <= time.monotonic():
            self._news += 1
            heapq.heappop(self._alarms)[2]()

    def _listen(self, seconds: float) -> None:
        for key, _events in self._selector.select(seconds):
            if self._selector.get_map().get(key.fd) is key:  # one before it may have ended it
                self._news += 1
                key.data()


def rest_behind(spent: float) -> float:
    """Return how long to rest behind a look that has taken so much of the processor's time, in seconds."""
    return max(LOOK_AGAIN_SECONDS, REST * spent)
