"""One thread; what is ready is read, all of it; then each recipient is written to once.

    select ---> A, B, F are ready ---> read A, read B, read F ---> one block ---> C: one send, D: one send, ...

A send costs the same few microseconds for one line and for a thousand, and with one send for each line and recipient
they are nearly all that a busy room pays for. So the lines of a tick are joined into one block, the same for all.
Nobody waits for a block to fill: it holds what came while the last one was sent, so it grows with the load by itself.
And epoll(7), which `selectors` takes where there is one, is told once whom to watch, and names only the ready.
"""

import selectors
import socket
import time
from selectors import EVENT_READ, EVENT_WRITE

from common.stop import POLLOUT, Stop, wait_ready
from sprint5_concurrency.protocol import Refused, relay_block
from sprint5_concurrency.queued_member import SENT_BYTES, QueuedMember
from sprint5_concurrency.reception import Reception

BLOCK_BYTES = 64 * 1024
"""A block that has grown to this is sent before more is read: nobody's outbox need take more at a time."""

TURN_LINES = 500
"""So many lines of a chunk are looked at by themselves, some milliseconds' work, before it is the others' turn."""

PATIENCE_SECONDS = 0.02
"""How long one whose outbox has overflowed is given to make room in it, before it is hung up on.

Without it a burst is passed on faster than those who do read can be woken up, and they would be hung up on. The
others wait meanwhile, so it is little. Who reads needs a moment; who does not gets it once, and is gone.
"""

PATIENCE_SECONDS_EACH = 0.004
"""And so much more for each one who is late: when all are, it is the machine that is slow."""

MOST_LATE = 100
"""More who are late at once gain no more time: nobody is served meanwhile, nor is the bell heard."""


def serve(listener: socket.socket, reception: Reception[QueuedMember], stop: Stop) -> None:
    """Serve all that come until the bell rings."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES)
    tick = Tick(reception)
    with selectors.DefaultSelector() as selector:
        selector.register(stop, EVENT_READ)
        while True:
            watch_door(listener, selector, reception)
            for key, events in selector.select(reception.seconds()):
                if key.fileobj is stop:
                    tick.deliver()
                    return
                if key.fileobj is listener:
                    admit(selector, tick, reception)
                else:
                    hear(key.data, events, selector, tick)
            tick.deliver()
            watch_room(selector, tick)
            reception.tidy()


def watch_door(
    listener: socket.socket, selector: selectors.BaseSelector, reception: Reception[QueuedMember]
) -> None:
    """Watch the listener while newcomers can be let in."""
    is_watched = listener in selector.get_map()
    if reception.is_open() and not is_watched:
        selector.register(listener, EVENT_READ)
    elif is_watched and not reception.is_open():
        selector.unregister(listener)


def watch_room(selector: selectors.BaseSelector, tick: "Tick") -> None:
    """Watch also for space in the kernel where something waits for it."""
    for member in tick.behind:
        selector.modify(member, EVENT_READ | EVENT_WRITE, member)


def admit(selector: selectors.BaseSelector, tick: "Tick", reception: Reception[QueuedMember]) -> None:
    """Let all newcomers in."""
    for newcomer in reception.newcomers():
        member = QueuedMember(*newcomer, behind=tick.behind)
        selector.register(member, EVENT_READ, member)
        reception.join(member)


def hear(member: QueuedMember, events: int, selector: selectors.BaseSelector, tick: "Tick") -> None:
    """Send a member more of what waits for it, and take in what has arrived from it."""
    if events & EVENT_WRITE and member.flush():
        selector.modify(member, EVENT_READ, member)
    if (events & EVENT_READ or member.unheard) and not tick.hear(member):
        tick.behind.discard(member)
        selector.unregister(member)
        member.close()
    elif member.unheard:  # which can go on at once, unless it does not read what it is answered
        selector.modify(member, EVENT_READ | EVENT_WRITE, member)


class Tick:
    """Takes in what has arrived from several members, then delivers all of it with one write to each."""

    def __init__(self, reception: Reception[QueuedMember]) -> None:
        self.behind: set[QueuedMember] = set()  # those who have something in their outbox
        self._reception = reception
        self._room = reception.room
        self._pieces: list[bytes] = []
        self._size = 0
        self._own: dict[QueuedMember, tuple[int, int]] = {}  # where in the block a speaker's own lines stand

    def hear(self, member: QueuedMember) -> bool:
        """Take in what has arrived from a member; False once it has left."""
        try:
            chunk, member.unheard = member.unheard or self._reception.read(member), b""
            if chunk and not member.dismissed:
                self._take_in(member, chunk)
        except MemoryError:
            self._reception.give_up(member)
            return False
        return chunk != b""

    def deliver(self) -> None:
        """Send each member the block without its own lines, as one write."""
        if not self._pieces:
            return
        block = memoryview(b"".join(self._pieces))
        late = set()
        for member in list(self._room.members):
            start, end = self._own.get(member, (0, 0))
            if not member.post(block[:start], block[end:]):
                late.add(member)
        if late:
            self._let_catch_up(late)
        self._pieces.clear()
        self._own.clear()
        self._size = 0

    def _let_catch_up(self, late: set[QueuedMember]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS + PATIENCE_SECONDS_EACH * min(len(late), MOST_LATE)
        while late and time.monotonic() < deadline:
            for member in wait_ready(dict.fromkeys(self.behind, POLLOUT), deadline - time.monotonic()):
                member.flush()
            late = {member for member in late if member.overflows}
        for member in late:
            self._reception.hang_up(member)

    def _take_in(self, member: QueuedMember, chunk: bytes) -> None:
        if member in self._room.nameless:
            self.deliver()  # what was said before it has a name is not for its ears
        start = self._size
        name = self._room.members.get(member)
        block = relay_block(name, chunk) if name and not member.holds_half_a_line else None
        if block is None:
            self._obey_lines(member, chunk)
        else:
            self._add(block)
        if self._size > start:
            self._own[member] = start, self._size
        if self._size > BLOCK_BYTES:
            self.deliver()

    def _obey_lines(self, member: QueuedMember, chunk: bytes) -> None:
        """Take in a chunk line by line, as all other strategies do; what is more than a turn's work waits."""
        member.unheard = b"".join(chunk.split(b"\n", TURN_LINES)[TURN_LINES:])
        refusals = []
        for line in member.lines(chunk[: len(chunk) - len(member.unheard)]):
            try:
                self._add(self._room.obey(member, line))
            except Refused as refused:
                refusals.append(self._room.refuse(member, refused))
        self._reception.answer(refusals)

    def _add(self, lines: bytes) -> None:
        if lines:
            self._pieces.append(lines)
            self._size += len(lines)
