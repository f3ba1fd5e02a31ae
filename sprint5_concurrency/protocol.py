r"""The wire of sprint 5: what a client may say, and the only two things that the server says. No I/O here.

client to server    USER name            once, first
                    MSG text             then, as often as it likes
server to client    MSG name text        what somebody else said
                    ERR code words       what was wrong with a line; `code` is one word, for programs
"""

import re

from common.lines import CONTROL_CHARACTERS, MAX_LINE_BYTES, BadLine, EndlessLine

USER, MSG = "USER", "MSG"

TOO_LONG = f"longer than {MAX_LINE_BYTES} bytes"
"""What the framing says of such a line; all else that it finds wrong is wrong with the text."""

BLANK, BLANK_LINE = re.compile(r"[ \t]*"), re.compile(r"MSG [ \t]*\n")
"""A text with nothing in it to be read, and a line with such a text in a block of lines."""

UNRELAYABLE = re.compile(CONTROL_CHARACTERS.pattern.replace(r"\x0a-", r"\x0b-"))
"""A control character, the LF apart that ends each line of a block."""


class Refused(ValueError):
    """Says why a line was not obeyed: in one word for programs, in a few for people; `last`: it ends the visit."""

    def __init__(self, code: str, words: str, *, last: bool = False) -> None:
        super().__init__(f"{code} {words}")
        self.last = last


def parse(line: str) -> tuple[str, str]:
    """Return the word of a line, USER or MSG, and the text behind its first space. Raises Refused."""
    word, _space, text = line.partition(" ")
    if word not in (USER, MSG):
        raise Refused("unknown-command", "a line begins with USER or MSG")
    return word, text


def refusal_of(bad: BadLine) -> Refused:
    """Return what the sender of a bad line is told."""
    is_endless = isinstance(bad, EndlessLine)
    code = "line-too-long" if is_endless or str(bad) == TOO_LONG else "bad-text"
    return Refused(code, str(bad), last=is_endless)


def encode_message(name: str, text: str) -> bytes:
    """Return the line that tells what somebody said. It is longer than the speaker's own by the name."""
    return f"{MSG} {name} {text}\n".encode()


def encode_error(refused: Refused) -> bytes:
    """Return the line that tells why another was not obeyed."""
    return f"ERR {refused}\n".encode()


def relay_block(name: str, block: bytes) -> bytes | None:
    r"""Return what a member's whole lines become when all of them are good messages; None when one may not be.

    This is the fast path. A busy room receives blocks like b"MSG a\nMSG b\n", and to take them apart, to look at
    each line and to put them together again costs more than all the rest. Whatever is unusual in a block (another
    word, half a line, a CR, a blank text) makes it None: then each line is looked at by itself.
    """
    lines = block.count(b"\n")
    if not block.startswith(b"MSG ") or not block.endswith(b"\n") or block.count(b"\nMSG ") != lines - 1:
        return None
    if is_line_too_long(block):
        return None
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return None
    if UNRELAYABLE.search(text) or BLANK_LINE.search(text):
        return None
    prefix = f"{MSG} {name} ".encode()
    return prefix + block[4:].replace(b"\nMSG ", b"\n" + prefix)


def is_line_too_long(block: bytes) -> bool:
    """Tell whether a line of a block is longer than a line may be."""
    return len(block) > MAX_LINE_BYTES and max(map(len, block.split(b"\n"))) >= MAX_LINE_BYTES
