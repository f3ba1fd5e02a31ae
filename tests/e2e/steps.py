"""What the checks of several sprints share: people who talk, bad lines, a server that the check itself plays."""

from collections.abc import Callable, Iterable

from grader.actors import Client, Peer, PipedClient, RawConnection, Server
from grader.contract import Contract
from grader.listening import ESTABLISHED, QUEUES, rows_of
from grader.program import Program
from grader.stage import Stage
from grader.words import Words

Bring = Callable[..., Client]

Connect = Callable[..., Peer]

MAX_LINE_BYTES = 2048

ENDLESS_BYTES = 64 * 1024
"""The two limits of the wire: a line with its LF, and what comes without any LF."""

IDLE_SECONDS = 1.0


FLOOD_BYTES = 8_000_000
"""More than the buffers of both systems and of one connection hold together."""

STALLED_SECONDS = 0.2
"""Nobody's bytes are taken for so long: the flood stands still."""

FLOOD_SECONDS = 20.0
"""How long the flood may take to flow off on a slow machine."""

IDLE_CPU_SECONDS = 0.02
"""The system counts CPU in steps of 0.01 s, so less than two steps in a second cannot be told from none."""

MEMORY_BYTES = 4 * 1024 * 1024
"""What a server may grow by while others flood it."""

CROWD = 200
"""More than any accept queue but a deep one holds."""


def talk(speaker: Client, hearer: Client, line: str) -> None:
    """Let one say a line and the other see it."""
    speaker.types(line)
    hearer.sees(line)


def shows(client: Client, text: str) -> bool:
    """Tell whether a client has shown a text by now."""
    return text.encode() in client.shown()


def is_taken_in(server: Server) -> None:
    """Wait until the server has read all that was sent to it: what is sent next is another segment."""
    pid = server.program.pid
    assert server.stage.wait_for_outside(
        lambda: all(row[QUEUES].endswith(":00000000") for row in rows_of(pid, ESTABLISHED))
    )


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


def run(stage: Stage, command: list[str], contract: Contract) -> tuple[int | None, list[bytes]]:
    """Run a program to its end; return its exit code and its lines on stderr."""
    program = Program(stage, "program", command, terminal=False, directory=contract.directory)
    assert program.wait_end(), program.ending()
    return program.exit_code, bytes(program.written["stderr"]).splitlines()


def cpu_seconds(programs: list[Program]) -> list[float]:
    """Return the CPU time that each program uses while nothing happens."""
    stage = programs[0].stage

    def used(program: Program) -> float:
        times = program.usage().cpu_times()
        return times.user + times.system

    before = [used(program) for program in programs]
    stage.wait_until(lambda: False, seconds=IDLE_SECONDS)  # a rate needs a period: nothing is awaited here
    return [used(program) - start for program, start in zip(programs, before, strict=True)]


Visit = Callable[..., tuple[Client, RawConnection]]


def complains_once(client: Client) -> None:
    """Expect one line on stderr and no traceback."""
    assert isinstance(client, PipedClient)
    assert len(client.complaints) == 1, client.complaints


HOSTILE = {
    b"\x1b[2J\x1b]0;title\x07": "\\x1b[2J\\x1b]0;title\\x07",
    "\x9b2J".encode(): "\\x9b2J",
    b"a\xffb": "a\\xffb",
    b"a\rb\x00c\x7f": "a\\x0db\\x00c\\x7f",
}
"""What a server may send, and what may be shown of it."""


OBEYED = (b"\x1b[2J", b"\x1b]", b"\x07", "\x9b".encode(), b"\xff", b"\x00", b"\x7f")
"""What must never reach a terminal, or not from the network."""


def exchange(speaker: Client, hearer: Client, line: str) -> None:
    """Let one say a line, and the other say it back in capitals."""
    talk(speaker, hearer, line)
    talk(hearer, speaker, line[:16].upper())


def has_shown_lines(client: Client, count: int) -> bool:
    """Tell whether a client has shown so many lines by now."""
    return client.shown().count(b"\n") >= count


class Flood:
    """Lines from one peer, as many and as fast as they are taken."""

    def __init__(self, peer: Peer, words: Words) -> None:
        self.peer = peer
        line = words.long_line(1_000).encode() + b"\n"
        self.data = b"".join(b"%08d " % number + line for number in range(FLOOD_BYTES // len(line)))
        self.sent = 0

    def goes_on(self) -> bool:
        """Send what is taken now; tell whether all has been sent."""
        if self.sent < len(self.data) and self.peer.can_send():
            self.sent += self.peer.sends_what_fits(self.data[self.sent : self.sent + ENDLESS_BYTES])
        return self.sent == len(self.data)


def flood_until_stalled(floods: Iterable[Flood]) -> None:
    """Let peers send that do not read, until the server takes no more of either."""
    everybody = list(floods)
    for flood in everybody:
        flood.peer.stops_reading()
    stage = everybody[0].peer.stage
    while stage.wait_for_outside(lambda: any(each.peer.can_send() for each in everybody), STALLED_SECONDS):
        done = [each.goes_on() for each in everybody]
        assert not all(done), "nobody reads, and yet everything is taken: memory is not bounded"


UNSENT = (b"a\xff", b"a\x00b", b"a\x1b[A", LONGEST + b"x")
"""What a keyboard or a pipe may give that is no line of the wire."""
