"""The sender's end of a file: connect to where the receiver listens, send, and hear whether it arrived.

    FILE_SEND name, bytes  ----------->
                           <-----------  FILE_ACK name, SHA-256     (or FILE_REJECT, why)
    FILE_ACK name, SHA-256 ----------->

The length stands before the bytes, so it is promised before they are read: a file that grows or shrinks meanwhile
breaks the promise, and then the last bytes are not sent at all.
"""

import contextlib
import errno
import hashlib
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from common.arguments import LAST_PORT
from common.sockets import CONNECT_SECONDS, Address, prepare, reason
from common.stop import POLLOUT
from sprint6_messenger.acknowledgements import how_it_arrived
from sprint6_messenger.safe_names import safe_name
from sprint6_messenger.transfer import (
    CHUNK_BYTES,
    STALL_SECONDS,
    Broken,
    Progress,
    Steps,
    Wait,
    in_seconds,
    receive_message,
    send_all,
)
from sprint6_messenger.wire import Message, MessageType, encode, encode_header

PLACE = re.compile(r"\[?([0-9A-Fa-f:.]+)\]?:([0-9]{1,5})")
"""`127.0.0.1:54321` or `[::1]:54321`: numbers only, for a name would have to be looked up, which waits."""


def place_of(text: str) -> tuple[int, Address]:
    """Return the family and address that a text names. Raises Broken."""
    found = PLACE.fullmatch(text)
    try:
        if found and 0 < int(found[2]) <= LAST_PORT:
            address = ipaddress.ip_address(found[1])
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            return family, (str(address), int(found[2]))
    except ValueError:
        raise Broken(f"{text!r} is no address to send to") from None
    raise Broken(f"{text!r} is no address to send to")


class Source:
    """A file that is being sent: regular, and unchanged from its first byte to its last."""

    def __init__(self, file: int, name: str) -> None:
        self._file = file
        self._begun = os.fstat(file)
        self.name = safe_name(name)
        self.size = self._begun.st_size

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes; the last ones only if the file is still what it was. Raises Broken."""
        left = self.size
        while left:
            chunk = os.read(self._file, min(CHUNK_BYTES, left))
            left -= len(chunk)
            if not chunk or (not left and self._has_changed()):
                raise Broken("the file changed while it was sent")
            yield chunk

    def check(self, limit: int) -> None:
        """Accept a file that can be sent. Raises Broken, OSError."""
        check_regular(self._begun)
        if self.size > limit:
            raise Broken(f"a file may have {limit:,} bytes, not {self.size:,}")
        if self._has_changed():  # as those of /proc do, which say that they are empty
            raise Broken("the file does not say its size")

    def _has_changed(self) -> bool:
        now = os.fstat(self._file)
        is_touched = (now.st_size, now.st_mtime_ns) != (self.size, self._begun.st_mtime_ns)
        return is_touched or bool(os.pread(self._file, 1, self.size))


def open_source(path: Path, limit: int) -> Source:
    """Return a file that can be sent. Raises Broken."""
    with contextlib.ExitStack() as opened:
        try:
            check_regular(path.stat())
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            source = opened.enter_context(Source(file, os.fsencode(path.name).decode(errors="replace")))
            source.check(limit)
        except OSError as error:
            # Its name only: the receiver need not know where.
            raise Broken(f"cannot read {path.name}: {reason(error)}") from None
        opened.pop_all()
        return source


def check_regular(found: os.stat_result) -> None:
    """Accept a regular file. Raises Broken: opening a pipe may wait, and a device may be anything."""
    if not stat.S_ISREG(found.st_mode):
        raise Broken("only regular files can be sent")


def send_file(
    source: Source, place: tuple[int, Address], me: str, user: str, note: Callable[[str], None]
) -> Steps[str]:
    """Send one file from `me` to `user`; return how it arrived. Raises Broken, OSError."""
    family, address = place
    with source, socket.socket(family, socket.SOCK_STREAM) as sock:
        yield from connect(sock, address)
        progress = Progress(f"{source.name} to {user}", source.size, note)
        checksum = yield from send_bytes(sock, source, me, progress)
        reply = yield from receive_message(sock, in_seconds(STALL_SECONDS))
        if reply and reply.type is MessageType.FILE_ACK and reply.payload:
            own = Message(MessageType.FILE_ACK, source.name, checksum.encode(), me)
            yield from send_all(sock, encode(own))
        return how_it_arrived(reply, checksum, user)


def withdraw_file(name: str, place: tuple[int, Address], me: str, why: str) -> Steps[str]:
    """Tell the receiver, who waits for it, why a file does not come. Raises Broken with that, OSError."""
    family, address = place
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        yield from connect(sock, address)
        yield from send_all(sock, encode(Message(MessageType.FILE_REJECT, name, why.encode(), me)))
    raise Broken(why)


def connect(sock: socket.socket, address: Address) -> Steps[None]:
    """Connect, unless nobody answers for CONNECT_SECONDS. Raises OSError."""
    sock.setblocking(False)
    error = sock.connect_ex(address)
    if error == errno.EINPROGRESS:
        yield Wait(sock, POLLOUT, in_seconds(CONNECT_SECONDS))
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    prepare(sock)


def send_bytes(sock: socket.socket, source: Source, me: str, progress: Progress) -> Steps[str]:
    """Send header and bytes, until the peer breaks in; return the checksum of what was sent."""
    digest = hashlib.sha256()
    header = encode_header(Message(MessageType.FILE_SEND, source.name, sender=me), source.size)
    if not (yield from send_all(sock, header)):
        return ""
    for chunk in source.chunks():
        digest.update(chunk)
        if not (yield from send_all(sock, chunk)):
            return ""
        progress.advance(len(chunk))
    return digest.hexdigest()
