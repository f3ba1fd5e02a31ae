"""Causes: a line arrives, and is not the one that was said, or comes to whom it is not for."""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from grader.causes.evidence import (
    READS_FROM,
    RELAYING,
    TABLE,
    TURNS,
    WORD_LETTERS,
    Evidence,
    behind_sending,
    is_by,
    is_departure,
    is_line,
    is_line_to_see,
    is_shown_in_pieces,
    is_spoilt,
    says,
    spoken,
    spread,
    without_padding,
)
from grader.causes.rules import Causes
from grader.journal import SENT, SHOWN, Entry

CAUSES = Causes()

ALIKE = 0.75
"""Two words that were made up by chance are less alike than that, and one that has lost a letter is more."""

POINTER_BYTES = 8
"""The size of an address on today's machines."""

READS_FROM_NOBODY = re.compile(r"waits in (?:recv|read) on descriptor \d+")
"""What a thread does that reads from a socket which was closed meanwhile."""

PADDING = b"\0\0"
"""What stands behind a text in a buffer that is sent with all that it holds."""

LONG_LETTERS = 100
"""What is longer is no line that people say by the way."""

ONCE = re.compile(r"(?P<who>\w+) is shown ['\"](?P<line>.*)['\"] once")

ECHOING = "s4"
"""The sprint in which everybody's lines come back to him: there that is no fault."""


@CAUSES.named(
    "shared-variable",
    "Two threads of the server read from the same connection, and nobody from another: they share one variable, "
    "which has changed before they had read it, or since. Give each thread a copy of its own, not the address of the "
    "loop's variable.",
)
def shared_variable(seen: Evidence) -> bool:
    """Find two threads that wait for the same connection, or one that waits for nobody any more beside one unread."""
    threads = seen.program("server").get("threads", [])
    reading = [wait for wait in threads if READS_FROM.fullmatch(wait)]
    there = [each for each in seen.clients() if each["code"] is None]
    is_astray = any(map(READS_FROM_NOBODY.fullmatch, threads)) and len(reading) < len(there)
    return len(set(reading)) < len(reading) or (seen.sprint == TABLE and is_astray)


@CAUSES.named(
    "shared-buffer",
    "Two clients' lines are mixed in one, or one goes out in the other's place: the server's threads receive into "
    "the same buffer. Give each thread a buffer of its own, such as a local variable that is not static, and keep in "
    "it what is not whole yet.",
)
def shared_buffer(seen: Evidence) -> bool:
    """Find a line that another's was written over, in part or all of it, before it was sent on."""
    is_crossing = seen.sprint in RELAYING and not is_spoilt(seen)
    return is_mixed(seen) or (is_crossing and (is_mixed_again(seen) or is_overwritten(seen)))


def is_mixed(seen: Evidence) -> bool:
    """Tell whether a line on the wire begins as one that somebody else has said, and ends as the one missed."""
    text = seen.missed()[1]
    others = {entry.text for entry in seen.typed()} - {text}
    mixed = {mixture for other in others for mixture in mixtures(other, text)} - others
    return any(entry.actor == "server" and spoken(entry) in mixed for entry in seen.sent(seen.scene))


def mixtures(first: str, second: str) -> set[str]:
    """Return what begins as one text and ends as another."""
    return {first[:cut] + second[cut:] for cut in range(1, len(second))} - {second}


def is_mixed_again(seen: Evidence) -> bool:
    """Tell whether the server has sent a mixture of two lines of one length when the scene was played again."""
    lines = lines_to_server(seen)
    mixed = {
        mixture
        for one, other in neighbours(lines)
        if one.actor != other.actor and len(one.text) == len(other.text)
        for mixture in mixtures(one.text, other.text)
    }
    mixed -= {line.text for line in lines}
    return any(is_by(entry, "server", SENT) and spoken(entry) in mixed for entry in seen.sent())


def is_overwritten(seen: Evidence) -> bool:
    """Tell whether of two lines, said one right behind the other, one was sent in both their places.

    So it comes back to its speaker, too; where every line does, the server sends them back.
    """
    lines = lines_to_server(seen)
    went = [(line, copies(seen.sent(), line.text)) for line in lines]
    is_no_echo = any(reached and not reached[line.actor] for line, reached in went)
    return is_no_echo and any(is_in_place_of(lost, line, seen) for lost, line in neighbours(lines))


def neighbours(lines: list[Entry]) -> list[tuple[Entry, Entry]]:
    """Return each line with the one behind it, and each with the one before it."""
    return [*pairwise(lines), *pairwise(reversed(lines))]


def lines_to_server(seen: Evidence) -> list[Entry]:
    """Return the lines that people have typed, and that their clients have sent."""
    return [
        line for line in seen.tapped.entries if is_line(line) and says(line.actor, line.text, seen.sent())
    ]


