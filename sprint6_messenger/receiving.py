"""The receiver's end of a file: wait for the sender to connect, save what comes, and say that it is safe.

                                    listen, wait for one connection
    FILE_SEND name, bytes  ----------->  name.part
                                    synced to disk, linked to its name
                           <-----------  FILE_ACK name, SHA-256
    FILE_ACK name, SHA-256 ----------->  another one? then the file is taken back

The file has its name before the FILE_ACK, because that is what a FILE_ACK promises. The sender's own SHA-256 comes
behind it: the programs for which this wire was made send none, and would wait for ever for our answer.
"""

import contextlib
import hashlib
import socket
from collections.abc import Callable

from common.sockets import prepare
from common.terminal import printable
from sprint6_messenger.acknowledgements import is_confirmed
from sprint6_messenger.caller import Expected, accept_one, receive_header
from sprint6_messenger.inbox import DiskError, Inbox, Part
from sprint6_messenger.transfer import (
    CHUNK_BYTES,
    STALL_SECONDS,
    Broken,
    Progress,
    Steps,
    in_seconds,
    receive,
    receive_message,
    send_all,
)
from sprint6_messenger.wire import MAX_ANSWER_BYTES, BadMessage, Message, MessageType, encode

CONFIRM_SECONDS = 2.0
"""How long the sender may take to tell his SHA-256. One that tells none mostly closes at once."""

LINGER_SECONDS = 1.0
"""How long to read away what a sender still sends after it was told no: closing at once would reset the
connection, and destroy that word on its way."""


def receive_file(
    listener: socket.socket, expected: Expected, inbox: Inbox, note: Callable[[str], None]
) -> Steps[str]:
    """Receive one file; return how it was saved. Raises Broken, DiskError, OSError."""
    with listener:
        sock = yield from accept_one(listener, expected, note)
    with sock:
        sock.setblocking(False)
        prepare(sock)
        try:
            header = yield from receive_header(sock, expected)
            return (yield from save(sock, header.length, expected, inbox, note))
        except (BadMessage, Broken, DiskError) as failure:
            yield from refuse(sock, expected, str(failure))
            raise


def save(
    sock: socket.socket, length: int, expected: Expected, inbox: Inbox, note: Callable[[str], None]
) -> Steps[str]:
    """Save so many bytes, and acknowledge them; return how. Raises Broken, DiskError, OSError."""
    with inbox.begin(expected.name) as part:
        progress = Progress(f"{expected.name} from {expected.user}", length, note)
        checksum = yield from receive_bytes(sock, length, part, progress)
        kept = part.keep()
        acknowledgement = Message(MessageType.FILE_ACK, expected.name, checksum.encode(), expected.me)
        try:
            confirmed = yield from confirm(sock, encode(acknowledgement), checksum)
        except Broken:
            part.take_back()
            raise
        suffix = ", SHA-256 checked" if confirmed else f" (unchecked: {expected.user}'s end tells no SHA-256)"
        return f"saved as {inbox.path / kept}{suffix}"


def receive_bytes(sock: socket.socket, length: int, part: Part, progress: Progress) -> Steps[str]:
    """Write all bytes that were announced; return their checksum. Raises Broken when there are fewer, or more."""
    digest = hashlib.sha256()
    left = length
    while left:
        chunk = yield from receive(sock, min(CHUNK_BYTES, left), in_seconds(STALL_SECONDS))
        if not chunk:
            raise Broken(f"its sender closed the connection after {length - left:,} of {length:,} bytes")
        part.write(chunk)
        digest.update(chunk)
        left -= len(chunk)
        progress.advance(len(chunk))
    with contextlib.suppress(BlockingIOError):
        if sock.recv(1, socket.MSG_PEEK):
            raise Broken("more bytes came than were announced")
    return digest.hexdigest()


def confirm(sock: socket.socket, acknowledgement: bytes, checksum: str) -> Steps[bool]:
    """Tell the sender that the file is safe; return whether he told the same SHA-256. Raises Broken."""
    try:
        yield from send_all(sock, acknowledgement)
        reply = yield from receive_message(sock, in_seconds(CONFIRM_SECONDS))
    except OSError:  # it has closed, or stays and says nothing: it knows of no such answer
        reply = None
    return is_confirmed(reply, checksum)


def refuse(sock: socket.socket, expected: Expected, why: str) -> Steps[None]:
    """Tell the sender why his file is not kept, and read away what he still sends."""
    until = in_seconds(LINGER_SECONDS)
    with contextlib.suppress(OSError):  # nobody is there any more to be told
        payload = printable(why).encode(errors="replace")[:MAX_ANSWER_BYTES]
        sock.send(encode(Message(MessageType.FILE_REJECT, expected.name, payload, expected.me)))
        sock.shutdown(socket.SHUT_WR)
        while (yield from receive(sock, CHUNK_BYTES, until)):
            continue
