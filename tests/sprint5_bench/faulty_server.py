"""A server for sprint 5's wire that makes one mistake: `faulty_server.py PORT FAULT`.

It makes it when the third numbered line has been said, to all who hear that line. FAULT is drop, double, reorder,
damage, hang-up, die, full; think, which is no mistake; or none.
"""

import os
import selectors
import socket
import sys
import time

THIRD = 3

THINK_SECONDS = 1.5
"""Longer than a silence that raises doubts (QUIET_SECONDS in bench/ending.py)."""


class Faulty:
    """Serves its clients, one after another, line by line."""

    def __init__(self, port: int, fault: str) -> None:
        self.fault = fault
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.names: dict[socket.socket, bytes] = {}
        self.unfinished: dict[socket.socket, bytes] = {}
        self.said = 0
        self.kept = (self.listener, b"")  # a speaker, and its line that is to come after its next one

    def serve(self) -> None:
        """Serve until killed."""
        while True:
            for key, _events in self.selector.select():
                if key.fileobj is self.listener:
                    self.admit()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj.fileno() >= 0:
                    self.hear(key.fileobj)

    def admit(self) -> None:
        """Let a newcomer in."""
        newcomer, _address = self.listener.accept()
        self.unfinished[newcomer] = b""
        self.selector.register(newcomer, selectors.EVENT_READ)
        if self.fault == "full":
            newcomer.sendall(b"ERR server-full nobody can come in\n")

    def hear(self, speaker: socket.socket) -> None:
        """Do what has arrived asks."""
        try:
            chunk = speaker.recv(65536)
        except OSError:
            chunk = b""
        if not chunk:
            self.close(speaker)
            return
        *lines, self.unfinished[speaker] = (self.unfinished[speaker] + chunk).split(b"\n")
        for line in lines:
            word, _space, text = line.partition(b" ")
            if speaker.fileno() < 0:
                return
            if word == b"USER":
                self.names[speaker] = text
            else:
                self.relay(speaker, text)

    def relay(self, speaker: socket.socket, text: bytes) -> None:
        """Send a text to the others, with or without the mistake."""
        line = b"MSG " + self.names[speaker] + b" " + text + b"\n"
        self.said += text[:8].isdigit()
        block = line
        if self.said == THIRD:
            self.said += 1
            block = self.mistaken(speaker, line)
        elif self.kept[0] is speaker:
            block += self.kept[1]
            self.kept = (self.listener, b"")
        for hearer in [hearer for hearer in self.names if hearer is not speaker]:
            self.send(hearer, block)

    def mistaken(self, speaker: socket.socket, line: bytes) -> bytes:
        """Return what is sent in place of a line."""
        if self.fault == "reorder":
            self.kept = speaker, line
        if self.fault == "think":
            think()
        if self.fault == "die":
            os._exit(7)
        if self.fault == "hang-up":
            self.close(next(client for client, name in self.names.items() if name.startswith(b"b")))
        return {
            "drop": b"",
            "double": line * 2,
            "reorder": b"",
            "damage": line[:25] + b"?" + line[26:],
        }.get(self.fault, line)

    def send(self, hearer: socket.socket, block: bytes) -> None:
        """Send to one who may have gone."""
        try:
            hearer.sendall(block)
        except OSError:
            self.close(hearer)

    def close(self, client: socket.socket) -> None:
        """Forget one who has gone, if that has not been done."""
        if client.fileno() < 0:
            return
        self.selector.unregister(client)
        self.names.pop(client, None)
        self.unfinished.pop(client, None)
        client.close()


def think() -> None:
    """Use the processor for a while."""
    end = time.process_time() + THINK_SECONDS
    while time.process_time() < end:
        sum(range(1000))


if __name__ == "__main__":
    Faulty(int(sys.argv[1]), sys.argv[2]).serve()
