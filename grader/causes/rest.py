"""Causes: a program waits where it must not, or never comes to rest."""

import re
from collections.abc import Sequence
from typing import Any

from grader.causes.evidence import (
    FOR_A_LOCK,
    FOR_A_THREAD,
    PAIR,
    READS_FROM,
    RELAYING,
    TABLE,
    Evidence,
    first_departure,
    is_alive,
    is_by,
    is_departure,
    is_line,
    is_line_to_see,
    leavers,
    misses_old_line,
    newcomer_of,
    says,
    waits_only,
    words_of,
)
from grader.causes.rules import Causes
from grader.journal import CONNECTED, PRESSED, SENT, TYPED
from grader.verdicts import quoted

CAUSES = Causes()

BUSY_SECONDS = 0.3
"""Processor time that no server needs in a scene: whoever has used it asks again and again."""

BUSY_CLIENT_SECONDS = 0.8
"""The same for a client at rest, which may have loaded a library to draw with: that takes half a second of it."""

LINE_SECONDS = 0.02
"""And for each line that is typed at it, which a client with a line to edit draws several times."""

AGAIN = 3
"""A line that comes so often, one right behind the other, and was typed once at most, comes from a loop."""

HEAVY = ("flood", "one-way", "framing", "stalled", "crowd", "storm", "client-input")
"""Checks in which there is a lot to do."""

ONE_MORE = "one-more"
"""The check in which somebody comes while all places are taken."""

ACCEPTS = re.compile(r"waits in accept")
"""What a thread does that waits for a newcomer."""

IN_A_THREAD = "Exception in thread "
"""What Python and Java write when an exception ends a thread, and not the program."""


@CAUSES.named(
    "recv-under-lock",
    "A thread of the server waits in recv and holds a lock meanwhile; another waits for that lock, until this client "
    "speaks. Receive without the lock: take it to look at the table and to relay, and give it back before the next "
    "recv.",
)
def recv_under_lock(seen: Evidence) -> bool:
    """Find a thread that waits for a lock, and another that may hold it and reads, where nobody is seen to leave."""
    server = seen.program("server")
    is_lock_wanted = FOR_A_LOCK in server.get("threads", []) and seen.check not in HEAVY
    return (
        is_lock_wanted
        and is_held_by_a_reader(seen)
        and (is_all_there(seen) or server.get("end_unread", False))
    )


def is_held_by_a_reader(seen: Evidence) -> bool:
    """Tell whether one thread alone is busy with a connection, reads from it, and keeps others from work.

    Where what was said is read, and not by that one, who has read it waits for a lock that is kept for good.
    """
    server = seen.program("server")
    busy = [wait for wait in server["threads"] if "on the connection" in wait]
    reading = READS_FROM.fullmatch(busy[0]) if len(busy) == 1 else None
    if not reading or server["threads"][0] == FOR_A_LOCK:
        return bool(reading)
    return server["unread"] > 0 or has_spoken_last(seen, *reading.groups())


def has_spoken_last(seen: Evidence, port: str, remote_port: str) -> bool:
    """Tell whether the client at the other end of a connection of the server's is that of the last who spoke."""
    typed = seen.typed()
    threads = seen.program(typed[-1].actor).get("threads", []) if typed else []
    return any(wait.endswith(f" {remote_port} - {port}") for wait in threads)


@CAUSES.named(
    "silent-client-blocks",
    "The server waits for a first word of one client and accepts nobody meanwhile. Accept in a loop of its own, that "
    "waits for no lock which is kept during a read; whatever a newcomer says is read where the others are read.",
)
def silent_client_blocks(seen: Evidence) -> bool:
    """Find somebody who waits to be accepted though nobody has left, and others say nothing."""
    server = seen.program("server")
    is_joining = FOR_A_THREAD in next(iter(server.get("threads", [])), "")
    return seen.check == "silent" and bool(server.get("waiting")) and not is_joining


@CAUSES.named(
    "not-accepted",
    "Somebody has connected and is not accepted: the server serves those who are there, and does not come back to "
    "accept. Start a thread for each, and in that loop wait neither for its end (join) nor for a lock that it keeps "
    "while it reads.",
)
def not_accepted(seen: Evidence) -> bool:
    """Find somebody who waits to be accepted where there is room, or where nobody ever is accepted again."""
    server, people = seen.program("server"), len(seen.clients())
    if not is_alive(seen) or not server["waiting"]:
        return False
    has_room = seen.sprint == TABLE or (seen.sprint in RELAYING and people <= PAIR)
    return (has_room and is_line_to_see(seen) and is_all_there(seen)) or (
        seen.sprint == TABLE and accepts_no_more(server["threads"])
    )


