"""Causes: a line does not arrive. How far has it come, and who should have taken it on?"""

import re
from collections.abc import Sequence
from typing import Any

from grader.causes.evidence import (
    FOR_A_LOCK,
    PAIR,
    READS_FROM,
    TABLE,
    TURNS,
    Evidence,
    behind_sending,
    is_at_keyboard,
    is_by,
    is_line,
    is_line_to_see,
    leaves_unread,
    misses_old_line,
    says,
    spoken,
    spread,
    waits_only,
)
from grader.causes.rules import Causes
from grader.journal import CLOSED, CONNECTED, SENT, SHOWN, TYPED, Entry

CAUSES = Causes()

ENDS = re.compile(r"\w+ ends$")
"""What is expected of a client that should have left."""

WRITES_TO = re.compile(r"waits in (?:send|write|sendmsg) ")
"""What a thread does whose reader does not read."""


@CAUSES.named(
    "lock-at-keyboard",
    "The client waits for its keyboard and holds a lock, for which the thread that receives waits until its user has "
    "typed. Take the lock once the line is there, and give it back before you read the next.",
)
def lock_at_keyboard(seen: Evidence) -> bool:
    """Find a client with a thread at its keyboard, another that waits for a lock, and none that receives."""
    return any(
        is_at_keyboard(each)
        and FOR_A_LOCK in each["threads"]
        and not any(map(READS_FROM.match, each["threads"]))
        for each in seen.awaited()
    )


@CAUSES.named(
    "not-flushed",
    "The text has reached the client, which has read it, and it does not appear: it lies in stdio's buffer. End what "
    "you print with a line feed, or call fflush(stdout). Or the client drops it, or keeps it until its user has "
    "typed: whose turn does it believe it is?",
)
def not_flushed(seen: Evidence) -> bool:
    """Find a text that crossed the wire, was read by a client that goes on, and is not shown."""
    who, text = seen.missed()
    arrived = sum(entry.peer == who and text in spoken(entry) for entry in seen.sent())
    shown = sum(
        entry.actor == who and entry.act == SHOWN and text in entry.text for entry in seen.tapped.entries
    )
    client = seen.program(who)
    is_read = client.get("code", 0) is None and not client["unread"]
    return arrived > shown and is_read and "sees" in seen.scene.expected


@CAUSES.named(
    "waits-for-keyboard",
    "The text has reached the client, and it does not read it: it waits for its keyboard. Listen to both, with "
    "poll, or with a thread that receives for as long as the client runs; or, where one speaks in turn, let it now "
    "listen.",
)
def waits_for_keyboard(seen: Evidence) -> bool:
    """Find a client that leaves unread what has arrived; where its end is due, that may lie behind it."""
    return any(
        leaves_unread(each, seen) and not (seen.due_to_end() and each.get("end_unread"))
        for each in seen.awaited()
    )


@CAUSES.named(
    "end-taken-for-a-message",
    "The server has ended the connection: recv returned 0, and the client went on as if a message had come. It shows "
    "an empty line, or an old one, and asks its user. Look at what recv returns: 0 is the end, so close, and leave.",
)
def end_taken_for_a_message(seen: Evidence) -> bool:
    """Find a client that speaks in turn, that shows behind the end of its connection what it shows of a line."""
    who = seen.due_to_end()
    client, entries = seen.program(who), seen.tapped.entries
    closed = next((place for place, entry in enumerate(entries) if is_hanging_up(entry, who)), len(entries))
    is_staying = bool(client) and client["code"] is None and waits_only(client, "keyboard")
    return seen.sprint == TURNS and is_staying and shows_as_line(who, entries[:closed], entries[closed:])


def is_hanging_up(entry: Entry, who: str) -> bool:
    """Tell whether the server closes somebody's connection."""
    return is_by(entry, "server", CLOSED) and entry.peer == who


