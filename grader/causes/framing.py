"""Causes: nobody can tell where a message ends."""

import re
from itertools import pairwise

from grader.causes.evidence import (
    READS_FROM,
    SPOILT,
    TURNS,
    Evidence,
    behind_sending,
    is_at_keyboard,
    is_by,
    is_line,
    is_line_to_see,
    is_shown_in_pieces,
    is_spoilt,
    leaves_unread,
    spoken,
)
from grader.causes.rules import Causes
from grader.journal import NETWORK, SENT
from grader.verdicts import quoted

CAUSES = Causes()

BETWEEN = r"(\0[^\0\n]*)?"
"""What may stand between two lines in one piece where no line feed ends the first: a NUL, and who says the second."""

FROM_THE_SERVER = "holds back what server sends"
"""What a network does before it spoils that: what the server passes on comes before, and what it spoils of others."""


@CAUSES.named(
    "nul-or-garbage",
    "Behind the text come bytes that are not text: the whole buffer was sent, or its end was not marked. Send "
    "strlen(line) bytes, not sizeof(buffer).",
)
def nul_or_garbage(seen: Evidence) -> bool:
    """Find a NUL on a wire of lines, or one that only the server sends, and that its client takes for a message."""
    return ("\\x00" in seen.scene.got and "receives" in seen.scene.expected) or has_read_a_nul_only(seen)


def has_read_a_nul_only(seen: Evidence) -> bool:
    """Tell whether a client in turn has read a NUL behind a line of the server's, and leaves the end of the next."""
    nuls = {entry.actor for entry in seen.tapped.entries if entry.act == SENT and b"\0" in entry.data}
    size = len(seen.missed()[1])
    is_astray = any(0 < each["unread"] < size and is_at_keyboard(each) for each in seen.awaited())
    return (
        seen.sprint == TURNS
        and is_line_to_see(seen)
        and not is_spoilt(seen)
        and nuls == {"server"}
        and is_astray
    )


@CAUSES.named(
    "no-newline",
    "A line arrives without its line feed, so that nobody can tell where it ends. Send it.",
)
def no_newline(seen: Evidence) -> bool:
    """Find a text that is right but for its end."""
    text, got = seen.missed()[1], quoted(seen.scene.got)
    is_bare = text.endswith("\\n") and bool(got) and "\\n" not in got
    return (is_bare and got.startswith(text.removesuffix("\\n"))) or waits_for_an_end(seen)


def waits_for_an_end(seen: Evidence) -> bool:
    """Tell whether the server, whose own lines have an end, reads on behind the missed line, which has none."""
    text, behind = seen.missed()[1], behind_sending(seen, seen.missed()[1])
    own = [entry.data for entry in seen.sent() if entry.actor == "server"]
    reads_on = any(map(READS_FROM.fullmatch, seen.program("server").get("threads", [])))
    return (
        is_line_to_see(seen)
        and not is_spoilt(seen)
        and reads_on
        and bool(own)
        and all(data.endswith(b"\n") for data in own)
        and [entry.data for entry in behind if entry.act == SENT] == [text.encode()]
    )


@CAUSES.named(
    "no-framing-joined",
    "Two messages that arrived together were taken for one. TCP is a stream: mark where a message ends (a line "
    "feed, a length), and go on reading until you have one whole.",
)
def no_framing_joined(seen: Evidence) -> bool:
    """Find a failure where messages are joined; a whole line in another's place is not joined to anything."""
    if is_left_unread(seen):
        return False
    if is_line_to_see(seen) and came_right_behind_another(seen):
        return True
    if "joined" not in (seen.check, *seen.case.split("-")):
        return False
    if seen.check != "framing":
        return is_spoilt(seen) and has_passed_on(seen)
    wanted, first = seen.missed()[1].removesuffix("\\n"), first_line(seen.scene.got)
    is_hung_up_on = "the end of the connection" in seen.scene.got
    return not is_hung_up_on and (not first or wanted in first)


def is_left_unread(seen: Evidence) -> bool:
    """Tell whether the client, that listens and types at any time, has not read the line that is missed.

    In sprint 1 it may have read the beginning of a wide buffer, and believe that it is its turn.
    """
    return (
        seen.sprint != TURNS
        and is_line_to_see(seen)
        and any(leaves_unread(each, seen) for each in seen.awaited())
    )


def came_right_behind_another(seen: Evidence) -> bool:
    """Tell whether the line that is missed was sent in one piece with another that was typed."""
    text = seen.missed()[1]
    others = {entry.text for entry in seen.typed() if is_line(entry)} - {text}
    together = [re.escape(other) + BETWEEN + re.escape(text) for other in others]
    return any(re.search(pair.encode(), entry.data) for entry in seen.sent() for pair in together)


def has_passed_on(seen: Evidence) -> bool:
    """Tell whether the server has sent anything since the network has joined or cut what it carried.

    One that sends nothing more has another fault; where nobody has overheard it, that is not known.
    """
    entries = seen.tapped.entries
    acts = [entry.act if entry.actor == NETWORK else "" for entry in entries]
    spoilt = next(
        (n for n, act in enumerate(acts) if act.startswith((*SPOILT, FROM_THE_SERVER))), len(entries)
    )
    return not entries or any(is_by(entry, "server", SENT) for entry in entries[spoilt:])


def first_line(got: str) -> str:
    """Return the first line of what came."""
    return quoted(got).partition("\\n")[0]


@CAUSES.named(
    "no-framing-cut",
    "A message that arrived in two pieces was taken for two. One recv is not one message: keep what came until "
    "the message is whole.",
)
def no_framing_cut(seen: Evidence) -> bool:
    """Find a piece of a message where all of it should be."""
    if is_left_unread(seen):
        return False
    wanted, first = seen.missed()[1].removesuffix("\\n"), first_line(seen.scene.got)
    is_piece = bool(first) and first != wanted and wanted.startswith(first) and was_sent_cut(seen, first)
    is_about_pieces = (
        (seen.check == "cut" and seen.case.endswith("the server"))
        or seen.case == "in pieces"
        or (seen.check == "cut" and passes_a_piece_on(seen))
        or (seen.check == "network" and seen.case.startswith("cut"))
    )
    return (
        (is_about_pieces and is_spoilt(seen) and has_passed_on(seen))
        or (seen.check == "cut" and was_sent_in_pieces(seen))
        or (seen.check in ("framing", "exit-word") and is_piece)
        or is_shown_in_pieces(seen)
    )


def passes_a_piece_on(seen: Evidence) -> bool:
    """Tell whether the server sends by itself the beginning of a line that somebody has typed."""
    lines = [entry.text for entry in seen.typed() if is_line(entry)]
    sent = {spoken(entry) for entry in seen.sent() if entry.actor == "server"} - {"", *lines}
    return any(line.startswith(piece) for line in lines for piece in sent)


def was_sent_in_pieces(seen: Evidence) -> bool:
    """Tell whether a raw connection has sent the beginning of a line, and then more."""
    return any(
        entry.kind == (entry.actor, SENT, "") == before.kind and not before.data.endswith(b"\n")
        for before, entry in pairwise(seen.scene.entries)
    )


def was_sent_cut(seen: Evidence, piece: str) -> bool:
    """Tell whether what came of a line ends with something that was sent by itself."""
    return any(
        entry.act == SENT and entry.text and piece.endswith(entry.text) for entry in seen.scene.entries
    )
