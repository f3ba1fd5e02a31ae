"""Framing by length: bytes in, messages out, and back. No input or output here, so that every cut can be tested.

The former sprints put a line feed behind each text, so no text could hold one. Here each message says first
how long it is, so its payload may hold any byte: a file is as good as a word.

    +---------+------------------+------+------------+--------------------- - -
    | pld_len | nick_sender      | type | infos      | payload
    +---------+------------------+------+------------+--------------------- - -
     4 bytes   128               4      128           pld_len bytes

What it costs: a length is a promise made by a stranger. It is checked before a byte is kept for it, and once it
is a lie, nobody can tell where the next message begins; after a bad line, there was always the next line feed.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from common.lines import BadLine, check_text

HEADER = struct.Struct("<i128si128s")
"""`struct message` of the C programs: little-endian, no padding between its fields."""

HEADER_BYTES = HEADER.size

MAX_NAME_BYTES = 127
"""What fits into 128 bytes before the NUL that ends a string of C."""

MAX_TEXT_BYTES = 2048
"""The longest text, as in the former sprints."""

MAX_ANSWER_BYTES = 1024
"""What some clients read at most of one answer; a server cuts a longer one into several messages."""

SERVER_NAME = "Server"
"""Who speaks when the server itself does; no user can have this name."""


class MessageType(IntEnum):
    """What a message is about."""

    NICKNAME_NEW = 0
    NICKNAME_LIST = 1
    NICKNAME_INFOS = 2
    ECHO_SEND = 3
    UNICAST_SEND = 4
    BROADCAST_SEND = 5
    MULTICAST_CREATE = 6
    MULTICAST_LIST = 7
    MULTICAST_JOIN = 8
    MULTICAST_SEND = 9
    MULTICAST_QUIT = 10
    FILE_REQUEST = 11
    FILE_ACCEPT = 12
    FILE_REJECT = 13
    FILE_SEND = 14
    FILE_ACK = 15


class BadMessage(ValueError):
    """Says what is wrong with one message; the message behind it can be read as usual."""

    type = MessageType.ECHO_SEND  # of the bad message, where that could be read: an answer has the same


class LostStream(BadMessage):
    """Says that a length cannot be true: where the next message begins is unknown, and nothing more is read."""


@dataclass(frozen=True)
class Message:
    """One message; `infos` depends on the type, `sender` is "" for who has no name yet."""

    type: MessageType
    infos: str = ""
    payload: bytes = b""
    sender: str = ""


@dataclass(frozen=True)
class Header:
    """What precedes a payload of `length` bytes."""

    length: int
    sender: str
    type: MessageType
    infos: str


def encode(message: Message, max_payload: int = MAX_TEXT_BYTES) -> bytes:
    """Return the bytes of one message; raise BadMessage rather than let out what no peer should accept."""
    if len(message.payload) > max_payload:
        raise BadMessage(f"longer than {max_payload} bytes")
    return encode_header(message, len(message.payload)) + message.payload


def encode_header(message: Message, length: int) -> bytes:
    """Return the header alone, before a payload of `length` bytes that travels apart. Raises BadMessage."""
    sender, infos = encode_name(message.sender), encode_name(message.infos)
    return HEADER.pack(length, sender, message.type, infos)  # struct pads with NULs


def encode_name(name: str) -> bytes:
    """Return the bytes of a string that ends at its first NUL. Raises BadMessage."""
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        raise BadMessage("not UTF-8") from None
    if len(raw) > MAX_NAME_BYTES:
        raise BadMessage(f"a name longer than {MAX_NAME_BYTES} bytes")
    if b"\0" in raw:
        raise BadMessage("a NUL inside a name")
    return raw


def decode_header(raw: bytes, *, lenient: bool = False) -> Header:
    """Return the header that HEADER_BYTES bytes hold; its length is not judged. Raises BadMessage."""
    length, sender, number, infos = HEADER.unpack(raw)
    try:
        known = MessageType(number)
    except ValueError:
        raise BadMessage(f"unknown message type {number}") from None
    if not lenient:
        check_ends(sender, infos)
    return Header(length, decode_claim(sender, lenient), known, decode_name(infos, lenient))


def type_of(raw: bytes) -> MessageType:
    """Return the type in a header that is otherwise bad; ECHO_SEND where there is no such type."""
    number = HEADER.unpack(raw)[2]
    return MessageType(number) if number in set(MessageType) else MessageType.ECHO_SEND


def check_ends(*names: bytes) -> None:
    """Accept strings of C that end. Raises BadMessage."""
    if not all(b"\0" in name for name in names):
        raise BadMessage("a name without a NUL")


def decode_name(raw: bytes, lenient: bool) -> str:
    r"""Return a name; one that is not UTF-8 is a BadMessage, or shown as `\xff` to a lenient reader."""
    try:
        return name_in(raw).decode(errors="backslashreplace" if lenient else "strict")
    except UnicodeDecodeError:
        raise BadMessage("a name that is not UTF-8") from None


def decode_claim(raw: bytes, lenient: bool) -> str:
    """Return who says that he speaks. Before it has a name, a program may send here whatever lay in its memory."""
    return name_in(raw).decode(errors="backslashreplace" if lenient else "ignore")


def name_in(raw: bytes) -> bytes:
    """Return what stands before the first NUL, without the line feed that a keyboard has left at its end."""
    return without_end(raw.partition(b"\0")[0])


def without_end(raw: bytes) -> bytes:
    """Return a text without the LFs and NULs that C programs leave at its end, and without a CR just before them."""
    text = raw.rstrip(b"\n\0")
    return text.removesuffix(b"\r") if raw[len(text) :].startswith(b"\n") else text


def decode_text(payload: bytes) -> str:
    """Return the text of a payload, without the LF or NUL that C programs leave at its end. Raises BadMessage."""
    try:
        text = without_end(payload).decode()
        check_text(text)
    except UnicodeDecodeError:
        raise BadMessage("not UTF-8") from None
    except BadLine as bad:
        raise BadMessage(str(bad)) from None
    return text


def decode_text_leniently(payload: bytes) -> str:
    r"""Return some text for any payload, the undecodable bytes as `\xff`; it may hold line feeds."""
    return without_end(payload).decode(errors="backslashreplace")
