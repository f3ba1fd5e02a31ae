"""The server of sprint 6: one process, one thread, any number of clients; what to do is decided in service.py.

    poll() ---> who is ready? ---> read a chunk of each ---> messages ---> service ---> deliveries
      ^                                                                                     |
      |                     one write for each <--- the outbox of each recipient <----------+
      +--------------------------------+

Nothing in this loop may wait but poll() itself. A recipient that takes nothing costs the others no time: what it
has not read stays in its outbox, and when that is full, it is hung up on.
"""

import math
import select
import socket
import time

from common.arguments import client_count, server_arguments
from common.program import run_server
from common.sockets import OUT_OF_RESOURCES, PAUSE_SECONDS, bound_unsent, format_address, open_listener
from common.stop import POLLIN, POLLOUT, Stop
from common.terminal import say
from sprint6_messenger.announcements import Announcements
from sprint6_messenger.answers import EXIT, from_server
from sprint6_messenger.connection import accept, take_leave
from sprint6_messenger.patience import Patience
from sprint6_messenger.service import Service
from sprint6_messenger.table import Table
from sprint6_messenger.wire import MessageType, encode

MAX_CLIENTS = 100
"""Unless the command line says otherwise (subject 004)."""

UNSENT_BYTES = 64 * 1024
"""What the system keeps besides. Left alone, it grows to some megabytes, and our own bound would mean little."""

ACCEPTS_AT_ONCE = 64
"""Newcomers taken in before those who are here get their turn again."""


def main(stop: Stop) -> None:
    """Serve all that come until the bell rings, then say `exit` to those who are there."""
    parser = server_arguments()
    parser.add_argument("--max-clients", type=client_count, default=MAX_CLIENTS, metavar="N")
    arguments = parser.parse_args()
    with open_listener(arguments.bind, arguments.port) as listener:
        bound_unsent(listener, UNSENT_BYTES)
        say(f"listening on {format_address(listener.getsockname())}")
        server = Server(listener, Service(arguments.max_clients), stop)
        try:
            server.serve()
        finally:
            listener.close()
            take_leave(server.table.clients.values(), encode(from_server(MessageType.ECHO_SEND, EXIT)))


class Server:
    """The loop: it waits for all at once, and lets each have its turn."""

    def __init__(self, listener: socket.socket, service: Service, stop: Stop) -> None:
        self._listener, self._service, self._stop = listener, service, stop
        self._announcements = Announcements()
        self._resting: Patience[socket.socket] = Patience(PAUSE_SECONDS)  # the listener, out of descriptors
        self._poller = select.poll()
        for source in (stop, listener):
            self._poller.register(source, POLLIN)
        self.table = Table(service, self._poller, self._announcements)

    def serve(self) -> None:
        """Do what there is to do until the bell rings."""
        while not self._stop.is_set():
            for descriptor, events in sorted(self._poller.poll(self._milliseconds()), key=self._turn):
                self._serve(descriptor, events)
            self._end_waits(time.monotonic())
            self.table.settle()
            if self._announcements:
                self._poller.register(self._announcements, POLLOUT)

    def _turn(self, ready: tuple[int, int]) -> tuple[bool, bool]:
        """Sort users before who has no name, and newcomers last: who leaves makes room for these."""
        descriptor, _events = ready
        return descriptor == self._listener.fileno(), not self._service.name_of(descriptor)

    def _milliseconds(self) -> float | None:
        first = min(self.table.first_end(), self._resting.first_end())
        return None if first == math.inf else max(0.0, first - time.monotonic()) * 1000

    def _serve(self, descriptor: int, events: int) -> None:
        if client := self.table.clients.get(descriptor):
            self.table.serve(client, events)
        elif descriptor == self._listener.fileno():
            self._admit_waiting()
        elif descriptor == self._announcements.fileno():
            self._print()

    def _admit_waiting(self) -> None:
        try:
            for _ in range(ACCEPTS_AT_ONCE):
                self.table.admit(accept(self._listener))
        except OSError as error:  # nobody waits any more, or the newcomer has gone already
            if error.errno in OUT_OF_RESOURCES:
                self._poller.unregister(self._listener)
                self._resting.begin(self._listener)

    def _print(self) -> None:
        self._announcements.flush()
        if not self._announcements:
            self._poller.unregister(self._announcements)

    def _end_waits(self, now: float) -> None:
        self.table.end_waits(now)
        for listener in self._resting.take_due(now):
            self._poller.register(listener, POLLIN)


if __name__ == "__main__":
    run_server(main)
