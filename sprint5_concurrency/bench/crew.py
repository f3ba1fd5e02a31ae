r"""The processes that play the crowd. The one that measures tells each what to do, and waits for what all have seen.

bench ---- join, talk, hear_out, ... ---> process 1: clients 0 to 49
    \---------------------------------> process 2: clients 50 to 99
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from sprint5_concurrency.bench import ending, joining, pacing, talking
from sprint5_concurrency.bench.crowd import Crowd
from sprint5_concurrency.bench.limits import raise_descriptor_limit
from sprint5_concurrency.bench.trouble import Trouble

MOST_PROCESSES = 4

ANSWER_SECONDS = 120.0
"""Against hanging only: every command has a deadline of its own."""

COMMANDS: dict[str, Callable[..., Any]] = {
    "join": joining.join,
    "await_go": joining.await_go,
    "stall": Crowd.stall,
    "count_from_here": Crowd.count_from_here,
    "talk": talking.talk,
    "pace": pacing.pace,
    "latencies": pacing.latencies,
    "hear_out": ending.hear_out,
    "outcome": ending.outcome,
    "leave": Crowd.leave,
}


def process_count() -> int:
    """Return how many processes make the load: one processor is left for the server."""
    return min(MOST_PROCESSES, max(1, (os.cpu_count() or 2) - 1))


class Crew:
    """Processes that obey, all at the same time."""

    def __init__(self, size: int) -> None:
        context = multiprocessing.get_context("spawn")  # so that none inherits a connection of another
        self._pipes: list[Connection] = []
        self._processes = []
        self._owe_answers = False
        for _number in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=obey, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __len__(self) -> int:
        return len(self._pipes)

    def tell(self, command: str, *each: Sequence[Any]) -> None:
        """Tell every process what to do: all with the same arguments, or each with its own."""
        if self._owe_answers:  # to somebody who had no more use for them
            self._collect(lambda: None, ANSWER_SECONDS)
        self._owe_answers = True
        arguments = each if len(each) > 1 else [*each] * len(self) or [()] * len(self)
        for pipe, words in zip(self._pipes, arguments, strict=True):
            pipe.send((command, *words))

    def answers(
        self, meanwhile: Callable[[], None] = lambda: None, every: float = ANSWER_SECONDS
    ) -> list[Any]:
        """Return what all have answered; as long as one has not, do something `every` so many seconds."""
        answers = self._collect(meanwhile, every)
        for answer in answers:
            if isinstance(answer, Trouble):
                raise answer
        return answers

    def _collect(self, meanwhile: Callable[[], None], every: float) -> list[Any]:
        found: dict[Connection, Any] = {}
        while len(found) < len(self):
            ready = wait([pipe for pipe in self._pipes if pipe not in found], every)
            if not ready:
                meanwhile()
            for pipe in ready:
                assert isinstance(pipe, Connection)
                found[pipe] = pipe.recv()
        self._owe_answers = False
        return [found[pipe] for pipe in self._pipes]

    def ask(self, command: str, *each: Sequence[Any]) -> list[Any]:
        """Tell every process what to do, and return what all have answered."""
        self.tell(command, *each)
        return self.answers()

    def dismiss(self) -> None:
        """End all processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(ANSWER_SECONDS)
            process.kill()  # without effect on one that has ended
            process.join()
            process.close()


def obey(pipe: Connection) -> None:
    """Play a crowd, as one of the processes, until nobody gives commands any more."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Ctrl+C is for the one who gives them
    raise_descriptor_limit()
    crowd = Crowd()
    while True:
        try:
            command, *arguments = pipe.recv()
            pipe.send(answer(crowd, command, arguments))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def answer(crowd: Crowd, command: str, arguments: list[Any]) -> Any:
    """Do what a command asks; return what is to be said of it, which may be what went wrong."""
    try:
        return COMMANDS[command](crowd, *arguments)
    except Trouble as trouble:
        return trouble
