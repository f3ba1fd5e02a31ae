"""What is done with those who come, speak and go, whatever the strategy: it never waits, so it leaves that to them.

    newcomers()          accept who waits at the door
    hear(member)         read what has arrived, let the room decide, tell whom it names
    tidy()               hang up on who takes too long to give a name, or to go; print what is to be announced
    seconds()            how long a strategy may wait before it must tidy again

One lock guards the room and all that is sent, so that everybody sees the same lines in the same order. It is held for
one line at a time, and no send waits. A strategy with one thread does not need it, and does not feel it either.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from common.announcer import Announcer
from common.farewell import FAREWELL_SECONDS
from common.sockets import OUT_OF_RESOURCES, PAUSE_SECONDS, format_address, prepare
from common.stop import POLLIN, POLLOUT, wait_ready
from common.terminal import complain
from sprint5_concurrency.member import Member
from sprint5_concurrency.room import Delivery, Room

LOOK_SECONDS = 0.1
"""How often to look at the clock while there is somebody whose time runs."""

GOING_SECONDS = 1.0
"""How long one that has been told its last line may take to close, before that is done for it."""

IGNORED_BYTES = 32 * 1024
"""How much of what it still says is read away until then: a reset must not destroy its last line."""

AnyMember = TypeVar("AnyMember", bound=Member)


class Reception(Generic[AnyMember]):
    """Stands between the sockets, which a strategy waits for, and the room, which decides."""

    def __init__(self, listener: socket.socket, room: Room[AnyMember], announcer: Announcer) -> None:
        self.room = room
        self.going: dict[AnyMember, float] = {}  # told their last line, not yet closed; and since when
        self.lock = threading.Lock()  # guards both, and the order of what is sent; never held while waiting
        self._listener = listener
        self._announcer = announcer
        self._out_of_resources_until = 0.0

    def is_open(self) -> bool:
        """Tell whether newcomers can be let in: not while descriptors or places for the nameless are lacking."""
        return self.room.has_space() and time.monotonic() >= self._out_of_resources_until

    def newcomers(self) -> Iterator[tuple[socket.socket, str]]:
        """Accept all who wait at the door; yield the socket of each, and where it comes from."""
        while self.is_open():
            try:
                newcomer, address = self._listener.accept()
            except OSError as error:
                if error.errno in OUT_OF_RESOURCES:
                    self._out_of_resources_until = time.monotonic() + PAUSE_SECONDS
                return
            with contextlib.suppress(OSError):
                prepare(newcomer)
            yield newcomer, format_address(address)

    def join(self, newcomer: AnyMember) -> None:
        """Let a newcomer in; or tell it why not."""
        with self.lock:
            self.tell(self.room.join(newcomer))

    def hear(self, member: AnyMember) -> bool:
        """Do what has arrived from a member asks; False once it has left, and can be closed."""
        try:
            chunk = self.read(member)
            if chunk:
                self.take_in(member, chunk)
        except MemoryError:
            self.give_up(member)
            return False
        return chunk != b""

    def read(self, member: AnyMember) -> bytes | None:
        """Return what a member has said; None when it has said nothing, b"" once it has left."""
        chunk = member.read()
        if chunk == b"" or (chunk and not self.bears(member, chunk)):
            self.leave(member)
            return b""
        return chunk

    def bears(self, member: AnyMember, chunk: bytes) -> bool:
        """Count what one says that has been told its last line; False when it is enough, and it can be closed."""
        member.ignored += len(chunk) if member in self.going else 0
        return member.ignored < IGNORED_BYTES

    def take_in(self, member: AnyMember, chunk: bytes) -> None:
        """Obey each line that a chunk completes, then answer those that were refused with one write."""
        if member.dismissed:
            return
        refusals = []
        for line in member.lines(chunk):
            with self.lock:
                told = self.room.receive(member, line)
                if told and told[0].recipient is member:
                    refusals += told
                else:
                    self.tell(told)
        self.answer(refusals)
        self._announcer.print_notes()

    def answer(self, refusals: list[Delivery[AnyMember]]) -> None:
        """Tell the speaker of refused lines all that was wrong with them; nothing comes behind the last."""
        if refusals:
            (speaker, _line, _last), *_others = refusals
            with self.lock:
                self.tell([Delivery(speaker, b"".join(each.line for each in refusals), refusals[-1].last)])

    def give_up(self, member: AnyMember) -> None:
        """Forget a member that needs more memory than there is: that is to cost nobody else anything."""
        complain("a client is given up: out of memory")
        self.leave(member)

    def leave(self, member: AnyMember) -> None:
        """Forget a member that has left."""
        with self.lock:
            self.going.pop(member, None)
            self.room.leave(member)
        self._announcer.print_notes()

    def tell(self, deliveries: Iterable[Delivery[AnyMember]]) -> None:
        """Send each its line; hang up on who has no room for it, and on who has been told its last."""
        for recipient, line, last in deliveries:
            if not recipient.post(line):
                self.hang_up(recipient)
            elif last:
                self.going[recipient] = time.monotonic()
                recipient.dismiss()

    def hang_up(self, member: AnyMember) -> None:
        """Give up one that does not read."""
        self.room.leave(member, "was hung up on (it does not read)")
        member.hang_up()

    def seconds(self) -> float | None:
        """Return how long one may wait before one must tidy; None: as long as one likes."""
        is_needed = self.room.nameless or self.going or self.room.notes or not self.is_open()
        return LOOK_SECONDS if is_needed else None

    def tidy(self) -> None:
        """Dismiss who is late with its name, hang up on who has been told to go and does not; print the notes."""
        with self.lock:
            self.tell(self.room.overdue())
            latest = time.monotonic() - GOING_SECONDS
            for member in [member for member, since in self.going.items() if since <= latest]:
                del self.going[member]
                member.hang_up()
        self._announcer.print_notes()

    def end(self) -> None:
        """Say `ERR exit` to everybody, wait until they have closed too, FAREWELL_SECONDS at most, and close."""
        self.tell(self.room.end())
        here = set(self.going)
        deadline = time.monotonic() + FAREWELL_SECONDS
        while here and time.monotonic() < deadline:
            interests = {member: POLLIN if member.flush() else POLLIN | POLLOUT for member in here}
            for member in wait_ready(interests, deadline - time.monotonic()):
                if member.read() == b"":
                    here.discard(member)
        for member in self.going:
            member.close()
