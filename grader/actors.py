"""Actors: what scenes are written in. Each does things and sees things; whatever it waits for comes in time or fails.

Client       a person at a terminal: types, sees
PipedClient  the same program with its streams on pipes
Peer         a raw connection: bytes, for checks that fix the wire
Server       the program that all of them talk to
"""

import codecs
import re
import signal
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

import pexpect
from pexpect.spawnbase import SpawnBase

from grader.journal import CLOSED, CONNECTED, ENDED, RECEIVED, SENT, SHOWN, TYPED, spell
from grader.listening import accept_queues, wait_listening
from grader.program import Program, can_read, can_write
from grader.stage import Stage

CHUNK_BYTES = 65536

STEPS = 40
"""How many of the last steps a failure tells: enough for every scene that a person can follow."""

UNSEEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]|[\r\x00]"
)
"""What a terminal obeys and a person does not see: escape sequences (ECMA-48), carriage returns, NUL."""

ERASED = re.compile(r"^.*\r\x1b\[K")
"""What stood on a line before the program went back to its beginning and erased it."""

BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b\n]*\x1b?|[ -/]*)?\Z")
"""The beginning of an escape sequence whose end has not arrived."""

LAST_CHARACTERS = 4096
"""How much of an endless line the journal shows, and of what came instead of what should have been seen."""

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time at all: close sends RST instead of FIN."""


class Unseen(AssertionError):
    """What should have been seen was not; the text tells the whole scene up to there."""

    def __init__(self, stage: Stage, expected: str, got: str) -> None:
        steps = "\n".join(stage.journal.steps()[-STEPS:])
        super().__init__(f"\n{steps}\n\nexpected: {expected}\n     got: {got}\n{stage.endings()}")


class Server:
    """A server that listens."""

    def __init__(
        self,
        stage: Stage,
        command: Sequence[str],
        port: int = 0,
        directory: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.stage = stage
        self.host = host
        self.awaited = 0  # lines up to the last one that was waited for: none is taken for news twice
        self.program = Program(stage, "server", command, terminal=False, directory=directory)
        self.port = wait_listening(self.program, port or None)

    @property
    def said(self) -> list[str]:
        """Return the whole lines that it has printed so far."""
        return self.program.written["stdout"].decode(errors="replace").split("\n")[:-1]

    def announces(self, pattern: str) -> str:
        """Wait until it prints a line in which `pattern` is found, behind the last that was awaited; return it."""
        found: list[int] = []

        def is_said() -> bool:
            found[:] = [n for n in range(self.awaited, len(self.said)) if re.search(pattern, self.said[n])]
            return bool(found)

        self.stage.wait_for_outside(lambda: is_said() or self.program.has_ended())
        if is_said():
            self.awaited = found[0] + 1
            return self.said[found[0]]
        raise Unseen(self.stage, f"server prints a line like {pattern!r}", repr(self.said))

    def waiting(self) -> int:
        """Return how many connections wait to be accepted (Linux)."""
        return accept_queues(self.program.pid).get(self.port, 0)

    def leaves_waiting(self, count: int) -> None:
        """Wait until exactly so many connections wait to be accepted."""
        if not self.stage.wait_for_outside(lambda: self.waiting() == count):
            raise Unseen(self.stage, f"{count} connections wait to be accepted", str(self.waiting()))

    def interrupt(self) -> None:
        """Press Ctrl+C at the server."""
        self.program.signal(signal.SIGINT)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self.program.signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it: no goodbye to anybody."""
        self.program.signal(signal.SIGKILL)

    def ends(self, code: int | None = None) -> None:
        """Wait until it has ended, with this exit code if one is given."""
        expect_end(self.program, code)

    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return not self.program.has_ended()