def shows_as_line(who: str, before: Sequence[Entry], behind: Sequence[Entry]) -> bool:
    """Tell whether somebody's client shows later an old line, or what it has shown in front of one, and no other."""
    lines = [entry.text for entry in before if is_line(entry)]
    shown = [entry.text for entry in before if is_by(entry, who, SHOWN)]
    fronts = [each.partition(line)[0].strip() for line in lines for each in shown if line in each]
    ends = tuple({*lines, *fronts} - {""})
    return any(is_by(entry, who, SHOWN) and entry.text.strip().endswith(ends) for entry in behind)


@CAUSES.named(
    "end-unnoticed",
    "The server has ended the connection, and the client stays: it waits for its keyboard. Listen to both, with "
    "poll, or with a thread that receives; when recv returns 0 the whole program ends (exit), not that thread alone.",
)
def end_unnoticed(seen: Evidence) -> bool:
    """Find a client that has not read the end of its connection, or has, and listens to its keyboard only."""
    is_end_due = bool(ENDS.match(seen.scene.expected)) and seen.program("server").get("code", 0) is not None
    return any(
        (each.get("end_unread") and is_at_keyboard(each))
        or (is_end_due and may_have_read_the_end(each, seen) and waits_only(each, "keyboard"))
        for each in seen.awaited()
    )


def may_have_read_the_end(client: dict[str, Any], seen: Evidence) -> bool:
    """Tell whether a client was hung up on, as far as its wire is known: a child of its server may live on."""
    closed = {entry.peer for entry in seen.tapped.entries if entry.actor == "server" and entry.act == CLOSED}
    return client["code"] is None and (client["name"] in closed or not seen.sent())


@CAUSES.named(
    "both-reading",
    "Both clients wait for the other, and what was typed is not read: who speaks first? After connecting one of them "
    "must read its keyboard (the server's emi and rec say which).",
)
def both_reading(seen: Evidence) -> bool:
    """Find clients none of which reads its keyboard, though the last line that was typed has not been sent."""
    there = [each for each in seen.clients() if each["code"] is None]
    is_left = bool(seen.program(last_unsent(seen)).get("keys_unread"))
    return len(there) >= PAIR and is_left and all(waits_only(each, "connection") for each in there)


def last_unsent(seen: Evidence) -> str:
    """Return who has typed the last line, where his client has not sent it; empty where it has."""
    typed = [entry for entry in seen.tapped.entries if entry.act == TYPED][-1:]
    unsent = [line.actor for line in typed if not says(line.actor, line.text, seen.tapped.entries)]
    return unsent[0] if unsent else ""


@CAUSES.named(
    "keyboard-unread",
    "The line was typed, and its client does not read it: it waits for the server. Where one speaks in turn, the "
    "roles change with each line, in both clients; else listen to both, with poll, or with a thread that receives.",
)
def keyboard_unread(seen: Evidence) -> bool:
    """Find a client that has not sent the line that is missed, and waits for nothing but its connection."""
    typist = seen.program(last_unsent(seen))
    is_missed = any(entry.text == seen.missed()[1] for entry in seen.typed())
    is_listening = bool(typist) and typist["code"] is None and waits_only(typist, "connection")
    return is_line_to_see(seen) and is_missed and is_listening and typist["keys_unread"] > 0


@CAUSES.named(
    "not-sent",
    "The line was typed and its client has read it, and nothing of it has left. Flush what you write to (fflush, "
    "flush); look at the length that you give send, and whether the client believes that it is its turn.",
)
def not_sent(seen: Evidence) -> bool:
    """Find a client that has taken both times the line that is missed, and is heard to have sent nothing since."""
    typist = last_unsent(seen)
    entries, stood = seen.tapped.entries, seen.stood(typist)
    is_heard = any(is_by(entry, typist, CONNECTED) and entry.peer for entry in entries)
    typed = [place for place, entry in enumerate(entries) if is_by(entry, typist, TYPED)][-1:]
    behind = [entry for place in typed for entry in entries[place:]]
    has_sent = any(is_by(entry, typist, SENT) for entry in behind) or says("server", seen.missed()[1], behind)
    has_read = len(stood) > 1 and not any(each["code"] is not None or each["keys_unread"] for each in stood)
    is_missed = any(entry.text == seen.missed()[1] for entry in seen.typed())
    return is_line_to_see(seen) and is_missed and has_read and is_heard and not has_sent


