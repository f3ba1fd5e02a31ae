"""How raw clients talk in the races: numbered lines, said and heard in threads of their own."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.common.raw import SMALL, Thread, ends, reset

Connect = Callable[..., socket.socket]

Heard = list[bytes]

STEP = 50
"""Lines, of 1 kB at most, that one says before the other has heard them: less than any buffer holds."""


def numbered(speaker: int, count: int, padding: bytes = b"") -> list[bytes]:
    """Return the lines of one speaker."""
    return [b"%d %d%b\n" % (speaker, number, padding) for number in range(count)]


def said_by(speaker: int, heard: Heard) -> Heard:
    """Return what was heard of one speaker, in order."""
    return [line for line in heard if line.startswith(b"%d " % speaker)]


def receive_lines(sock: socket.socket, count: int, into: Heard) -> None:
    """Read exactly so many lines, or up to the end."""
    with sock.makefile("rb") as reader:
        into.extend(reader.readline() for _ in range(count))


def talk_in_step(speaker: socket.socket, hearer: socket.socket, lines: Sequence[bytes]) -> Heard:
    """Say lines no faster than they are heard, some at a time, so that no buffer of the hearer fills; return them."""
    heard: Heard = []
    with hearer.makefile("rb") as reader:
        for start in range(0, len(lines), STEP):
            some = lines[start : start + STEP]
            speaker.sendall(b"".join(some))
            heard.extend(reader.readline() for _ in some)
    return heard


@contextmanager
def running(*threads: threading.Thread) -> Iterator[None]:
    """Run threads while something else happens, and see them end."""
    for thread in threads:
        thread.start()
    yield
    assert ends(*threads)


def speaking(sock: socket.socket, lines: Sequence[bytes]) -> threading.Thread:
    """Return a thread that says lines, each with a send of its own."""

    def speak() -> None:
        for line in lines:
            sock.sendall(line)

    return Thread(target=speak)


def hearing(sock: socket.socket, count: int, into: Heard) -> threading.Thread:
    """Return a thread that hears so many lines."""
    return Thread(target=receive_lines, args=(sock, count, into))


def come_and_go(connect: Connect, port: int, times: int) -> None:
    """Connect and leave at once, in turn by closing, with a word, in mid-line and by reset."""
    for number in range(times):
        guest = connect(port, SMALL)
        guest.sendall((b"", b"fin\n", b"half a li", b"")[number % 4])
        if number % 4 == 3:
            reset(guest)
        guest.close()
