"""Clients of sprint 5 as raw connections: each has a name, gives it, and speaks under it."""

import time
from collections.abc import Callable, Sequence

from grader.journal import spell
from grader.peers import Peer
from grader.stage import Stage
from grader.unseen import Unseen, expect
from tests.e2e.wire import MAX_LINE_BYTES

NAMES = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy")

HELLO_SECONDS = 0.1
"""How soon to speak again to somebody who may not be in yet: nothing tells that a name was granted."""

LAST_HELLO = "that is all"

LONGEST = b"MSG " + b"x" * (MAX_LINE_BYTES - len(b"MSG \n"))
"""The longest line that a client may send, without its LF."""


class Talker(Peer):
    """A client that is called by its name."""

    def gives_name(self) -> None:
        """Ask for its name, which is granted in silence."""
        self.says(f"USER {self.name}")

    def enters(self, members: Sequence["Talker"]) -> None:
        """Give its name, and speak until all who are there have heard it: then each hears each."""
        self.gives_name()
        if not members:
            return
        deadline = time.monotonic() + self.stage.patience
        while not self._greets(members):
            if self.unread or time.monotonic() > deadline:
                got = spell(bytes(self.unread)) or "nothing"
                raise Unseen(self.stage, f"all others hear {self.name}", f"{self.name} is told {got}")
        self.says(f"MSG {LAST_HELLO}")
        end = said(self, LAST_HELLO)
        self.stage.wait_until(lambda: all(member.unread.endswith(end) for member in members))
        for member in members:
            member.unread.clear()

    def tells(self, people: Sequence["Talker"], *texts: str) -> None:
        """Say something that everybody else of `people` hears under its name, and nothing else."""
        self.says(*(f"MSG {text}" for text in texts))
        for hearer in people:
            if hearer is not self:
                for text in texts:
                    hearer.receives_bytes(said(self, text))

    def is_refused(self, line: str | bytes, code: str) -> None:
        """Say a line, and be told what is wrong with it: in one word, then in a few."""
        self.sends(line if isinstance(line, bytes) else f"{line}\n".encode())
        self.is_told(code)

    def is_told(self, code: str) -> None:
        """Expect to be told what is wrong: in one word, of which a hyphen leaves the end open, then in a few."""
        line = self.receives_line()
        error, first, words = [*line.split(" ", 2), "", ""][:3]
        is_code = first.startswith(code) if code.endswith("-") else first == code
        right = error == "ERR" and is_code and words
        expect(self.stage, bool(right), f"{self.name} receives 'ERR {code}', and why", repr(line))

    def _greets(self, members: Sequence["Talker"]) -> bool:
        self.says("MSG hello")
        return self.stage.wait_until(lambda: all(member.unread for member in members), HELLO_SECONDS)


def said(speaker: Talker, text: str) -> bytes:
    """Return the line in which others hear what one says."""
    return f"MSG {speaker.name} {text}\n".encode()


class People:
    """Brings talkers to a server."""

    def __init__(self, stage: Stage, port: int, host: str) -> None:
        self.newcomer: Callable[..., Talker] = lambda name, receive_buffer=None: Talker(
            stage, name, port, host, receive_buffer
        )

    def come(self, count: int) -> list[Talker]:
        """Bring so many, one after the other, who all hear each other."""
        found: list[Talker] = []
        for name in NAMES[:count]:
            newcomer = self.newcomer(name)
            newcomer.enters(found)
            found.append(newcomer)
        return found