def accepts_no_more(threads: Sequence[str]) -> bool:
    """Tell whether no thread waits for newcomers, nor for anything that would let it do so again."""
    return bool(threads) and not any(
        ACCEPTS.match(wait) or "lock" in wait or "runs" in wait for wait in threads
    )


def is_all_there(seen: Evidence) -> bool:
    """Tell whether nobody has left."""
    return not seen.somebody_left() and not leavers(seen)


@CAUSES.named(
    "waits-for-more",
    "The server waits in accept, and for nobody who is there: what they say lies unread, or they are told nothing. "
    "Serve each one as soon as there is somebody to talk to, and accept the next meanwhile.",
)
def waits_for_more(seen: Evidence) -> bool:
    """Find a server all of whose threads wait for a newcomer while a line is missed."""
    server = seen.program("server")
    are_listening = all(waits_only(each, "connection") for each in seen.clients())
    is_idle = is_accepting(seen) and (bool(server["unread"]) or are_listening)
    return is_idle and is_line_to_see(seen) and is_all_there(seen)


def is_accepting(seen: Evidence) -> bool:
    """Tell whether all threads of the server wait for a newcomer."""
    threads = seen.program("server").get("threads", [])
    return bool(threads) and all(map(ACCEPTS.match, threads))


@CAUSES.named(
    "left-alone",
    "One has left, and the server waits in accept for others; but the connection of the one who stayed is open, and "
    "nobody listens to it any more. Close it too, or keep it, and give a newcomer the place that is free.",
)
def left_alone(seen: Evidence) -> bool:
    """Find somebody who still listens to a server that listens to nobody, in a conversation of two that is over."""
    gone = leavers(seen) | {entry.actor for entry in seen.scene.entries if is_departure(entry)}
    came_before = {entry.actor for entry in seen.scene.entries[: first_departure(seen)]}
    alone = [
        each
        for each in seen.clients()
        if each["name"] in came_before - gone and waits_only(each, "connection")
    ]
    return is_accepting(seen) and bool(alone)


@CAUSES.named(
    "busy-client",
    "A client uses the processor while nothing happens: somewhere it asks again and again instead of waiting. "
    "recv, fgets and poll without a time limit wait for free.",
)
def busy_client(seen: Evidence) -> bool:
    """Find a client that burns the processor though its server is there and nobody types."""
    return any(f"{each['name']} uses" in seen.scene.error for each in seen.clients())


@CAUSES.named(
    "busy",
    "The server uses the processor while nothing happens: somewhere it asks again and again instead of waiting. "
    "recv, accept and poll without a time limit wait for free; but at a connection's end recv returns 0, at once and "
    "for ever.",
)
def busy(seen: Evidence) -> bool:
    """Find a server that burns the processor."""
    used = float(seen.program("server").get("seconds", 0))
    if seen.flooders():  # they give it all that work
        return False
    return "server uses" in seen.scene.error or (seen.check not in HEAVY and used > BUSY_SECONDS)


@CAUSES.named(
    "thread-exception",
    "A thread ended by an exception that nobody caught, and does its work no more. The last line of its traceback "
    "says which, the lines above it where.",
)
def thread_exception(seen: Evidence) -> bool:
    """Find what Python and Java write when an exception ends one thread of a program that goes on."""
    others = [each for each in seen.awaited() if each["code"] is None]
    return any(IN_A_THREAD in words_of(each) for each in (*seen.stood("server")[:1], *others))


@CAUSES.named(
    "lock-kept",
    "Threads of the server wait for a lock that nobody gives back, and what has arrived lies unread. Every way out "
    "of a function that takes a lock must give it back.",
)
def lock_kept(seen: Evidence) -> bool:
    """Find a server with a thread that waits for a lock; main may wait for a condition, if nothing lies unread."""
    server = seen.program("server")
    main, *others = server.get("threads", []) or [""]
    has_line = bool(server) and bool(server["unread"]) and not server["waiting"]
    is_main_kept = seen.somebody_left() and (main == FOR_A_LOCK or (has_line and "lock" in main))
    return seen.check not in HEAVY and (is_main_kept or any("lock" in wait for wait in others))


@CAUSES.named(
    "place-taken",
    "Who has come later was given the place of one who is still there, and who now hears nothing. Look whether a "
    "place is free before you put a newcomer into it; else let it wait, or close it.",
)
def place_taken(seen: Evidence) -> bool:
    """Find a third, for whom there is no place, to whom the server speaks."""
    comers = [entry.actor for entry in seen.tapped.entries if entry.act == CONNECTED and entry.peer]
    return seen.check == ONE_MORE and any(
        is_by(entry, "server", SENT) and entry.peer in comers[PAIR:] for entry in seen.tapped.entries
    )