def expect_end(program: Program, code: int | None) -> None:
    """Wait until a program has ended, with this exit code if one is given. Raises Unseen."""
    if not program.wait_end() or code not in (None, program.exit_code):
        wanted = f"{program.name} ends" + ("" if code is None else f" with exit code {code}")
        raise Unseen(program.stage, wanted, program.ending())
    program.stage.journal.write(program.name, ENDED, program.how_it_ended())


class Screen(SpawnBase):  # type: ignore[type-arg,unused-ignore]  # generic for type checkers only
    """What a person sees of a program's output, in pexpect's terms: expect and expect_exact work on it."""

    def __init__(self, program: Program) -> None:
        super().__init__(timeout=program.stage.patience, encoding="utf-8")
        self.delayafterread = None  # what arrives is looked at when it arrives
        self._program = program
        self._unread: list[str] = []
        self._inks = {stream: Ink() for stream in program.written}
        program.listeners.append(self._hear)

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> str:  # noqa: ARG002 - pexpect's own
        """Return what is new, waiting for it with the whole stage. Raises pexpect's TIMEOUT and EOF."""
        if not self._program.stage.wait_for_outside(
            lambda: bool(self._unread) or self._program.has_ended(), timeout
        ):
            raise pexpect.TIMEOUT("nothing new is shown")
        if not self._unread:
            raise pexpect.EOF("the program has ended")
        text = "".join(self._unread)
        self._unread.clear()
        return text

    def _hear(self, stream: str, chunk: bytes) -> None:
        text, lines = self._inks[stream].take(chunk)
        if text:
            self._unread.append(text)
        for line in lines:
            self._program.stage.journal.write(self._program.name, SHOWN, line)


class Ink:
    """One stream as a person sees it: a letter or an escape sequence that is cut waits for its rest."""

    def __init__(self) -> None:
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # the beginning of an escape sequence
        self._line = ""

    def take(self, chunk: bytes) -> tuple[str, list[str]]:
        """Return what the next bytes show, and the lines that are whole with them."""
        text = self._held + self._characters.decode(chunk)
        begun = BEGUN.search(text)
        self._held = begun[0] if begun else ""
        text = text[: len(text) - len(self._held)]
        *lines, rest = (self._line + text).split("\n")
        self._line = rest[-LAST_CHARACTERS:]
        return UNSEEN.sub("", text), [UNSEEN.sub("", ERASED.sub("", line)) for line in lines]


class Client:
    """A person who runs the client program at a terminal."""

    terminal = True

    def __init__(
        self, stage: Stage, name: str, command: Sequence[str], directory: Path | None = None
    ) -> None:
        self.stage = stage
        self.name = name
        self.program = Program(stage, name, command, terminal=self.terminal, directory=directory)
        self.screen = Screen(self.program)

    def types(self, *lines: str) -> None:
        """Type lines, each ended by Enter."""
        for line in lines:
            self.stage.journal.write(self.name, TYPED, line)
            self.program.types(line.encode() + b"\n")

    def begins_to_type(self, text: str) -> None:
        """Type text without Enter."""
        self.stage.journal.write(self.name, TYPED, f"{text} (no Enter yet)")
        self.program.types(text.encode())

    def sees(self, *texts: str) -> None:
        """Wait until each text is on the screen, one after the other, behind what was seen before."""
        for text in texts:
            self._expect([text], text)

    def sees_no(self, text: str, before: str) -> None:
        """Wait for `before`, and make sure that `text` does not stand in front of it."""
        if self._expect([text, before], f"{before!r}, and no {text!r} before it") == 0:
            raise Unseen(self.stage, f"{self.name} sees {before!r} and no {text!r} before it", f"{text!r}")

    def presses_control_c(self) -> None:
        """Press Ctrl+C, which the terminal turns into a signal."""
        self.stage.journal.write(self.name, TYPED, "Ctrl+C")
        self.program.types(b"\x03")

    def ends_input(self) -> None:
        """Press Ctrl+D on an empty line, or close the pipe."""
        self.stage.journal.write(self.name, TYPED, "end of input")
        self.program.closes_keyboard()

    def is_killed(self) -> None:
        """Kill the program: no goodbye to anybody."""
        self.program.signal(signal.SIGKILL)
        self.ends()

    def ends(self, code: int | None = None) -> None:
        """Wait until the program has ended, with this exit code if one is given."""
        expect_end(self.program, code)

    def is_running(self) -> bool:
        """Tell whether the program has not ended."""
        return not self.program.has_ended()

    def shown(self) -> bytes:
        """Return every byte that the program has written so far, just as it came."""
        return b"".join(bytes(stream) for stream in self.program.written.values())

    def _expect(self, texts: list[str], wanted: str) -> int:
        try:
            return self.screen.expect_exact(texts)
        except (pexpect.TIMEOUT, pexpect.EOF) as missing:
            why = "the program has ended" if isinstance(missing, pexpect.EOF) else "that did not come in time"
            got = f"{str(self.screen.before)[-LAST_CHARACTERS:]!r} and then: {why}"
            raise Unseen(self.stage, f"{self.name} sees {wanted!r}", got) from None