def copies(entries: Sequence[Entry], text: str) -> Counter[str]:
    """Return how often the server has sent a text to whom."""
    times = [(entry.peer, entry.text.count(text)) for entry in entries if is_by(entry, "server", SENT)]
    return Counter(peer for peer, count in times for _ in range(count))


def is_in_place_of(lost: Entry, line: Entry, seen: Evidence) -> bool:
    """Tell whether a line has reached nobody, and once it had come another's has reached both who spoke.

    A third one, if there is any, has that line twice.
    """
    reached = copies(seen.sent(), line.text)
    since = copies(without_padding(behind_sending(seen, lost.text)), line.text)
    third = {each["name"] for each in seen.clients()} - {lost.actor, line.actor}
    is_lost = lost.actor != line.actor and reached == since and not copies(seen.sent(), lost.text)
    is_twice = not third or any(reached[who] > 1 for who in third)
    return is_lost and is_twice and reached[lost.actor] > 0 and reached[line.actor] > 0


@CAUSES.named(
    "residue",
    "The end of an older, longer line is shown behind a shorter one: the buffer still holds it. Use the length "
    "that recv returns, and end the text there.",
)
def residue(seen: Evidence) -> bool:
    """Find the tail of an older line where it must not be."""
    return (" and no " in seen.scene.expected and "short-after-long" in seen.check) or sends_a_tail(seen)


def sends_a_tail(seen: Evidence) -> bool:
    """Tell whether the server sends an older line's tail behind a piece, or behind the word for leaving in sprint 1.

    Who always sends a whole buffer need not know where a text ends, but has to wait for all of it.
    """
    lines = {entry.text for entry in seen.typed() if is_line(entry)}
    text = seen.missed()[1]
    is_padded = any(PADDING in entry.data for entry in seen.tapped.entries if entry.actor == "server")
    pieces = {text[:cut] for cut in range(1, len(text))} if is_spoilt(seen) and not is_padded else set()
    pieces |= {seen.quit} if seen.sprint == TURNS else set()
    mixed = {piece + line[len(piece) :] for piece in pieces for line in lines} - {*lines, seen.quit}
    return any(is_by(entry, "server", SENT) and spoken(entry) in mixed for entry in seen.sent())


@CAUSES.named(
    "first-word-only",
    "A line of several words was sent word by word, or only its first word was: scanf with %s, and cin >>, read a "
    "word. Read the whole line, with fgets or getline.",
)
def first_word_only(seen: Evidence) -> bool:
    """Find the first word of the wanted line sent by itself, by the one who typed them all or by the server.

    What a network has cut is found in pieces anyway.
    """
    wanted = seen.missed()[1]
    typists = {entry.actor for entry in seen.typed() if entry.text == wanted}
    return not is_spoilt(seen) and any(
        is_first_word(wanted, [spoken(entry) for entry in seen.sent() if entry.actor == sender])
        for sender in (*typists, "server")
    )


def is_first_word(wanted: str, sent: Sequence[str]) -> bool:
    """Tell whether of a line of several words the first stands by itself in what was sent, and not the line."""
    first, _blank, rest = wanted.partition(" ")
    by_itself = re.compile(rf"(^|\W){re.escape(first)}$")
    is_in_pieces = any(text.startswith(" ") for text in sent)
    is_whole = any(wanted in text for text in sent)
    return bool(rest) and not is_in_pieces and not is_whole and any(by_itself.search(text) for text in sent)


@CAUSES.named(
    "sizeof-pointer",
    "Of each line exactly eight bytes are sent, or received: sizeof of a pointer is the pointer's size, not that of "
    "what it points to. Hand the length on as an argument, or send strlen(line) bytes and the end of the line.",
)
def sizeof_pointer(seen: Evidence) -> bool:
    """Find the first POINTER_BYTES of a longer line sent, the one missed or a long one before it, and no more."""
    long_ones = [entry.text for entry in seen.typed() if len(entry.text) >= LONG_LETTERS]
    sent = [entry.data for entry in seen.sent()]
    return not is_spoilt(seen) and any(
        is_sent_up_to_there(line.encode(), sent) for line in (seen.missed()[1], *long_ones)
    )


def is_sent_up_to_there(line: bytes, sent: Sequence[bytes]) -> bool:
    """Tell whether the first POINTER_BYTES of a line are sent, and nothing of the rest."""
    start, rest = line[:POINTER_BYTES], line[POINTER_BYTES:]
    return bool(rest) and start in sent and not any(data.startswith(rest) for data in sent)


