"""The servers that are measured: each strategy of the course, and any other program, in a process of its own."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from sprint5_concurrency.bench.dialect import Course, Dialect
from sprint5_concurrency.bench.interrupts import undisturbed
from sprint5_concurrency.bench.joining import HOST
from sprint5_concurrency.bench.trouble import Trouble

STRATEGIES = ("busy_loop", "thread_per_client", "thread_pool", "poll_loop", "event_loop", "asyncio_streams")
"""In the order in which the handout tells of them."""

START_SECONDS = 10.0
LOOK_SECONDS = 0.02

READY = "listening on "

REPOSITORY = Path(__file__).parents[2]

MORE_CLIENTS = 10
"""Places for those who help to measure."""


WITHOUT_RECEIPTS = Course()
"""What every server of the course understands, whoever has written it."""


@dataclass(frozen=True)
class Target:
    """A server that can be started: the name that it has in tables, and its command."""

    name: str
    command: str
    dialect: Dialect = WITHOUT_RECEIPTS
    says_port: bool = False  # its first line of output tells where it listens
    configuration: str = ""  # the text of the file that its command names, with {port} in it

    def words(self, port: int, clients: int, configuration: str = "") -> list[str]:
        """Return the words of the command, with what stands in braces filled in."""
        values = {"{port}": str(port), "{clients}": str(clients), "{configuration}": configuration}
        words = shlex.split(self.command)
        for brace, value in values.items():
            words = [word.replace(brace, value) for word in words]
        return words


def strategy(name: str) -> Target:
    """Return a strategy of the course as a target."""
    python = shlex.quote(sys.executable)
    command = f"{python} -m sprint5_concurrency.server {{port}} --strategy {name} --max-clients {{clients}}"
    return Target(name, command, Course(has_receipts=True), says_port=True)


def other_program(command: str) -> Target:
    """Return any program as a target, named after its command without directories, options and port."""
    words = [Path(word).name for word in shlex.split(command) if "{" not in word and not word.startswith("-")]
    return Target(" ".join(words), command)


class Server:
    """A server that runs; what it and all that it has started use."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.port = 0
        self.pid = process.pid
        self._process = process
        self._output = output

    def memory(self) -> int:
        """Return how many bytes of memory are in use (RSS); what the kernel keeps for sockets is not in it."""
        return int(self._sum(lambda process: process.memory_info().rss))

    def cpu_seconds(self) -> float:
        """Return how much processor time has been used."""
        return self._sum(lambda process: sum(process.cpu_times()[:2]))  # user, system

    def runs_for(self, seconds: float) -> None:
        """Let so much time pass. Raises Trouble when the server ends meanwhile."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(max(seconds, 0))
            raise Trouble(f"the server ended with code {code}{self._last_words()}")

    def output(self) -> str:
        """Return what it has printed."""
        return self._output.read_text(errors="replace")

    def kill(self) -> None:
        """End it and all that it has started, however busy they are; a clean end is another test's subject."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def _last_words(self) -> str:
        lines = self.output().strip().rpartition("\n")
        return f": {lines[2]}" if lines[2] else ""

    def _sum(self, used: Callable[[psutil.Process], float]) -> float:
        """Return what it and all that it has started use."""
        try:
            leader = psutil.Process(self.pid)
            return sum(map(used, [leader, *leader.children(recursive=True)]))
        except psutil.NoSuchProcess:
            raise Trouble(f"the server, or a part of it, has ended{self._last_words()}") from None


@contextlib.contextmanager
def running(target: Target, clients: int) -> Iterator[Server]:
    """Start a server for so many clients, and end it afterwards. Raises Trouble when it does not come to listen."""
    port = 0 if target.says_port else free_port()
    # Its output goes to a file: nobody need read it, and it never has to wait for somebody who does.
    with (
        tempfile.NamedTemporaryFile(prefix="bench-") as output,
        tempfile.NamedTemporaryFile("w", prefix="bench-") as file,
    ):
        print(target.configuration.replace("{port}", str(port)), file=file, flush=True)
        words = target.words(port, clients + MORE_CLIENTS, file.name)
        server = None
        try:
            with undisturbed():
                server = Server(started(target, words, output), Path(output.name))
            server.port = said_port(server) if target.says_port else answering_port(server, port)
            yield server
        finally:
            if server is not None:
                server.kill()


def started(target: Target, words: list[str], output: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a server. Raises Trouble when there is no such program."""
    try:
        return subprocess.Popen(
            words,
            cwd=REPOSITORY if target.says_port else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Trouble(f"the server cannot be started: {error.strerror}") from None


def said_port(server: Server) -> int:
    """Wait until a server says where it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        first, is_whole, _rest = server.output().partition("\n")
        if is_whole and first.startswith(READY):
            return int(first.rpartition(":")[2])
        server.runs_for(LOOK_SECONDS)
    raise Trouble(f"the server did not listen within {START_SECONDS:.0f} s")


def answering_port(server: Server, port: int) -> int:
    """Wait until a server answers at its port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), START_SECONDS):
            return port
        server.runs_for(LOOK_SECONDS)
    raise Trouble(f"the server did not listen at port {port} within {START_SECONDS:.0f} s")


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])
