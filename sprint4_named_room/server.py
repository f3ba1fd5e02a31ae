r"""The server of sprint 4: a room in which everybody has a name, a thread for each.

                                                        /---> alice
    bob ---- salut ----> thread of bob ---> bob: salut ------> bob
                          (room.py decides)             \---> carol

The room decides who gets to read what, and does no input or output; here are the threads that wait, and the
lock that lets them in one by one. Whoever holds it also sends what the room has decided: so all members see
everything in the same order. Sending never waits: a client whose buffer is full is hung up on.
"""

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from common.announcer import Announcer
from common.arguments import client_count, server_arguments
from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine, EndlessLine
from common.program import run_server
from common.sockets import accept, bound_unsent, format_address, open_listener
from common.stop import Stop
from common.terminal import complain, say
from sprint4_named_room.room import REFUSAL, Delivery, Full, Room, encode_relayed
from sprint4_named_room.turnstile import Turnstile

EXIT = "exit"
"""What a client says to leave, and the server at its end. No user's line can be that: a name stands before it."""

MAX_CLIENTS = 100
"""Unless the command line says otherwise (subject 004)."""

NAME_SECONDS = 10.0
"""How long a newcomer may take to find a name: connections that say nothing must not fill the house."""

UNSENT_BYTES = 256 * 1024
"""What the system may keep for a client that does not read. Left alone, it grows to some megabytes each."""

ASK_AGAIN_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.06)
"""The pauses after which a full room is asked again: the thread of one who has left may be giving his place back."""

Answer = TypeVar("Answer")


class Late(Exception):
    """Says that a newcomer has not found a name in time."""


def main(stop: Stop) -> None:
    """Serve all that come until the bell rings, then say `exit` to those who are there."""
    parser = server_arguments()
    parser.add_argument("--max-clients", type=client_count, default=MAX_CLIENTS, metavar="N")
    arguments = parser.parse_args()
    room = SharedRoom(arguments.max_clients, stop)
    with open_listener(arguments.bind, arguments.port) as listener:
        bound_unsent(listener, UNSENT_BYTES)
        say(f"listening on {format_address(listener.getsockname())}")
        while newcomer := accept(listener, stop):
            start_thread(newcomer, room, stop)
    join_threads()
    take_leave(room.clients, EXIT)


def start_thread(newcomer: Connection, room: "SharedRoom", stop: Stop) -> None:
    """Serve a newcomer in a thread of its own; refuse it when the system has none left."""
    try:
        threading.Thread(target=serve_client, args=(newcomer, room, stop)).start()
    except RuntimeError as error:
        complain(f"newcomer refused: {error}")
        newcomer.post(f"{REFUSAL}server full: no thread is left to listen to you")
        newcomer.read()  # what it has said: to close with that unread is a reset, which destroys what it is told
        newcomer.close()


def join_threads() -> None:
    """Wait until all threads have heard the bell."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()


def serve_client(newcomer: Connection, room: "SharedRoom", stop: Stop) -> None:
    """Relay for one client until it leaves or the bell rings: who is here then is left to main."""
    departure = "was given up"
    try:
        asked_again_if_full(partial(room.arrive, newcomer), stop)
        departure = relay_lines(newcomer, room, stop)
    except (Full, Late) as refusal:
        room.leave(newcomer, "was refused")
        take_leave([newcomer], f"{REFUSAL}{refusal}")
    finally:  # whatever happened: nobody stays in the room whom no thread listens to
        if not stop.is_set():
            room.leave(newcomer, departure)
            newcomer.close()


def asked_again_if_full(ask: Callable[[], Answer], stop: Stop) -> Answer:
    """Return what the room answers; a full one is asked again for a moment, for somebody may just have left."""
    for pause in ASK_AGAIN_SECONDS:
        try:
            return ask()
        except Full:
            stop.wait(pause)
    return ask()


def relay_lines(speaker: Connection, room: "SharedRoom", stop: Stop) -> str:
    """Pass each line of one client to the room until it leaves; return how it left. Raises Full, Late."""
    deadline = time.monotonic() + NAME_SECONDS
    has_name = False
    while True:
        try:
            line = speaker.receive_line() if has_name else receive_in_time(speaker, deadline, stop)
            if line is None or line == EXIT:
                return "left"
            has_name = asked_again_if_full(partial(room.receive, speaker, line), stop)
        except EndlessLine as endless:
            room.refuse(speaker, endless)
            return f"was hung up on ({endless})"
        except BadLine as bad:
            room.refuse(speaker, bad)


def receive_in_time(newcomer: Connection, deadline: float, stop: Stop) -> str | None:
    """Return the next line; None once there is none. Raises BadLine, and Late after `deadline`, whatever has come."""
    while not newcomer.inbox and not newcomer.ended:
        if not stop.wait_for(newcomer, seconds=deadline - time.monotonic()):
            break
        newcomer.read()
    if time.monotonic() >= deadline:
        raise Late(f"no name within {NAME_SECONDS:.0f} seconds")
    return newcomer.inbox.take()


class SharedRoom:
    """The room, and the lock under which one thread at a time changes it and sends what follows from that."""

    def __init__(self, max_clients: int, stop: Stop) -> None:
        self.room: Room[Connection] = Room(max_clients)
        # Guards the room and all outboxes; held for memory only, never while waiting.
        self.lock = Turnstile()
        self.announcer = Announcer(stop)

    @property
    def clients(self) -> list[Connection]:
        """Return all connections, those without a name too."""
        with self.lock:
            return self.room.everybody()

    def arrive(self, newcomer: Connection) -> None:
        """Let a newcomer in, who may now give a name. Raises Full."""
        with self.lock:
            self.room.join(newcomer)

    def receive(self, speaker: Connection, line: str) -> bool:
        """Send to all concerned what follows from a line; return whether its speaker has a name. Raises Full."""
        with self.lock:
            is_new = speaker not in self.room.names
            if not speaker.outbox:  # else it is hung up on, and says nothing more
                deliver(self.room.receive(speaker, line))
            name = self.room.names.get(speaker)
            if is_new and name:
                self.announcer.note(f"{name} arrived from {speaker.peer}, {len(self.room.names)} present")
        self.announcer.print_notes()
        return name is not None

    def refuse(self, client: Connection, bad: BadLine) -> None:
        """Tell one client, and nobody else, what is wrong with its line."""
        with self.lock:
            deliver([Delivery(client, f"{REFUSAL}{bad}")])

    def leave(self, client: Connection, departure: str) -> None:
        """Take a client out, if it is there, and tell those who stay."""
        with self.lock:
            name = self.room.names.get(client)
            deliver(self.room.leave(client))
            if name:
                how = "was hung up on (it does not read)" if client.outbox else departure
                self.announcer.note(f"{name} {how}, {len(self.room.names)} present")
        self.announcer.print_notes()


def deliver(deliveries: Iterable[Delivery[Connection]]) -> None:
    """Send each line; hang up on whoever has no room for it, so that nobody waits."""
    for client, line in deliveries:
        if client.outbox:  # a filled outbox: hung up on, its thread is about to see it
            continue
        client.outbox = encode_relayed(line)
        client.flush()
        if client.outbox:
            client.hang_up()


if __name__ == "__main__":
    run_server(main)