@CAUSES.named(
    "place-never-freed",
    "Somebody has left, and the newcomer is not served: the server still keeps the place. When recv returns 0, or "
    "fails, or the word for leaving comes: close, forget the client, accept again.",
)
def place_never_freed(seen: Evidence) -> bool:
    """Find a newcomer, come after somebody has left, to whom the server has said nothing."""
    newcomer = newcomer_of(seen)
    if not newcomer or not is_alive(seen) or not is_left_out(seen, newcomer):
        return False
    return newcomer in (seen.missed()[0], next((entry.actor for entry in reversed(seen.typed())), ""))


def is_left_out(seen: Evidence, newcomer: str) -> bool:
    """Tell whether the server is seen to have no place for somebody."""
    server = seen.program("server")
    is_kept_out = bool(server["waiting"]) or is_not_listened_to(seen, newcomer)
    return is_kept_out and not is_served(seen, newcomer) and not misses_old_line(seen, newcomer)


def is_not_listened_to(seen: Evidence, newcomer: str) -> bool:
    """Tell whether a newcomer who is overheard is seen to have no place: what he says is left unread.

    In sprints 1 and 2 one who says nothing should have been told something by now.
    """
    has_spoken = any(is_by(entry, newcomer, SENT) for entry in seen.tapped.entries)
    is_ignored = bool(seen.program("server")["unread"]) if has_spoken else seen.sprint != TABLE
    return is_overheard(seen, newcomer) and is_ignored


def is_served(seen: Evidence, newcomer: str) -> bool:
    """Tell whether the server has said anything to somebody, or has passed a line of his on."""
    is_passed_on = any(
        is_line(entry) and says("server", entry.text.split()[0], seen.tapped.entries)
        for entry in seen.tapped.entries
        if entry.actor == newcomer
    )
    is_spoken_to = any(is_by(entry, "server", SENT) and entry.peer == newcomer for entry in seen.sent())
    return seen.has_received(newcomer) or is_spoken_to or is_passed_on


def is_overheard(seen: Evidence, name: str) -> bool:
    """Tell whether what somebody is sent would be seen: by a raw connection, or by a wiretap where there is one."""
    return not seen.program(name) or bool(seen.sent())


@CAUSES.named(
    "client-loops",
    "A client whose server has gone, or whose input has ended, asks again and again: recv and read return 0 for "
    "ever then. 0 means the end: close, and leave the loop.",
)
def client_loops(seen: Evidence) -> bool:
    """Find a client that burns the processor, or says or shows again and again what nobody has given it."""
    is_at_rest = seen.check not in HEAVY
    return (
        bool(seen.flooders())
        or any(seen.prints_for_ever(each["name"]) for each in seen.clients())
        or comes_again_and_again(seen)
        or (is_at_rest and any(is_burning(each, seen) for each in seen.clients()))
    )


def comes_again_and_again(seen: Evidence) -> bool:
    """Tell whether a client says the same line over and over to the check, which is in the server's place."""
    came = quoted(seen.scene.got).split("\\n")[:AGAIN]
    is_to_server = "server receives " in seen.scene.expected
    typed = sum(entry.text.removesuffix("\\n") == came[0] for entry in seen.typed())
    return is_to_server and len(came) == AGAIN and len(set(came)) == 1 and typed <= 1


def is_burning(client: dict[str, Any], seen: Evidence) -> bool:
    """Tell whether a client has used more of the processor than one at rest does, and what is typed at it needs."""
    typed = len([entry for entry in seen.typed() if entry.actor == client["name"]])
    at_rest = BUSY_SECONDS if "runs" in client["threads"] else BUSY_CLIENT_SECONDS
    return float(client["seconds"]) > at_rest + typed * LINE_SECONDS


@CAUSES.named(
    "key-ignored",
    "The client goes on though its user has pressed Ctrl+D, or Ctrl+C. At the end of input fgets returns NULL, and "
    "input() raises EOFError: take that for the word for leaving. Ctrl+C ends a program by itself, unless it is "
    "caught or ignored.",
)
def key_ignored(seen: Evidence) -> bool:
    """Find a client that is to end, whose user has pressed a key last, and that has not ended."""
    who = seen.due_to_end()
    acts = [entry.act for entry in seen.scene.entries if entry.actor == who and entry.act in (TYPED, PRESSED)]
    return acts[-1:] == [PRESSED] and seen.program(who).get("code", 0) is None
