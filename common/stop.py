"""The bell that ends a program, and the one place where programs wait.

A program that waits in `recv` for one peer hears neither Ctrl+C nor its other threads. So every wait of
this course waits for two things: what it wants, and the bell. Whoever rings it (a signal, a failure, the
thread that has read the last word) ends all waits of all threads, with no exception thrown into the
middle of a half-done change.
"""

import contextlib
import select
import signal
import socket
import threading
from collections.abc import Mapping
from types import FrameType
from typing import Protocol, TypeVar

POLLIN, POLLOUT = select.POLLIN, select.POLLOUT

POLLGONE = select.POLLERR | select.POLLHUP
"""What poll(2) reports, asked or not, of a connection that is dead both ways."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl+C, `kill`, and a terminal that is closed."""

RUNG = b"\0"
"""What `ring` puts on the bell; a signal puts its own number there, which is never 0."""


PEEKED_RINGS = 4096
"""More than a bell holds."""


class Failure(Exception):
    """Ends a program with exit code 1; its text is the one line that the user is told."""


class Stopped(Exception):
    """Ends a program that was told to stop before it had begun."""


class Source(Protocol):
    """Anything with a descriptor that can be waited for."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


AnySource = TypeVar("AnySource", bound=Source)


def wait_ready(interests: Mapping[AnySource, int], seconds: float | None = None) -> dict[AnySource, int]:
    """Wait until at least one source is ready, `seconds` at most; return all that are, with their events."""
    poller = select.poll()
    for source, events in interests.items():
        poller.register(source, events)
    sources = {source.fileno(): source for source in interests}
    ready = poller.poll(None if seconds is None else max(0, seconds) * 1000)
    return {sources[descriptor]: events for descriptor, events in ready}


class Stop:
    """Ends all waits of a program once it has rung: it stays rung, and keeps the first reason."""

    def __init__(self) -> None:
        self._bell, self._rope = socket.socketpair()
        self._rope.setblocking(False)
        self._lock = threading.Lock()
        self._failure: Failure | None = None

    def close(self) -> None:
        """Give its descriptors back, once nobody waits any more."""
        self._bell.close()
        self._rope.close()

    def fileno(self) -> int:
        """Return a descriptor that is readable from the first ring on."""
        return self._bell.fileno()

    def ring(self) -> None:
        """End all waits, from any thread."""
        with contextlib.suppress(BlockingIOError):  # it has rung so often that nothing more fits
            self._rope.send(RUNG)

    def ring_on_signals(self) -> None:
        """Ring at SIGNALS, however often they come: the first one counts, the end is under way."""
        signal.set_wakeup_fd(self._rope.fileno(), warn_on_full_buffer=False)
        for number in heeded_signals():
            signal.signal(number, leave_it_to_the_bell)

    def fail(self, failure: Failure) -> None:
        """End the program with `failure`, unless another came first."""
        with self._lock:
            self._failure = self._failure or failure
        self.ring()

    def raise_failure(self) -> None:
        """Raise what `fail` was given, if it was."""
        if self._failure:
            raise self._failure

    def is_set(self) -> bool:
        """Tell whether it has rung."""
        return bool(wait_ready({self: POLLIN}, 0))

    def signal_number(self) -> int:
        """Return the first signal that has rung, 0 when none has."""
        rings = self._bell.recv(PEEKED_RINGS, socket.MSG_PEEK) if self.is_set() else b""
        return next(filter(None, rings), 0)

    def wait_for(
        self,
        source: Source,
        events: int = POLLIN,
        seconds: float | None = None,
        alive: Source | None = None,
    ) -> bool:
        """Wait until `source` is ready; False when the bell has rung, the time is over, or `alive` has died."""
        others: dict[Source, int] = {self: POLLIN} if alive is None else {self: POLLIN, alive: 0}
        ready = wait_ready({**others, source: events}, seconds)
        return source in ready and not any(other in ready for other in others)

    def wait(self, seconds: float | None = None) -> None:
        """Wait for nothing but the bell, `seconds` at most."""
        wait_ready({self: POLLIN}, seconds)


def heeded_signals() -> list[signal.Signals]:
    """Return the signals that end a program: not SIGHUP where it was ignored at the start (nohup(1))."""
    return [
        number for number in SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    ]


def leave_it_to_the_bell(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the signal has rung by itself (`set_wakeup_fd`), and must throw nothing into a half-done change."""


def hold_signals() -> None:
    """Let no signal through any more: Python's own end would meet them with a death or a traceback."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
