"""What a server says comes out whole, once, in the order in which it was noted, whichever thread prints."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from common.announcer import KEPT_NOTES, Announcer
from common.stop import Failure, Stop
from tests.common.raw import Thread, ends

THREADS, NOTES = 20, KEPT_NOTES // 20


@pytest.mark.usefixtures("hasty_threads")
def test_the_order_of_notes_is_the_order_of_print(capfd: pytest.CaptureFixture[str], stop: Stop) -> None:
    announcer, lock, noted = Announcer(stop), threading.Lock(), list[str]()

    def announce(thread: int) -> None:
        for number in range(NOTES):
            with lock:
                noted.append(f"{thread} {number}")
                announcer.note(noted[-1])
            announcer.print_notes()

    threads = [Thread(target=announce, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    assert ends(*threads)
    assert capfd.readouterr().out.split("\n") == [*noted, ""]
    assert not stop.is_set()


def test_noting_prints_nothing(capfd: pytest.CaptureFixture[str], stop: Stop) -> None:
    announcer = Announcer(stop)
    announcer.note("hello")
    assert capfd.readouterr().out == ""
    announcer.print_notes()
    announcer.print_notes()
    assert capfd.readouterr().out == "hello\n"


@contextlib.contextmanager
def stdout_on_a_pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let what is printed go into a pipe; yield the end where it can be read."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        yield reading


def test_notes_wait_for_whoever_reads_them(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [f"{number:0200}" for number in range(KEPT_NOTES)]
    printed = b""
    with stdout_on_a_pipe(monkeypatch) as reading:
        announcer = Announcer(stop)
        for note in notes:
            announcer.note(note)
        announcer.print_notes()
        while len(printed) < 201 * len(notes):  # which is more than a pipe holds
            printed += os.read(reading, 65536)
            announcer.print_notes()
        os.close(reading)
    assert printed.decode().split("\n") == [*notes, ""]


def test_of_too_many_notes_the_newest_are_kept(capfd: pytest.CaptureFixture[str], stop: Stop) -> None:
    announcer = Announcer(stop)
    for number in range(KEPT_NOTES + 3):
        announcer.note(str(number))
    announcer.print_notes()
    assert capfd.readouterr().out.split() == [str(number + 3) for number in range(KEPT_NOTES)]


class LastMomentLock:
    """A lock during whose first release, just before it is free, somebody else has something to announce."""

    def __init__(self, announcer: Announcer) -> None:
        self.announcer = announcer
        self.lock = threading.Lock()
        self.released = 0

    def acquire(self, blocking: bool) -> bool:
        return self.lock.acquire(blocking)

    def release(self) -> None:
        self.released += 1
        if self.released == 1:
            self.announcer.note("at the last moment")
            self.announcer.print_notes()
        self.lock.release()


def test_a_note_at_the_last_moment_is_printed_too(
    capfd: pytest.CaptureFixture[str], stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    announcer = Announcer(stop)
    monkeypatch.setattr(announcer, "_printing", LastMomentLock(announcer))
    announcer.note("first")
    announcer.print_notes()
    assert capfd.readouterr().out == "first\nat the last moment\n"


def test_a_closed_output_ends_the_program(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    with stdout_on_a_pipe(monkeypatch) as reading:
        os.close(reading)
        announcer = Announcer(stop)
        announcer.note("hello")
        announcer.print_notes()
        assert stop.is_set()
        with pytest.raises(Failure, match="cannot write to standard output: Broken pipe"):
            stop.raise_failure()
        announcer.note("later")
        announcer.print_notes()
