r"""How the crowd speaks to a server. All else that is measured is the same for all; this is what differs.

    says(b"b0042", b"00000017 ...")  --->  MSG 00000017 ...\n          what the crowd sends
    hears(b"b0042", b"00000017 ...") --->  MSG b0042 00000017 ...\n    what the others then receive
    plain(what was heard)            --->  MSG b0042 00000017 ...\n    the same for all: so one judge will do

A server may also say what is no delivery, an aside: a question whether one is still there, news of others. No
I/O here.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

RECEIPT = b"ERR already-named "


class Dialect(ABC):
    """A language of lines in which names are given and texts are passed on; its texts hold no line ends."""

    has_receipts: bool = True
    """A newcomer is told something as soon as it is in."""

    longest: int = 2048
    """How long a plain line may be so that the server still takes what it comes from."""

    marks: tuple[bytes, ...] = ()
    """Each aside has one of these in it; a delivery may, too."""

    @abstractmethod
    def greeting(self, name: bytes) -> bytes:
        """Return what one says first: it may speak then, but does not hear."""

    @abstractmethod
    def entrance(self, name: bytes) -> bytes:
        """Return what one says next, to hear the others, and to be told that it does."""

    @abstractmethod
    def says(self, name: bytes, text: bytes) -> bytes:
        """Return what is sent to say a text."""

    @abstractmethod
    def hears(self, name: bytes, text: bytes) -> bytes:
        """Return what all others then receive; its length depends on nothing but the text's."""

    @abstractmethod
    def plain(self, heard: bytes) -> bytes:
        """Return what was heard with each delivery as a line of the course; its end may be missing."""

    @abstractmethod
    def is_refusal(self, line: bytes) -> bool:
        """Tell whether a plain line says that a newcomer is not let in."""

    @abstractmethod
    def is_receipt(self, line: bytes) -> bool:
        """Tell whether a plain line says that a newcomer is in."""

    def answer(self, _aside: bytes) -> bytes:
        """Return what an aside asks to be answered; empty when it asks nothing."""
        return b""

    def is_aside(self, _line: bytes) -> bool:
        """Tell whether a line, with its end, is something else than a delivery or a part of one."""
        return False

    def asides(self, lines: bytes) -> list[bytes]:
        """Return what stands in lines besides deliveries. Mostly that is nothing, and found out quickly."""
        if not any(mark in lines for mark in self.marks):
            return []
        return [line for line in whole_lines(lines) if self.is_aside(line)]

    def deliveries(self, lines: bytes) -> bytes:
        """Return lines without what stands there besides deliveries."""
        if not self.asides(lines):
            return lines
        _whole, _end, rest = lines.rpartition(b"\n")
        return b"".join([*(line for line in whole_lines(lines) if not self.is_aside(line)), rest])


def whole_lines(lines: bytes) -> list[bytes]:
    """Return each line with its LF; not the last one, if that has none."""
    return [line + b"\n" for line in lines.split(b"\n")[:-1]]


@dataclass(frozen=True)
class Course(Dialect):
    """The wire of sprint 5. A name is granted in silence; asked for once more, some servers say that one has it."""

    has_receipts: bool = False

    def greeting(self, name: bytes) -> bytes:
        """Return USER and the name."""
        return b"USER " + name + b"\n"

    def entrance(self, name: bytes) -> bytes:
        """Return the same once more where that is answered."""
        return self.greeting(name) if self.has_receipts else b""

    def says(self, _name: bytes, text: bytes) -> bytes:
        """Return MSG and the text: who speaks is known."""
        return b"MSG " + text + b"\n"

    def hears(self, name: bytes, text: bytes) -> bytes:
        """Return MSG, the name and the text."""
        return b"MSG " + name + b" " + text + b"\n"

    def plain(self, heard: bytes) -> bytes:
        """Return it as it is."""
        return heard

    def is_refusal(self, line: bytes) -> bool:
        """Tell whether it is an error, but for the one that is asked for."""
        return line.startswith(b"ERR ") and not line.startswith(RECEIPT)

    def is_receipt(self, _line: bytes) -> bool:
        """Tell that who hears anything is in."""
        return True
