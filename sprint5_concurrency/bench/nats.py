r"""NATS as the crowd speaks it: each speaker has a subject of its own, and all listen to all of them.

    PUB room.b0042 21\r\n00000017 ...\r\n    --->    MSG room.b0042 1 21\r\n00000017 ...\r\n

(https://docs.nats.io/reference/reference-protocols/nats-protocol; 1 is the number of the one subscription.)
"""

import re
from dataclasses import dataclass

from sprint5_concurrency.bench.dialect import Dialect

HEADER = re.compile(rb"^MSG room\.(\w+) 1 \d+\r\n", re.MULTILINE)

PING, PONG = b"PING\r\n", b"PONG\r\n"


@dataclass(frozen=True)
class Nats(Dialect):
    """Subjects, payloads with their length in front, and a PING now and then."""

    marks = (PING,)

    def greeting(self, _name: bytes) -> bytes:
        """Return CONNECT: no receipt for each line, and nobody hears itself."""
        return b'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\n'

    def entrance(self, _name: bytes) -> bytes:
        """Return SUB, and a PING: its answer comes when SUB has been obeyed."""
        return b"SUB room.* 1\r\n" + PING

    def says(self, name: bytes, text: bytes) -> bytes:
        """Return PUB."""
        return b"PUB room.%b %d\r\n%b\r\n" % (name, len(text), text)

    def hears(self, name: bytes, text: bytes) -> bytes:
        """Return MSG."""
        return b"MSG room.%b 1 %d\r\n%b\r\n" % (name, len(text), text)

    def plain(self, heard: bytes) -> bytes:
        """Return header and payload as one line."""
        return HEADER.sub(rb"MSG \1 ", heard).replace(b"\r\n", b"\n")

    def is_refusal(self, line: bytes) -> bool:
        """Tell whether it is an error."""
        return line.startswith(b"-ERR")

    def is_receipt(self, line: bytes) -> bool:
        """Tell whether it is the answer to PING."""
        return line == PONG.strip()

    def answer(self, aside: bytes) -> bytes:
        """Return PONG for PING."""
        return PONG if aside.strip() == PING.strip() else b""

    def is_aside(self, line: bytes) -> bool:
        """Tell whether it is a PING."""
        return line == PING
