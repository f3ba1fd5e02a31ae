"""Ctrl+C, and being told to end: no server may outlive the measurement, and what was measured is kept."""

import contextlib
import signal
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt_on_signals() -> None:
    """Let both signals raise KeyboardInterrupt, wherever the program is."""
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put a signal off until a few lines are done: a process that nobody knows yet could not be ended."""
    pending: list[int] = []
    handlers = {
        number: signal.signal(number, lambda caught, _frame: pending.append(caught)) for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if pending:
        signal.raise_signal(signal.Signals(pending[0]))
