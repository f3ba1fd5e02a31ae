r"""IRC as the crowd speaks it: all are in one channel.

    PRIVMSG #room :00000017 ...\r\n    --->    :b0042!~b0042@bench PRIVMSG #room :00000017 ...\r\n

(RFC 2812.) The server is told to show everybody as coming from HOST: so all prefixes are of one length.
"""

import re
from dataclasses import dataclass

from sprint5_concurrency.bench.dialect import Dialect

HOST = "bench"

DELIVERY = re.compile(rb"^:(\w+)!~\1@%b PRIVMSG #room :" % HOST.encode(), re.MULTILINE)

REFUSAL = re.compile(rb"ERROR |:\S+ 4[3-9]\d ")
"""The server hangs up; or one of the errors about names, registration and joining (5.2). 422, no MOTD, is none."""

JOINED = b" 366 "
"""RPL_ENDOFNAMES, the last that a newcomer to a channel is told."""


@dataclass(frozen=True)
class Irc(Dialect):
    """Names, one channel, and a PING now and then."""

    longest = 448  # with its prefix, a line has 512 bytes at most (2.3)
    marks = (b"PING ", b" QUIT ", b" JOIN ")

    def greeting(self, name: bytes) -> bytes:
        """Return NICK and USER."""
        return b"NICK %b\r\nUSER %b 0 * :%b\r\n" % (name, name, name)

    def entrance(self, _name: bytes) -> bytes:
        """Return JOIN, which is answered."""
        return b"JOIN #room\r\n"

    def says(self, _name: bytes, text: bytes) -> bytes:
        """Return PRIVMSG: who speaks is known, and a channel is open to those outside unless told otherwise."""
        return b"PRIVMSG #room :%b\r\n" % text

    def hears(self, name: bytes, text: bytes) -> bytes:
        """Return PRIVMSG, and who speaks in front."""
        return b":%b!~%b@%b PRIVMSG #room :%b\r\n" % (name, name, HOST.encode(), text)

    def plain(self, heard: bytes) -> bytes:
        """Return each PRIVMSG as a line of the course."""
        return DELIVERY.sub(rb"MSG \1 ", heard).replace(b"\r\n", b"\n")

    def is_refusal(self, line: bytes) -> bool:
        """Tell whether it is an error that keeps one out."""
        return bool(REFUSAL.match(line))

    def is_receipt(self, line: bytes) -> bool:
        """Tell whether it is the end of the list of those who are there."""
        return JOINED in line

    def answer(self, aside: bytes) -> bytes:
        """Return PONG for PING, with the same words."""
        return b"PONG " + aside.strip()[5:] + b"\r\n" if aside.startswith(b"PING ") else b""

    def is_aside(self, line: bytes) -> bool:
        """Tell whether it is a PING, or about somebody who comes or goes."""
        return line.startswith(b"PING ") or line.split(b" ")[1:2] in ([b"QUIT"], [b"JOIN"])
