"""Messages of the binary wire, for whoever watches it: cut out of a stream, and spelled for a person.

    05 00 00 00 | alice NUL ... | 04 00 00 00 | bob NUL ... | salut      264 bytes of header, then the payload
    [5|alice|UNICAST_SEND|bob] salut                                     as a diagram shows it

Nothing is judged here: bytes that are no message are passed on as they came.
"""

import struct
from collections.abc import Iterator

from grader.journal import spell

BINARY = (6,)
"""The sprints whose wire is made of such messages; that of all others is made of lines."""

HEADER = struct.Struct("<i128si128s")
"""Length of the payload, who speaks, type, and what depends on the type."""

LONGEST_PAYLOAD = 1 << 20
"""A longer one is not waited for: it is a file, or nonsense."""

TYPES = (
    "NICKNAME_NEW",
    "NICKNAME_LIST",
    "NICKNAME_INFOS",
    "ECHO_SEND",
    "UNICAST_SEND",
    "BROADCAST_SEND",
    "MULTICAST_CREATE",
    "MULTICAST_LIST",
    "MULTICAST_JOIN",
    "MULTICAST_SEND",
    "MULTICAST_QUIT",
    "FILE_REQUEST",
    "FILE_ACCEPT",
    "FILE_REJECT",
    "FILE_SEND",
    "FILE_ACK",
)


class MessageCutter:
    """Cuts one direction of a connection into messages, however the network cut it."""

    def __init__(self) -> None:
        self._pending = b""

    def __call__(self, chunk: bytes) -> list[bytes]:
        """Return what this chunk completes; at the end, the empty chunk, what is left."""
        self._pending += chunk
        found = list(self._whole())
        if not chunk and self._pending:
            found.append(self._pending)
        return found

    def _whole(self) -> Iterator[bytes]:
        while len(self._pending) >= HEADER.size:
            length = HEADER.unpack_from(self._pending)[0]
            end = HEADER.size + length if 0 <= length <= LONGEST_PAYLOAD else len(self._pending)
            if len(self._pending) < end:
                return
            yield self._pending[:end]
            self._pending = self._pending[end:]


def spell_message(raw: bytes) -> str:
    """Return one whole message in words: its header in brackets, its payload behind; empty for anything else."""
    if len(raw) < HEADER.size:
        return ""
    length, sender, kind, infos = HEADER.unpack_from(raw)
    if length != len(raw) - HEADER.size or not 0 <= kind < len(TYPES):
        return ""
    header = f"[{length}|{spell_name(sender)}|{TYPES[kind]}|{spell_name(infos)}]"
    return f"{header} {spell(raw[HEADER.size :])}".rstrip()


def spell_name(field: bytes) -> str:
    """Return what stands before the first NUL of a field."""
    return spell(field.partition(b"\0")[0])
