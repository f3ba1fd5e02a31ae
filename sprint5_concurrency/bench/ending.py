"""The end of a measurement: hear what is still on its way, then judge all that came."""

import time
from enum import Enum
from typing import NamedTuple

from sprint5_concurrency.bench.crowd import Client, Crowd
from sprint5_concurrency.bench.judge import Verdict, judge
from sprint5_concurrency.bench.wire import head_of

QUIET_SECONDS = 1.0
"""How long nothing must come before one may ask whether anything will."""


class Ending(Enum):
    """How listening ended."""

    ALL = "everything has been heard"
    QUIET = "something is missing, and nothing comes"
    MORE = "something is missing, and it was still coming when patience ended"


class Outcome(NamedTuple):
    """How the deliveries of one process ended."""

    verdict: Verdict
    heard: int  # deliveries
    is_over: bool  # nothing more was on its way
    hung_up: int  # clients


def hear_out(crowd: Crowd, messages: int, seconds: float) -> Ending:
    """Hear what is owed of all `messages`, as long as it comes, and for so many seconds at most."""
    owed = (messages * len(crowd.clients) - crowd.messages()) * crowd.script.heard_bytes
    deadline = time.monotonic() + seconds
    while crowd.heard < owed and not crowd.hung_up:
        ready = crowd.ready(QUIET_SECONDS)
        if not ready:
            return Ending.QUIET
        if time.monotonic() > deadline:
            return Ending.MORE
        for client in ready:
            crowd.hear(client)
    for client in crowd.ready(0):  # what nobody said
        crowd.hear(client)
    return Ending.MORE if crowd.hung_up else Ending.ALL  # with somebody gone, nobody knows what was owed


def outcome(crowd: Crowd, messages: int, clients: int, is_over: bool) -> Outcome:
    """Judge what was kept, and count what was not."""
    heads = {head_of(number) for number in range(clients)}
    dialect, line_bytes = crowd.dialect, crowd.script.line_bytes
    verdict = Verdict()
    for client in crowd.clients.values():
        stream = b"".join(chunk for _arrived, chunk in client.kept)
        plain = dialect.plain(dialect.deliveries(stream))
        judged = judge(plain, heads, line_bytes, own=head_of(client.number))
        verdict += judged.counting(missing(client, crowd, messages)) if is_over else judged
    return Outcome(verdict, crowd.heard // crowd.script.heard_bytes, is_over, len(crowd.hung_up))


def missing(client: Client, crowd: Crowd, messages: int) -> int:
    """Return how many deliveries a client never heard; below 0: heard too many."""
    said = client.sent // crowd.script.said_bytes
    return messages - said - client.heard // crowd.script.heard_bytes
