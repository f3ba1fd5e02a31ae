"""The server of sprint 2: two clients talk in any order, two threads relay.

    client A ---- bonjour ---->  thread of A  ---- bonjour ----> client B
    client A <---- salut ------  thread of B  <---- salut ------ client B

Each thread accepts a client, listens to it and sends what it says to the other, found in the shared table.
It may wait as long as it likes, for a line or for room to send one: the other direction has its own thread.
While both have a client nobody accepts, so that a third one waits.
"""

import socket
import threading

from common.announcer import Announcer
from common.arguments import server_arguments
from common.connection import Connection, take_leave
from common.lines import BadLine
from common.program import run_server
from common.sockets import accept, format_address, open_listener
from common.stop import Stop
from common.terminal import say

EXIT = "exit"

LEAVING = ("fin", EXIT)
"""What a client says to leave. `exit` too: relayed, it would end the other client."""

OTHER = {1: 2, 2: 1}


def main(stop: Stop) -> None:
    """Serve pairs of clients until the bell rings, then say `exit` to those who are there."""
    arguments = server_arguments().parse_args()
    pair = Pair(stop)
    with open_listener(arguments.bind, arguments.port) as listener:
        say(f"listening on {format_address(listener.getsockname())}")
        threads = [
            threading.Thread(target=serve_place, args=(place, pair, listener, stop)) for place in OTHER
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        pair.wake_all()
        for thread in threads:
            thread.join()
    take_leave(pair.clients.values(), EXIT)


def serve_place(place: int, pair: "Pair", listener: socket.socket, stop: Stop) -> None:
    """Relay for one client after the other, until the bell rings: who is here then is left to main."""
    while newcomer := accept(listener, stop):
        if gave_up(newcomer):
            newcomer.close()
            continue
        pair.arrive(place, newcomer)
        departure = relay_lines(newcomer, OTHER[place], pair)
        if not stop.is_set():
            pair.leave(place, departure)


def gave_up(newcomer: Connection) -> bool:
    """Tell whether a newcomer left while it waited to be accepted: it takes no place, and no line that waits."""
    newcomer.read()
    line = newcomer.inbox.peek()
    return newcomer.ended if line is None else line in LEAVING


def relay_lines(speaker: Connection, other: int, pair: "Pair") -> str:
    """Deliver each line of one client to the other place until it leaves; return how it left."""
    try:
        for line in speaker:
            if line in LEAVING or not pair.deliver(line, speaker, other):
                break
    except BadLine as bad:
        return f"was hung up on ({bad})"
    return "left"


class Pair:
    """The table of the two clients, by place; one that is not there is not in it."""

    def __init__(self, stop: Stop) -> None:
        self.clients: dict[int, Connection] = {}
        self.changed = threading.Condition()  # guards the table, and wakes who waits for somebody to arrive
        self.announcer = Announcer(stop)
        self.stop = stop

    def arrive(self, place: int, newcomer: Connection) -> None:
        """Seat a newcomer and wake the line that may be waiting for one."""
        with self.changed:
            self.clients[place] = newcomer
            self.announcer.note(f"client arrived from {newcomer.peer}, {len(self.clients)} present")
            self.changed.notify_all()
        self.announcer.print_notes()

    def leave(self, place: int, departure: str) -> None:
        """Free a place and close the connection of who sat there."""
        with self.changed:
            client = self.clients.pop(place)
            self.announcer.note(f"client {client.peer} {departure}, {len(self.clients)} present")
        client.close()
        self.announcer.print_notes()

    def deliver(self, line: str, speaker: Connection, place: int) -> bool:
        """Send a line to whoever sits at `place`, waiting until somebody does.

        False once the bell has rung, or the speaker has died while its hearer does not read.
        """
        hearer = self.wait_for_hearer(place)
        while hearer and not hearer.send_line(line, speaker):
            if hearer.outbox:
                return False
            hearer = self.wait_for_hearer(place, instead_of=hearer)
        return hearer is not None

    def wait_for_hearer(self, place: int, instead_of: Connection | None = None) -> Connection | None:
        """Wait until somebody sits at `place`, another than `instead_of`; None once the bell has rung."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.stop.is_set() or self.clients.get(place) not in (None, instead_of)
            )
            return None if self.stop.is_set() else self.clients[place]

    def wake_all(self) -> None:
        """Let whoever waits for somebody see that the bell has rung."""
        with self.changed:
            self.changed.notify_all()


if __name__ == "__main__":
    run_server(main)
