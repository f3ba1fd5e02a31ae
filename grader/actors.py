"""Actors: what scenes are written in. Each does things and sees things; whatever it waits for comes in time or fails.

Client       a person at a terminal: types, sees
PipedClient  the same program with its streams on pipes
Server       the program that all of them talk to

Raw connections, for checks that fix the wire, are in peers.py.
"""

import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect

from grader.family import is_at_rest
from grader.journal import ENDED, PRESSED, TYPED
from grader.keyboard import awaits_keyboard, has_one_run, is_still, naps, run_until_now, runs_an_errand
from grader.listening import (
    accept_queues,
    as_told,
    connections,
    has_connection,
    has_sockets,
    listening_ports,
    wait_listening,
)
from grader.program import Program
from grader.screen import LAST_CHARACTERS, Screen
from grader.stage import Stage
from grader.unseen import Unseen

REST_SECONDS = 0.2
"""A person types when a program is at rest: some throw away what was typed before their prompt. One that never rests
is not waited for any longer."""

NAP_SECONDS = 2.0
"""Some sleep before their prompt, and throw away what was typed meanwhile. Who polls is seen to wake up soon."""

ASKS_FOR_ENTER = re.compile(
    r"\b(appuye[rz]|tape[rz]|press|hit)\b.*\b(entr[ée]e|enter|return|touche|key)\b", re.IGNORECASE
)
"""What stands on the screen of a program that ends once its user has seen its last words."""

ANSWERS = {
    re.compile(r"\boui\s*(/|ou)\s*non\b", re.IGNORECASE): ("oui", "non"),
    re.compile(r"\byes\s*(/|or)\s*no\b", re.IGNORECASE): ("yes", "no"),
    re.compile(r"\bo\s*(/|ou)\s*n\b", re.IGNORECASE): ("o", "n"),
    re.compile(r"\by\s*(/|or)\s*n\b", re.IGNORECASE): ("y", "n"),
}
"""What a person answers who is asked something by a program that is through."""

ASKS_TO_LEAVE = re.compile(r"quit|ferm|sortir|termin|arr[eê]t|exit|leav|close|end\b", re.IGNORECASE)
"""Else it asks whether to go on, or to begin anew."""

SHOWN_SECONDS = 0.05
"""A terminal has handed on by then what a program at rest has written."""

ASKED_SECONDS = 2.0
"""A program that shows nothing, and is not seen to read its keyboard, wants its user's name by then."""

GOES_ON_SECONDS = 0.3
"""A server that ends with a conversation has ended by then; or once it only waits for others."""

LINES_TOLD = 3
"""Of the lines that a server has printed instead of one that was awaited, the last ones are told."""


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
    def told_port(self) -> int:
        """Return what its command line says for its port, whose bytes it may have turned round."""
        return as_told(self.stage, self.port)

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
        new = [repr(line) for line in self.said[self.awaited :][-LINES_TOLD:]]
        raise Unseen(
            self.stage, f"server prints a line {in_words(pattern)}", ", ".join(new) or "no line more"
        )

    def ports(self) -> set[int]:
        """Return the ports on which it listens now."""
        return listening_ports(self.program.pid)

    def is_open(self) -> bool:
        """Tell whether somebody could come, or nobody ever will."""
        return self.program.has_ended() or self.port in self.ports()

    def waiting(self) -> int:
        """Return how many connections wait to be accepted (Linux)."""
        return accept_queues(self.program.pid).get(self.port, 0)

    def leaves_waiting(self, count: int) -> None:
        """Wait until exactly so many connections wait to be accepted."""
        if not self.stage.wait_for_outside(lambda: self.waiting() == count):
            wanted = (
                f"exactly {count} {'connection waits' if count == 1 else 'connections wait'} to be accepted"
            )
            raise Unseen(self.stage, wanted, str(self.waiting()))

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

    def goes_on(self) -> None:
        """Make sure that it does not end. Raises Unseen."""
        self.stage.settles(GOES_ON_SECONDS)
        if self.program.has_ended():
            raise Unseen(self.stage, "the server goes on", self.program.ending())


