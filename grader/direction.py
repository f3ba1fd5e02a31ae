"""One direction of one connection through a wiretap: what comes from its source goes to its target.

    source ---> late (a delay) ---> kept (what may not pass yet, or is not taken) ---> target

Nothing here waits: what the target does not take yet is kept, and once that is much, the source is not read any
more, as TCP would have it.
"""

import re
import selectors
import socket
from collections.abc import Callable

from grader.journal import CLOSED, SENT
from grader.stage import Stage

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

CHUNK_BYTES = 65536

BUFFER_BYTES = 262_144
"""How much is kept for a side that does not read; some more at the last read."""

LINE_OR_REST = re.compile(rb"[^\n]*\n|[^\n]+")
"""What one entry of the journal shows: lines where there are some, else what came together."""

Cutter = Callable[[bytes], list[bytes]]
"""Cuts what comes, chunk by chunk, into what one entry of the journal shows each; the last chunk is empty."""


def line_cutter() -> Cutter:
    """Return what cuts lines, and keeps nothing from one chunk to the next."""
    return LINE_OR_REST.findall


class Direction:
    """Carries bytes one way; how, a scene may change at any moment. `wake` lets its passage carry again."""

    def __init__(
        self,
        stage: Stage,
        ends: tuple[socket.socket, socket.socket],
        names: tuple[str, str],
        cutter: Cutter,
        wake: Callable[[], None],
    ) -> None:
        self.done = False
        self.name, self._peer = names
        self.kept = bytearray()
        self.allowance: int | None = None  # how many bytes may pass; None: all
        self.delay = 0.0  # seconds
        self.pause = 0.0  # seconds behind each piece
        self.piece: Callable[[int, int], int] | None = None  # how long the next one is; None: as can be
        self._stage = stage
        self._source, self._target = ends
        self._cutter = cutter
        self._wake = wake
        self._more = True  # may still be read from the source
        self._late = 0  # chunks on their way, the end being one
        self._resting = False
        self._passed = 0  # bytes, since nothing was kept

    def waits_for(self, end: socket.socket) -> int:
        """Return what must happen at one end before this direction can go on."""
        if end is self._source:
            return READ if self._reads() else 0
        return WRITE if self.kept and self.allowance != 0 and not self._resting else 0

    def carry(self) -> None:
        """Carry what can be carried without waiting."""
        if self._reads():
            self._take()
        if not self.done:
            self._give()

    def ends(self) -> None:
        """Read no more from the source; what has come is still passed on, and then an end."""
        self._more = False

    def breaks(self) -> None:
        """Carry nothing any more."""
        self.kept.clear()
        self._more = False
        self.done = True

    def _reads(self) -> bool:
        return self._more and len(self.kept) < BUFFER_BYTES

    def _take(self) -> None:
        try:
            chunk = self._source.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # a reset is an end like any other
            chunk = b""
        for piece in self._cutter(chunk):
            self._stage.journal.write(self.name, SENT, piece, self._peer)
        if not chunk:
            self._more = False
            self._stage.journal.write(self.name, CLOSED, peer=self._peer)
        if self.delay:
            self._late += 1
            self._stage.call_later(self.delay, lambda: self._arrive(chunk))
        else:
            self.kept += chunk

    def _arrive(self, chunk: bytes) -> None:
        self._late -= 1
        self.kept += chunk
        self._wake()

    def _give(self) -> None:
        try:
            while self.kept and self.allowance != 0 and not self._resting:
                self._send_piece()
            if not (self._more or self._late or self.kept):
                self.done = True
                self._target.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:  # nobody there to hear it
            self.breaks()

    def _send_piece(self) -> None:
        most = self.piece(self._passed, len(self.kept)) if self.piece else None
        if self.allowance is not None:
            most = min(self.allowance, most or self.allowance)
        sent = self._target.send(self.kept[:most])
        del self.kept[:sent]
        self._passed = self._passed + sent if self.kept else 0
        self.allowance = None if self.allowance is None else self.allowance - sent
        if self.pause:
            self._resting = True
            self._stage.call_later(self.pause, self._go_on)

    def _go_on(self) -> None:
        self._resting = False
        self._wake()
