"""A server that has just been started, and its crowd: all of them in, none of them having said a word."""

import contextlib
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sprint5_concurrency.bench.crew import Crew
from sprint5_concurrency.bench.crowd import KEPT_BYTES
from sprint5_concurrency.bench.dialect import Dialect
from sprint5_concurrency.bench.ending import QUIET_SECONDS, Ending, Outcome
from sprint5_concurrency.bench.joining import HOST
from sprint5_concurrency.bench.judge import Verdict
from sprint5_concurrency.bench.machine import busy_seconds
from sprint5_concurrency.bench.servers import Server, Target, running
from sprint5_concurrency.bench.trouble import Trouble
from sprint5_concurrency.bench.wire import CRIER, CRY, GO

CRY_SECONDS = 0.1
"""How often to cry until everybody has heard it, where a server gives no other sign that they are in."""

LAST_WORDS_SECONDS = 0.1
"""A server that hangs up because it ends gets so much time to do so."""

AT_WORK = 0.02
"""Who uses more than this of a processor is doing something."""

LOST_SECONDS = 10.0
"""After so long a silence, what is missing is lost, however busy the server is."""


@contextlib.contextmanager
def gathering(
    crew: Crew, target: Target, clients: int, *, present: int | None = None, stalled: bool = False
) -> Iterator["Gathering"]:
    """Start a server for so many clients, and let those come in that are to be `present`: all, unless told."""
    with running(target, clients) as server:
        meeting = Gathering(crew, server, clients, target.dialect)
        try:
            meeting.join(clients if present is None else present, stalled=stalled)
            yield meeting
        finally:
            crew.ask("leave")


class Gathering:
    """A server, and those who are there."""

    def __init__(self, crew: Crew, server: Server, clients: int, dialect: Dialect) -> None:
        self.crew = crew
        self.server = server
        self._clients = clients
        self._dialect = dialect
        self._present = 0

    def join(self, newcomers: int, *, stalled: bool = False) -> float:
        """Let newcomers in, and one more that then stops reading; return how many seconds it took."""
        if not newcomers:
            return 0.0
        shares = shared(self._present, newcomers, len(self.crew))
        self._present += newcomers
        with Crier(self.server.port, self._dialect) as crier:
            took = self._let_in(shares, crier)
            if stalled:
                self._let_in(shared(self._present, 1, len(self.crew)), crier)
            crier.cry(GO)
            self.crew.ask("await_go")
        if stalled:
            self.crew.ask("stall", (self._present,))
        return took

    def _let_in(self, shares: list[range], crier: "Crier") -> float:
        self.crew.tell("join", *[(self.server.port, share, self._dialect) for share in shares])
        cries = (lambda: crier.cry(CRY), CRY_SECONDS)
        times: list[tuple[float, float]] = self.crew.answers(*(() if self._dialect.has_receipts else cries))
        return max(ended for _began, ended in times) - min(began for began, _ended in times)

    def count_from_here(self, line_bytes: int, *, keep_all: bool = False) -> None:
        """Let the crowd begin to count lines of so many bytes, or of as many as the server takes."""
        length = min(line_bytes, self._dialect.longest)
        self.crew.ask("count_from_here", (length, 100 * KEPT_BYTES if keep_all else KEPT_BYTES))

    def watch(self, begin: float) -> tuple[list[Any], float, float]:
        """Return what the crowd saw, once it has finished; and how busy the server, and all processors, were."""
        self.server.runs_for(begin - time.monotonic())
        start, used, busy = time.monotonic(), self.server.cpu_seconds(), busy_seconds()
        answers = self.crew.answers()
        seconds = time.monotonic() - start
        return answers, (self.server.cpu_seconds() - used) / seconds, (busy_seconds() - busy) / seconds

    def cpu_for(self, seconds: float) -> float:
        """Return how busy the server is while nobody says anything."""
        used = self.server.cpu_seconds()
        self.server.runs_for(seconds)
        return (self.server.cpu_seconds() - used) / seconds

    def end(self, messages: int, patience: float) -> tuple[tuple[str, ...], dict[str, float]]:
        """Hear what is still on its way; return what went wrong, and how much of it all was checked."""
        is_over = self._hear_out(messages, patience)
        outcomes = self.crew.ask("outcome", (messages, self._clients, is_over))
        if any(outcome.hung_up for outcome in outcomes):
            self.server.runs_for(LAST_WORDS_SECONDS)
        return tuple(failures(outcomes)), checked(outcomes)

    def _hear_out(self, messages: int, patience: float) -> bool:
        """Hear to the end; tell whether what is missing then will never come.

        A server that owes something and is silent may be at work on it; so it has not lost it before it is at rest
        too, or (some never are) has been silent for very long.
        """
        is_over, silent_since = False, 0.0
        while not is_over:
            used, start = self.server.cpu_seconds(), time.monotonic()
            endings = set(self.crew.ask("hear_out", (messages, patience)))
            if Ending.MORE in endings:
                return False
            silent_since = silent_since or time.monotonic() - QUIET_SECONDS
            is_at_rest = self.server.cpu_seconds() - used < AT_WORK * (time.monotonic() - start)
            is_over = (
                Ending.QUIET not in endings or is_at_rest or time.monotonic() - silent_since > LOST_SECONDS
            )
        return True


def shared(first: int, count: int, parts: int) -> list[range]:
    """Share the numbers of `count` clients out: as evenly as possible."""
    bounds = [first + count * part // parts for part in range(parts + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]


def failures(outcomes: list[Outcome]) -> list[str]:
    """Return in words what the processes of a crowd found wrong."""
    hung_up = sum(outcome.hung_up for outcome in outcomes)
    words = [f"the server hung up on {hung_up:,} of its clients"] if hung_up else []
    return words + sum((outcome.verdict for outcome in outcomes), Verdict()).failures()


def checked(outcomes: list[Outcome]) -> dict[str, float]:
    """Return how many deliveries were heard and counted, and how many of them were looked at one by one."""
    judged = sum(outcome.verdict.judged for outcome in outcomes)
    heard_out = all(outcome.is_over for outcome in outcomes)
    return {
        "heard": sum(outcome.heard for outcome in outcomes),
        "judged": judged,
        "heard_out": float(heard_out),
    }


class Crier:
    """A client that only speaks, before a measurement, so that all others can be sure to be in; then it leaves."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        self._dialect = dialect
        try:
            self._socket = socket.create_connection((HOST, port))
            self._socket.sendall(dialect.greeting(CRIER))
        except OSError as error:
            raise Trouble(f"the server cannot be reached: {error.strerror}") from None

    def __enter__(self) -> "Crier":
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def cry(self, word: bytes) -> None:
        """Say a word to all who are in."""
        try:
            self._socket.sendall(self._dialect.says(CRIER, word))
        except OSError as error:
            raise Trouble(f"the server hung up on a client: {error.strerror}") from None