@CAUSES.named(
    "changed-by-client",
    "The client does not send what was typed: letters are missing or others. fgets keeps the line feed, if there was "
    "room for it; strlen counts what stands before the NUL; and letters with accents are bytes beyond 127.",
)
def changed_by_client(seen: Evidence) -> bool:
    """Find a line that is sent not quite as it was typed."""
    text = seen.missed()[1]
    typists = {entry.actor for entry in seen.typed() if entry.text == text}
    return can_be_changed(seen) and is_changed(
        text, [spoken(entry) for entry in seen.sent() if entry.actor in typists]
    )


@CAUSES.named(
    "changed-by-server",
    "The server does not send on what it has received: letters are missing or others. Send as many bytes as recv "
    "returned, from the first one on; and to look for the word for leaving, change a copy.",
)
def changed_by_server(seen: Evidence) -> bool:
    """Find a line that goes into the server whole, and comes out not quite as it was."""
    who, text = seen.missed()
    return can_be_changed(seen) and is_changed(
        text,
        [
            spoken(entry)
            for entry in behind_sending(seen, text)
            if is_by(entry, "server", SENT) and entry.peer == who
        ],
    )


@CAUSES.named(
    "changed-on-screen",
    "The client has received the line, and shows another: letters are missing or others. Show what has come as it "
    'is, up to its end, with printf("%s", line), which takes no byte of it for a sign.',
)
def changed_on_screen(seen: Evidence) -> bool:
    """Find a line that has come to a client whole, and is shown not quite as it was."""
    who, text = seen.missed()
    has_come = can_be_changed(seen) and any(
        entry.peer == who and text in spoken(entry) for entry in seen.sent()
    )
    own = seen.lines_of(who)  # which a client may show, too; and answers are made of them
    shown = [entry.text for entry in seen.tapped.entries if is_by(entry, who, SHOWN)]
    is_whole = not is_shown_in_pieces(seen)
    return (
        has_come
        and is_whole
        and is_changed(text, [each for each in shown if not any(line in each for line in own)])
    )


def can_be_changed(seen: Evidence) -> bool:
    """Tell whether a line is missed that nothing but the programs can have changed."""
    return is_line_to_see(seen) and not is_spoilt(seen)


def is_changed(line: str, found: Sequence[str]) -> bool:
    """Tell whether a text is found that is nearly a line, or all of it in other letters, and never the line."""
    return not any(line in text for text in found) and any(is_nearly(text, line) for text in found)


def is_nearly(text: str, line: str) -> bool:
    """Tell whether a text was a line before letters were lost or changed."""
    words = len(line.split())
    last = " ".join(text.split()[-words:])  # a name or a sign may stand in front of it
    if len(last) > 2 * len(line):
        return False
    return last == line[::-1] or SequenceMatcher(None, last.casefold(), line.casefold()).ratio() >= ALIKE


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
    """Find one's own words coming back on the wire; on the screen, a client may have put them there by itself.

    Where a network joins and cuts what it carries, something else is looked at; nor does an echo explain why a line
    that reaches others does not reach this one.
    """
    who, text = seen.missed()
    speaker, reached = spread(seen, text)
    is_kept_from_one = is_line_to_see(seen) and bool(reached - {speaker}) and who not in reached
    came = [spoken(entry) for entry in (*seen.sent(), *seen.sent(seen.scene)) if entry.peer == who]
    if "receives" in seen.scene.expected:
        came.append(seen.scene.got)
    return not (seen.sprint == ECHOING or is_spoilt(seen) or is_kept_from_one) and any(
        words in each for words in seen.lines_of(who) if len(words) >= WORD_LETTERS for each in came
    )


@CAUSES.named(
    "sent-back",
    "The line goes back to the one who said it, and not to this client: the server has mixed up who speaks and who "
    "listens. Who speaks is the one from whose socket the line was read, and not who came first, or last.",
)
def sent_back(seen: Evidence) -> bool:
    """Find a line that the server sends to its own speaker, and not to the one who misses it."""
    who, text = seen.missed()
    speaker, reached = spread(seen, text)
    goes_back = speaker in reached and who not in reached
    return is_line_to_see(seen) and goes_back and not (seen.sprint == TABLE and reached - {speaker})


@CAUSES.named(
    "sent-twice",
    "The server sends the line twice to the same client: it is in the table twice. Who leaves must be taken out "
    "before the system gives the number of his socket to somebody else.",
)
def sent_twice(seen: Evidence) -> bool:
    """Find a line that should be shown once, and that the server sends to that client again."""
    found = ONCE.match(seen.scene.expected)
    if not found:
        return False
    came = [entry.text for entry in seen.sent() if (entry.actor, entry.peer) == ("server", found["who"])]
    said = [entry for entry in seen.typed() if entry.text == found["line"]]
    return sum(text.count(found["line"]) for text in came) > len(said)
