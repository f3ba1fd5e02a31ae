"""Causes: somebody leaves, and too many end, or too few."""

import re
from collections.abc import Sequence
from typing import Any

from grader.causes.evidence import (
    FOR_A_THREAD,
    KEYS_FOR_LEAVING,
    RELAYING,
    TURNS,
    Evidence,
    is_by,
    leavers,
    spoken,
    stopped,
)
from grader.causes.rules import Causes
from grader.journal import CLOSED, ENDED, PRESSED, SENT, SIGNALLED, TYPED, Entry
from grader.verdicts import SAID

CAUSES = Causes()

FOR_THE_NETWORK = re.compile(
    r"waits in (recv|read|accept)\w* on (the connection|the listening|descriptor|a socket)"
)
"""What is told of a thread that waits for a connection or for a newcomer."""

MAKE_WAY = ("s2-leave", "s2-broken-network")
"""Checks in which both of a pair may make way for two others when one leaves, as in all of sprint 1."""

ACTS = (TYPED, PRESSED, SIGNALLED, ENDED)
"""What shows that a client has been there."""


@CAUSES.named(
    "prefix-is-fin",
    "A line that only begins with the word for leaving was taken for it. Compare the whole line, "
    "without its line feed, and not its first letters alone, nor whether the word stands in it.",
)
def prefix_is_fin(seen: Evidence) -> bool:
    """Find a line that merely resembles the word, and that has ended who typed it, or is lost."""
    return is_ended_by_prefix(seen) or is_prefix_lost(seen)


def is_ended_by_prefix(seen: Evidence) -> bool:
    """Tell whether a client has ended whose user has typed what resembles the word, and not the word."""
    lines = [entry for entry in seen.typed() if seen.quit in entry.text and entry.text != seen.quit]
    return any(
        each["code"] is not None and not any(entry.text == seen.quit for entry in seen.typed())
        for entry in lines
        for each in seen.clients()
        if each["name"] == entry.actor and seen.missed()[1] in ("", entry.text)
    )


def is_prefix_lost(seen: Evidence) -> bool:
    """Tell whether a raw connection misses a line that begins with the word."""
    text = seen.missed()[1].removesuffix("\\n")
    return "receives" in seen.scene.expected and text.startswith(seen.quit) and text != seen.quit


@CAUSES.named(
    "server-ended-by-fin",
    "Somebody says the word for leaving, and the server ends too. It must outlive every conversation: close that "
    "client's socket, and go back to accept.",
)
def server_ended_by_fin(seen: Evidence) -> bool:
    """Find a server that is over because a client is whose user has said the word."""
    return is_over_with_a_client(seen) and is_word_said(seen)


@CAUSES.named(
    "server-ended-with-client",
    "A client has gone without the word for leaving, and the server ends too. recv returned 0, or failed: that ends "
    "one conversation, and the server must outlive them all. Close that client's socket, and go back to accept.",
)
def server_ended_with_client(seen: Evidence) -> bool:
    """Find a server that is over because a client was killed, has lost its connection, or had no more input."""
    return is_over_with_a_client(seen) and not is_word_said(seen)


def is_over_with_a_client(seen: Evidence) -> bool:
    """Tell whether the server has ended, and nobody has ended it, where somebody has left."""
    return seen.program("server").get("code") is not None and seen.somebody_left() and not stopped(seen)


def is_word_said(seen: Evidence) -> bool:
    """Tell whether anybody has said the word for leaving, at a terminal or on the wire."""
    said = [entry.text.removesuffix("\\n") for entry in seen.scene.entries if entry.act in SAID]
    return seen.quit in said


@CAUSES.named(
    "fin-ends-everybody",
    "One leaves, and the conversation of the others ends too: here who stays keeps the place and waits for a "
    "newcomer. Close only the socket of the one who leaves, and pass no word for leaving on.",
)
def fin_ends_everybody(seen: Evidence) -> bool:
    """Find somebody who has ended, or was hung up on, without leaving, where that is a fault."""
    gone, acted = leavers(seen), {entry.actor for entry in seen.scene.entries if entry.act in ACTS}
    ended = {each["name"] for each in seen.clients() if each["code"] is not None} | hung_up_on(seen)
    is_right = seen.sprint == TURNS or f"{seen.sprint}-{seen.check}" in MAKE_WAY
    return not is_right and bool(gone) and bool(ended & acted - gone - signalled(seen))


@CAUSES.named(
    "hung-up",
    "The server has closed the connection of a client that had not left. Is there room for so many, and for so many "
    "lines? Is it the right socket that is closed, and once only?",
)
def hung_up(seen: Evidence) -> bool:
    """Find a client whose connection the server closes though nobody has left, or ended the server."""
    all_stay = not stopped(seen) and not leavers(seen) and not signalled(seen) and not is_left_then(seen)
    return seen.sprint in RELAYING and all_stay and bool(hung_up_on(seen))


