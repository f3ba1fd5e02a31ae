"""The server of sprint 2: two clients talk in any order, two threads relay.

    client A ---- bonjour ---->  thread of A  ---- bonjour ----> client B
    client A <---- salut ------  thread of B  <---- salut ------ client B

Each thread accepts a client, listens to it and sends what it says to the other, found in the shared table.
It may wait as long as it likes, for a line or for room to send one: the other direction has its own thread.
While both have a client nobody accepts, so that a third one waits.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

from common.announcer import Announcer
from common.arguments import server_arguments
from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine
from common.program import run_server
from common.sockets import accept, format_address, open_listener
from common.stop import POLLIN, Source, Stop, wait_ready
from common.terminal import say
from sprint2_threaded_pair.bell import Bell

EXIT = "exit"

LEAVING = ("fin", EXIT)
"""What a client says to leave. `exit` too: relayed, it would end the other client."""

OTHER = {1: 2, 2: 1}

HELD_LINES = 64
"""Lines of one speaker that are taken in while nobody is there to hear them; TCP holds back the rest."""

POLLRDHUP = getattr(select, "POLLRDHUP", 0)
"""What poll(2) says of a peer that sends no more, also while lines lie unread before its end (Linux)."""


def main(stop: Stop) -> None:
    """Serve pairs of clients until the bell rings, then say `exit` to those who are there."""
    arguments = server_arguments().parse_args()
    pair = Pair(stop)
    with open_listener(arguments.bind, arguments.port) as listener:
        say(f"listening on {format_address(listener.getsockname())}")
        threads = [threading.Thread(target=serve_clients, args=(pair, listener, stop)) for _place in OTHER]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()
    take_leave(pair.clients.values(), EXIT)
    pair.close()


def serve_clients(pair: "Pair", listener: socket.socket, stop: Stop) -> None:
    """Relay for one client after the other, until the bell rings: who is here then is left to main."""
    while newcomer := accept(listener, stop):
        if gave_up(newcomer):
            newcomer.close()
            continue
        place = pair.take_place()
        departure = ""
        if pair.arrive(place, newcomer):
            departure = relay_lines(newcomer, OTHER[place], pair)
        if not stop.is_set():
            pair.leave(place, newcomer, departure)


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


def last_lines(speaker: Connection) -> Iterator[str]:
    """Yield what a speaker who has gone had still said, up to its word for leaving or a bad line."""
    with contextlib.suppress(BadLine):
        while (line := speaker.inbox.take()) is not None and line not in LEAVING:
            yield line


class Pair:
    """The table of the two clients, by place; one that is not there is not in it."""

    def __init__(self, stop: Stop) -> None:
        self.clients: dict[int, Connection] = {}
        self.free = list(OTHER)
        self.kept: dict[int, list[str]] = {
            place: [] for place in OTHER
        }  # said by who has gone, to who will come
        self.lock = threading.Lock()  # guards all three; held for memory only, never while waiting
        self.bells = {place: Bell() for place in OTHER}  # rung when somebody arrives there
        self.announcer = Announcer(stop)
        self.stop = stop

    def take_place(self) -> int:
        """Take a free place: one for which lines are kept if there is one. There are as many places as threads."""
        with self.lock:
            place = min(self.free, key=lambda place: (not self.kept[place], place))
            self.free.remove(place)
            return place

    def arrive(self, place: int, newcomer: Connection) -> bool:
        """Seat a newcomer, once it has been given the lines that were kept for it; False when it cannot be."""
        while not self.seat(place, newcomer):
            if not newcomer.send_line(self.kept[place][0]):
                return False
            del self.kept[place][0]
        self.bells[place].ring()
        self.announcer.print_notes()
        return True

    def seat(self, place: int, newcomer: Connection) -> bool:
        """Seat a newcomer; False while there are lines that were kept for it."""
        with self.lock:
            if self.kept[place]:
                return False
            self.clients[place] = newcomer
            self.announcer.note(f"client arrived from {newcomer.peer}, {len(self.clients)} present")
            return True

    def leave(self, place: int, client: Connection, departure: str) -> None:
        """Free a place and close the connection of who took it; announce it if it had been seated."""
        with self.lock:
            self.free.append(place)
            if self.clients.pop(place, None):
                self.announcer.note(f"client {client.peer} {departure}, {len(self.clients)} present")
        client.close()
        self.announcer.print_notes()

    def deliver(self, line: str, speaker: Connection, place: int) -> bool:
        """Send a line to whoever sits at `place`, waiting until somebody does.

        False once its speaker need not be listened to any more: the bell has rung, or the speaker has gone.
        """
        hearer = self.wait_for_hearer(line, speaker, place)
        while hearer and not hearer.send_line(line, speaker):
            if hearer.outbox:
                return False
            hearer = self.wait_for_hearer(line, speaker, place, instead_of=hearer)
        return hearer is not None

    def wait_for_hearer(
        self, line: str, speaker: Connection, place: int, instead_of: Connection | None = None
    ) -> Connection | None:
        """Wait until somebody sits at `place`, another than `instead_of`.

        None once the bell has rung or the speaker has gone. Whoever says goodbye leaves his lines to be kept; they
        do not hold his place, or two who have gone would keep everybody out. Whoever dies takes them with him.
        """
        while not self.stop.is_set():
            with self.lock:
                hearer = self.clients.get(place)
                if hearer not in (None, instead_of):
                    return hearer
                if speaker.ended:
                    self.kept[place] += [] if speaker.vanished else [line, *last_lines(speaker)]
                    return None
            self.wait_for_change(speaker, place)
        return None

    def close(self) -> None:
        """Give the descriptors of its bells back."""
        for bell in self.bells.values():
            bell.close()

    def wait_for_change(self, speaker: Connection, place: int) -> None:
        """Wait until somebody arrives at `place`, the speaker says more or goes, or the bell rings."""
        more = POLLIN if len(speaker.inbox) < HELD_LINES else 0
        bell = self.bells[place]
        interests: dict[Source, int] = {self.stop: POLLIN, bell: POLLIN, speaker: more | POLLRDHUP}
        ready = wait_ready(interests)
        if bell in ready:
            bell.hush()
        if speaker in ready:
            speaker.read()


if __name__ == "__main__":
    run_server(main)
