"""The binary wire of sprint 6, spoken by the checks themselves: 264 bytes of header, then a payload.

Written down once more, and not taken from the course's own programs: else both could be wrong alike.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from grader.journal import RECEIVED
from grader.peers import Peer, RawConnection
from grader.unseen import Unseen

HEADER = struct.Struct("<i128si128s")

MAX_TEXT_BYTES = 2048
"""The longest payload of a text."""

ANSWER_BYTES = 1024
"""What some programs read at most of one answer."""

SERVER = "Server"


class Type(IntEnum):
    """What a message is about."""

    NICK = 0
    WHO = 1
    WHOIS = 2
    ECHO = 3
    MSG = 4
    MSGALL = 5
    CREATE = 6
    CHANNELS = 7
    JOIN = 8
    CHANNEL = 9
    QUIT = 10
    REQUEST = 11
    ACCEPT = 12
    REJECT = 13
    SEND = 14
    ACK = 15


@dataclass(frozen=True)
class Said:
    """One message, as it was on the wire."""

    type: int
    infos: str
    text: str
    sender: str

    def __str__(self) -> str:
        name = Type(self.type).name if self.type in set(Type) else self.type
        return f"{name} from {self.sender!r}, infos {self.infos!r}, payload {self.text!r}"


def packed(kind: int, infos: str = "", text: str | bytes = "", sender: str = "") -> bytes:
    """Return the bytes of one message."""
    payload = text if isinstance(text, bytes) else text.encode()
    return HEADER.pack(len(payload), sender.encode(), kind, infos.encode()) + payload


def header(length: int, kind: int = Type.ECHO, sender: bytes = b"", infos: bytes = b"") -> bytes:
    """Return a header that says whatever it is told to."""
    return HEADER.pack(length, sender, kind, infos)


def string(raw: bytes) -> str:
    """Return what stands before the first NUL."""
    return raw.partition(b"\0")[0].decode(errors="backslashreplace")


def size_of_first(raw: bytes | bytearray) -> int:
    """Return how many bytes the first message has; 0 when it is not yet whole."""
    if len(raw) < HEADER.size:
        return 0
    size = HEADER.size + max(0, int.from_bytes(raw[:4], "little", signed=True))
    return size if len(raw) >= size else 0


def unpacked(raw: bytes) -> Said:
    """Return what the bytes of one message say."""
    _length, sender, kind, infos = HEADER.unpack_from(raw)
    payload = raw[HEADER.size :]
    return Said(kind, string(infos), payload.rstrip(b"\n\0").decode(errors="replace"), string(sender))


class MessageConnection(RawConnection):
    """One end of a connection that speaks in messages."""

    def tells(self, kind: int, infos: str = "", text: str | bytes = "") -> None:
        """Send one message."""
        self.sends(packed(kind, infos, text, self.name))

    def has_heard(self) -> bool:
        """Tell whether a whole message has arrived."""
        return size_of_first(self.unread) > 0

    def takes(self) -> Said:
        """Take the next message, whatever it is. Raises Unseen when none comes."""
        self.stage.wait_until(lambda: self.has_heard() or self.hung_up)
        if not self.has_heard():
            end = "the end of the connection" if self.hung_up else self.stage.why_not
            raise Unseen(
                self.stage, f"{self.name} receives a message", f"{len(self.unread)} bytes and then: {end}"
            )
        size = size_of_first(self.unread)
        said = unpacked(bytes(self.unread[:size]))
        del self.unread[:size]
        self.stage.journal.write(self.name, RECEIVED, str(said))
        return said

    def hears(
        self,
        kind: int | None,
        text: str | None = None,
        *,
        infos: str | None = None,
        sender: str | None = None,
    ) -> Said:
        """Wait for a message next; of this type, with this text, infos and sender, where they are given."""
        said = self.takes()
        wanted = Said(
            said.type if kind is None else kind,
            said.infos if infos is None else infos,
            said.text if text is None else text,
            said.sender if sender is None else sender,
        )
        if said != wanted:
            raise Unseen(self.stage, f"{self.name} receives {wanted}", str(said))
        return said

    def is_refused(self, kind: int) -> Said:
        """Wait for an error answer to a request of this type: from the server, without infos."""
        said = self.hears(kind, infos="", sender=SERVER)
        assert said.text, f"{self.name} is not told why"
        return said

    def is_told_to_leave(self, text: str | None = None) -> None:
        """Wait for the last word of the server, and for the end of the connection that must not destroy it.

        What the course gives no words for may have any type.
        """
        said = self.hears(None if text is None else Type.ECHO, text, sender=SERVER)
        assert said.text, f"{self.name} is not told why"
        self.is_hung_up_on()
        assert not self.was_reset, "closed with bytes unread: that resets the connection"


class Talker(MessageConnection, Peer):
    """A raw connection to a server that speaks in messages."""

    def logs_in(self) -> "Talker":
        """Take its own name."""
        self.tells(Type.NICK, self.name)
        self.hears(Type.NICK, infos=self.name)
        return self

    def address(self) -> tuple[str, int]:
        """Return this end's address and port, which the server sees."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)
