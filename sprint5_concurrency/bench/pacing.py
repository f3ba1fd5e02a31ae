"""A crowd that talks at a fixed rate, whatever the server does, and sees how long each delivery takes.

Each line carries the time at which it was said; all processes read the same clock. That somebody was late to speak
is counted apart, and so is no fault of the server's; but nobody ever waits for the server, so none of its delays is
hidden.
"""

import contextlib
import select
import time
from itertools import cycle
from typing import NamedTuple

from sprint5_concurrency.bench.crowd import Crowd
from sprint5_concurrency.bench.talking import Meter, Talk
from sprint5_concurrency.bench.wire import STAMP_RANGE, stamp_in, stamp_now


class Paced(NamedTuple):
    """What one process saw at a fixed rate."""

    talk: Talk
    lateness: list[int]  # how many microseconds later than planned it spoke itself


def pace(crowd: Crowd, begin: float, end: float, messages_per_second: float) -> Paced:
    """Let one after another say a line, at a fixed rate whatever the server does; count as long as planned."""
    meter = Meter(crowd)
    speakers = cycle(list(crowd.clients))
    due, lateness = time.monotonic(), [0]
    end = max(end, due + end - begin)
    while (now := time.monotonic()) < end:
        if now >= due:
            say_now(crowd, next(speakers))
            lateness += [int((now - due) * 1e6)] if due >= begin else []
            due += 1 / messages_per_second
        ready = crowd.ready(0)
        for client in ready:
            crowd.hear(client)
        if not ready:
            # select(2) waits to the microsecond, epoll_wait(2) only to the millisecond; one can wait for the other.
            select.select([crowd.epoll], [], [], max(0, min(due, end) - time.monotonic()))
    return Paced(meter.talk(), lateness)


def say_now(crowd: Crowd, descriptor: int) -> None:
    """Let a client, if it is still here, say its next line with the time on it."""
    if client := crowd.clients.get(descriptor):
        number = client.sent // crowd.script.said_bytes
        with contextlib.suppress(OSError):  # a lost server is noticed by hearing
            client.sent += client.socket.send(crowd.script.line(number, stamp_now(), client.name))


def latencies(crowd: Crowd, begin: float) -> list[int]:
    """Return how long each delivery took that was said after `begin`, in microseconds."""
    earliest = int(begin * 1e6) % STAMP_RANGE
    found = []
    for client in crowd.clients.values():
        rest = b""
        for arrived, chunk in client.kept:
            *lines, rest = crowd.dialect.plain(rest + chunk).split(b"\n")
            stamps = [stamp_in(line) for line in lines if line.startswith(b"MSG ")]
            found += [arrived // 1000 % STAMP_RANGE - stamp for stamp in stamps if stamp >= earliest]
    return found
