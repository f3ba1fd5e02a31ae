"""The table of clients: the subject's linked list, and what is read from and written to each of them.

Messages go to the service, which decides; its deliveries go to outboxes. Each turn of the loop ends with one write
of each outbox, however many messages came together in it:

    connected --- named ---> (a user) ---+
        |                                +---> leaving ---> closed
        +--------------------------------+        still written to, no more listened to

Whoever is to be hung up on passes through `leaving`: closed at once, with bytes unread, TCP would reset the
connection, and destroy the last word on its way.
"""

import select
import time
from collections import OrderedDict
from collections.abc import Iterable

from common.stop import POLLIN, POLLOUT
from common.terminal import complain
from sprint6_messenger.announcements import Announcements
from sprint6_messenger.answers import Delivery, Member, last_word
from sprint6_messenger.connection import Connection
from sprint6_messenger.pacing import Pacing
from sprint6_messenger.patience import Patience
from sprint6_messenger.service import Service
from sprint6_messenger.users import TIME_FORMAT, Origin
from sprint6_messenger.wire import BadMessage, Message, encode

MAX_NAMELESS = 256
"""Those who have no name hold no user's place; this bounds what they cost, and those who are leaving."""

OUTBOX_BYTES = 256 * 1024
"""What is kept for a client that does not read, before it is hung up on."""

PATIENCE_SECONDS = 10.0
"""How long a stranger may take to finish a message that it has begun, and one who is leaving to close."""


class Table:
    """All clients. None of its methods waits."""

    def __init__(self, service: Service, poller: select.poll, announcements: Announcements) -> None:
        self._service, self._poller, self._announcements = service, poller, announcements
        # An OrderedDict is a linked list, linked both ways, with an index: here by descriptor.
        self.clients: OrderedDict[Member, Connection] = OrderedDict()
        self._nameless: OrderedDict[Connection, None] = OrderedDict()  # first: who has been silent longest
        self._touched: OrderedDict[Connection, None] = OrderedDict()  # to be written to, or closed
        self._unfinished: Patience[Connection] = Patience(PATIENCE_SECONDS)
        self._leaving: Patience[Connection] = Patience(PATIENCE_SECONDS)
        self._pacing = Pacing()

    def admit(self, client: Connection) -> None:
        """Take in a newcomer; when too many have no name, in the place of the one that has been silent longest."""
        if len(self._nameless) >= MAX_NAMELESS:
            oldest = next(iter(self._nameless))
            self._deliver([last_word(oldest.descriptor, "too many connections without a name")])
        self.clients[client.descriptor] = client
        self._nameless[client] = None
        self._poller.register(client.descriptor, POLLIN)
        origin = Origin(client.address, client.port, time.strftime(TIME_FORMAT))
        self._deliver(self._service.arrive(client.descriptor, origin))

    def serve(self, client: Connection, events: int) -> None:
        """Do what can be done for one that is ready."""
        self._touched[client] = None
        if events & ~POLLOUT:
            try:
                self._read(client)
            except MemoryError:
                self._give_up(client)

    def first_end(self) -> float:
        """Return when `end_waits` is to be called next."""
        return min(wait.first_end() for wait in (self._unfinished, self._leaving, self._pacing))

    def end_waits(self, now: float) -> None:
        """No longer wait for those who have taken too long."""
        self._pacing.end_waits(now)
        for client in self._unfinished.take_due(now):
            self._deliver([last_word(client.descriptor, "you have not finished a message for too long")])
        for client in self._leaving.take_due(now):
            self._close(client)

    def settle(self) -> None:
        """Write what has come together for each client, and close those who are done with."""
        while self._touched:
            client, _ = self._touched.popitem(last=False)
            if client.flush():
                self._pacing.takes(client)
            self._settle(client)
        for client in self._pacing.speakers():
            self._poller.modify(client.descriptor, self._interest(client))

    def _read(self, client: Connection) -> None:
        if client in self._leaving:
            client.read_away()
            return
        self._pacing.speaks(client)
        for each in (found := client.read()):
            if client not in self._leaving:
                self._receive(client, each)
        self._watch_nameless(client, bool(found))
        if client.ended and client not in self._leaving:
            self._depart(client, "left")

    def _watch_nameless(self, client: Connection, has_finished: bool) -> None:
        """Keep an eye on a stranger who begins a message and does not finish it."""
        if has_finished or not client.decoder.is_halfway:
            self._unfinished.end(client)
        if client in self._nameless and client.decoder.is_halfway:
            self._unfinished.begin(client)

    def _receive(self, client: Connection, found: Message | BadMessage) -> None:
        if isinstance(found, BadMessage):
            self._deliver(self._service.refuse(client.descriptor, found))
        else:
            self._deliver(self._service.receive(client.descriptor, found, time.monotonic()))
        if client in self._nameless:
            self._nameless.move_to_end(client)
            self._greet(client)

    def _greet(self, client: Connection) -> None:
        if name := self._service.name_of(client.descriptor):
            del self._nameless[client]
            self._announce(f"{name} arrived from {client.address} port {client.port}")

    def _announce(self, event: str) -> None:
        self._announcements.note(f"{event}, {self._service.present} present")

    def _deliver(self, deliveries: Iterable[Delivery]) -> None:
        encoded: Message | None = None
        raw = b""
        for recipient, message, is_last in deliveries:
            if message is not encoded:
                encoded, raw = message, encode(message)
            client = self.clients[recipient]
            self._post(client, raw)
            if is_last:
                self._depart(client, f"was hung up on ({message.payload.decode()})")

    def _post(self, client: Connection, raw: bytes) -> None:
        self._touched[client] = None
        client.post(raw)
        if len(client.outbox) > OUTBOX_BYTES:
            client.flush()
        if len(client.outbox) > OUTBOX_BYTES:
            client.give_up()

    def _depart(self, client: Connection, how: str) -> None:
        """Let one leave, who may still be written to."""
        name = self._service.name_of(client.descriptor)
        self._deliver(self._service.leave(client.descriptor, time.monotonic()))
        self._nameless.pop(client, None)
        self._unfinished.end(client)
        self._pacing.forget(client)
        self._touched[client] = None
        self._leaving.begin(client)
        if len(self._leaving) > MAX_NAMELESS:
            self._close(self._leaving.first())
        if name:
            self._announce(f"{name} {how}")

    def _give_up(self, client: Connection) -> None:
        """Let one go who needs more memory than there is: that is to cost nobody else anything."""
        complain("a client is given up: out of memory")
        if client not in self._leaving:
            self._depart(client, "was given up")
        client.give_up()

    def _settle(self, client: Connection) -> None:
        if client.is_given_up and client not in self._leaving:
            self._depart(client, "was hung up on (it does not read)")
        if client in self._leaving:
            self._let_go(client)
        else:
            self._pacing.look_at(client)
        if client.descriptor in self.clients:
            self._poller.modify(client.descriptor, self._interest(client))

    def _interest(self, client: Connection) -> int:
        is_heard = not client.ended and not self._pacing.holds(client, self._service.present)
        return (POLLIN if is_heard else 0) | (POLLOUT if client.outbox else 0)

    def _let_go(self, client: Connection) -> None:
        """Close a connection that is leaving as soon as nothing is to be expected of it."""
        if client.is_given_up or client.deaf or (client.ended and not client.outbox):
            self._close(client)
        elif not client.outbox:
            client.finish_sending()

    def _close(self, client: Connection) -> None:
        self._poller.unregister(client.descriptor)
        del self.clients[client.descriptor]
        self._touched.pop(client, None)
        self._leaving.end(client)
        client.close()
