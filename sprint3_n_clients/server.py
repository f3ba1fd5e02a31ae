r"""The server of sprint 3: any number of clients in one room, a thread for each.

                                        /---> client B
    client A ---- bonjour ----> thread of A ---> client C
                                        \---> client D

Each thread listens to its client and sends what it says to all the others in the shared table. While it does,
the table must not change, so a lock guards it. And because all threads need that lock, nobody may wait while
holding it: a client whose buffer is full is hung up on, never waited for.
"""

import threading

from common.announcer import Announcer
from common.arguments import client_count, server_arguments
from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine
from common.program import run_server
from common.sockets import accept, bound_unsent, format_address, open_listener
from common.stop import Stop
from common.terminal import complain, say

EXIT = "exit"

LEAVING = ("fin", EXIT)
"""What a client says to leave. `exit` too: relayed, it would end the other clients."""

MAX_CLIENTS = 100
"""Unless the command line says otherwise (subject 004)."""

UNSENT_BYTES = 256 * 1024
"""What the system may keep for a client that does not read. Left alone, it grows to some megabytes each."""

ASK_AGAIN_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.06)
"""The pauses after which a full room is asked again: the thread of one who has left may be giving his place back."""


def main(stop: Stop) -> None:
    """Serve all that come until the bell rings, then say `exit` to those who are there."""
    parser = server_arguments()
    parser.add_argument("--max-clients", type=client_count, default=MAX_CLIENTS, metavar="N")
    arguments = parser.parse_args()
    room = Room(arguments.max_clients, stop)
    with open_listener(arguments.bind, arguments.port) as listener:
        bound_unsent(listener, UNSENT_BYTES)
        say(f"listening on {format_address(listener.getsockname())}")
        while newcomer := accept(listener, stop):
            start_thread(newcomer, room, stop)
    join_threads()
    take_leave(room.clients, EXIT)


def start_thread(newcomer: Connection, room: "Room", stop: Stop) -> None:
    """Serve a newcomer in a thread of its own; refuse it when the system has none left."""
    try:
        threading.Thread(target=serve_client, args=(newcomer, room, stop)).start()
    except RuntimeError as error:
        complain(f"newcomer refused: {error}")
        newcomer.close()


def join_threads() -> None:
    """Wait until all threads have heard the bell."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()


def serve_client(newcomer: Connection, room: "Room", stop: Stop) -> None:
    """Relay for one client until it leaves or the bell rings: who is here then is left to main."""
    if not finds_place(newcomer, room, stop):
        take_leave([newcomer], f"*** server full: {room.max_clients} clients")
        return
    departure = "was given up"
    try:
        departure = relay_lines(newcomer, room)
    finally:  # whatever happened: nobody stays in the room whom no thread listens to
        if not stop.is_set():
            room.leave(newcomer, departure)


def finds_place(newcomer: Connection, room: "Room", stop: Stop) -> bool:
    """Take a newcomer in; a full room is asked again for a moment, for somebody may just have left."""
    for pause in ASK_AGAIN_SECONDS:
        if room.arrive(newcomer):
            return True
        stop.wait(pause)
    return room.arrive(newcomer)


def relay_lines(speaker: Connection, room: "Room") -> str:
    """Relay each line of one client to the others until it leaves; return how it left."""
    try:
        for line in speaker:
            if line in LEAVING:
                break
            room.relay(line, speaker)
    except BadLine as bad:
        return f"was hung up on ({bad})"
    return "left"


class Room:
    """The table of all clients that are present."""

    def __init__(self, max_clients: int, stop: Stop) -> None:
        self.max_clients = max_clients
        self.clients: list[Connection] = []
        self.lock = threading.Lock()  # guards the table; held for memory only, never while waiting
        self.announcer = Announcer(stop)

    def arrive(self, newcomer: Connection) -> bool:
        """Take a newcomer in; False when the room is full."""
        with self.lock:
            if len(self.clients) == self.max_clients:
                return False
            self.clients.append(newcomer)
            self.announcer.note(f"client arrived from {newcomer.peer}, {len(self.clients)} present")
        self.announcer.print_notes()
        return True

    def leave(self, client: Connection, departure: str) -> None:
        """Take a client out and close its connection."""
        with self.lock:  # outside, somebody may be about to empty its outbox
            self.clients.remove(client)
            how = "was hung up on (it does not read)" if client.outbox else departure
            self.announcer.note(f"client {client.peer} {how}, {len(self.clients)} present")
        client.close()
        self.announcer.print_notes()

    def relay(self, line: str, speaker: Connection) -> None:
        """Send a line to all but its speaker; hang up on whoever has no room for it, so that nobody waits."""
        with self.lock:
            for client in self.clients:
                # A filled outbox: hung up on, its thread is about to see it.
                if client is speaker or client.outbox:
                    continue
                client.post(line)
                if client.outbox:
                    client.hang_up()


if __name__ == "__main__":
    run_server(main)