def in_words(pattern: str) -> str:
    """Return what a pattern that is anchored at one end, or at none, asks of a line."""
    place = (
        "that begins with"
        if pattern.startswith("^")
        else "that ends with"
        if pattern.endswith("$")
        else "with"
    )
    return f"{place} {pattern.removeprefix('^').removesuffix('$')!r}"


def expect_end(program: Program, code: int | None) -> None:
    """Wait until a program has ended, with this exit code if one is given. Raises Unseen."""
    if not program.wait_end() or code not in (None, program.exit_code):
        wanted = f"{program.name} ends" + ("" if code is None else f" with exit code {code}")
        raise Unseen(program.stage, wanted, program.ending())
    program.stage.journal.write(program.name, ENDED, program.how_it_ended())


class Client:
    """A person who runs the client program at a terminal."""

    terminal = True
    enter = b"\r"
    """What the key sends: the terminal makes a line feed of it, unless its program wants the keys as they come."""

    def __init__(
        self, stage: Stage, name: str, command: Sequence[str], directory: Path | None = None
    ) -> None:
        self.stage = stage
        self.name = name
        self.program = Program(stage, name, command, terminal=self.terminal, directory=directory)
        self.screen = Screen(self.program)
        self._before: dict[Path, list[bytes]] = {}  # how often each thread had run when a line was typed
        self.has_come = False  # it has been seen connected
        self.is_cut_off = False  # the network has taken it away, whatever it knows of that

    def types(self, *lines: str) -> None:
        """Type lines, each ended by Enter, once the program is at rest."""
        self.comes_to_rest()
        self._before = run_until_now(self.program.pid) if self.terminal else {}
        for line in lines:
            self.stage.journal.write(self.name, TYPED, line)
            self.program.types(line.encode() + self.enter)

    def logs_in(self, *lines: str) -> None:
        """Type lines, each once the program asks for it: some throw away what comes before their question."""
        seen = 0
        for line in lines:
            self._is_asked(seen)
            self.types(line)
            seen = len(self.shown())

    def comes_to_rest(self) -> None:
        """Wait until the program waits for something but time; at a terminal only, and not for ever."""
        if self.terminal:
            self._wakes_up(self._before, REST_SECONDS)  # what was typed last has to reach it
            self._rests()
            self._wakes_up(naps(self.program.pid), NAP_SECONDS)
            self._rests()

    def begins_to_type(self, text: str) -> None:
        """Type text without Enter, once the program is at rest."""
        self.comes_to_rest()
        self.stage.journal.write(self.name, TYPED, f"{text} (no Enter yet)")
        self.program.types(text.encode())

    def sees(self, *texts: str) -> None:
        """Wait until each text is on the screen, one after the other, behind what was seen before."""
        for text in texts:
            self._expect([text], repr(text))

    def sees_in_any_order(self, *texts: str) -> None:
        """Wait until all of these texts are on the screen, in any order, behind what was seen before."""
        missing = list(texts)
        while missing:
            del missing[self._expect(missing, repr(missing[0]))]

    def has_seen_all(self) -> None:
        """Count all that is on the screen by now as seen."""
        self.screen.forget()

    def sees_no(self, text: str, before: str) -> None:
        """Wait for `before`, and make sure that `text` does not stand in front of it."""
        if self._expect([text, before], f"{before!r}, and no {text!r} before it") == 0:
            raise Unseen(self.stage, f"{self.name} sees {before!r} and no {text!r} before it", f"{text!r}")

    def presses_control_c(self) -> None:
        """Press Ctrl+C, which the terminal turns into a signal, once the program is at rest."""
        self.comes_to_rest()
        self.stage.journal.write(self.name, PRESSED, "Ctrl+C")
        self.program.types(b"\x03")

    def ends_input(self) -> None:
        """Press Ctrl+D on an empty line, once the program is at rest, or close the pipe."""
        self.comes_to_rest()
        self.stage.journal.write(
            self.name, *((PRESSED, "Ctrl+D") if self.terminal else (TYPED, "end of input"))
        )
        self.program.closes_keyboard()

    def leaves(self, word: str) -> None:
        """Say the word for leaving, and wait for the program's end."""
        self.types(word)
        self.ends_with_its_user()

    def ends_with_its_user(self) -> None:
        """Wait until the program has ended; one that is through with the others, and waits for its user, is answered.

        It is given Enter, or the answer that lets it end.
        """
        self.stage.wait_for_outside(lambda: not self.is_running() or self._only_waits_for_its_user())
        if self.is_running() and self._is_through():
            self.stage.let_pass(SHOWN_SECONDS, lambda: bool(self._last_answer()))
            self.types(self._last_answer())
        self.ends()

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

    def is_present(self) -> bool:
        """Tell whether it takes part: it runs, and has not lost its connection, nor closed it."""
        is_connected = not self.has_come or has_connection(self.program.pid)
        return self.is_running() and is_connected and not self.is_cut_off

    def connections(self) -> set[int]:
        """Return its connections that are open, each by a number that no other has; none once it has left."""
        return connections(self.program.pid) if self.is_present() else set()

    def shown(self) -> bytes:
        """Return every byte that the program has written so far, just as it came."""
        return b"".join(bytes(stream) for stream in self.program.written.values())

    def _wakes_up(self, before: Mapping[Path, list[bytes]], seconds: float) -> None:
        """Wait until one of these threads, if there are any, has had the processor again, or has ended."""
        self.stage.wait_for_outside(lambda: not before or has_one_run(before), seconds)

    def _rests(self) -> None:
        """Wait until no thread is at work, or for a moment; longer for a child that does something in between."""
        pid, wait = self.program.pid, self.stage.wait_for_outside
        wait(lambda: is_still(pid), REST_SECONDS)
        if runs_an_errand(pid):
            wait(lambda: is_still(pid) and not runs_an_errand(pid), NAP_SECONDS)

    def _is_asked(self, seen: int) -> None:
        """Wait until the program shows more than it had, or reads its keyboard; at a terminal, and not for ever."""
        if self.terminal:
            self.comes_to_rest()
            pid = self.program.pid
            self.stage.wait_for_outside(
                lambda: len(self.shown()) > seen or awaits_keyboard(pid), ASKED_SECONDS
            )

    def _only_waits_for_its_user(self) -> bool:
        return self._is_through() and is_at_rest(self.program.pid)

    def _is_through(self) -> bool:
        return not has_sockets(self.program.pid) or bool(ASKS_FOR_ENTER.search(self._last_line()))

    def _last_answer(self) -> str:
        return answer_to(self._last_line())

    def _last_line(self) -> str:
        end = b"".join(bytes(stream[-LAST_CHARACTERS:]) for stream in self.program.written.values())
        return end.decode(errors="replace").rstrip().rpartition("\n")[2]

    def _expect(self, texts: list[str], wanted: str) -> int:
        try:
            return self.screen.expect_exact(texts)
        except (pexpect.TIMEOUT, pexpect.EOF) as missing:
            why = "the program has ended" if isinstance(missing, pexpect.EOF) else self.stage.why_not
            got = f"{str(self.screen.before)[-LAST_CHARACTERS:]!r} and then: {why}"
            raise Unseen(self.stage, f"{self.name} sees {wanted}", got) from None


def answer_to(line: str) -> str:
    """Return yes or no as a line asks for it, whichever lets its program end; nothing where it asks for neither."""
    yes, no = next((both for question, both in ANSWERS.items() if question.search(line)), ("", ""))
    return yes if ASKS_TO_LEAVE.search(line) else no


class PipedClient(Client):
    """The client program with its streams on pipes, as in `printf ... | client`."""

    terminal = False
    enter = b"\n"

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
