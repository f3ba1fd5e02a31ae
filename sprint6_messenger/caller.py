"""Who calls, and what does he bring? All that is judged of a stranger before a byte of his file is kept.

    connect    from the host that the server named?           no: hang up, and wait for the next caller
    FILE_SEND  of the file that was offered?                  no: say why, hang up
               of a length from 0 to the limit?               no: say why, hang up

A length is checked before it is believed: 2,147,483,647 would else be two gigabytes of our memory, or of our disk.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

from common.sockets import format_address
from common.stop import POLLIN
from sprint6_messenger.safe_names import safe_name
from sprint6_messenger.transfer import Broken, Steps, Wait, in_seconds, receive
from sprint6_messenger.wire import (
    HEADER_BYTES,
    MAX_TEXT_BYTES,
    Header,
    MessageType,
    decode_header,
    decode_text_leniently,
)

CONNECT_SECONDS = 60.0
"""How long the sender may take to connect."""

HEADER_SECONDS = 10.0
"""How long whoever has connected may take to say what he brings; a byte now and then does not extend it."""


@dataclass(frozen=True)
class Expected:
    """A file that the user wants: who sends it, from which host, and under which safe name."""

    user: str
    name: str
    host: str  # "": the server did not say where the user is
    limit: int
    me: str


def accept_one(
    listener: socket.socket, expected: Expected, note: Callable[[str], None]
) -> Steps[socket.socket]:
    """Return the connection of the sender; hang up on whoever calls from elsewhere. Raises Broken."""
    until = in_seconds(CONNECT_SECONDS)
    while True:
        try:
            yield Wait(listener, POLLIN, until)
        except TimeoutError:
            raise Broken(f"{expected.user} did not connect within {CONNECT_SECONDS:.0f} s") from None
        with contextlib.suppress(BlockingIOError, ConnectionError):  # it came, and has gone again
            sock, address = listener.accept()
            if not expected.host or is_same_host(address[0], expected.host):
                return sock
            sock.close()
            note(f"a connection from {format_address(address)} was refused: {expected.user} is elsewhere")


def is_same_host(one: str, other: str) -> bool:
    """Whether two addresses are one; `::ffff:192.0.2.1` is how a listener for both families sees 192.0.2.1."""
    try:
        return plain(one) == plain(other)
    except ValueError:
        return False


def plain(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address in the older of the families that it has. Raises ValueError."""
    address = ipaddress.ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address


def receive_header(sock: socket.socket, expected: Expected) -> Steps[Header]:
    """Return the header of the file that is expected, before a byte is kept for it. Raises Broken."""
    raw = b""
    until = in_seconds(HEADER_SECONDS)
    while len(raw) < HEADER_BYTES:
        chunk = yield from receive(sock, HEADER_BYTES - len(raw), until)
        if not chunk:
            raise Broken(f"{expected.user}'s end closed the connection before it sent anything")
        raw += chunk
    header = decode_header(raw, lenient=True)
    if header.type is MessageType.FILE_REJECT:
        why = yield from receive_reason(sock, header.length, until)
        raise Broken(f"{expected.user}'s end says: {why}")
    if header.type is not MessageType.FILE_SEND or safe_name(header.infos) != expected.name:
        raise Broken(f"{expected.user}'s end sends something else: {header.type.name} {header.infos}")
    if not 0 <= header.length <= expected.limit:
        raise Broken(f"it announces {header.length:,} bytes, and the limit is {expected.limit:,}")
    return header


def receive_reason(sock: socket.socket, length: int, until: float) -> Steps[str]:
    """Return why the sender does not send; no more of it than a text may have, whatever he announces."""
    raw = b""
    left = min(length, MAX_TEXT_BYTES)
    while left > 0 and (chunk := (yield from receive(sock, left, until))):
        raw += chunk
        left -= len(chunk)
    return decode_text_leniently(raw)
