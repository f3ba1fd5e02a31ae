"""The server of sprint 1: one process, one thread, two clients that speak in turn.

    client 1            server            client 2
       |<------ 1 -------|                    |
       |                 |------- 2 --------->|
       |<----- emi ------|------ rec -------->|
       |---- bonjour --->|---- bonjour ------>|      and the roles are swapped,
       |<---- salut -----|<----- salut -------|      with nothing more said on the wire

One thread must not wait for one client only: the other may leave meanwhile, or Ctrl+C be pressed. So it
waits for all at once (poll), does what can be done without waiting, and waits again.
"""

import socket
from collections.abc import Mapping

from common.announcer import Announcer
from common.arguments import server_arguments
from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine
from common.program import run_server
from common.sockets import accept_waiting, format_address, open_listener
from common.stop import POLLGONE, POLLIN, POLLOUT, Source, Stop, wait_ready
from common.terminal import say

EMI, REC = "emi", "rec"
EXIT = "exit"

LEAVING = ("fin", EXIT)
"""What a client says to leave. `exit` too: relayed, it would end the other client."""

HELD_LINES = 64
"""Lines kept for a client whose turn has not come; from then on its own TCP holds the rest."""


OTHER = {1: 2, 2: 1}


def main(stop: Stop) -> None:
    """Serve pairs of clients until the bell rings, then say `exit` to those who are there."""
    arguments = server_arguments().parse_args()
    pair = Pair(Announcer(stop))
    with open_listener(arguments.bind, arguments.port) as listener:
        say(f"listening on {format_address(listener.getsockname())}")
        while not stop.is_set():
            serve_once(pair, listener, stop)
    take_leave(pair.clients.values(), EXIT)


def serve_once(pair: "Pair", listener: socket.socket, stop: Stop) -> None:
    """Wait until something happens, then do all that it allows."""
    interests: dict[Source, int] = {stop: POLLIN}
    if len(pair.clients) < len(OTHER):
        interests[listener] = POLLIN  # else a third client waits where it is, unaccepted
    interests |= interests_in(pair)
    ready = wait_ready(interests)
    look_at_all(pair, ready)
    if listener in ready and (newcomer := accept_waiting(listener, stop)):
        look_at_all(
            pair, wait_ready(interests_in(pair), 0)
        )  # one's end may stand behind what was read just now
        welcome(pair, newcomer)
        pair.settle()


def interests_in(pair: "Pair") -> dict[Source, int]:
    """Return what to wait for from those who are there."""
    return {client: interest(client) for client in pair.clients.values() if is_watched(client)}


def look_at_all(pair: "Pair", ready: Mapping[Source, int]) -> None:
    """Do what the clients are ready for; who has left is let go, before anybody takes a place."""
    for client in pair.clients.values():
        look(client, ready.get(client, 0))
    pair.settle()


def is_watched(client: Connection) -> bool:
    """Tell whether anything can still come of a client: once it has said all, only room for what it is sent."""
    return not client.ended or bool(client.outbox)


def interest(client: Connection) -> int:
    """Return what we wait for from a client; that it is dead is reported in any case."""
    wants_to_hear = POLLIN if len(client.inbox) < HELD_LINES and not client.ended else 0
    wants_to_send = POLLOUT if client.outbox else 0
    return wants_to_hear | wants_to_send


def look(client: Connection, events: int) -> None:
    """Do what a client is ready for."""
    if events & POLLOUT:
        client.flush()
    if events & (POLLIN | POLLGONE):
        client.read()


def welcome(pair: "Pair", newcomer: Connection) -> None:
    """Seat a newcomer, unless it gave up while it waited to be accepted."""
    newcomer.read()
    if is_leaving(newcomer):
        newcomer.close()
    else:
        pair.seat(newcomer)


def is_leaving(client: Connection) -> bool:
    """Tell whether nothing but its departure is left to be done for a client; a bad line is a departure too."""
    line = client.inbox.peek()
    return client.ended if line is None else isinstance(line, BadLine) or line in LEAVING


def departure(client: Connection) -> str:
    """Return how a client that is leaving does it."""
    line = client.inbox.peek()
    return f"was hung up on ({line})" if isinstance(line, BadLine) else "left"


class Pair:
    """Two places, and whose turn it is. What is not there to be relayed yet waits in each client's inbox."""

    def __init__(self, announcer: Announcer) -> None:
        self.clients: dict[int, Connection] = {}
        self.announcer = announcer
        self.start_afresh()

    def start_afresh(self) -> None:
        """Forget the conversation: client 1 will begin."""
        self.turn = 1
        self.started = False
        self.last_lines: dict[int, str] = {}

    def seat(self, newcomer: Connection) -> None:
        """Give a newcomer the first free place, its number, and its role as soon as there are two."""
        place = 2 if 1 in self.clients else 1
        self.clients[place] = newcomer
        self.announcer.note(f"client {place} arrived from {newcomer.peer}, {len(self.clients)} present")
        newcomer.post(str(place))
        if self.started:
            self.give_role(place)
        elif len(self.clients) == len(OTHER):
            self.started = True
            self.give_role(1)
            self.give_role(2)

    def give_role(self, place: int) -> None:
        """Tell a place its role; `emi` comes with the last line sent there, which a newcomer has not seen."""
        client = self.clients[place]
        client.post(EMI if place == self.turn else REC)
        if place == self.turn and place in self.last_lines:
            client.post(self.last_lines[place])

    def settle(self) -> None:
        """Relay and let go until nothing more can be done, and announce what has been."""
        while self.relay_line() or self.free_place():
            pass
        self.announcer.print_notes()

    def relay_line(self) -> bool:
        """Relay one line of the one whose turn it is, and pass the turn; tell whether there was one."""
        speaker, other = self.clients.get(self.turn), OTHER[self.turn]
        hearer = self.clients.get(other)
        if not self.started or speaker is None or is_leaving(speaker) or (hearer and hearer.outbox):
            return False
        line = speaker.inbox.take()
        if line is None:
            return False
        self.turn = other
        self.last_lines[other] = line
        if hearer:
            hearer.post(line)
        return True

    def free_place(self) -> bool:
        """Let one client go that wants to; tell whether there was one."""
        for place, client in self.clients.items():
            if is_leaving(client) or client.vanished:
                del self.clients[place]
                client.close()
                self.announcer.note(f"client {place} {departure(client)}, {len(self.clients)} present")
                if not self.clients:
                    self.start_afresh()
                return True
        return False


if __name__ == "__main__":
    run_server(main)
