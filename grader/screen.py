"""What a person sees of what a program writes: text, without what only a terminal obeys."""

import codecs
import re

import pexpect
from pexpect.spawnbase import SpawnBase

from grader.journal import SHOWN, UNSEEN
from grader.program import Program

ERASED = re.compile(r"^.*\r\x1b\[K")
"""What stood on a line before the program went back to its beginning and erased it."""

MOVED = re.compile(r"\x1b\[[\d;]*[ABEFHf]")
"""Where a program goes to another row: what it writes there does not stand right behind what it wrote before."""

BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b\n]*\x1b?|[ -/]*)?\Z")
"""The beginning of an escape sequence whose end has not arrived."""

EVERYTHING = re.compile(".*", re.DOTALL)

LAST_CHARACTERS = 4096
"""How much of an endless line the journal shows, and of what came instead of what should have been seen."""


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

    def forget(self) -> None:
        """Count all that has been shown by now as seen."""
        self._unread.clear()
        self.expect(EVERYTHING)

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
        return UNSEEN.sub("", text), [visible(ERASED.sub("", line)) for line in lines]


def visible(line: str) -> str:
    """Return what a person sees of what was written up to a line feed; what stands in several rows, apart."""
    return "  ".join(filter(None, (UNSEEN.sub("", part) for part in MOVED.split(line))))
