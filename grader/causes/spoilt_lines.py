"""Causes: a line arrives, and is not the one that was said, or comes to whom it is not for."""

import re
from collections.abc import Sequence

from grader.causes.evidence import (
    RELAYING,
    WORD_LETTERS,
    Evidence,
    is_by,
    is_departure,
    is_line,
    says,
    spoken,
    without_padding,
)
from grader.causes.rules import Causes
from grader.journal import SENT, Entry

CAUSES = Causes()

ECHOING = "s4"
"""The sprint in which everybody's lines come back to him: there that is no fault."""

READS_FROM = re.compile(r"waits in (?:recv|read) on the connection .*")
"""What a thread does that reads what somebody sends."""


@CAUSES.named(
    "shared-variable",
    "Two threads of the server read from the same connection: they share one variable, and the newest client has "
    "changed it under the older thread. Give each thread a copy of its own, not the address of the loop's variable.",
)
def shared_variable(seen: Evidence) -> bool:
    """Find two threads that wait for the same connection."""
    reading = [wait for wait in seen.program("server").get("threads", []) if READS_FROM.fullmatch(wait)]
    return len(set(reading)) < len(reading)


@CAUSES.named(
    "shared-buffer",
    "Two clients' lines are mixed in one: the server's threads receive into the same buffer. Give each thread a "
    "buffer of its own, such as a local variable, and keep in it what is not whole yet.",
)
def shared_buffer(seen: Evidence) -> bool:
    """Find a line on the wire that begins as one that somebody else has said, and ends as the one that is missed."""
    text = seen.missed()[1]
    others = {entry.text for entry in seen.typed()} - {text}
    mixed = {other[:cut] + text[cut:] for other in others for cut in range(1, len(text))} - {text} - others
    return any(entry.actor == "server" and spoken(entry) in mixed for entry in seen.sent(seen.scene))


@CAUSES.named(
    "residue",
    "The end of an older, longer line is shown behind a shorter one: the buffer still holds it. Use the length "
    "that recv returns, and end the text there.",
)
def residue(seen: Evidence) -> bool:
    """Find the tail of an older line where it must not be."""
    return " and no " in seen.scene.expected and "short-after-long" in seen.check


@CAUSES.named(
    "first-word-only",
    "Of a line of several words only the first was sent: scanf with %s, and cin >>, read a word. Read the whole "
    "line, with fgets or getline.",
)
def first_word_only(seen: Evidence) -> bool:
    """Find the first word of the wanted line sent by itself by the one who typed them all."""
    wanted = seen.missed()[1]
    first, _blank, rest = wanted.partition(" ")
    typists = {entry.actor for entry in seen.typed() if entry.text == wanted}
    sent = [spoken(entry) for entry in seen.sent() if entry.actor in typists]
    by_itself = re.compile(rf"(^|\W){re.escape(first)}$")
    is_in_pieces = any(text.startswith(" ") for text in sent)
    return bool(rest) and not is_in_pieces and any(by_itself.search(text) for text in sent)


@CAUSES.named(
    "end-ignored",
    "Somebody has left, and the server sends an old line once more: recv returned 0, and the buffer still held what "
    "came before. 0 is the end of that connection: close it, and send nothing.",
)
def end_ignored(seen: Evidence) -> bool:
    """Find a line of before a departure sent again behind it, to one who has said it, or has it already."""
    entries = without_padding(seen.tapped.entries)
    left = next((place for place, entry in enumerate(entries) if is_departure(entry)), len(entries))
    before, behind = entries[:left], entries[left:]
    return seen.sprint in RELAYING and any(
        is_old_news(entry, line, before)
        for line in before
        if is_line(line) and not says(line.actor, line.text, behind)
        for entry in behind
        if is_by(entry, "server", SENT) and entry.peer != entries[left].actor
    )


def is_old_news(entry: Entry, line: Entry, before: Sequence[Entry]) -> bool:
    """Tell whether what the server sends has a line for its speaker, or for one who has been sent it before."""
    had = any(
        each.peer == entry.peer and is_by(each, "server", SENT) and line.text in spoken(each)
        for each in before
    )
    return line.text in spoken(entry) and (had or entry.peer == line.actor)


@CAUSES.named(
    "echo",
    "A line comes back to the one who said it. Relay it to all but the socket from which you have read it.",
)
def echo(seen: Evidence) -> bool:
    """Find one's own words coming back on the wire; on the screen, a client may have put them there by itself."""
    who, _text = seen.missed()
    came = [spoken(entry) for entry in (*seen.sent(), *seen.sent(seen.scene)) if entry.peer == who]
    if "receives" in seen.scene.expected:
        came.append(seen.scene.got)
    return seen.sprint != ECHOING and any(
        words in text for words in seen.lines_of(who) if len(words) >= WORD_LETTERS for text in came
    )