class PipedClient(Client):
    """The client program with its streams on pipes, as in `printf ... | client`."""

    terminal = False

    @property
    def printed(self) -> list[str]:
        """Return the whole lines that it has printed so far."""
        return self.program.written["stdout"].decode(errors="replace").split("\n")[:-1]

    @property
    def complaints(self) -> list[str]:
        """Return the whole lines that it has written to stderr so far."""
        return self.program.written["stderr"].decode(errors="replace").split("\n")[:-1]

    def complains(self, pattern: str) -> None:
        """Wait until a line on stderr matches."""

        def complains() -> bool:
            return any(re.search(pattern, line) for line in self.complaints)

        self.stage.wait_for_outside(lambda: complains() or self.program.has_ended())
        if not complains():
            raise Unseen(self.stage, f"{self.name} complains of {pattern!r}", repr(self.complaints))


class RawConnection:
    """One end of a TCP connection. What it expects is exact: the next line, the next bytes."""

    def __init__(self, stage: Stage, name: str, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.stage = stage
        self.name = name
        self.unread = bytearray()
        self.hung_up = False
        self.was_reset = False  # hung up on with RST, which may destroy what was said before
        self._socket = sock
        self._reading = False
        self.reads()
        stage.bring(self)
        stage.journal.write(name, CONNECTED)

    def sends(self, data: bytes) -> None:
        """Send bytes just as they are, however long the other side takes to read them."""
        self.stage.journal.write(self.name, SENT, data if len(data) < 200 else data[:200] + b"...")
        view = memoryview(data)
        while view:
            view = view[self._send_some(view) :]
            if view and not self.stage.wait_for_outside(lambda: self.can_send() or self.hung_up):
                raise Unseen(self.stage, f"{self.name} can send", f"{len(view)} bytes are not taken")

    def says(self, *lines: str) -> None:
        """Send lines, each ended by LF, in one piece."""
        self.sends("".join(f"{line}\n" for line in lines).encode())

    def sends_what_fits(self, data: bytes) -> int:
        """Send until the system takes no more for now; return how many bytes that were."""
        sent = 0
        while sent < len(data) and (taken := self._send_some(memoryview(data)[sent:])):
            sent += taken
        return sent

    def can_send(self) -> bool:
        """Tell whether the system would take a byte."""
        return can_write(self._socket.fileno())

    def receives(self, *lines: str) -> None:
        """Wait for exactly these lines, and nothing else, next."""
        for line in lines:
            self.receives_bytes(line.encode() + b"\n")

    def receives_bytes(self, data: bytes) -> None:
        """Wait for exactly these bytes next."""
        self.stage.wait_until(lambda: len(self.unread) >= len(data) or self.hung_up or self._differs(data))
        if bytes(self.unread[: len(data)]) != data:
            got = spell(bytes(self.unread[: len(data) + 80]))
            end = " and then the end of the connection" if self.hung_up else " and nothing more in time"
            raise Unseen(self.stage, f"{self.name} receives {spell(data)!r}", repr(got) + end)
        del self.unread[: len(data)]
        self.stage.journal.write(self.name, RECEIVED, data)

    def receives_line(self) -> str:
        """Wait for the next line, whatever it is; return it without its LF."""
        if (
            not self.stage.wait_until(lambda: b"\n" in self.unread or self.hung_up)
            or b"\n" not in self.unread
        ):
            raise Unseen(self.stage, f"{self.name} receives a line", repr(spell(bytes(self.unread))))
        line = bytes(self.unread[: self.unread.index(b"\n")])
        self.receives_bytes(line + b"\n")
        return line.decode(errors="replace")

    def is_hung_up_on(self) -> None:
        """Wait for the end of the connection, with nothing received before it."""
        self.stage.wait_until(lambda: self.hung_up or bool(self.unread))
        if self.unread or not self.hung_up:
            got = repr(spell(bytes(self.unread))) if self.unread else "neither a byte nor the end"
            raise Unseen(self.stage, f"{self.name} is hung up on", got)
        self.stage.journal.write(self.name, RECEIVED, "the end of the connection")

    def half_closes(self) -> None:
        """Say that nothing more will be sent; go on receiving."""
        self.stage.journal.write(self.name, CLOSED, "its sending side")
        self._socket.shutdown(socket.SHUT_WR)

    def resets(self) -> None:
        """End the connection at once, as a crash or a pulled plug does: RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.closes()

    def closes(self) -> None:
        """Close the connection."""
        self.stage.journal.write(self.name, CLOSED)
        self.end()

    def stops_reading(self) -> None:
        """Leave in the system's buffers whatever arrives from now on."""
        if self._reading:
            self.stage.unwatch(self._socket.fileno())
            self._reading = False

    def reads(self) -> None:
        """Read whatever arrives from now on."""
        if not self._reading:
            self.stage.watch(self._socket.fileno(), self._read)
            self._reading = True

    def end(self) -> None:
        """Leave nothing behind; may be called twice."""
        if self._socket.fileno() >= 0:
            self.stops_reading()
            self._socket.close()

    def _differs(self, data: bytes) -> bool:
        return not data.startswith(bytes(self.unread))

    def _send_some(self, view: memoryview) -> int:
        try:
            return self._socket.send(view)
        except BlockingIOError:
            return 0
        except OSError:  # the other side has gone; what it makes of that is seen by reading
            return len(view)

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except OSError:
            chunk = b""
            self.was_reset = True
        self.unread += chunk
        if not chunk:
            self.hung_up = True
            self.stops_reading()


class Peer(RawConnection):
    """A raw connection to a server: a client of which the check says every byte."""

    def __init__(
        self, stage: Stage, name: str, port: int, host: str = "127.0.0.1", receive_buffer: int | None = None
    ) -> None:
        super().__init__(stage, name, connect(host, port, receive_buffer, stage.patience))


class Impostor:
    """A listener in a server's place, so that the check itself says what a client is told."""

    def __init__(self, stage: Stage, host: str = "127.0.0.1") -> None:
        self.stage = stage
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])
        stage.bring(self)

    def accepts(self) -> RawConnection:
        """Wait for the client that connects; return the server's end."""
        if not self.stage.wait_for_outside(lambda: can_read(self._listener.fileno())):
            raise Unseen(self.stage, "a client connects", "nobody")
        return RawConnection(self.stage, "server", self._listener.accept()[0])

    def end(self) -> None:
        """Close the listener; may be called twice."""
        self._listener.close()


def connect(host: str, port: int, receive_buffer: int | None, seconds: float) -> socket.socket:
    """Return a connected socket that never waits; a small receive buffer must be set before it connects.

    Raises OSError: refused at once, or TimeoutError after `seconds` where even the queue of connections is full.
    """
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(seconds)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock
