"""Messages out of a stream: each chunk, however the network cut it, ends some messages and begins another.

    chunk 1            chunk 2                  chunk 3
    [ header ][ pay    load ][ head             er ][ payload ]
                            ^ one message                      ^ another

A length is judged before a byte is kept for it, so a stranger who announces two gigabytes gets none of ours.
"""

import struct

from sprint6_messenger.wire import (
    HEADER_BYTES,
    MAX_TEXT_BYTES,
    BadMessage,
    Header,
    LostStream,
    Message,
    decode_header,
    type_of,
)

LENGTH = struct.Struct("<i")
"""With which a header begins."""

SKIPPED_BYTES = 64 * 1024
"""A payload that is too long is read away up to here, to stay in step; for more, it is cheaper to hang up."""


class MessageDecoder:
    """Turns chunks, however the network cut them, into the messages that were sent, in order, each once.

    Holds one header and one payload of at most `max_payload` bytes, whatever a peer announces. A lenient one
    judges no names: for a client, which must show what came.
    """

    def __init__(self, max_payload: int = MAX_TEXT_BYTES, *, lenient: bool = False) -> None:
        self._max_payload = max_payload
        self._lenient = lenient
        self._pending = bytearray()
        self._header: Header | None = None  # of the message whose payload is awaited
        self._to_skip = 0
        self.lost = False

    @property
    def is_halfway(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._pending or self._header or self._to_skip)

    def feed(self, chunk: bytes) -> list[Message | BadMessage]:
        """Return what `chunk` completes, a BadMessage in the place of each bad one; nothing behind a LostStream."""
        found: list[Message | BadMessage] = []
        rest = memoryview(chunk)
        while rest and not self.lost:
            rest = self._take(rest, found)
        return found

    def _take(self, rest: memoryview, found: list[Message | BadMessage]) -> memoryview:
        """Take from `rest` what the present part of a message lacks, and return what is left."""
        if self._to_skip:
            skipped = min(self._to_skip, len(rest))
            self._to_skip -= skipped
            return rest[skipped:]
        wanted = (self._header.length if self._header else HEADER_BYTES) - len(self._pending)
        self._pending += rest[:wanted]
        if len(rest) >= wanted:
            self._end_part(found)
        elif not self._header:
            self._judge_beginning(found)
        return rest[wanted:]

    def _judge_beginning(self, found: list[Message | BadMessage]) -> None:
        """Take note as soon as a length is impossible: of a server of something else, no more may ever come."""
        try:
            if len(self._pending) >= LENGTH.size:
                self._judge_length(self._pending)
        except LostStream as lost:
            found.append(lost)

    def _end_part(self, found: list[Message | BadMessage]) -> None:
        part = bytes(self._pending)
        self._pending.clear()
        try:
            header, payload = (self._header, part) if self._header else (self._judge_header(part), b"")
        except BadMessage as bad:
            found.append(bad)
            return
        if len(payload) < header.length:
            self._header = header
        else:
            self._header = None
            found.append(Message(header.type, header.infos, payload, header.sender))

    def _judge_length(self, raw: bytes | bytearray) -> int:
        """Return the length with which a header begins. Raises LostStream."""
        (length,) = LENGTH.unpack_from(raw)
        if not 0 <= length <= max(self._max_payload, SKIPPED_BYTES):
            self.lost = True
            raise LostStream(f"impossible length {length}")
        return int(length)

    def _judge_header(self, raw: bytes) -> Header:
        length = self._judge_length(raw)
        try:
            if length > self._max_payload:
                raise BadMessage(f"longer than {self._max_payload} bytes")
            return decode_header(raw, lenient=self._lenient)
        except BadMessage as bad:
            self._to_skip = length
            bad.type = type_of(raw)
            raise
