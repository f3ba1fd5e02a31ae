"""A small server that speaks what another project's does: `stand_in.py PORT nats|irc`.

In the middle of it all it asks each client once whether it is still there, and hangs up on who goes on speaking and
does not answer.
"""

import contextlib
import re
import socket
import socketserver
import sys
import threading

THIRD = 3
"""The line of a client behind which it is asked."""

LATE = 50
"""The line behind which it must have answered: it may have said some before it heard the question."""


class Room:
    """All who are connected, and those who hear."""

    lock = threading.Lock()  # guards the lists and the order of what is sent
    hearers: "list[Visit]" = []  # noqa: RUF012


class Visit(socketserver.StreamRequestHandler):
    """Serves one client; a subclass knows the language."""

    disable_nagle_algorithm = True
    question, answer = b"PING\r\n", b"PONG"
    name = b""
    said = 0

    def handle(self) -> None:
        """Obey line by line, to the end."""
        with contextlib.suppress(OSError):  # one that has vanished has left
            while line := self.rfile.readline():
                self.obey(line.strip())
        with Room.lock:
            if self in Room.hearers:
                Room.hearers.remove(self)

    def obey(self, line: bytes) -> None:
        """Do what a line asks."""
        raise NotImplementedError

    def enter(self, receipt: bytes) -> None:
        """Hear the others from now on."""
        with Room.lock:
            Room.hearers.append(self)
            self.wfile.write(receipt)

    def tell_others(self, line: bytes) -> None:
        """Tell all others, and ask the speaker something now and then."""
        self.said += 1
        if self.said > LATE and self.question:
            self.request.shutdown(socket.SHUT_RDWR)
        with Room.lock:
            for hearer in [each for each in Room.hearers if each is not self]:
                hearer.hear(line)
            if self.said == THIRD and self in Room.hearers:
                self.wfile.write(self.question)

    def hear(self, line: bytes) -> None:
        """Pass a line on, or nothing more to one who does not read: the room must not wait for it."""
        try:
            self.request.send(line, socket.MSG_DONTWAIT)
        except BlockingIOError:
            Room.hearers.remove(self)

    def take_answer(self, line: bytes) -> None:
        """Take note that a client is still there."""
        if line == self.answer:
            self.question = b""


class NatsVisit(Visit):
    """PUB and SUB."""

    def obey(self, line: bytes) -> None:
        """Do what a line asks."""
        if line == b"PING":
            self.enter(b"PONG\r\n")
        elif line.startswith(b"PUB "):
            _word, subject, size = line.split(b" ")
            payload = self.rfile.read(int(size) + 2)
            self.tell_others(b"MSG %b 1 %b\r\n%b" % (subject, size, payload))
        else:
            self.take_answer(line)


class IrcVisit(Visit):
    """NICK, JOIN and PRIVMSG."""

    question, answer = b"PING :stand-in\r\n", b"PONG :stand-in"

    def obey(self, line: bytes) -> None:
        """Do what a line asks."""
        if line.startswith(b"NICK "):
            self.name = line[5:]
            self.wfile.write(b":stand-in 001 %b :Welcome\r\n" % self.name)
        elif line.startswith(b"JOIN "):
            self.enter(b":stand-in 366 %b #room :End of NAMES list\r\n" % self.name)
        elif text := re.match(b"PRIVMSG #room :(.*)", line):
            who = b":%b!~%b@bench" % (self.name, self.name)
            self.tell_others(b"%b PRIVMSG #room :%b\r\n" % (who, text[1]))
        else:
            self.take_answer(line)


class StandIn(socketserver.ThreadingTCPServer):
    """Takes all who come."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    StandIn(
        ("127.0.0.1", int(sys.argv[1])), {"nats": NatsVisit, "irc": IrcVisit}[sys.argv[2]]
    ).serve_forever()
