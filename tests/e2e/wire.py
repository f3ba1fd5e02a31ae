"""What crosses the wire of sprints 1 to 3: its limits, its bad lines, and lines cut and joined in all ways."""

import signal
from collections.abc import Iterable

from grader.actors import Server
from grader.listening import has_read_all
from grader.peers import Peer
from grader.unseen import expect
from grader.words import Words
from tests.e2e.steps import is_stopped_in_time

MAX_LINE_BYTES = 2048

ENDLESS_BYTES = 64 * 1024
"""The two limits of the wire: a line with its LF, and what comes without any LF."""

LONGEST = b"x" * (MAX_LINE_BYTES - 1)
"""The longest text of a line, which ends with LF."""

BAD_LINES = {
    "not UTF-8": b"a\xff\n",
    "half a character": b"\xe2\x82\n",
    "overlong": b"\xc0\xaf\n",
    "surrogate": b"\xed\xa0\x80\n",
    "beyond Unicode": b"\xf4\x90\x80\x80\n",
    "NUL": b"a\x00b\n",
    "escape": b"\x1b[2J\n",
    "DEL": b"\x7f\n",
    "C1": b"\xc2\x9b2J\n",
    "CR inside": b"a\rb\n",
    "two CR": b"a\r\r\n",
    "one byte too long": LONGEST + b"x\n",
    "one too long with its CR": LONGEST + b"\r\n",
    "much too long": b"x" * 60_000 + b"\n",
    "endless": b"x" * (ENDLESS_BYTES + 1),
}

ODD_TEXTS = (" ", "\t x ", "a\u2028b\u2029c", "\ufeffa", "e\u0301", "%s %n {0} $HOME")
"""Lines that look empty, ended or dangerous, and are text."""

NOT_THE_WORD = ("FIN", "fin ", " fin", "finir", "Exit", "exit 0", "emi", "rec", "1")
"""Lines that resemble the words of the wire, or are words of the server, and are text when a client says them."""


def is_taken_in(server: Server) -> None:
    """Wait until the server has read all that was sent to it: what is sent next is another segment."""
    pid = server.program.pid
    is_read = server.stage.wait_for_outside(lambda: has_read_all(pid))
    expect(server.stage, is_read, "the server reads what it is sent", "bytes lie unread in its connections")


def ends_in_time(server: Server, number: signal.Signals, readers: Iterable[Peer]) -> None:
    """Stop a server: all who read are told, and nothing else."""
    with is_stopped_in_time(server, number):
        for reader in readers:
            reader.receives("exit")
            reader.is_hung_up_on()


def stop_while_talking(server: Server, speaker: Peer, words: Words) -> None:
    """Stop a server that has not yet read what a peer says: its goodbye must not be destroyed by a reset."""
    server.program.signal(signal.SIGSTOP)
    speaker.says(*words.several(1000))  # more than a server takes in at once
    server.interrupt()
    server.program.signal(signal.SIGCONT)
    speaker.receives("exit")
    speaker.is_hung_up_on()
    assert not speaker.was_reset, "the server closed with bytes unread: that resets the connection"
    speaker.closes()
    server.ends(0)


def cut(server: Server, speaker: Peer, words: Words) -> list[str]:
    """A line in two pieces, once for each place where it can be cut; also within a character."""
    line = f"héé €😃 {words.word()}"
    data = line.encode() + b"\r\n"
    for place in range(1, len(data)):
        speaker.sends(data[:place])
        is_taken_in(server)
        speaker.sends(data[place:])
    return [line] * (len(data) - 1)


def byte_by_byte(server: Server, speaker: Peer, words: Words) -> list[str]:
    """A line of which each byte comes alone."""
    line = words.word()
    for byte in f"{line}\n".encode():
        speaker.sends(bytes([byte]))
        is_taken_in(server)
    return [line]


def joined(server: Server, speaker: Peer, words: Words) -> list[str]:  # noqa: ARG001 - one signature for all
    """A thousand lines in one piece."""
    lines = words.several(1000)
    speaker.says(*lines)
    return lines


def empty(server: Server, speaker: Peer, words: Words) -> list[str]:  # noqa: ARG001
    """Lines with nothing in them are nothing; lines of spaces and odd characters are text."""
    texts = [*ODD_TEXTS, words.word()]
    speaker.sends(b"\n\r\n" + b"\n" * 10_000 + "\n\n".join(texts).encode() + b"\n")
    return texts


def longest(server: Server, speaker: Peer, words: Words) -> list[str]:  # noqa: ARG001
    """The longest line, with LF and with CR LF."""
    speaker.sends(LONGEST + b"\n" + LONGEST[:-1] + b"\r\n")
    return [LONGEST.decode(), LONGEST[:-1].decode()]


def unfinished(server: Server, speaker: Peer, words: Words) -> list[str]:
    """Text without LF before the end of the connection is dropped."""
    line = words.word()
    speaker.sends(f"{line}\nhalf a line".encode())
    speaker.half_closes()
    server.announces(" present$")
    return [line]


FRAMINGS = (cut, byte_by_byte, joined, empty, longest, unfinished)
"""Each lets a peer send something, and returns the lines that the others must receive."""