def is_left_then(seen: Evidence) -> bool:
    """Tell whether somebody left when it was played again, which may have come further than the first time."""
    words = (seen.quit, *KEYS_FOR_LEAVING)
    return any(
        entry.act == SIGNALLED or (entry.act in SAID and entry.text in words) for entry in seen.tapped.entries
    )


def hung_up_on(seen: Evidence) -> set[str]:
    """Return whose connection the server is seen to close first, before the client does."""
    first: dict[str, str] = {}
    for entry in seen.tapped.entries:
        if entry.act == CLOSED and entry.peer:
            client = entry.peer if entry.actor == "server" else entry.actor
            first.setdefault(client, entry.actor)
    return {client for client, who in first.items() if who == "server"}


def signalled(seen: Evidence) -> set[str]:
    """Return who was sent a signal."""
    return {entry.actor for entry in seen.scene.entries if entry.act == SIGNALLED}


@CAUSES.named(
    "waits-for-thread",
    "Who is to end waits for a thread of its own, which waits in recv, or in accept, for what never comes. Closing a "
    "socket wakes nobody: shutdown(SHUT_RDWR) does. Or do not wait for that thread: pthread_detach, exit; in Python "
    "daemon=True.",
)
def waits_for_thread(seen: Evidence) -> bool:
    """Find one who was told to end, and whose first thread waits for others that wait for the network."""
    who = seen.due_to_end()
    was_told = stopped(seen) if who == "server" else who in leavers(seen)
    main, *others = seen.program(who).get("threads", []) or [""]
    return was_told and FOR_A_THREAD in main and any(FOR_THE_NETWORK.match(wait) for wait in others)


@CAUSES.named(
    "signal-swallowed",
    "The server was sent SIGINT, and waits on: it ignores the signal, or its handler comes back, and behind signal() "
    "the call that was interrupted begins again. End in the handler, or let sigaction without SA_RESTART interrupt "
    "the call (EINTR) and look at what the handler has noted.",
)
def signal_swallowed(seen: Evidence) -> bool:
    """Find a server that was told to end and whose first thread waits for the network as before."""
    main, *_others = seen.program("server").get("threads", []) or [""]
    is_told = stopped(seen) and seen.due_to_end() == "server"
    return is_told and bool(FOR_THE_NETWORK.match(main)) and falls_silent(seen)


def falls_silent(seen: Evidence) -> bool:
    """Tell whether the server is heard on the wire, and sends and closes nothing more once it was told to end."""
    entries = seen.tapped.entries
    told = [place for place, entry in enumerate(entries) if is_by(entry, "server", SIGNALLED)]
    behind = {entry.act for entry in entries[told[0] :] if entry.actor == "server"} if told else {SENT}
    return seen.hears() and not behind & {SENT, CLOSED}


@CAUSES.named(
    "quit-is-text",
    "The word for leaving was relayed like any other line, and who typed it goes on. Compare each line with it, "
    "without its line feed, before sending it on; if your programs have another word, name it as quit in "
    "messagerie.toml.",
)
def quit_is_text(seen: Evidence) -> bool:
    """Find the word on its way to somebody else, while both are still there."""
    there = {each["name"] for each in seen.clients() if each["code"] is None}
    closing = {entry.actor for entry in seen.tapped.entries if entry.act == CLOSED and entry.peer}
    going_on = there - closing - {each["name"] for each in seen.clients() if has_left_its_loop(seen, each)}
    return any(
        entry.actor in going_on
        and is_relayed_to(there - {entry.actor}, seen.quit, seen.tapped.entries[place:])
        for place, entry in enumerate(seen.tapped.entries)
        if entry.act == TYPED and entry.text == seen.quit
    )


def has_left_its_loop(seen: Evidence, client: dict[str, Any]) -> bool:
    """Tell whether a client asks its user no more, and only its thread that receives is left, where it has one."""
    waits = client["threads"]
    has_two = seen.sprint != TURNS or any(FOR_A_THREAD in wait for wait in waits)
    return has_two and bool(waits) and all(FOR_A_THREAD in wait or "connection" in wait for wait in waits)


def is_relayed_to(names: set[str], word: str, entries: Sequence[Entry]) -> bool:
    """Tell whether the server has sent a word, or a line that ends with it, to one of these."""
    ends_with_it = re.compile(rf"(^|\W){re.escape(word)}\s*$")
    return any(
        is_by(entry, "server", SENT) and entry.peer in names and ends_with_it.search(spoken(entry))
        for entry in entries
    )
