"""What a server says comes out whole, once, in the order in which it was noted, whichever thread prints."""

import os
import sys
import threading

import pytest

from common.announcer import Announcer
from common.stop import Failure, Stop
from tests.common.children import SECONDS
from tests.common.raw import Thread, ends

THREADS, NOTES = 20, 200


@pytest.mark.usefixtures("hasty_threads")
def test_the_order_of_notes_is_the_order_of_print(capsys: pytest.CaptureFixture[str], stop: Stop) -> None:
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
    assert capsys.readouterr().out.split("\n") == [*noted, ""]
    assert not stop.is_set()


def test_noting_prints_nothing(capsys: pytest.CaptureFixture[str], stop: Stop) -> None:
    announcer = Announcer(stop)
    announcer.note("hello")
    assert capsys.readouterr().out == ""
    announcer.print_notes()
    announcer.print_notes()
    assert capsys.readouterr().out == "hello\n"


def test_who_waits_for_the_output_holds_up_nobody_and_prints_for_all(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    with (
        os.fdopen(writer, "w") as output,
        os.fdopen(reader) as seen,
    ):  # who waits to write wakes when it closes
        monkeypatch.setattr(sys, "stdout", output)
        announcer = Announcer(stop)
        announcer.note("x" * 200_000)  # more than a pipe takes
        printing = Thread(target=announcer.print_notes)
        printing.start()
        assert seen.read(1) == "x"  # so it prints, and the pipe is too small for the rest
        announcer.note("bob arrived")
        other = Thread(target=announcer.print_notes)
        other.start()
        assert ends(other)
        assert printing.is_alive()
        assert seen.readline() == "x" * 199_999 + "\n"
        assert seen.readline() == "bob arrived\n"
        assert ends(printing)


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
    capsys: pytest.CaptureFixture[str], stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    announcer = Announcer(stop)
    monkeypatch.setattr(announcer, "_printing", LastMomentLock(announcer))
    announcer.note("first")
    announcer.print_notes()
    assert capsys.readouterr().out == "first\nat the last moment\n"


def test_a_closed_output_ends_the_program(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        announcer = Announcer(stop)
        announcer.note("hello")
        printing = Thread(target=announcer.print_notes)
        printing.start()
        stop.wait(SECONDS)
        assert ends(printing)
        with pytest.raises(Failure, match="cannot write to standard output: Broken pipe"):
            stop.raise_failure()
        announcer.note("later")
        announcer.print_notes()
