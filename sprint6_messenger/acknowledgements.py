"""What the two ends of a transfer make of each other's last words. No input or output here.

Each end computes the SHA-256 of the bytes as it saw them, tells it in a FILE_ACK, and compares. TCP's own
checksum has 16 bits and is computed anew by every box on the way that changes a packet; this one has 256, and
nobody between the two ends touches it. A program that knows only the header tells none: that is accepted, and said.
"""

from sprint6_messenger.transfer import Broken
from sprint6_messenger.wire import Message, MessageType, decode_text_leniently

DAMAGED = "it was damaged on the way: the two ends have not got the same SHA-256"


def how_it_arrived(reply: Message | None, checksum: str, user: str) -> str:
    """Return what the sender of a file is told; `checksum` is "" if it was not sent whole. Raises Broken."""
    if reply is None:
        raise Broken(f"{user}'s end closed the connection without saying that it is saved")
    if reply.type is MessageType.FILE_REJECT:
        raise Broken(f"{user}'s end says: {decode_text_leniently(reply.payload)}")
    if reply.type is not MessageType.FILE_ACK or not checksum:
        raise Broken(f"{user}'s end sent something else than an answer")
    if not reply.payload:
        return f"{user} has it (unchecked: {user}'s end tells no SHA-256)"
    if not is_checksum(reply.payload, checksum):
        raise Broken(DAMAGED)
    return f"{user} has it, SHA-256 checked"


def is_confirmed(reply: Message | None, checksum: str) -> bool:
    """Whether the sender has told the same checksum, or none. Raises Broken when it tells another."""
    if reply is None:
        return False
    if reply.type is not MessageType.FILE_ACK:
        raise Broken("more bytes came than were announced")
    if not is_checksum(reply.payload, checksum):
        raise Broken(DAMAGED)
    return True


def is_checksum(payload: bytes, checksum: str) -> bool:
    """Whether a payload is this checksum, in digits or in bytes."""
    return payload.rstrip(b"\r\n\0").lower() == checksum.encode() or payload == bytes.fromhex(checksum)
