"""The first milestone: a server that sends each message back to its author, to many clients at once.

There is no thread per client here. One poll() waits for everybody, and says who can be read or written now:

                    +--> the listener: somebody comes
    poll() waits ---+--> client A: has sent something
                    +--> client B: has room again for what was left to send
                    +--> the bell: Ctrl+C

A client that does not read its answers is not read either, until it does: so it slows down nobody but itself.
"""

import select
import socket
from collections import OrderedDict

from common.arguments import server_arguments
from common.program import run_server
from common.sockets import PAUSE_SECONDS, format_address, open_listener
from common.stop import POLLIN, POLLOUT, Stop
from common.terminal import say
from sprint6_messenger.announcements import Announcements
from sprint6_messenger.answers import EXIT, from_server
from sprint6_messenger.connection import Connection, accept, take_leave
from sprint6_messenger.wire import BadMessage, Message, MessageType, encode


def main(stop: Stop) -> None:
    """Send back all that comes until the bell rings, then say `exit` to those who are there."""
    arguments = server_arguments().parse_args()
    with open_listener(arguments.bind, arguments.port) as listener:
        say(f"listening on {format_address(listener.getsockname())}")
        server = EchoServer(listener)
        while not stop.is_set():
            server.serve_once(stop)
    take_leave(server.clients.values(), encode(from_server(MessageType.ECHO_SEND, EXIT)))


class EchoServer:
    """The list of clients, and what happens when one of them is ready."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        # The subject asks for a linked list. An OrderedDict is one, linked both ways, with an index by descriptor.
        self.clients: OrderedDict[int, Connection] = OrderedDict()
        self._announcements = Announcements()
        self._pause = 0.0  # how long newcomers are left waiting, when no descriptor is left for them

    def serve_once(self, stop: Stop) -> None:
        """Wait until something happens, and do what it takes."""
        poller = select.poll()
        poller.register(stop, POLLIN)
        if not self._pause:
            poller.register(self._listener, POLLIN)
        if self._announcements:
            poller.register(self._announcements, POLLOUT)
        for client in self.clients.values():
            poller.register(client.descriptor, POLLOUT if client.outbox else POLLIN)
        ready = poller.poll(self._pause * 1000 or None)
        self._pause = 0.0
        for descriptor, _events in ready:
            self._serve(descriptor)

    def _serve(self, descriptor: int) -> None:
        if descriptor == self._listener.fileno():
            self._admit()
        elif descriptor == self._announcements.fileno():
            self._announcements.flush()
        elif client := self.clients.get(descriptor):
            self._echo(client)

    def _admit(self) -> None:
        try:
            client = accept(self._listener)
        except OSError:  # it has gone already, or no descriptor is left: then trying at once would burn CPU
            self._pause = PAUSE_SECONDS
            return
        self.clients[client.descriptor] = client
        self._announcements.note(
            f"client arrived from {client.address} port {client.port}, {len(self.clients)} present"
        )

    def _echo(self, client: Connection) -> None:
        if not client.outbox:
            for message in client.read():
                if not is_empty(message):
                    client.post(encode(answer_to(message)))
        client.flush()
        if client.deaf or (not client.outbox and (client.ended or client.decoder.lost)):
            self._dismiss(client)

    def _dismiss(self, client: Connection) -> None:
        client.close()
        del self.clients[client.descriptor]
        self._announcements.note(
            f"client {client.address} port {client.port} left, {len(self.clients)} present"
        )


def is_empty(message: Message | BadMessage) -> bool:
    """Whether a message is an empty line; C programs send the line feed that ended it."""
    if isinstance(message, BadMessage) or message.type is not MessageType.ECHO_SEND:
        return False
    return not message.payload.strip(b"\r\n\0")


def answer_to(message: Message | BadMessage) -> Message:
    """Return a message as it came, or what was wrong with it."""
    if isinstance(message, Message):
        return message
    return from_server(message.type, f"error: {message}")


if __name__ == "__main__":
    run_server(main)
