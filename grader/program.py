"""A program under test: started in a session of its own, always read, its end explained, nothing left behind.

On a terminal it has a pseudo-terminal as stdin, stdout, stderr and controlling terminal: what a person types is
written to the other end, Ctrl+C included. On pipes its three streams are apart.
"""

import fcntl
import os
import select
import signal
import sys
import termios
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from grader.journal import SIGNALLED, STARTED, STOPPED, UNSEEN, spell
from grader.launch import on_pipes, on_terminal, plain_environment
from grader.leftovers import END_SECONDS, MARK, Household
from grader.stage import Stage

CHUNK_BYTES = 65536

LAST_WORDS, LAST_BYTES = 5, 4096
"""How many lines of stderr an ending quotes, and how much of it at most: a line may be megabytes long."""

MOST_OUTPUT_BYTES = 16 * 1024 * 1024
"""Whoever writes more than this on one stream does not talk, but loops; it is ended."""

CPU_CLOCK = 2
"""CPUCLOCK_SCHED of the kernel: behind the inverted number of a process, its clock of nanoseconds on the processor
(clock_getcpuclockid(3))."""

CHUNKS_LEFT = 16
"""Chunks that an ended program may have left unread: 1 MiB, the largest pipe. What is more, others write since."""


class Program:
    """One running program: what it wrote so far, by stream (`screen` on a terminal; `stdout`, `stderr` on pipes)."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        command: Sequence[str],
        *,
        terminal: bool,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.stage = stage
        self.name = name
        self.written: dict[str, bytearray] = {}
        self.listeners: list[Callable[[str, bytes], None]] = []
        self._streams: dict[int, str] = {}
        self._household = Household()
        marked = {**(environment or plain_environment()), MARK: self._household.mark}
        with self._household.left_on_error():
            started = (on_terminal if terminal else on_pipes)(command, directory, marked)
        self._process, self._keyboard, self._terminal = started.process, started.keyboard, started.terminal
        self._household.leader = self.pid
        self._listen(started.streams)
        stage.journal.write(name, STARTED)
        stage.bring(self)

    @property
    def pid(self) -> int:
        """Return the process id, which is its session's too."""
        return self._process.pid

    def types(self, data: bytes) -> None:
        """Write to its keyboard, as fast as it reads; keys that nobody will ever read are lost.

        Raises AssertionError when it lives on and reads nothing for as long as the stage is patient.
        """
        view = memoryview(data)
        while view and not self._is_deaf():
            view = view[self._press(view) :]
            if view and not self.stage.wait_for_outside(lambda: self._is_deaf() or can_write(self._keyboard)):
                raise AssertionError(f"{self.name} does not read what is typed: {len(view)} bytes are left")

    def closes_keyboard(self) -> None:
        """End its input: Ctrl+D at a terminal, end of file on a pipe."""
        if "screen" in self.written:
            self.types(b"\x04")
        elif self._keyboard >= 0:
            os.close(self._keyboard)
            self._keyboard = -1

    def hangs_up(self) -> None:
        """Close its terminal, as who closes the window, or all its pipes; may be called twice."""
        for descriptor in list(self._streams):
            self._forget(descriptor)
        if "screen" not in self.written:
            self.closes_keyboard()

    def signal(self, number: int) -> None:
        """Send a signal to it and to all in its group, as a terminal does: its command may be a script around it."""
        self.stage.journal.write(self.name, SIGNALLED, signal_name(number))
        if self._process.poll() is None:
            os.killpg(self.pid, number)

    def has_ended(self) -> bool:
        """Tell whether it has ended; then all that it wrote has been read."""
        if self._process.poll() is None:
            return False
        for descriptor, stream in list(self._streams.items()):
            for _chunk in range(CHUNKS_LEFT):
                if not self._read(descriptor, stream):
                    break
        return True

    def wait_end(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; tell whether it has."""
        return self.stage.wait_for_outside(self.has_ended, seconds)

    @property
    def exit_code(self) -> int | None:
        """Return its exit code, minus the number of the signal that killed it, or None while it runs."""
        return self._process.poll()

    def how_it_ended(self) -> str:
        """Return its exit code or the signal that killed it, in words."""
        code = self.exit_code
        if code is None:
            return "is still running"
        return f"was killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"

    def ending(self) -> str:
        """Return in words how it ended, and the last words of one that has: on stderr where that is apart."""
        words = "".join(f"\n        | {line}" for line in self._last_words())
        return f"{self.name} {self.how_it_ended()}{words}"

    def _last_words(self) -> list[str]:
        if "stderr" in self.written:
            text = self.written["stderr"][-LAST_BYTES:].decode(errors="backslashreplace")
        elif self.exit_code is None:  # a person at a terminal has seen it: the steps tell
            return []
        else:
            text = UNSEEN.sub("", self.written["screen"][-LAST_BYTES:].decode(errors="backslashreplace"))
        return [spell(line.encode()) for line in text.split("\n") if line][-LAST_WORDS:]

    def keys_unread(self) -> int:
        """Return how many bytes that were typed nobody has read; at a terminal, of lines that are whole."""
        if self._is_deaf():
            return 0
        if not self._terminal:
            return bytes_in(self._keyboard)
        theirs = os.open(self._terminal, os.O_RDWR | os.O_NOCTTY)
        try:
            return bytes_in(theirs)
        finally:
            os.close(theirs)

    def usage(self) -> psutil.Process:
        """Return the process as psutil sees it: CPU times, threads, descriptors, memory."""
        return psutil.Process(self.pid)

    def processor_seconds(self) -> float:
        """Return how long its process has used the processor. Raises an error once the process is buried."""
        if sys.platform == "linux":  # psutil reads steps of 0.01 s there
            return time.clock_gettime(((~self.pid) << 3) | CPU_CLOCK)
        times = self.usage().cpu_times()
        return float(times.user + times.system)

    def end(self) -> None:
        """Kill it and all that it started, whatever that did to get away; may be called twice."""
        try:
            self._household.leave()
            self._process.wait(END_SECONDS)
            self.has_ended()
        finally:
            self.hangs_up()

    def _listen(self, streams: Mapping[str, int]) -> None:
        for stream, descriptor in streams.items():
            self.written[stream] = bytearray()
            self._streams[descriptor] = stream
            self.stage.watch(descriptor, partial(self._read, descriptor, stream))

    def _read(self, descriptor: int, stream: str) -> bool:
        try:
            chunk = os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:  # so Linux ends a terminal whose other side is closed (EIO)
            chunk = b""
        if not chunk:
            self._forget(descriptor)
            return False
        self.written[stream] += chunk
        if len(self.written[stream]) > MOST_OUTPUT_BYTES:
            self._end_flood(descriptor)
            return False
        for listener in self.listeners:
            listener(stream, chunk)
        return True

    def _end_flood(self, descriptor: int) -> None:
        self._forget(descriptor)
        self.stage.journal.write(self.name, STOPPED, f"more than {MOST_OUTPUT_BYTES >> 20} MiB of output")
        self._household.leave()
        self._process.kill()

    def _forget(self, descriptor: int) -> None:
        self.stage.unwatch(descriptor)
        del self._streams[descriptor]
        os.close(descriptor)
        if descriptor == self._keyboard:  # a terminal is both; its number may soon be another's
            self._keyboard = -1

    def _is_deaf(self) -> bool:
        return self._keyboard < 0 or self.has_ended()

    def _press(self, keys: memoryview) -> int:
        try:
            return os.write(self._keyboard, keys)
        except BlockingIOError:
            return 0
        except OSError:  # it has closed its input, or is about to end
            return len(keys)


def bytes_in(descriptor: int) -> int:
    """Return how many bytes lie in a pipe, or before who reads a terminal."""
    count = array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def can_write(descriptor: int) -> bool:
    """Tell whether a write would not wait."""
    return is_ready(descriptor, select.POLLOUT)


def can_read(descriptor: int) -> bool:
    """Tell whether a read, or an accept, would not wait."""
    return is_ready(descriptor, select.POLLIN)


def is_ready(descriptor: int, event: int) -> bool:
    """Tell whether a descriptor is ready for an event now."""
    poll = select.poll()  # select(2) itself knows no descriptor above 1023
    poll.register(descriptor, event)
    return bool(poll.poll(0))


def signal_name(number: int) -> str:
    """Return what a signal is called; real-time signals have numbers only."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