@CAUSES.named(
    "not-relayed",
    "The server has read the line and sent it to nobody. Does the thread know the sockets of the others, also of "
    "those who came later, and after somebody has left? Is what a buffered writer holds flushed? Does it wait for an "
    "end of line that nobody sends?",
)
def not_relayed(seen: Evidence) -> bool:
    """Find a line that has gone into a server at rest, and has not come out; in sprint 1 it may wait for its turn."""
    who, text = seen.missed()
    return (
        seen.sprint != TURNS
        and is_line_to_see(seen)
        and has_read_all(seen)
        and not misses_old_line(seen, who)
        and is_sent_to_nobody(seen, text)
    )


def has_read_all(seen: Evidence) -> bool:
    """Tell whether the server has stood, both times, with nothing that it has not taken in."""
    servers = seen.stood("server")
    return len(servers) > 1 and not any(
        each["code"] is not None or each["unread"] or each["waiting"] for each in servers
    )


def is_sent_to_nobody(seen: Evidence, text: str) -> bool:
    """Tell whether a client has sent a line to the server, and nothing of it has gone to anybody."""
    behind = behind_sending(seen, text)
    parts = [spoken(entry) for entry in behind if is_by(entry, "server", SENT)]
    return bool(behind) and not any(part in text or text in part for part in parts)


@CAUSES.named(
    "turn-kept",
    "The other one has spoken last, and the server does not pass this one's line on: it has not given the turn away. "
    "After each line that it relays, the server and both clients swap the roles.",
)
def turn_kept(seen: Evidence) -> bool:
    """Find a line that goes no further than the server behind one that has reached the one who says it now."""
    text = seen.missed()[1]
    behind = behind_sending(seen, text)
    if seen.sprint != TURNS or not is_line_to_see(seen) or not is_sent_to_nobody(seen, text):
        return False
    before = seen.tapped.entries[: -len(behind)]
    last = [entry for entry in before if is_line(entry) and entry.text != text][-1:]
    return any(
        line.actor != behind[0].actor and line.text in spoken(entry)
        for line in last
        for entry in before
        if is_by(entry, "server", SENT) and entry.peer == behind[0].actor
    )


@CAUSES.named(
    "not-read",
    "The line has reached the server, and lies there unread: the server waits for something else. Each connection is "
    "read for as long as it lasts: in its turn, by a thread of its own, or with poll.",
)
def not_read(seen: Evidence) -> bool:
    """Find a line that a server at rest has not taken from its connection, and has for nobody."""
    text = seen.missed()[1]
    servers = seen.stood("server")
    return (
        is_line_to_see(seen)
        and len(servers) > 1
        and all(is_at_rest_before(each, len(text)) for each in servers)
        and is_sent_to_nobody(seen, text)
    )


def is_at_rest_before(server: dict[str, Any], size: int) -> bool:
    """Tell whether so many bytes lie unread at a server that neither runs nor is kept from going on."""
    is_at_rest = not any("runs" in wait or WRITES_TO.match(wait) for wait in server["threads"])
    return server["code"] is None and server["unread"] >= size and is_at_rest


@CAUSES.named(
    "some-left-out",
    "The line has reached somebody else, and not this client. The loop that relays must go over the whole table, to "
    "its last place: past a free one, and past one whose send fails.",
)
def some_left_out(seen: Evidence) -> bool:
    """Find a line that was sent to another, and not to the one who misses it, and who had come and is there."""
    who, text = seen.missed()
    speaker, reached = spread(seen, text)
    is_there = seen.program(who).get("code", 0) is None
    return (
        seen.sprint == TABLE
        and is_line_to_see(seen)
        and is_there
        and bool(reached - {speaker})
        and who not in reached
        and not misses_old_line(seen, who)
    )
